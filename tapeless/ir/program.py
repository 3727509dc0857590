"""A program as data: straight-line statements over named values, independent of Python's syntax.

    def f(x, y):          Program('f', ('x', 'y'), (
        a = x * y             Let(('a',), operator.mul, (Var('x'), Var('y'))),
        return np.sin(a)      Let(('b',), np.sin, (Var('a'),)),
                              Return((Var('b'),))))

Callees are objects, not names. Every name is assigned once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Var:
    """A use of a named value."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """A value that is known when the program is written."""

    value: Any  # any Python object: numbers, None, strings, dtypes


@dataclass(frozen=True, slots=True)
class Star:
    """An argument spread over the positions of a call: `f(*xs)`."""

    value: Var


Atom = Var | Const
Argument = Var | Const | Star


@dataclass(frozen=True, slots=True)
class Let:
    """`targets = op(*args, **kwargs)`; several targets unpack the result."""

    targets: tuple[str, ...]
    op: Callable[..., Any]
    args: tuple[Argument, ...]
    kwargs: tuple[tuple[str, Atom], ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Return:
    """The one exit; `as_tuple` says whether the values come back packed."""

    values: tuple[Atom, ...]
    as_tuple: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A function: its parameters, statements and exit."""

    name: str
    params: tuple[str, ...]
    body: tuple[Let, ...]
    exit: Return


def reads(statement: Let | Return) -> list[str]:
    """The names that a statement uses, in order, with repeats."""
    if isinstance(statement, Return):
        atoms: list[Argument] = list(statement.values)
    else:
        atoms = [*statement.args, *(atom for _, atom in statement.kwargs)]
    named = [atom.value if isinstance(atom, Star) else atom for atom in atoms]
    return [atom.name for atom in named if isinstance(atom, Var)]


def build_tuple(*items: Any) -> tuple[Any, ...]:
    """The operation of a tuple display."""
    return items


def build_list(*items: Any) -> list[Any]:
    """The operation of a list display."""
    return list(items)
