"""What on a tape depends on what: through operations, and through memory that is written to."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless.graph.entries import Entry, Given, Line, Reading, Result, Source, places_in
from tapeless.rules.support import stopped

# Python's numbers that these give follow from shapes and dtypes.
OF_SHAPES = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj}
    | {np.may_share_memory, np.shares_memory, np.broadcast_shapes, np.isfortran, np.iterable}
)
# How long their results are follows from values, like that of `x[mask]`.
SIZED = frozenset(
    {np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract, np.trim_zeros}
)
NUMBERS = frozenset({"bool", "int", "float", "complex"})  # of Python: what they were is not looked at again


@dataclass
class Taped:
    """What a tape hands over to be lifted; it has `names` and `kinds` for what was there before."""

    entries: Sequence[Entry]
    sources: Sequence[Source]
    names: Sequence[str]
    kinds: Sequence[str]
    readings: Sequence[Reading] = ()
    hidden: Sequence[Entry] = ()


def results_of(entry: Entry) -> list[Result]:
    parts = range(len(entry.outputs))
    return [Result(entry.number, part if entry.several else None) for part in parts]


def owners_in(entries: Sequence[Entry]) -> dict[Any, Any]:
    """For each view, detached or not, the array whose memory it shows."""
    owners: dict[Any, Any] = {}
    for entry in entries:
        base = entry.inputs[0] if entry.inputs else None
        if not entry.writes and isinstance(base, Result | Given):
            for place, seen in zip(results_of(entry), entry.outputs, strict=True):
                if seen.is_view or entry.function is stopped:
                    owners[place] = owners.get(base, base)
    return owners


def dependent(taped: Taped) -> set[Result | Given]:
    """What follows from the inputs and parameters."""
    owners = owners_in(taped.entries)
    found: set[Result | Given] = {
        Given(number) for number, kind in enumerate(taped.kinds) if kind != "constant"
    }
    changed: set[Any] = set()
    for entry in taped.entries:
        read = list(places_in((*entry.inputs, *entry.keywords.values())))
        if found.isdisjoint(read) and changed.isdisjoint([owners.get(place, place) for place in read]):
            continue
        if entry.writes:
            target = entry.inputs[0]
            changed.add(owners.get(target, target))
            found.update({target, owners.get(target, target)})
        else:
            found.update(results_of(entry))
    return found


def out_of_sight(taped: Taped) -> tuple[tuple[Reading, ...], tuple[Line | None, ...]]:
    """What the program does not do again: Python's decisions, and what it may have seen of lengths."""
    depends = dependent(taped)
    readings = [one for one in taped.readings if one.place in depends]
    sized: list[Line | None] = []
    for entry in taped.entries:
        if depends.isdisjoint(places_in((*entry.inputs, *entry.keywords.values()))):
            continue
        seen = entry.outputs[0] if len(entry.outputs) == 1 else None
        is_number = seen is not None and seen.shape is None and seen.dtype in NUMBERS
        if seen is not None and is_number and entry.function not in OF_SHAPES:
            place = Result(entry.number)
            readings.append(Reading(f"np.{entry.name}", place, entry.line, seen.value, entry.number))
        if entry.function in SIZED or _has_mask(entry, taped.entries):
            sized.append(entry.line)
    return tuple(readings), tuple(dict.fromkeys(sized))


def _has_mask(entry: Entry, entries: Sequence[Entry]) -> bool:
    if entry.function is not operator.getitem:
        return False
    return any(
        isinstance(place, Result) and entries[place.entry - 1].outputs[place.part or 0].dtype == "bool"
        for place in places_in(entry.inputs[1:])
    )


# Small words ------------------------------------------------------------------------------------------------


def is_basic(index: Any) -> bool:
    items = index if type(index) is tuple else (index,)
    return all(item is ... or item is None or isinstance(item, int | np.integer | slice) for item in items)


def is_default(value: Any, default: Any) -> bool:
    same_type = type(value) is type(default) and not isinstance(value, np.ndarray)
    return value is default or (same_type and value == default)


def is_literal(value: Any) -> bool:
    """Whether a value has a notation of its own, all through."""
    if type(value) is tuple:
        return all(map(is_literal, value))
    if type(value) is slice:
        return all(map(is_literal, (value.start, value.stop, value.step)))
    return value is ... or isinstance(
        value, int | float | complex | str | None | np.generic | np.dtype | type
    )
