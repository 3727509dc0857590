"""Syntax trees: new nodes stand where the node stood that they replace; old ones are copied, never edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import gast

from tapeless.errors import LoweringError
from tapeless.ir.names import Names

Function: TypeAlias = gast.FunctionDef | gast.Lambda
Block: TypeAlias = list[gast.stmt]
Node = TypeVar("Node", bound=gast.AST)

# What has a life of its own: a body that runs elsewhere or later.
SCOPES = (gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef, gast.Lambda)

_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
# Fields that hold names as text; of a nested function too, which may read what we would name.
_TEXTS = ("id", "name", "asname", "rest")


class NotNormalisableError(LoweringError):
    """A construct that no pass can put in plainer words: where it stands, and the parts of the message."""

    def __init__(self, node: gast.AST, what: str, why: str, rewrite: str) -> None:
        super().__init__(f"{what}: {why}; {rewrite}")
        self.node, self.what, self.why, self.rewrite = node, what, why, rewrite


def at(place: gast.AST, node: Node) -> Node:
    """`node`, standing where `place` stands."""
    for attribute in _PLACE:
        if hasattr(place, attribute):
            setattr(node, attribute, getattr(place, attribute))
    return node


def load(name: str, place: gast.AST) -> gast.Name:
    return at(place, gast.Name(name, gast.Load(), None, None))


def store(name: str, place: gast.AST) -> gast.Name:
    return at(place, gast.Name(name, gast.Store(), None, None))


def constant(value: Any, place: gast.AST) -> gast.Constant:
    return at(place, gast.Constant(value, None))


def assign(target: gast.expr, value: gast.expr, place: gast.AST) -> gast.Assign:
    return at(place, gast.Assign([target], value, None))


def branch(test: gast.expr, body: Block, orelse: Block, place: gast.AST) -> gast.If:
    """An `if`; an empty body is `pass`."""
    return at(place, gast.If(test, body or [at(place, gast.Pass())], orelse))


def negated(test: gast.expr) -> gast.expr:
    return at(test, gast.UnaryOp(gast.Not(), test))


def joined(op: type[gast.boolop], tests: Sequence[gast.expr], place: gast.AST) -> gast.expr:
    """`a and b and c`, or `a` alone."""
    return tests[0] if len(tests) == 1 else at(place, gast.BoolOp(op(), list(tests)))


def changed(node: Node, **fields: Any) -> Node:
    """A copy of a node with other fields; the rest is shared."""
    return type(node)(**{**vars(node), **fields})


def is_simple(tree: gast.AST) -> bool:
    """Whether a value may as well be written twice: a name or a literal."""
    if isinstance(tree, gast.UnaryOp) and isinstance(tree.op, gast.USub):
        return isinstance(tree.operand, gast.Constant)
    return isinstance(tree, gast.Name | gast.Constant)


def again(tree: gast.expr) -> gast.expr:
    """A simple value, to be written once more."""
    return changed(tree, operand=changed(tree.operand)) if isinstance(tree, gast.UnaryOp) else changed(tree)


def is_elif(orelse: Block) -> bool:
    return len(orelse) == 1 and isinstance(orelse[0], gast.If)


def stored(trees: Sequence[gast.AST]) -> set[str]:
    """The names that some trees assign."""
    found: set[str] = set()
    for tree in trees:
        for node in gast.walk(tree):
            if isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Load):
                found.add(node.id)
            elif isinstance(node, gast.MatchAs | gast.MatchStar) and node.name is not None:
                found.add(node.name)
    return found


def names_in(tree: gast.AST) -> Names:
    """Fresh names for a function: none that it, or a function inside it, uses for anything."""
    taken: set[str] = set()
    for node in gast.walk(tree):
        taken.update(text for field in _TEXTS if isinstance(text := getattr(node, field, None), str))
        if isinstance(node, gast.Global | gast.Nonlocal):
            taken.update(node.names)
        elif isinstance(node, gast.alias):
            taken.add(node.name.partition(".")[0])
    return Names(taken)


def rewrite_statements(tree: Function, rewrite: Callable[[gast.stmt], Sequence[gast.stmt]]) -> Function:
    """Every statement replaced by those that `rewrite` gives for it, an outer one before those inside.

    Scopes and `try` are not entered.  A body that loses all its statements keeps a `pass`.
    """
    if isinstance(tree, gast.Lambda):
        return tree
    body = _rewrite_block(tree.body, rewrite)
    return tree if body is tree.body else changed(tree, body=body or [at(tree, gast.Pass())])


def _rewrite_block(block: Block, rewrite: Callable[[gast.stmt], Sequence[gast.stmt]]) -> Block:
    new = [_descend(part, rewrite) for statement in block for part in rewrite(statement)]
    return block if _is_same(new, block) else new


def _descend(statement: gast.stmt, rewrite: Callable[[gast.stmt], Sequence[gast.stmt]]) -> gast.stmt:
    if isinstance(statement, gast.If):
        return _descend_chain(statement, rewrite)
    if isinstance(statement, gast.For | gast.While):
        orelse = _rewrite_block(statement.orelse, rewrite)
        return _with_blocks(statement, _rewrite_block(statement.body, rewrite), orelse)
    if isinstance(statement, gast.With):
        body = _rewrite_block(statement.body, rewrite)
        return statement if body is statement.body else changed(statement, body=_or_pass(body, statement))
    return statement


def _descend_chain(first: gast.If, rewrite: Callable[[gast.stmt], Sequence[gast.stmt]]) -> gast.If:
    """An `if` with its `elif`s, which nest as deeply as they are many."""
    links = [first]
    bodies = [_rewrite_block(first.body, rewrite)]
    orelse: Block = first.orelse
    while is_elif(orelse):
        parts = rewrite(orelse[0])
        if len(parts) != 1 or not isinstance(parts[0], gast.If):
            orelse = [_descend(part, rewrite) for part in parts]
            break
        links.append(parts[0])
        bodies.append(_rewrite_block(parts[0].body, rewrite))
        orelse = parts[0].orelse
    else:
        orelse = _rewrite_block(orelse, rewrite)
    for link, body in zip(reversed(links), reversed(bodies), strict=True):
        first = _with_blocks(link, body, link.orelse if _is_same(orelse, link.orelse) else orelse)
        orelse = [first]
    return first


def _with_blocks(statement: Node, body: Block, orelse: Block) -> Node:
    if body is statement.body and orelse is statement.orelse:
        return statement
    return changed(statement, body=_or_pass(body, statement), orelse=orelse)


def _or_pass(body: Block, place: gast.AST) -> Block:
    return body or [at(place, gast.Pass())]


def _is_same(new: Sequence[gast.AST], old: Sequence[gast.AST]) -> bool:
    return len(new) == len(old) and all(a is b for a, b in zip(new, old, strict=True))


def rewrite_children(node: Node, visit: Callable[[gast.AST], gast.AST], skip: Sequence[str] = ()) -> Node:
    """The node with its children replaced, but for the fields `skip`; itself if none of them changes."""
    new: dict[str, Any] = {}
    for field in node._fields:
        value = getattr(node, field, None)
        if field in skip or value is None:
            continue
        if isinstance(value, list):
            items = [visit(item) if isinstance(item, gast.AST) else item for item in value]
            if not _is_same(items, value):
                new[field] = items
        elif isinstance(value, gast.AST) and (item := visit(value)) is not value:
            new[field] = item
    return changed(node, **new) if new else node
