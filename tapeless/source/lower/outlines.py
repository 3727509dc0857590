"""What a procedure is made for: outlines of its arguments, and what it finds in the functions around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gast

from tapeless.ir.program import (
    Const,
)
from tapeless.source.facts import Dims, Fact, Size, fact_of_constant, join, known_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.notes import Key
from tapeless.source.lower.values import (
    Closure,
    Dyn,
    Entries,
    Fields,
    Frame,
    Items,
    Known,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
)

NUMBERS = (bool, int, float, complex)
WORDS = (str, bytes, type(None), slice, type)
Leaf = Callable[[Dyn | Known], Value]


@dataclass(frozen=True, slots=True)
class Same:
    """An object as a key: equal to itself only."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


# Keys -------------------------------------------------------------------------------------------------


def outline_of(m: Machine, value: Value, wide: bool = False) -> Any:
    """What a procedure is made for: kinds and dtypes of what varies in number, the rest as it is.

    With `wide` numbers that are known count as such.
    """
    match value:
        case Known():
            if wide and isinstance(value.value, NUMBERS):
                return (widened(fact_of_constant(value.value), "a"), False)
            if value.atom is None and isinstance(value.value, (*NUMBERS, *WORDS)):
                return ("known", type(value.value), repr(value.value))
            return Same(value.value)
        case Dyn():
            return (widened(value.fact, "a"), m.varies(value))
        case Tup():
            return (value.cls, *[outline_of(m, item, wide) for item in value.items])
        case Span():
            return ("range", *[outline_of(m, part, wide) for part in (value.start, value.stop, value.step)])
        case Ref():
            return _outline_of_content(m, m.content(value), wide)
        case Closure():
            return ("closure", Same(value.tree), value.frame.number if value.frame.outer is None else 0)
        case _:
            return Same(value)


def _outline_of_content(m: Machine, content: Any, wide: bool) -> Any:
    match content:
        case Runtime():
            return ("object", outline_of(m, content.value, wide))
        case Items():
            return ("list", *[outline_of(m, item, wide) for item in content.items])
        case Entries():
            pairs = [(repr(key), outline_of(m, item, wide)) for key, item in content.entries]
            return ("dict", Same(content.missing), *pairs)
        case _:
            pairs = [(name, outline_of(m, item, wide)) for name, item in content.fields]
            return (content.cls, *pairs)


def widened(fact: Fact, name: str) -> Fact:
    """What stays true of a value from call to call: its kind, dtype and rank, but not its lengths."""
    dims: Dims | None = None
    if fact.dims is not None:
        dims = tuple([Size(f"{name}.{axis}") for axis in range(len(fact.dims))])
    items, item = fact.items, fact.item
    if items is not None and fact.kind == "list":
        for one in items:
            item = known_of(one) if item is None else join(item, known_of(one), name)
        items = None
    if items is not None:
        items = tuple(
            [one if isinstance(one, Const) else widened(one, f"{name}[{k}]") for k, one in enumerate(items)]
        )
    item = None if item is None else widened(item, f"{name}[]")
    return replace(fact, dims=dims, items=items, item=item, size=None)


def seen_of(m: Machine, values: Sequence[Any]) -> dict[Key, Any]:
    """What functions made inside find in those around them: names and what they stand for now."""
    seen: dict[Key, Any] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Ref):
            key = ("heap", value.location, "")
            if key not in seen:
                seen[key] = m.content(value)
                waiting.extend(m.parts(value))
        elif isinstance(value, Tup):
            waiting.extend(value.items)
        elif isinstance(value, Closure):
            used = sorted({node.id for node in gast.walk(value.tree) if isinstance(node, gast.Name)})
            for key in _places(value.frame, used):
                if key not in seen:
                    seen[key] = m.get(key)
                    waiting.append(seen[key])
    return seen


def _places(frame: Frame | None, names: Sequence[str]) -> list[Key]:
    found: list[Key] = []
    while frame is not None:
        found.extend(("name", frame.number, name) for name in names if name in frame.local)
        frame = frame.outer
    return found


# Structure --------------------------------------------------------------------------------------------


def plain(m: Machine, value: Any, leaf: Leaf) -> Any:
    """A value with the contents of its lists, dicts and objects in their place, and its leaves changed."""
    match value:
        case Ref():
            return plain(m, m.content(value), leaf)
        case Dyn():
            return leaf(value)
        case Known():
            return leaf(value) if isinstance(value.value, NUMBERS) and value.atom is None else value
        case Tup():
            return Tup(tuple([plain(m, part, leaf) for part in value.items]), value.cls)
        case Items():
            return Items(tuple([plain(m, part, leaf) for part in value.items]))
        case Entries():
            pairs = [(key, plain(m, part, leaf)) for key, part in value.entries]
            return Entries(tuple(pairs), None, value.missing)
        case Fields():
            return Fields(value.cls, tuple([(name, plain(m, part, leaf)) for name, part in value.fields]))
        case Runtime():
            return Runtime(plain(m, value.value, leaf))
        case Span():
            return Span(*[plain(m, part, leaf) for part in (value.start, value.stop, value.step)])
        case _:
            return value


def revived(m: Machine, tree: Any, leaf: Leaf) -> Value:
    """The reverse of `plain`: a list, dict or object of its own for each content."""
    match tree:
        case Dyn():
            return leaf(tree)
        case Tup():
            return Tup(tuple([revived(m, part, leaf) for part in tree.items]), tree.cls)
        case Items():
            return m.new(Items(tuple([revived(m, part, leaf) for part in tree.items])))
        case Entries():
            pairs = [(key, revived(m, part, leaf)) for key, part in tree.entries]
            return m.new(Entries(tuple(pairs), None, tree.missing))
        case Fields():
            return m.new(Fields(tree.cls, tuple([(k, revived(m, part, leaf)) for k, part in tree.fields])))
        case Runtime():
            made = leaf(tree.value)
            assert isinstance(made, Dyn)
            return m.new(Runtime(made))
        case Span():
            return Span(*[revived(m, part, leaf) for part in (tree.start, tree.stop, tree.step)])
        case _:
            return tree
