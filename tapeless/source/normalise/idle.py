"""Statements that do nothing."""

from __future__ import annotations

import gast

from tapeless.source.normalise.syntax import Block, Function, at, rewrite_statements


def drop_idle(tree: Function) -> Function:
    """Leave out docstrings, `pass`, lone literals, bare annotations and aliases of types.

    Before:
        'Twice x.'
        y: float
        if x > 0:
            ...
        else:
            pass
        return 2 * x
    After:
        if x > 0:
            pass
        return 2 * x
    """
    return rewrite_statements(tree, _without_idle)


def _without_idle(statement: gast.stmt) -> Block:
    match statement:
        case gast.Pass() | gast.TypeAlias():
            return []
        case gast.Expr() if isinstance(statement.value, gast.Constant):
            return []
        case gast.AnnAssign() if statement.value is None:
            return [at(statement, gast.Expr(part)) for part in _evaluated(statement.target)]
        case _:
            return [statement]


def _evaluated(target: gast.expr) -> list[gast.expr]:
    """What Python evaluates of the target of `target: annotation`."""
    match target:
        case gast.Attribute():
            parts = [target.value]
        case gast.Subscript():
            parts = [target.value, target.slice]
        case _:
            parts = []
    return [part for part in parts if not isinstance(part, gast.Constant)]
