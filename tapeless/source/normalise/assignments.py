"""An assignment has one target and no annotation."""

from __future__ import annotations

import gast

from tapeless.ir.names import Names
from tapeless.source.normalise.syntax import (
    Block,
    Function,
    again,
    assign,
    is_simple,
    load,
    names_in,
    rewrite_statements,
    store,
    stored,
)


def plain_assignments(tree: Function) -> Function:
    """One assignment for each target, from left to right; the value is computed once.

    Before:
        n: int = 3
        y = z = x + n
        u[0] = v = y * z
        return u
    After:
        n = 3
        y = x + n
        z = y
        value = y * z
        u[0] = value
        v = value
        return u
    """
    names: Names | None = None

    def rewrite(statement: gast.stmt) -> Block:
        nonlocal names
        if isinstance(statement, gast.AnnAssign) and statement.value is not None:
            return [assign(statement.target, statement.value, statement)]
        if isinstance(statement, gast.Assign) and len(statement.targets) > 1:
            names = names or names_in(tree)
            return _one_by_one(statement, names)
        return [statement]

    return rewrite_statements(tree, rewrite)


def _one_by_one(statement: gast.Assign, names: Names) -> Block:
    first, *others = statement.targets
    value = statement.value
    if is_simple(value) and not stored([value]) and not _names(value) & stored(statement.targets):
        return [assign(target, again(value), statement) for target in statement.targets]
    if isinstance(first, gast.Name) and first.id not in stored(others):
        holder, start = first.id, assign(first, value, statement)
    else:
        holder, others = names.fresh("value"), statement.targets
        start = assign(store(holder, statement), value, statement)
    return [start, *(assign(target, load(holder, statement), statement) for target in others)]


def _names(value: gast.expr) -> set[str]:
    return {value.id} if isinstance(value, gast.Name) else set()
