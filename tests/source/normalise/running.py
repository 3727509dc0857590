"""Functions as text, normalised and run next to the original; and what a normalised tree must look like."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import gast

from tapeless.source.normalise import normalise
from tapeless.source.normalise.syntax import Function


def tree_of(source: str) -> gast.FunctionDef:
    return gast.parse(textwrap.dedent(source)).body[0]


def text_of(tree: gast.AST) -> str:
    return gast.unparse(tree).strip()


def function_of(tree: gast.FunctionDef, env: dict[str, Any]) -> Callable[..., Any]:
    """The function of a tree; Python refuses trees whose nodes do not know where they stand."""
    module = gast.Module([tree], [])
    scope = dict(env)
    exec(compile(gast.gast_to_ast(module), "<normalised>", "exec"), scope)
    return scope[tree.name]


class OopsError(Exception):
    """What programs raise and contexts may swallow."""


class SpentError(Exception):
    """A loop that would not end."""


class World:
    """What a program can see and do: choices that are given beforehand, and a log of all that it does."""

    def __init__(self, choices: list[int], patience: int = 60) -> None:
        self.log: list[Any] = []
        self._choices = iter(choices)
        self._patience = patience

    def env(self) -> dict[str, Any]:
        names = ("take", "tick", "note", "oops", "keep", "swallow", "errstate")
        return {**{name: getattr(self, name) for name in names}, "Oops": OopsError}

    def take(self) -> int:
        self.log.append("take")
        return next(self._choices, 0)

    def tick(self) -> None:
        self._patience -= 1
        if self._patience < 0:
            raise SpentError

    def note(self, value: Any) -> Any:
        self.log.append(value)
        return value

    def oops(self, value: Any) -> Any:
        """The value, or an exception, as is chosen."""
        if self.take():
            raise OopsError(value)
        return value

    @contextlib.contextmanager
    def keep(self, value: Any) -> Iterator[Any]:
        self.log.append(("enter", value))
        try:
            yield value
        finally:
            self.log.append(("leave", value))

    errstate = keep

    @contextlib.contextmanager
    def swallow(self, value: Any) -> Iterator[Any]:
        with contextlib.suppress(OopsError), self.keep(value):
            yield value


def outcome(tree: gast.FunctionDef, choices: list[int], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a program does and gives: its log, its result or exception."""
    world = World(choices)
    function = function_of(tree, world.env())
    try:
        result: Any = function(*args)
    except (OopsError, SpentError, NameError, TypeError, ValueError) as error:
        result = (type(error).__name__, str(error))
    return world.log, repr(result)


def agrees(source: str, *choices: list[int], args: tuple[Any, ...] = (0,)) -> str:
    """The text of the normalised function, which must be well formed and do what the original does."""
    tree = tree_of(source)
    before = gast.dump(tree, include_attributes=True)
    new = normalise(tree)

    assert gast.dump(tree, include_attributes=True) == before
    assert_normal(new)
    for choice in choices:
        assert outcome(tree, choice, args) == outcome(new, choice, args), text_of(new)
    return text_of(new)


def assert_normal(tree: Function) -> None:
    """The grammar of what normalisation gives."""
    assert isinstance(tree, gast.FunctionDef)
    _assert_block(tree.body, "function")
    assert_stands_alone(tree)
    if gives_value(tree.body):
        assert always_returns(tree.body), text_of(tree)


def assert_stands_alone(tree: gast.AST) -> None:
    """Every node has a place, and stands at one position of the tree."""
    seen: set[int] = set()
    for node in gast.walk(tree):
        if isinstance(node, gast.stmt | gast.expr):
            assert isinstance(node.lineno, int), gast.dump(node)
            assert isinstance(node.col_offset, int), gast.dump(node)
            assert id(node) not in seen, gast.dump(node)
            seen.add(id(node))


def _assert_block(block: list[gast.stmt], ends: str) -> None:
    """`ends`: "function" or "loop" if the block is the last thing in it, else nothing."""
    waiting = [(block, ends)]
    while waiting:
        block, ends = waiting.pop()
        assert block
        for statement in block:
            waiting += _inner(statement, ends if statement is block[-1] else "", alone=len(block) == 1)


def _inner(statement: gast.stmt, ends: str, alone: bool) -> list[tuple[list[gast.stmt], str]]:
    match statement:
        case gast.Return():
            assert ends == "function"
            assert statement.value is not None
        case gast.Break():
            assert ends == "loop"
        case gast.Continue() | gast.Match() | gast.AnnAssign() | gast.TypeAlias():
            raise AssertionError(f"{type(statement).__name__} is left")
        case gast.Pass():
            assert alone
        case gast.Expr():
            assert not isinstance(statement.value, gast.Constant)
        case gast.Assign():
            assert len(statement.targets) == 1
        case gast.If():
            return [(part, ends) for part in (statement.body, statement.orelse) if part]
        case gast.With():
            assert len(statement.items) == 1
            return [(statement.body, ends)]
        case gast.For() | gast.While():
            assert not statement.orelse
            return [(statement.body, "loop")]
        case _:
            pass
    if not isinstance(statement, gast.FunctionDef | gast.Try):
        assert not [
            node for node in gast.walk(statement) if isinstance(node, gast.Compare) and len(node.ops) > 1
        ]
    return []


def gives_value(block: list[gast.stmt]) -> bool:
    """Whether some path returns a value other than None."""
    returns = [last for last in _ends(block) if isinstance(last, gast.Return)]
    return not all(isinstance(last.value, gast.Constant) and last.value.value is None for last in returns)


def always_returns(block: list[gast.stmt]) -> bool:
    """Whether no path falls off the end; a context is taken to swallow nothing."""
    return all(
        isinstance(last, gast.Return | gast.Raise)
        or (isinstance(last, gast.While) and isinstance(last.test, gast.Constant))
        for last in _ends(block)
    )


def _ends(block: list[gast.stmt]) -> Iterator[gast.stmt | None]:
    """The statements that may be the last to run; None for a branch that is not there."""
    waiting = [block]
    while waiting:
        last = waiting.pop()[-1]
        if isinstance(last, gast.If):
            waiting += [part for part in (last.body, last.orelse) if part]
            if not last.orelse:
                yield None
        elif isinstance(last, gast.With):
            waiting.append(last.body)
        else:
            yield last
