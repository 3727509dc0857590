"""Values and templates as the rules of users' functions see them: leaves, and what stands for them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Block, Const, Let, Var, with_blocks
from tapeless.rules.lists import zeros_of
from tapeless.source.facts import Fact
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.outlines import plain
from tapeless.source.lower.values import Dyn, Entries, Fields, Items, Known, Ref, Runtime, Tup, Value


def with_further(block: Block, procedure: Procedure, count: int, outside: tuple[str, ...]) -> Block:
    """The block with calls of a procedure that takes further arguments."""
    return tuple(
        [
            replace(s, args=(*s.args[:count], *map(Var, outside)))
            if isinstance(s, Let) and s.op is procedure
            else with_blocks(s, lambda inner: with_further(inner, procedure, count, outside))
            for s in block
        ]
    )


def parameter_names(rule: Any) -> list[str]:
    """The names of a rule's parameters."""
    try:
        return list(inspect.signature(rule).parameters)
    except (TypeError, ValueError):
        return []


def rule_name(rule: Any) -> str:
    return str(getattr(rule, "__name__", repr(rule)))


def has_derivative(fact: Fact) -> bool:
    """Whether derivatives flow through such a value."""
    return fact.kind not in ("slice", "stack") and (fact.dtype is None or fact.dtype.kind in "fc")


def unchanged(leaf: Any) -> Any:
    return leaf


def as_dyn(leaf: Dyn | Known) -> Dyn:
    return leaf if isinstance(leaf, Dyn) else Dyn(Const(leaf.value))


def varying(value: Value) -> Value:
    return Dyn(value.atom, value.fact, True) if isinstance(value, Dyn) else value


def as_built(m: Machine, value: Value) -> Value:
    """An argument of a function that is not read: containers are built."""
    return value if isinstance(value, Dyn | Known) else m.called(Dyn(m.atom(value)), "t")


def cotangent_like(m: Machine, leaf: Dyn | Known) -> Value:
    return fresh_like(m, leaf, "g") if isinstance(leaf, Dyn) and has_derivative(leaf.fact) else Known(None)


def fresh_like(m: Machine, like: Dyn | Known, hint: str) -> Dyn:
    """A value under a name of its own, of which as much is known as of another."""
    assert isinstance(like, Dyn)
    name = m.fresh(hint, like.fact)
    return Dyn(Var(name), like.fact, has_derivative(like.fact))


def tangent_like(m: Machine, leaf: Dyn | Known) -> Value:
    """The tangent of an argument, of which only the kind is known."""
    if isinstance(leaf, Known):
        return Known(0.0 if isinstance(leaf.value, float | complex) else None)
    return fresh_like(m, leaf, "t") if has_derivative(leaf.fact) else Known(None)


def zero_like(m: Machine, leaf: Value) -> Value:
    if not isinstance(leaf, Dyn) or leaf.fact.kind == "scalar":
        return Known(0.0)
    return m.let(zeros_of, [leaf])


def parts_in(m: Machine, value: Value) -> tuple[Value, ...] | None:
    """What a container of known structure holds."""
    if isinstance(value, Tup):
        return value.items
    content = m.content(value) if isinstance(value, Ref) else None
    if isinstance(value, Ref) and isinstance(content, Items | Entries | Fields):
        return m.parts(value)
    return None


def leaves_in(m: Machine, value: Value) -> list[Dyn]:
    """The values of the running program in an argument, in the order in which a procedure takes them."""
    found: list[Dyn] = []

    def note(leaf: Dyn | Known) -> Value:
        if isinstance(leaf, Dyn):
            found.append(leaf)
        return leaf

    plain(m, value, note)
    return found


def dyn_leaves(tree: Any) -> list[Dyn]:
    """The leaves of a template."""
    match tree:
        case Dyn():
            return [tree]
        case Tup() | Items():
            parts: Sequence[Any] = tree.items
        case Entries():
            parts = [value for _, value in tree.entries]
        case Fields():
            parts = [value for _, value in tree.fields]
        case Runtime():
            parts = [tree.value]
        case _:
            parts = []
    return [leaf for part in parts for leaf in dyn_leaves(part)]


def shape_of(tree: Any) -> Any:
    """The structure of a template, without what is known of its leaves."""
    match tree:
        case Tup():
            return (tree.cls, *map(shape_of, tree.items))
        case Items():
            return ("list", *map(shape_of, tree.items))
        case Entries():
            return ("dict", *[(key, shape_of(value)) for key, value in tree.entries])
        case Fields():
            return (tree.cls, *[(name, shape_of(value)) for name, value in tree.fields])
        case Dyn() | Runtime():
            return "*"
        case _:
            return None
