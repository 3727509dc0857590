"""Say things as people write them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.program import Argument, Block, Const, For, If, Let, Program, Statement, Var, While
from tapeless.rules.reductions import at_least_one
from tapeless.rules.support import spread
from tapeless.source.facts import UNKNOWN, Fact

# Of arrays these are the same; on Python's numbers the functions never raise, and the operators do.
OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
    np.matmul: operator.matmul,
}
WHOLE = (Const(None), Const(False))  # axes of a sum over everything
ATTRIBUTES: dict[Any, str] = {np.transpose: "T", np.shape: "shape"}


def spell(program: Program, facts: Mapping[str, Fact]) -> Program:
    """Operators and attributes in the place of functions, where the operands are arrays for sure.

    t = np.transpose(w)                    t = w.T
    c = np.divide(g, y)               =>   c = g / y
    d = spread(1.0, shape, None, False)    d = np.full(shape, 1.0)
    """
    return replace(program, body=_block(program.body, facts))


def _block(block: Block, facts: Mapping[str, Fact]) -> Block:
    return tuple([_statement(statement, facts) for statement in block])


def _statement(statement: Statement, facts: Mapping[str, Fact]) -> Statement:
    match statement:
        case Let():
            return _let(statement, facts)
        case If():
            then, orelse = _block(statement.then, facts), _block(statement.orelse, facts)
            return replace(statement, then=then, orelse=orelse)
        case For():
            return replace(statement, body=_block(statement.body, facts))
        case While():
            return replace(statement, head=_block(statement.head, facts), body=_block(statement.body, facts))


def _let(let: Let, facts: Mapping[str, Fact]) -> Let:
    if let.kwargs or let.effect:
        return let
    if let.op is spread and let.args[2:] == WHOLE and _is_number(let.args[0], facts):
        return replace(let, op=np.full, args=(let.args[1], let.args[0]))
    if let.op is at_least_one and isinstance(let.args[0], Var) and facts.get(let.args[0].name, UNKNOWN).weak:
        return replace(let, op=max, args=(*let.args, Const(1)))
    arrays = [isinstance(arg, Var) and facts.get(arg.name, UNKNOWN).kind == "array" for arg in let.args]
    if arrays == [True] and let.op in ATTRIBUTES:
        return replace(let, op=getattr, args=(*let.args, Const(ATTRIBUTES[let.op])))
    if any(arrays) and let.op in OPERATORS and len(arrays) == (1 if let.op is np.negative else 2):
        return replace(let, op=OPERATORS[let.op])
    return let


def _is_number(value: Argument, facts: Mapping[str, Fact]) -> bool:
    return isinstance(value, Const) or (isinstance(value, Var) and facts.get(value.name, UNKNOWN).dims == ())
