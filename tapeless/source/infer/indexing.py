"""`x[index]` of arrays and containers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import BOOL, INT, NUMERIC, UNKNOWN, Dim, Dims, Fact, broadcast, item_of, known_of
from tapeless.source.infer.lengths import ANY, Bound, sliced
from tapeless.source.infer.terms import (
    Result,
    Term,
    array,
    integer,
    is_integer,
    numeric,
    numeric_of,
)


def getitem(base: Term, index: Term) -> Result:
    """The item of a container, the elements of an array."""
    fact = known_of(base)
    if fact.kind in ("list", "tuple"):
        return item_at(fact, index)
    if fact.kind == "dict":
        return entry_of(fact, index)
    if fact.kind not in NUMERIC or fact.weak is not False:
        return UNKNOWN
    return elements(fact, index)


def item_at(container: Fact, index: Term) -> Fact:
    """The item at a position, or a slice of the container."""
    position = integer(index)
    if container.items is not None and position is not None:
        inside = -len(container.items) <= position < len(container.items)
        return known_of(container.items[position]) if inside else UNKNOWN
    fact = known_of(index)
    if fact.kind == "slice":
        bounds = _constant_slice(fact)
        if container.items is None or bounds is None:
            return Fact(container.kind, item=container.item)
        return Fact(container.kind, items=container.items[bounds])
    return item_of(container, "?") if is_integer(fact) else UNKNOWN


def _constant_slice(fact: Fact) -> slice | None:
    parts = []
    for part in fact.items or ():
        value = integer(part)
        if value is None and part != Const(None):
            return None
        parts.append(value)
    return slice(*parts) if parts else None


def entry_of(mapping: Fact, key: Term) -> Fact:
    """The value of a dict under a key that is known."""
    if mapping.items is None or not isinstance(key, Const):
        return UNKNOWN
    for own, value in zip(mapping.items[::2], mapping.items[1::2], strict=True):
        if not isinstance(own, Const):
            return UNKNOWN
        if own == key:
            return known_of(value)
    return UNKNOWN


# Arrays -----------------------------------------------------------------------------------------------


def elements(base: Fact, index: Term) -> Fact:
    """What NumPy's basic and advanced indexing take from an array."""
    unread = Fact("numeric", base.dtype)
    parts = parts_of(index)
    if parts is None or base.dims is None:
        return unread
    rest = len(base.dims)
    ellipses = 0
    for part in parts:
        if part.consumes is None:
            return unread
        rest -= part.consumes
        ellipses += part.is_ellipsis
    if rest < 0 or ellipses > 1:
        return unread
    walk = _Walk(base.dims)
    for part in parts:
        walk.take(part, rest)
    if not ellipses:
        walk.keep(rest)
    found = walk.dims()
    if found is None:
        return unread
    return array(base.dtype, found) if found or ellipses else numeric(base.dtype, found)


@dataclass(frozen=True, slots=True)
class Part:
    """One item of an index: how many axes it consumes, and what it makes of them.

    `spread` are the dims of an array of positions, () for a number.
    """

    consumes: int | None
    spread: Dims | None = None
    bounds: tuple[Bound, Bound, Bound] | None = None
    is_ellipsis: bool = False
    is_number: bool = False


UNREAD = Part(None)
NEW_AXIS = Part(0)
ELLIPSIS = Part(0, is_ellipsis=True)
NUMBER = Part(1, (), is_number=True)
FULL = Part(1, bounds=(None, None, None))


def parts_of(index: Term) -> list[Part] | None:
    """The parts of an index; None if it may have any."""
    if type(index) is Const and type(index.value) is not tuple:
        return [part_of(index)]
    fact = known_of(index)
    if fact.kind != "tuple":
        return [part_of(fact)]
    return None if fact.items is None else [part_of(item) for item in fact.items]


def part_of(term: Term) -> Part:
    """What one item of an index is."""
    if type(term) is Const:
        if term.value is None:
            return NEW_AXIS
        if term.value is Ellipsis:
            return ELLIPSIS
        if type(term.value) is slice:
            return _constant_part(term.value)
    fact = known_of(term)
    if fact.kind == "slice":
        return _slice_part(fact)
    if fact.kind in ("list", "tuple"):
        fact = numeric_of(fact)
        if fact.dims == (0,):
            return Part(1, (0,))
    if fact.dtype is None or fact.dims is None:
        return UNREAD
    if fact.dtype == BOOL:
        return Part(len(fact.dims), (ANY,)) if fact.dims else UNREAD
    if fact.dtype.kind not in "iu":
        return UNREAD
    return Part(1, fact.dims) if fact.dims else NUMBER


def _constant_part(value: slice) -> Part:
    bounds = (value.start, value.stop, value.step)
    if all([bound is None or type(bound) is int for bound in bounds]):
        return Part(1, bounds=bounds)
    return _slice_part(known_of(Const(value)))


def _slice_part(fact: Fact) -> Part:
    if fact.items is None:
        return Part(1, bounds=(ANY, ANY, ANY))
    bounds = [_bound(item) for item in fact.items]
    return Part(1, bounds=(bounds[0], bounds[1], bounds[2]))


def _bound(term: Term) -> Bound:
    if isinstance(term, Const) and term.value is None:
        return None
    value = integer(term)
    if value is not None:
        return value
    size = known_of(term).size
    return ANY if size is None else size


@dataclass(slots=True)
class _Walk:
    """The axes of an array as an index goes over them; advanced parts come together in one place."""

    base: Dims
    at: int = 0
    plain: list[Dim] = field(default_factory=list)
    spread: Dims | None = ()
    place: int | None = None  # of the advanced parts among the plain ones
    is_parted: bool = False  # they do not stand side by side: then they come first
    numbers: int = 0
    arrays: int = 0
    last: int = -2
    position: int = 0

    def take(self, part: Part, rest: int) -> None:
        """Go over what one part of the index consumes."""
        self.position += 1
        if part.is_ellipsis:
            self.keep(rest)
        elif part.spread is not None:
            self._advance(part)
        elif part.bounds is not None:
            self.plain.append(sliced(self.base[self.at], *part.bounds))
            self.at += 1
        else:
            self.plain.append(1)

    def keep(self, count: int) -> None:
        """Take so many axes as they are."""
        self.plain.extend(self.base[self.at : self.at + count])
        self.at += count

    def _advance(self, part: Part) -> None:
        if self.place is None:
            self.place = len(self.plain)
        elif self.last != self.position - 1:
            self.is_parted = True
        self.last = self.position
        self.at += part.consumes or 0
        if part.is_number:
            self.numbers += 1
        else:
            self.arrays += 1
        self.spread = broadcast(self.spread, part.spread)

    def dims(self) -> Dims | None:
        """The dims of what is taken."""
        if self.spread is None:
            return None
        if not self.arrays:
            return tuple(self.plain)
        place = 0 if self.is_parted else self.place or 0
        return (*self.plain[:place], *self.spread, *self.plain[place:])


def nonzero(a: Term) -> Result:
    """As many arrays of indices as there are axes."""
    fact = numeric_of(a)
    if fact.kind == "object" or fact.dims is None:
        return Fact("tuple")
    return tuple([Fact("array", np.dtype(np.intp), (ANY,)) for _ in fact.dims])


# Parts of the program's own making --------------------------------------------------------------------


def make_slice(*bounds: Term) -> Fact:
    """`slice(stop)`, `slice(start, stop[, step])`."""
    none = Const(None)
    start, stop, step = {1: (none, *bounds, none), 2: (*bounds, none)}.get(len(bounds), bounds)
    return Fact("slice", items=(start, stop, step))


def length(value: Term) -> Fact:
    """`len(value)`."""
    fact = known_of(value)
    size: Dim | None = None
    if fact.kind in NUMERIC and fact.dims:
        size = fact.dims[0]
    elif fact.kind in ("list", "tuple") and fact.items is not None:
        size = len(fact.items)
    elif fact.kind == "dict" and fact.items is not None:
        size = len(fact.items) // 2
    return Fact("scalar", INT, (), weak=True, size=size)
