"""The arguments of an inner derivative: each number and array in them under a name of its own.

A tree is an argument with the contents of its lists, dicts and dataclasses in their place.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from tapeless.ir.program import Var, same
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import (
    Content,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Ref,
    Tup,
    Value,
    parts_of,
)

Leaf = Callable[[Dyn | Known], Value]
# A container of the caller's, what a function is given in its place, and what that holds at first.
Copied: TypeAlias = tuple[Ref, Ref, Content]


def renamed(m: Machine, value: Value, names: list[str]) -> Any:
    """The tree of an argument, each float in it under a name of its own: by that is differentiated."""

    def leaf(value: Dyn | Known) -> Value:
        number = isinstance(value, Known) and isinstance(value.value, int | float | complex)
        if isinstance(value, Known) and not number:
            return value
        dtype = getattr(m.known(value), "dtype", None)
        if isinstance(value, Dyn) and dtype is not None and dtype.kind not in "fciu":
            return value
        if isinstance(value, Known):
            value = Known(float(value.value)) if isinstance(value.value, int) else value
        hint = plain_name(value.atom.name) if isinstance(value, Dyn) and isinstance(value.atom, Var) else "t"
        made = m.let(same, [value], hint=hint)
        assert isinstance(made, Dyn)
        assert isinstance(made.atom, Var)
        names.append(made.atom.name)
        return Dyn(made.atom, made.fact, varies=True)

    return opened(m, value, leaf)


def opened(m: Machine, value: Value, leaf: Leaf) -> Any:
    """The tree of a value with other leaves."""
    match value:
        case Known() if dataclasses.is_dataclass(value.value):
            pass
        case Dyn() | Known():
            return leaf(value)
        case Tup():
            return Tup(tuple([opened(m, item, leaf) for item in value.items]), value.cls)
        case Ref():
            found = _opened_content(m, m.content(value), leaf)
            if found is not None:
                return found
        case _:
            pass
    raise m.refuse(
        "this derivative",
        "its argument is neither a number, an array nor a container of them",
        "pass the arrays that it holds",
    )


def _opened_content(m: Machine, content: Content, leaf: Leaf) -> Content | None:
    match content:
        case Items():
            return replace(content, items=tuple([opened(m, item, leaf) for item in content.items]))
        case Entries():
            pairs = [(key, opened(m, item, leaf)) for key, item in content.entries]
            return replace(content, entries=tuple(pairs))
        case Fields() if dataclasses.is_dataclass(content.cls):
            pairs = [(name, opened(m, item, leaf)) for name, item in content.fields]
            return replace(content, fields=tuple(pairs))
        case _:
            return None


def rebuilt(m: Machine, tree: Any) -> Value:
    """A value of its own from a tree."""
    match tree:
        case Tup():
            return Tup(tuple([rebuilt(m, item) for item in tree.items]), tree.cls)
        case Items():
            return m.new(Items(tuple([rebuilt(m, item) for item in tree.items])))
        case Entries():
            return m.new(Entries(tuple([(key, rebuilt(m, item)) for key, item in tree.entries])))
        case Fields():
            return m.new(Fields(tree.cls, tuple([(name, rebuilt(m, item)) for name, item in tree.fields])))
        case _:
            return tree


def copied(m: Machine, value: Value, tree: Any, copies: list[Copied]) -> Value:
    """A value from the tree of another; each container is noted beside the one that it stands for."""
    if isinstance(tree, Tup):
        assert isinstance(value, Tup)
        pairs = zip(value.items, tree.items, strict=True)
        return Tup(tuple([copied(m, old, item, copies) for old, item in pairs]), tree.cls)
    if not isinstance(tree, Items | Entries | Fields):
        return tree
    assert isinstance(value, Ref)
    parts = iter(
        [copied(m, old, item, copies) for old, item in zip(m.parts(value), parts_of(tree), strict=True)]
    )
    match tree:
        case Items():
            content: Content = replace(tree, items=tuple(parts))
        case Entries():
            content = replace(tree, entries=tuple([(key, next(parts)) for key, _ in tree.entries]))
        case Fields():
            content = replace(tree, fields=tuple([(name, next(parts)) for name, _ in tree.fields]))
    made = m.new(content)
    copies.append((value, made, content))
    return made


def plain_name(name: str) -> str:
    """A name without the number that made it unlike others."""
    return re.sub(r"_\d+$", "", name)
