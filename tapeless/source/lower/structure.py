"""The structure of values: their numbers, arrays and texts one after the other, containers in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tapeless.ir.program import Atom, Const
from tapeless.source.facts import Fact, fact_of_constant
from tapeless.source.lower.control import is_data
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.values import (
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Part,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
)


def map_data(value: Any, change: Callable[[int, Value], Value]) -> Any:
    """The value or content with the k-th of its numbers, arrays and texts replaced by `change(k, it)`."""
    count = [0]

    def go(item: Any) -> Any:
        if is_data(item) and item is not MISSING:
            count[0] += 1
            return change(count[0] - 1, item)
        match item:
            case Tup():
                return Tup(tuple([go(part) for part in item.items]), item.cls)
            case Items():
                return Items(tuple([go(part) for part in item.items]), item.atom)
            case Entries():
                return Entries(
                    tuple([(key, go(part)) for key, part in item.entries]), item.atom, item.missing
                )
            case Fields():
                return Fields(item.cls, tuple([(key, go(part)) for key, part in item.fields]), item.atom)
            case Runtime():
                return replace(item, value=go(item.value))
            case Part():
                return Part(item.owner, tuple([go(part) for part in item.path]))
            case Span():
                return Span(go(item.start), go(item.stop), go(item.step))
            case _:
                return item

    return go(value)


def without_refs(m: Machine, value: Any) -> Any:
    """The value with each container's content in its place."""

    def go(item: Any) -> Any:
        match item:
            case Ref():
                return go(m.raw(item))
            case Tup():
                return Tup(tuple([go(part) for part in item.items]), item.cls)
            case Items():
                return Items(tuple([go(part) for part in item.items]))
            case Entries():
                return Entries(tuple([(key, go(part)) for key, part in item.entries]), None, item.missing)
            case Fields():
                return Fields(item.cls, tuple([(key, go(part)) for key, part in item.fields]))
            case _:
                return item

    return go(value)


def with_refs(m: Machine, value: Any) -> Any:
    """The reverse: a container of its own for each content."""
    match value:
        case Items() | Entries() | Fields() | Runtime() | Part():
            return m.new(with_inner_refs(m, value))
        case Tup():
            return Tup(tuple([with_refs(m, part) for part in value.items]), value.cls)
        case _:
            return value


def with_inner_refs(m: Machine, value: Any) -> Any:
    match value:
        case Items():
            return Items(tuple([with_refs(m, part) for part in value.items]), value.atom)
        case Entries():
            return Entries(
                tuple([(key, with_refs(m, part)) for key, part in value.entries]), value.atom, value.missing
            )
        case Fields():
            return Fields(
                value.cls, tuple([(key, with_refs(m, part)) for key, part in value.fields]), value.atom
            )
        case _:
            return value


def data_of(value: Any) -> list[Value]:
    found: list[Value] = []

    def note(index: int, leaf: Value) -> Value:
        found.append(leaf)
        return leaf

    map_data(value, note)
    return found


def same_structure(old: Any, new: Any) -> bool:
    """Whether two values differ in numbers, arrays and texts only."""
    blank = Known("data")
    return map_data(old, lambda k, leaf: blank) == map_data(new, lambda k, leaf: blank)


def same_runtime(one: Runtime, other: Runtime) -> bool:
    """Whether two differ in their values only."""
    return replace(one, value=other.value) == other


def fact_of(value: Value) -> Fact:
    if isinstance(value, Dyn):
        return value.fact
    assert isinstance(value, Known)
    return fact_of_constant(value.value)


def atom_of(value: Value) -> Atom:
    if isinstance(value, Dyn):
        return value.atom
    assert isinstance(value, Known)
    return value.atom or Const(value.value)
