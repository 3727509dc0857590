"""The operations of a tape, run again on other inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import LISTS, apply
from tapeless.graph.entries import Entry, Given, Result, Source
from tapeless.graph.protocols import constant, data_of
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import _compute_into, write

LOST = (
    "the tape cannot be replayed: an array of shape {} was made before the tape and written to in place "
    "while it recorded; make it (or a copy of it) inside the with block, or watch it"
)


class Replay:
    """One run of the entries on other inputs."""

    def __init__(self, entries: list[Entry], sources: list[Source], inputs: dict[int, Any]) -> None:
        self.entries = entries
        faces = {type(one)._face for one in inputs.values() if isinstance(one, Variable)}
        self.face = faces.pop() if faces else None
        self.written = {entry.inputs[0] for entry in entries if entry.writes}
        self.values: dict[Any, Any] = {}
        for number, source in enumerate(sources):
            place = Given(number)
            if number in inputs:
                self.values[place] = self._input(inputs[number], place in self.written)
            elif source.lost:
                raise RuntimeError(LOST.format(source.data.shape))
            else:
                self.values[place] = self._input(np.asarray(source.data)[()], place in self.written)

    def _input(self, value: Any, written: bool) -> Any:
        if isinstance(value, Variable):
            return value
        data = np.array(value) if written else np.asarray(value)[()]
        return data if self.face is None else wrap(self.face, data)

    def all(self) -> None:
        for entry in self.entries:
            inputs = tuple([self._argument(entry, place) for place in entry.inputs])
            if entry.writes:
                self._write(entry, inputs)
                continue
            out = self._run(
                entry, inputs, {name: self.value(place) for name, place in entry.keywords.items()}
            )
            for part, one in enumerate(out if entry.several else (out,)):
                place = Result(entry.number, part if entry.several else None)
                self.values[place] = (
                    np.asarray(one) if place in self.written and isinstance(one, np.generic) else one
                )

    def _argument(self, entry: Entry, place: Any) -> Any:
        """The value, free of variables within an index or a shape."""
        value = self.value(place)
        is_index = type(value) is slice or (type(value) in LISTS and not entry.op.takes_list)
        return data_of(value) if is_index else value

    def _run(self, entry: Entry, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if self.face is None:
            return entry.op.rule.function(*inputs, **keywords) if keywords else entry.op.compute(*inputs)
        if entry.op.rule.kind == "constant":
            return constant(entry.op, inputs, keywords)
        return apply(entry.op, inputs)

    def _write(self, entry: Entry, inputs: tuple[Any, ...]) -> None:
        if self.face is None:
            _compute_into(entry.op, inputs[0], inputs)
        else:
            write(entry.op, *inputs)

    def value(self, place: Any) -> Any:
        if isinstance(place, Result | Given):
            return self.values[place]
        if type(place) is slice:
            return slice(self.value(place.start), self.value(place.stop), self.value(place.step))
        return type(place)([self.value(item) for item in place]) if type(place) in LISTS else place
