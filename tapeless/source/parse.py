"""From a user's function to its tree: read where it stands, checked, and refused where it cannot be read."""

from __future__ import annotations

import ast
import dis
import functools
import io
import sys
import tokenize
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType, FunctionType
from typing import Any

import gast

from tapeless.errors import Location, TransformError, transform_error
from tapeless.ir.trees import Found, FunctionTree, Missing, find
from tapeless.source.wrappers import unwrapped

__all__ = [
    "Comment",
    "Location",
    "Source",
    "TransformError",
    "parse",
    "transform_error",
]

_IN_C = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)
DEEP = 100


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of the user's, with its `#`; `own_line`: nothing else stands on its line."""

    text: str
    own_line: bool


@dataclass(frozen=True, eq=False)
class Source:
    """One function as its author wrote it; lines and columns of `tree` are those of the file.

    `tree` belongs to who called `parse`: passes may change it. `first_line` is that of the first decorator.
    """

    tree: gast.FunctionDef | gast.Lambda
    function: FunctionType | None
    code: CodeType
    filename: str
    first_line: int
    lines: Sequence[str]

    def line(self, number: int) -> str:
        """A line of the file, counted from 1, without its end; empty if there is none."""
        return self.lines[number - 1].rstrip("\r\n") if 1 <= number <= len(self.lines) else ""

    def location(self, node: ast.AST) -> Location:
        """Where a node stands; one without a place of its own stands where its first part does."""
        for part in (*gast.walk(node), self.tree):
            if getattr(part, "lineno", None) is not None:
                return _location(part, self.code, self.lines)
        raise AssertionError("unreachable: a function that was read has a line")

    @functools.cached_property
    def comments(self) -> dict[int, Comment]:
        """The comments from the function's first line to its last, by line; none if they can't be read."""
        last = self.tree.end_lineno or self.first_line
        text = "".join(self.lines[self.first_line - 1 : last])
        found: dict[int, Comment] = {}
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT:
                    own_line = not token.line[: token.start[1]].strip()
                    found[self.first_line + token.start[0] - 1] = Comment(token.string, own_line)
        except (tokenize.TokenError, SyntaxError):
            return {}
        return found


def parse(function: Any) -> Source:
    """The source of a Python function or lambda, wherever it was defined.

    Files, zip files, notebooks, prompts that keep what is typed (IPython, Python 3.13) and anything else that
    enters its text into `linecache` will do. The tree is that of the code that runs: if the file was edited
    after it was imported, the function is refused.

    Refused with a TransformError: functions without source, generators, coroutines, and functions that assign
    to global variables. What is no function, nor anything that `unwrapped` sees through, is a TypeError.
    """
    inner, why_not = unwrapped(function)
    if isinstance(inner, _IN_C):
        name = getattr(inner, "__qualname__", repr(inner))
        raise transform_error(
            Location("", 0, 0, 0, "", name),
            "its source cannot be read",
            "it is written in C",
            "call a NumPy function that does the same, or write a derivative rule for it",
        )
    if why_not is not None:
        raise TypeError(f"only Python functions have a source to differentiate: {why_not}")
    found = find(inner)
    if isinstance(found, Missing):
        raise _unreadable(inner, found)
    _check(found, inner.__code__)
    code = inner.__code__
    return Source(_as_gast(found, inner), inner, code, code.co_filename, code.co_firstlineno, found.lines)


def _unreadable(function: FunctionType, missing: Missing) -> TransformError:
    code = function.__code__
    why, rewrite = _reason(code.co_filename, missing)
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        name = getattr(wrapped, "__qualname__", repr(wrapped))
        rewrite += f", or pass {name}, which it wraps (its __wrapped__), if it returns the same"
    where = Location(code.co_filename, code.co_firstlineno, 0, 0, "", _name(code))
    return transform_error(where, f"the source of {_name(code)} cannot be read", why, rewrite)


def _reason(filename: str, missing: Missing) -> tuple[str, str]:
    match missing:
        case Missing.CHANGED:
            return (
                "its file has changed since it was imported, or something rewrote its code on import",
                "import it again, or start Python anew",
            )
        case Missing.TOO_DEEP:
            return (
                "it is nested too deeply for Python's own parser",
                "assign parts of it to names of their own",
            )
        case Missing.NO_SOURCE if filename == "<stdin>" or filename.startswith("<python-input"):
            return "it was typed at a prompt that does not keep its lines", "put it in a file, or use IPython"
        case Missing.NO_SOURCE if filename.startswith("<"):
            return (
                "it was made from text that only its maker knows",
                "put it in a file, or enter the text into linecache.cache under the name given to compile()",
            )
        case _:
            return f"there is no file {filename}", "install the package with its .py files"


def _check(found: Found, code: CodeType) -> None:
    """Refuse the kinds of functions that have no derivative's source."""
    tree, name = found.tree, _name(code)
    if code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise transform_error(
            _location(tree, code, found.lines),
            f"{name} is a coroutine: `async def` is not supported",
            "it has a result only within an event loop",
            "write what is to be differentiated with `def`",
        )
    if code.co_flags & CO_GENERATOR:
        first = min(_yields(tree), key=lambda node: (node.lineno, node.col_offset))
        raise transform_error(
            _location(first, code, found.lines),
            f"{name} is a generator: `yield` is not supported",
            "its values are computed when somebody asks for them, so a call has no result to differentiate",
            "collect the values in a list and return it",
        )
    last = tree.end_lineno or tree.lineno
    if any("global" in line for line in found.lines[tree.lineno - 1 : last]):
        _check_globals(found, code)


def _yields(tree: FunctionTree) -> Iterator[ast.Yield | ast.YieldFrom]:
    """The yields of the function itself, not of those within it."""
    waiting: list[ast.AST] = list(tree.body) if isinstance(tree.body, list) else [tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            yield node
        if not isinstance(node, FunctionTree):
            waiting.extend(ast.iter_child_nodes(node))


def _check_globals(found: Found, code: CodeType) -> None:
    waiting = [code]
    while waiting:
        inner = waiting.pop()
        waiting.extend(const for const in inner.co_consts if isinstance(const, CodeType))
        for step in dis.get_instructions(inner):
            if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise transform_error(
                    _location(step.positions, code, found.lines),
                    f"{_name(code)} assigns to the global variable {step.argval}",
                    "values are followed from the arguments to the result, not through global variables",
                    f"return {step.argval} with the result, and let the caller assign it",
                )


def _as_gast(found: Found, function: FunctionType) -> gast.FunctionDef | gast.Lambda:
    try:
        tree: Any = gast.ast_to_gast(found.tree)
    except RecursionError:
        depth, deepest = _deepest(found.tree)
        if depth < DEEP:  # it is the caller who is near the limit
            raise
        raise transform_error(
            _location(deepest, function.__code__, found.lines),
            f"an expression or a block is nested {depth} deep",
            f"reading it passes Python's recursion limit ({sys.getrecursionlimit()})",
            "assign parts of it to names of their own",
        ) from None
    return tree


def _deepest(tree: FunctionTree) -> tuple[int, ast.AST]:
    """How deep the deepest node lies, and the statement it belongs to."""
    greatest, where = 0, tree
    waiting: list[tuple[int, ast.AST, ast.AST]] = [(0, tree, tree)]
    while waiting:
        depth, node, statement = waiting.pop()
        if depth > greatest:
            greatest, where = depth, statement
        for child in ast.iter_child_nodes(node):
            within = child if isinstance(child, ast.stmt) else statement
            waiting.append((depth + 1, child, within))
    return greatest, where


def _name(code: CodeType) -> str:
    """`f`, `Model.loss`, `<lambda>`: without the functions that it was defined in."""
    return code.co_qualname.rpartition("<locals>.")[2]


def _location(node: Any, code: CodeType, lines: Sequence[str]) -> Location:
    """Where a node or an instruction stands. Python counts columns in bytes, users count characters."""
    text = str(lines[node.lineno - 1]).rstrip("\r\n")
    start = _characters(text, node.col_offset or 0)
    end = _characters(text, node.end_col_offset or 0) if node.end_lineno == node.lineno else len(text)
    return Location(code.co_filename, node.lineno, start + 1, max(start, end) + 1, text, _name(code))


def _characters(text: str, count: int) -> int:
    return len(text.encode()[:count].decode(errors="replace"))
