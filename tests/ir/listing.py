"""Programs as short text, one statement a line, for tests to compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeless.ir.lower import BINARY, COMPARE
from tapeless.ir.program import Argument, Block, Carry, Const, For, If, Let, Program, Star, Statement

SIGNS = {op: sign for table in (BINARY, COMPARE) for kind, op in table.items() for sign in [kind.__name__]}
SYMBOLS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "Pow": "**", "MatMult": "@", "Lt": "<", "Gt": ">"}


def listing(program: Program) -> str:
    """The statements of a program, indented as its blocks are, and what it returns.

    >>> import operator
    >>> from tapeless.ir.program import Return, Var
    >>> body = (Let(("y",), operator.mul, (Var("x"), Const(2.0))), Let((), print, (Var("y"),), effect=True))
    >>> print(listing(Program("f", ("x",), body, Return((Var("y"),)))))
    y = x * 2.0
    print(y) !
    return y
    """
    returned = ", ".join(map(_atom, program.exit.values))
    return "\n".join([*_block(program.body), f"return {returned}"])


def _block(block: Block) -> Iterator[str]:
    for statement in block:
        yield from _statement(statement)


def _statement(statement: Statement) -> Iterator[str]:
    match statement:
        case Let():
            yield _let(statement)
        case If():
            yield f"if {_atom(statement.test)}:"
            yield from _inner(statement.then)
            yield "else:"
            yield from _inner(statement.orelse)
            for phi in statement.outs:
                yield f"{phi.name} = {_atom(phi.then)} | {_atom(phi.orelse)}"
        case For():
            until = "" if statement.until is None else f" until {_atom(statement.until)}"
            head = f"for {', '.join(statement.targets)} in {_atom(statement.iterable)}"
            yield f"{head}{_carried(statement.carries)}{until}:"
            yield from _inner(statement.body)
        case _:
            yield f"while{_carried(statement.carries)}:"
            yield from _inner(statement.head)
            yield f"test {_atom(statement.test)}:"
            yield from _inner(statement.body)


def _inner(block: Block) -> Iterator[str]:
    return (f"    {line}" for line in _block(block))


def _carried(carries: tuple[Carry, ...]) -> str:
    found = [f"{c.name}: {_atom(c.init)}, {_atom(c.next)} -> {c.result}" for c in carries]
    return f" ({'; '.join(found)})" if found else ""


def _let(statement: Let) -> str:
    args = [_atom(arg) for arg in statement.args]
    sign = SYMBOLS.get(SIGNS.get(statement.op, ""))
    named = [f"{name}={_atom(atom)}" for name, atom in statement.kwargs]
    value = f" {sign} ".join(args) if sign else f"{_callee(statement.op)}({', '.join([*args, *named])})"
    targets = f"{', '.join(statement.targets)} = " if statement.targets else ""
    return f"{targets}{value}{' !' if statement.effect else ''}"


def _callee(op: Callable[..., Any]) -> str:
    owner = getattr(op, "__self__", None)
    return f"{owner.__name__}.{op.__name__}" if isinstance(owner, np.ufunc) else op.__name__


def _atom(atom: Argument) -> str:
    if isinstance(atom, Const):
        return getattr(atom.value, "__name__", None) or repr(atom.value)
    return f"*{atom.value.name}" if isinstance(atom, Star) else atom.name
