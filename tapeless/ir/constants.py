"""Compute what is known when the program is written."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import math
import operator
from dataclasses import replace
from typing import Any

from tapeless.ir.program import (
    Atom,
    Block,
    Const,
    If,
    Let,
    Program,
    Statement,
    Var,
    is_undefined,
    with_blocks,
)
from tapeless.ir.renaming import rename, same_or

_FOLDED = frozenset(map(id, (
    operator.neg, operator.pos, operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv,
    operator.mod, operator.pow, operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
    operator.not_, operator.is_, operator.is_not, builtins.bool, builtins.int, builtins.float,
    math.sqrt, math.exp, math.log, math.log2, math.log10, math.sin, math.cos, math.tan, math.floor, math.ceil,
    math.fabs, math.pow,
)))  # fmt: skip
_NUMBERS = (int, float, bool)
_SIMPLE = (int, float, bool, str, type(None))


def fold_constants(program: Program) -> Program:
    """Compute what is known when the program is written, and choose the branch that is.

    a = 2.0 * 3.0              print(x)
    if a > 1.0:                return x * 6.0
        print(x)       =>
    else:
        x.sort()
    return x * a
    """
    folding = _Folding()
    body = folding.block(program.body)
    exit_ = rename(program.exit, folding.names)
    if body is program.body and exit_ is program.exit:
        return program
    return replace(program, body=body, exit=exit_)


class _Folding:
    def __init__(self) -> None:
        self.names: dict[str, Atom] = {}

    def block(self, block: Block) -> Block:
        return same_or(block, [new for old in block for new in self._statement(old)])

    def _statement(self, statement: Statement) -> Block:
        if isinstance(statement, If):
            statement = rename(statement, self.names)
            chosen = self._chosen(statement)
            if chosen is not None:
                return chosen
        statement = rename(with_blocks(statement, self.block), self.names)
        if isinstance(statement, Let) and len(statement.targets) == 1:
            value = _folded(statement)
            if value is not None:
                self.names[statement.targets[0]] = value
                return ()
        return (statement,)

    def _chosen(self, statement: Statement) -> Block | None:
        """The branch that will be taken, if that is known and all it leaves is bound."""
        if not isinstance(statement, If) or not isinstance(statement.test, Const):
            return None
        if type(statement.test.value) not in _SIMPLE:
            return None
        taken = bool(statement.test.value)
        ends = {phi.name: phi.then if taken else phi.orelse for phi in statement.outs}
        if any([is_undefined(end) for end in ends.values()]):
            return None
        block = self.block(statement.then if taken else statement.orelse)
        for name, end in ends.items():
            self.names[name] = self.names.get(end.name, end) if isinstance(end, Var) else end
        return block


def _folded(statement: Let) -> Const | None:
    """The result as a constant; what would raise, or is no finite number, is left for the program to find."""
    if id(statement.op) not in _FOLDED or statement.kwargs or statement.effect:
        return None
    values = [arg.value for arg in statement.args if isinstance(arg, Const)]
    if len(values) < len(statement.args) or not _is_meant_for(statement.op, values):
        return None
    try:
        return _as_constant(statement.op(*values))
    except (ArithmeticError, ValueError, TypeError):
        return None


def _is_meant_for(op: Any, values: list[Any]) -> bool:
    if op is operator.is_ or op is operator.is_not:  # who is who among equal numbers is an accident
        return any([value is None for value in values]) and all([type(value) in _SIMPLE for value in values])
    if op is operator.not_:
        return type(values[0]) in _SIMPLE
    most = 64 if op is operator.pow else 2**62  # whole numbers grow without bound
    return all([type(v) in _NUMBERS and not (type(v) is int and abs(v) > most) for v in values])


def _as_constant(value: Any) -> Const | None:
    if type(value) in (bool, int):
        return Const(value) if abs(value) < 2**63 else None
    return Const(value) if type(value) is float and math.isfinite(value) else None
