"""Short ways to write programs down in tests."""

from __future__ import annotations

import operator
from typing import Any

from tapeless.ir.check import check
from tapeless.ir.emit import emit
from tapeless.ir.program import Argument, Atom, Const, Let, Program, Return, Star, Statement, Var

ADD, SUB, MUL, DIV = operator.add, operator.sub, operator.mul, operator.truediv


def atom(value: Any) -> Any:
    """A name for a string, a constant for anything else that is not an argument already."""
    if isinstance(value, Var | Const | Star):
        return value
    return Var(value) if isinstance(value, str) else Const(value)


def let(targets: str, op: Any, *args: Any, line: int = 0, **kwargs: Any) -> Let:
    """`let("a b", f, "x", 1.0)` is `a, b = f(x, 1.0)`."""
    arguments: tuple[Argument, ...] = tuple(map(atom, args))
    return Let(tuple(targets.split()), op, arguments, tuple((k, atom(v)) for k, v in kwargs.items()), line)


def do(op: Any, *args: Any, to: str = "", line: int = 0) -> Let:
    """An effect."""
    return Let(tuple(to.split()), op, tuple(map(atom, args)), line=line, effect=True)


def program(params: str, *body: Statement, gives: Any = None, free: str = "") -> Program:
    """A function f that gives one value, or a tuple of several."""
    values: tuple[Atom, ...] = tuple(map(atom, gives)) if isinstance(gives, list) else (atom(gives),)
    exit_ = Return(values, as_tuple=isinstance(gives, list))
    return check(Program("f", tuple(params.split()), body, exit_, tuple(free.split())))


def text(params: str, *body: Statement, gives: Any = None, free: str = "") -> str:
    """The printed body of such a function."""
    lines = emit(program(params, *body, gives=gives, free=free)).source.splitlines()[1:]
    return "\n".join(line.removeprefix("    ") for line in lines)
