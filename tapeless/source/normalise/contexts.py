"""`with` has one context."""

from __future__ import annotations

import gast

from tapeless.source.normalise.syntax import Block, Function, changed, rewrite_statements


def single_contexts(tree: Function) -> Function:
    """Nest the contexts of a `with`.

    Before:
        with first(x) as y, second(y):
            z = y + 1
        return z
    After:
        with first(x) as y:
            with second(y):
                z = y + 1
        return z
    """
    return rewrite_statements(tree, _nested)


def _nested(statement: gast.stmt) -> Block:
    if not isinstance(statement, gast.With) or len(statement.items) == 1:
        return [statement]
    body: Block = statement.body
    for item in reversed(statement.items):
        body = [changed(statement, items=[item], body=body)]
    return body
