"""What a tape hears: the operations and writes, in order, with where their operands come from."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.apply import LISTS, Op, op_of
from tapeless.graph.entries import (
    Entry,
    Given,
    Reading,
    Result,
    Source,
    described,
    line_of_user,
    places_in,
)
from tapeless.graph.node import needs_grad
from tapeless.graph.protocols import Keywords
from tapeless.graph.variable import Variable
from tapeless.rules.support import stopped


class Recorder:
    """The entries, and how each tensor that was met came about: kept by identity, and none alive.

    `keeps_data`: of what was there before, as it was when it was met; so it may be written to.
    """

    def __init__(self, keeps_data: bool = False) -> None:
        self._keeps_data = keeps_data
        self._entries: list[Entry] = []
        self._sources: list[Source] = []
        self._variables: dict[int, tuple[weakref.ref[Any], Result | Given]] = {}
        self._memory: dict[int, tuple[Any, Result | Given]] = {}
        self._began = 0  # nodes with greater numbers were made while it recorded
        self._flowing: set[Result | Given] = set()  # what gradients flow through
        self._readings: list[Reading] = []
        self._hidden: list[Entry] = []  # writes in `no_grad` into what gradients flow through
        self._wrote = False  # into something, what gradients flow through
        self._face: type[Variable] = Variable  # of the operation that is being recorded

    def _find(self, variable: Variable) -> Result | Given | None:
        found = self._variables.get(id(variable))
        if found is not None and found[0]() is variable:
            return found[1] if found[1] in self._flowing or not self._is_unseen(variable) else None
        return None if self._is_unseen(variable) else self._find_data(variable._data)

    def _is_unseen(self, variable: Variable) -> bool:
        """Whether what gave a tensor its gradient was no operation, as with a custom Function."""
        if not needs_grad(variable) or variable._node is None or variable._node.seq < self._began:
            return False
        return variable._view is None or variable._view.creation == "function"

    def _find_data(self, data: Any) -> Result | Given | None:
        """What holds this very array: indices, masks and detached tensors are recognised by it."""
        found = self._memory.get(id(data))
        if found is None:
            return None
        held = found[0]() if isinstance(found[0], weakref.ref) else found[0]
        return found[1] if held is data else None

    def _know(self, variable: Variable, place: Result | Given) -> None:
        self._variables[id(variable)] = weakref.ref(variable), place
        data = variable._data
        self._memory[id(data)] = weakref.ref(data) if isinstance(data, np.ndarray) else data, place
        if variable._needs:
            self._flowing.add(place)

    def _add_source(self, variable: Variable, watched: bool = False, name: str | None = None) -> Given:
        place = Given(len(self._sources))
        node = variable._node
        unseen = node.name() if node is not None and self._is_unseen(variable) else None
        data = np.copy(variable._data) if self._keeps_data else variable._data
        self._sources.append(Source(data, variable._needs and node is None, watched, name, unseen=unseen))
        self._know(variable, place)
        return place

    def _place(self, value: Any) -> Any:
        if isinstance(value, Variable):
            place = self._find(value) or self._add_source(value)
            return place if needs_grad(value) else self._detached(value, place)
        if isinstance(value, np.ndarray | np.generic):
            place = self._find_data(value)
            return value.copy() if place is None else self._detached(value, place)  # its writes go unseen
        if type(value) in LISTS:
            return type(value)([self._place(item) for item in value])
        if type(value) is slice:
            return slice(self._place(value.start), self._place(value.stop), self._place(value.step))
        return value

    def _detached(self, value: Any, place: Result | Given) -> Result | Given:
        """The same value without its past, where it may have one: an operation of its own."""
        known = self._variables.get(id(value))
        is_other = known is None or known[0]() is not value  # of views written through their base, who knows
        if place not in self._flowing and not (is_other and self._wrote and self._is_view(place)):
            return place
        stop = self._stop(op_of(stopped, self._face), place, value)
        if isinstance(value, Variable):
            self._variables[id(value)] = weakref.ref(value), stop
        return stop

    def _is_view(self, place: Result | Given) -> bool:
        return isinstance(place, Result) and self._entries[place.entry - 1].op.views

    def _stop(self, op: Op, place: Result | Given, value: Any) -> Result:
        number = len(self._entries) + 1
        self._entries.append(
            Entry(number, op, (place,), {}, (described(value),), False, False, line_of_user())
        )
        return Result(number)

    def _lose(self, written: Variable) -> None:
        """What was there before the tape has changed: only a new input can stand for it."""
        place = self._place(written if written._view is None else written._view.base)
        if isinstance(place, Given) and not self._keeps_data:
            self._sources[place.number].lost = True

    def _record(self, op: Op, values: tuple[Any, ...], out: Any, writes: bool) -> None:
        self._face = op.face
        keywords = dict(values[-1]) if values and isinstance(values[-1], Keywords) else {}
        values = values[:-1] if keywords else values
        if writes:
            self._note_flow(out)
        target = (self._find(out) or self._add_source(out),) if writes else ()
        inputs = (*target, *[self._place(value) for value in values[len(target) :]])
        keywords = {name: self._place(value) for name, value in keywords.items()}
        if writes:
            self._lose(out)
        number = len(self._entries) + 1
        several = isinstance(out, tuple | list)
        parts = out if several else (out,)
        outputs = tuple([described(one) for one in parts])
        entry = Entry(number, op, inputs, keywords, outputs, several, writes, line_of_user())
        self._entries.append(entry)
        if writes:
            if inputs[0] in self._flowing and not modes.current().records:
                self._hidden.append(entry)
            return
        is_cut = op.rule.kind != "constant" and not self._flowing.isdisjoint(places_in(inputs))
        for part, one in enumerate(parts):
            if isinstance(one, Variable):
                place = Result(number, part if several else None)
                if is_cut and not one._needs and one._data.dtype.kind in "fc":  # as in `no_grad`
                    place = self._stop(op_of(stopped, op.face), place, one)
                self._know(one, place)

    def _note_flow(self, written: Variable) -> None:
        """What was written to has the past of what was written: it, and the array that it is a view of."""
        if not needs_grad(written):
            return
        self._wrote = True
        for one in (written, *(() if written._view is None else (written._view.base,))):
            found = self._variables.get(id(one))
            if found is not None and found[0]() is one:
                self._flowing.add(found[1])

    def _copied(self, variable: Variable, copy: Variable) -> None:
        """A write reads a copy of the memory that it writes to: the same value."""
        place = self._find(variable) or self._add_source(variable)
        self._variables[id(copy)] = weakref.ref(copy), place

    def take(self, variable: Variable, name: str) -> None:
        """What is watched, of any dtype, and whatever its past."""
        place = self._add_source(variable, watched=True, name=name)
        self._sources[place.number].unseen = None

    def places(self, values: list[Any]) -> list[Any]:
        """Where tensors and arrays came from; anything else as it is."""
        return [self._place(value) for value in values]

    def note_reading(self, variable: Variable, what: str) -> None:
        """Python took a number out of a tensor: what it does with that is not recorded."""
        place = self._find(variable)
        if place is not None:
            value = np.copy(variable._data)[()]
            self._readings.append(Reading(what, place, line_of_user(), value, len(self._entries)))
