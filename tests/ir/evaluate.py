"""What a program means, statement by statement: the oracle for whatever rewrites or prints programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Statement,
    Var,
    While,
)


def evaluate(program: Program, *args: Any, free: Mapping[str, Any] | None = None) -> Any:
    """What `program` returns for these arguments; `free` says what its free names stand for.

    >>> import operator
    >>> from tapeless.ir.program import Return
    >>> body = (Let(("y",), operator.mul, (Var("x"), Const(2))),)
    >>> evaluate(Program("double", ("x",), body, Return((Var("y"),))), 21)
    42
    """
    known = {name: (free or {})[name] for name in program.free}
    known.update(zip(program.params, args, strict=True))
    _block(program.body, known)
    values = tuple(_value(atom, known) for atom in program.exit.values)
    return values if program.exit.as_tuple else values[0]


def _block(block: Block, known: dict[str, Any]) -> None:
    for statement in block:
        _statement(statement, known)


def _statement(statement: Statement, known: dict[str, Any]) -> None:
    match statement:
        case Let():
            _let(statement, known)
        case If():
            taken = bool(_value(statement.test, known))
            _block(statement.then if taken else statement.orelse, known)
            moves = [(phi.name, phi.then if taken else phi.orelse) for phi in statement.outs]
            _move(moves, known)
        case For():
            items = _value(statement.iterable, known)
            _move([(carry.name, carry.init) for carry in statement.carries], known)
            for item in items:
                _unpack(statement.targets, item, known)
                _block(statement.body, known)
                if _ends(statement, known):
                    break
            _leave(statement.carries, known)
        case While():
            _move([(carry.name, carry.init) for carry in statement.carries], known)
            while True:
                _block(statement.head, known)
                if not _value(statement.test, known):
                    break
                _block(statement.body, known)
                if _ends(statement, known):
                    break
            _leave(statement.carries, known)


def _let(statement: Let, known: dict[str, Any]) -> None:
    positional: list[Any] = []
    for argument in statement.args:
        value = _value(argument, known)
        positional.extend(value if isinstance(argument, Star) else (value,))
    keywords = {name: _value(atom, known) for name, atom in statement.kwargs}
    _unpack(statement.targets, statement.op(*positional, **keywords), known)


def _unpack(targets: tuple[str, ...], value: Any, known: dict[str, Any]) -> None:
    if len(targets) == 1:
        known[targets[0]] = value
    elif targets:
        known.update(zip(targets, value, strict=True))


def _ends(loop: For | While, known: dict[str, Any]) -> bool:
    ends = loop.until is not None and bool(_value(loop.until, known))
    _move([(carry.name, carry.next) for carry in loop.carries], known)
    return ends


def _leave(carries: tuple[Carry, ...], known: dict[str, Any]) -> None:
    _move([(carry.result, Var(carry.name)) for carry in carries], known)


def _move(moves: list[tuple[str, Atom]], known: dict[str, Any]) -> None:
    """Give several names their values at once; a name may come to be unbound."""
    values = [known[atom.name] if isinstance(atom, Var) else atom.value for _, atom in moves]
    known.update(zip((name for name, _ in moves), values, strict=True))


def _value(atom: Argument, known: Mapping[str, Any]) -> Any:
    if isinstance(atom, Const):
        return atom.value
    name = atom.value.name if isinstance(atom, Star) else atom.name
    if known[name] is UNDEFINED.value:
        raise UnboundLocalError(f"{name} is read but was never assigned")
    return known[name]
