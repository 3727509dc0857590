"""Other names for what statements read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, overload

from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Star,
    Statement,
    Var,
    While,
    reads,
    walk,
    with_blocks,
)


@overload
def renamed(argument: Atom, names: Mapping[str, Atom]) -> Atom: ...
@overload
def renamed(argument: Argument, names: Mapping[str, Atom]) -> Argument: ...
def renamed(argument: Argument, names: Mapping[str, Atom]) -> Argument:
    """An argument under its other name, if it has one; a constant cannot be spread over positions."""
    if isinstance(argument, Star):
        other = names.get(argument.value.name)
        return Star(other) if isinstance(other, Var) else argument
    return names.get(argument.name, argument) if isinstance(argument, Var) else argument


@overload
def rename(statement: Let, names: Mapping[str, Atom]) -> Let: ...
@overload
def rename(statement: Return, names: Mapping[str, Atom]) -> Return: ...
@overload
def rename(statement: Statement, names: Mapping[str, Atom]) -> Statement: ...
def rename(statement: Statement | Return, names: Mapping[str, Atom]) -> Statement | Return:
    """The statement with other names, or constants, read in the place of some; its blocks stay the same."""
    if names.keys().isdisjoint(reads(statement)):
        return statement
    match statement:
        case Let():
            args = tuple([renamed(arg, names) for arg in statement.args])
            kwargs = tuple([(name, renamed(value, names)) for name, value in statement.kwargs])
            return replace(statement, args=args, kwargs=kwargs)
        case If():
            outs = tuple([_phi(phi, names) for phi in statement.outs])
            return replace(statement, test=renamed(statement.test, names), outs=outs)
        case For():
            iterable, until = renamed(statement.iterable, names), _maybe(statement.until, names)
            carries = _carries(statement.carries, names)
            return replace(statement, iterable=iterable, carries=carries, until=until)
        case While():
            test, until = renamed(statement.test, names), _maybe(statement.until, names)
            carries = _carries(statement.carries, names)
            return replace(statement, test=test, carries=carries, until=until)
        case Return():
            return replace(statement, values=tuple([renamed(value, names) for value in statement.values]))


def rename_block(block: Block, names: Mapping[str, Atom]) -> Block:
    """The block, and all within it, with other names read in the place of some."""
    if not names:
        return block
    return same_or(block, [rename(with_blocks(s, lambda b: rename_block(b, names)), names) for s in block])


def same_or(block: Block, statements: Iterable[Statement]) -> Block:
    """The statements as a block: `block` itself if they are its own."""
    new = tuple(statements)
    same = len(new) == len(block) and all(a is b for a, b in zip(block, new, strict=True))
    return block if same else new


def uses(program: Program) -> Counter[str]:
    """How often each name is read."""
    return Counter(name for statement in (*walk(program.body), program.exit) for name in reads(statement))


def identity(argument: Argument) -> Any:
    """What makes two arguments the same: 0.0 is neither -0.0 nor 0, and objects are only themselves."""
    return _value(argument.value) if isinstance(argument, Const) else argument


def _value(value: Any) -> Any:
    if type(value) is tuple:
        items: tuple[Any, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return (tuple, *map(_value, items))
    simple = isinstance(value, bool | int | float | complex | str)
    return (type(value), repr(value)) if simple else id(value)


def _maybe(atom: Atom | None, names: Mapping[str, Atom]) -> Atom | None:
    return None if atom is None else renamed(atom, names)


def _phi(phi: Phi, names: Mapping[str, Atom]) -> Phi:
    return Phi(phi.name, renamed(phi.then, names), renamed(phi.orelse, names))


def _carries(carries: tuple[Carry, ...], names: Mapping[str, Atom]) -> tuple[Carry, ...]:
    return tuple([Carry(c.name, renamed(c.init, names), renamed(c.next, names), c.result) for c in carries])
