"""A comparison has two sides."""

from __future__ import annotations

from collections.abc import Callable

import gast

from tapeless.ir.names import Names
from tapeless.source.normalise.syntax import (
    SCOPES,
    Function,
    again,
    at,
    changed,
    is_simple,
    joined,
    load,
    names_in,
    rewrite_children,
    rewrite_statements,
    store,
)

_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def plain_comparisons(tree: Function) -> Function:
    """Split chains of comparisons; each side is computed once, and only if it comes to that.

    Before:
        return 0 < x <= f(x) < 1
    After:
        return 0 < x and x <= (middle := f(x)) and (middle < 1)
    """
    splitter = _Splitter(tree)
    if isinstance(tree, gast.Lambda):
        return rewrite_children(tree, splitter.expression, skip=("args",))
    return rewrite_statements(tree, lambda statement: [splitter.statement(statement)])


class _Splitter:
    """Where Python allows no name to be assigned, a chain that needs one stays."""

    def __init__(self, tree: Function) -> None:
        self._tree = tree
        self._names: Names | None = None

    def statement(self, statement: gast.stmt) -> gast.stmt:
        if isinstance(statement, (*SCOPES, gast.Try, gast.TryStar)):
            return statement
        return rewrite_children(statement, self.expression, skip=_BLOCKS)

    def expression(self, tree: gast.AST) -> gast.AST:
        return self._split(tree, self.expression, may_name=True)

    def _iterable(self, tree: gast.AST) -> gast.AST:
        """What a comprehension runs over: no `:=` may stand there."""
        return self._split(tree, self._iterable, may_name=False)

    def _split(self, tree: gast.AST, visit: Callable[[gast.AST], gast.AST], may_name: bool) -> gast.AST:
        if isinstance(tree, SCOPES):
            return tree
        if isinstance(tree, gast.comprehension):
            new = rewrite_children(tree, visit, skip=("iter",))
            iterable = self._iterable(tree.iter)
            return new if iterable is tree.iter else changed(new, iter=iterable)
        tree = rewrite_children(tree, visit)
        if isinstance(tree, gast.Compare) and len(tree.ops) > 1:
            return self._pairs(tree, may_name)
        return tree

    def _pairs(self, chain: gast.Compare, may_name: bool) -> gast.expr:
        middles = chain.comparators[:-1]
        if not may_name and not all(is_simple(side) or isinstance(side, gast.NamedExpr) for side in middles):
            return chain
        pairs: list[gast.expr] = []
        left = chain.left
        for op, right in zip(chain.ops[:-1], middles, strict=True):
            right, again = self._twice(right)
            pairs.append(at(chain, gast.Compare(left, [op], [right])))
            left = again
        pairs.append(at(chain, gast.Compare(left, chain.ops[-1:], chain.comparators[-1:])))
        return joined(gast.And, pairs, chain)

    def _twice(self, side: gast.expr) -> tuple[gast.expr, gast.expr]:
        """A side as it is written first, and as it is written again."""
        if is_simple(side):
            return side, again(side)
        if isinstance(side, gast.NamedExpr):
            return side, load(side.target.id, side)
        self._names = self._names or names_in(self._tree)
        name = self._names.fresh("middle")
        return at(side, gast.NamedExpr(store(name, side), side)), load(name, side)
