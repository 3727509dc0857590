"""A program as data: statements over named values, independent of Python's syntax.

    def f(x, n):                  Program('f', ('x', 'n'), (
        s = 0.0                       Let(('r',), range, (Var('n'),)),
        for i in range(n):            For(('i',), Var('r'), (Carry('s', Const(0.0), Var('s_1'), 's_2'),), (
            s = s + np.sin(x)             Let(('t',), np.sin, (Var('x'),)),
        return s                          Let(('s_1',), operator.add, (Var('s'), Var('t'))))),
                                      Return((Var('s_2'),))))

Callees are objects, not names.  Every name is assigned once; a loop names what it carries from one iteration
to the next, a branch what it leaves behind.  Control leaves a function at its end only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

import numpy as np

from tapeless import _tree
from tapeless.errors import MissingRuleError
from tapeless.ir.atoms import UNDEFINED, Argument, Atom, Const, Star, Var


@dataclass(frozen=True, slots=True)
class Let:
    """`targets = op(*args, **kwargs)`; several targets unpack the result.

    With `effect` the statement is run for more than its value: it is kept, once, and in its place.  What it
    writes into, `effects.written` knows.  Without targets the result is dropped.
    """

    targets: tuple[str, ...]
    op: Callable[..., Any]
    args: tuple[Argument, ...]
    kwargs: tuple[tuple[str, Atom], ...] = ()
    line: int = field(default=0, compare=False)
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Phi:
    """`name` is worth `then` after one branch and `orelse` after the other."""

    name: str
    then: Atom
    orelse: Atom


@dataclass(frozen=True, slots=True)
class If:
    """One of two blocks; what is read later of either comes out under the names of `outs`."""

    test: Atom
    then: Block
    orelse: Block
    outs: tuple[Phi, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Carry:
    """A value that goes round a loop.

    In the first iteration `name` is `init`, in each later one `next` of the one before; after the loop
    `result` is `next` of the last iteration, or `init` if there was none.  `next` is read at the end of the
    body.
    """

    name: str
    init: Atom
    next: Atom
    result: str


@dataclass(frozen=True, slots=True)
class For:
    """A loop over an iterable; several targets unpack each item, none leave it.

    It ends early after an iteration in which `until` is true.
    """

    targets: tuple[str, ...]
    iterable: Atom
    carries: tuple[Carry, ...]
    body: Block
    until: Atom | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class While:
    """`head` computes `test` before each iteration; `body` sees its names, both see the carried ones."""

    head: Block
    test: Atom
    carries: tuple[Carry, ...]
    body: Block
    until: Atom | None = None
    line: int = field(default=0, compare=False)


Statement: TypeAlias = Let | If | For | While
Block: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """The one exit; `as_tuple` says whether the values come back packed."""

    values: tuple[Atom, ...]
    as_tuple: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A function: its parameters, statements and exit; `free` are the names that its module gives it."""

    name: str
    params: tuple[str, ...]
    body: Block
    exit: Return
    free: tuple[str, ...] = ()


def is_undefined(atom: Argument) -> bool:
    """Whether an atom stands for a name that is unbound."""
    return isinstance(atom, Const) and atom.value is UNDEFINED.value


def atoms(statement: Statement | Return) -> list[Argument]:
    """What a statement itself reads, in order, with repeats; not what stands in its blocks."""
    match statement:
        case Let():
            return [*statement.args, *(atom for _, atom in statement.kwargs)]
        case Return():
            return list(statement.values)
        case If():
            return [statement.test, *(atom for phi in statement.outs for atom in (phi.then, phi.orelse))]
        case For():
            ends = [statement.until] if statement.until is not None else []
            return [statement.iterable, *_carried(statement.carries), *ends]
        case While():
            ends = [statement.until] if statement.until is not None else []
            return [*_carried(statement.carries), statement.test, *ends]


def _carried(carries: tuple[Carry, ...]) -> list[Argument]:
    return [atom for carry in carries for atom in (carry.init, carry.next)]


def named(atom: Argument) -> str | None:
    """The name that an argument reads."""
    if isinstance(atom, Star):
        atom = atom.value
    return atom.name if isinstance(atom, Var) else None


def reads(statement: Statement | Return) -> list[str]:
    """The names that a statement itself uses, in order, with repeats; not those of its blocks."""
    found: list[str] = []
    for atom in atoms(statement):
        if type(atom) is Var:
            found.append(atom.name)
        elif type(atom) is Star:
            found.append(atom.value.name)
    return found


def blocks(statement: Statement) -> tuple[Block, ...]:
    """The blocks within a statement, in the order in which they run."""
    match statement:
        case Let():
            return ()
        case If():
            return (statement.then, statement.orelse)
        case For():
            return (statement.body,)
        case While():
            return (statement.head, statement.body)


def defined(statement: Statement) -> list[str]:
    """The names that a statement gives to what comes after it."""
    match statement:
        case Let():
            return list(statement.targets)
        case If():
            return [phi.name for phi in statement.outs]
        case For() | While():
            return [carry.result for carry in statement.carries]


def inner(statement: Statement) -> list[str]:
    """The names that a loop gives to its own blocks."""
    match statement:
        case Let() | If():
            return []
        case For():
            return [*statement.targets, *(carry.name for carry in statement.carries)]
        case While():
            return [carry.name for carry in statement.carries]


def walk(block: Block) -> Iterator[Statement]:
    """Every statement of a block and of the blocks within it, each before its own blocks."""
    waiting = [iter(block)]
    while waiting:
        for statement in waiting[-1]:
            yield statement
            if type(statement) is not Let:
                waiting.extend([iter(part) for part in reversed(blocks(statement))])
                break
        else:
            waiting.pop()


def straight(block: Block) -> tuple[Let, ...]:
    """The statements of a block that neither branches nor loops."""
    lets = tuple([statement for statement in block if isinstance(statement, Let)])
    assert len(lets) == len(block)
    return lets


def names_of(program: Program) -> set[str]:
    """Every name that stands for something in the program."""
    own = {name for statement in walk(program.body) for name in (*defined(statement), *inner(statement))}
    return {*program.params, *program.free, *own}


def free_names(block: Block) -> set[str]:
    """The names that a block reads and does not itself assign; order is no matter."""
    read: set[str] = set()
    own: set[str] = set()
    for statement in walk(block):
        read.update(reads(statement))
        own.update(defined(statement))
        own.update(inner(statement))
    return read - own


def with_blocks(statement: Statement, change: Callable[[Block], Block]) -> Statement:
    """The statement with its blocks changed, in the order in which they run; itself if none is another."""
    old = blocks(statement)
    if not old:
        return statement
    new = tuple([change(block) for block in old])
    if all(a is b for a, b in zip(old, new, strict=True)):
        return statement
    match statement:
        case Let():
            return statement
        case If():
            return replace(statement, then=new[0], orelse=new[1])
        case For():
            return replace(statement, body=new[0])
        case While():
            return replace(statement, head=new[0], body=new[1])


def build_tuple(*items: Any) -> tuple[Any, ...]:
    """The operation of a tuple display."""
    return items


def build_list(*items: Any) -> list[Any]:
    """The operation of a list display."""
    return list(items)


def build_dict(*items: Any) -> dict[Any, Any]:
    """The operation of a dict display: keys and values in turn."""
    return dict(zip(items[::2], items[1::2], strict=True))


def same(value: Any) -> Any:
    """The operation of unpacking and of an alias: the value as it is."""
    return value


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The operation that calls a value: `function(*args)`."""
    return function(*args, **kwargs)


def call_method(owner: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """The operation that calls a method by its name: `owner.name(*args)`."""
    return getattr(owner, name)(*args, **kwargs)


def join_text(*parts: Any) -> str:
    """The operation of an f-string: text and formatted values in turn."""
    return "".join(parts)


def iadd(target: Any, value: Any) -> None:
    """`target += value`, in place."""
    target += value


def isub(target: Any, value: Any) -> None:
    """`target -= value`, in place."""
    target -= value


def add_at(target: Any, index: Any, value: Any) -> None:
    """`target[index] += value`, for an index that names no element twice."""
    target[index] += value


def subtract_at(target: Any, index: Any, value: Any) -> None:
    """`target[index] -= value`, for an index that names no element twice."""
    target[index] -= value


def set_imag(target: Any, index: Any, value: Any) -> None:
    """`target.imag[index] = value`."""
    target.imag[index] = value


def new_stack() -> list[Any]:
    """What a loop keeps for its way back."""
    return []


def push(stack: list[Any], *values: Any) -> None:
    """Keep the values of one iteration."""
    stack.append(values if len(values) != 1 else values[0])


def pop(stack: list[Any]) -> Any:
    """The values of the iteration that was kept last."""
    return stack.pop()


def take_last(items: list[Any], count: int) -> list[Any]:
    """Take the last `count` items off a list: what undoes `extend`."""
    start = len(items) - count
    last = items[start:]
    del items[start:]
    return last


def add_part(whole: Any, index: Any, value: Any) -> None:
    """`whole[index] += value` in a list or dict, where the part may be a container itself."""
    whole[index] = _tree.sum_of(whole[index], value)


def with_field(record: Any, name: str, value: Any) -> Any:
    """The same named tuple or dataclass with another value under a name."""
    known: Any = _tree.container(cast(Any, type(record)))
    if known is None:
        raise MissingRuleError(f"no derivative rule for the attribute {name!r} of what is no dataclass")
    parts, names = known.flatten(record)
    pairs = zip(names, parts, strict=True)
    return known.unflatten(names, [value if own == name else part for own, part in pairs])


def reshaped_part(whole: Any, shape: Any = None) -> Any:
    """`whole` in another shape where that is a view; where it would be a copy, zeros in that shape.

    Without a shape it is ravelled, which copies what does not lie together where a reshape may not.
    """
    part = np.ravel(whole) if shape is None else np.reshape(whole, shape)
    return part if np.may_share_memory(part, whole) else np.zeros_like(part)


def add_unless_shared(target: Any, source: Any) -> None:
    """`target += source`, element by element in order, unless they are the same elements in memory."""
    if not np.may_share_memory(target, source):
        target += np.reshape(source, np.shape(target))


def fail(error: Any = None, cause: Any = None) -> None:
    """`raise error from cause`."""
    raise error from cause


def require(test: Any, message: Any = None) -> None:
    """`assert test, message`."""
    assert test, message
