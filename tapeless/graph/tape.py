"""Tape: what ran inside a `with` block, in order: to print, to draw, to ask for gradients, to run again."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.apply import LISTS, Op, _listeners
from tapeless.graph.backward import GradientEdge, grad
from tapeless.graph.entries import Described, Entry, Given, Result, Source, described, line_of_user, places_in
from tapeless.graph.listing import row, shape_and_dtype, table
from tapeless.graph.modes import Mode
from tapeless.graph.node import edge
from tapeless.graph.protocols import Keywords
from tapeless.graph.replay import Replay
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import _write_listeners

if TYPE_CHECKING:
    from pathlib import Path

    from tapeless.graph.picture import Picture

USED = (
    "this Tape has given its gradients and let go of what they need: make it Tape(persistent=True) to ask "
    "more than once"
)


class Tape:
    """Records the operations on tensors inside its `with` block.

    >>> import numpy as np
    >>> from tapeless.graph.array import Array
    >>> x = Array([1.0, 2.0])
    >>> with Tape() as tape:
    ...     tape.watch(x)
    ...     y = np.sum(x * x)
    >>> tape.gradient(y, x)
    Array([2., 4.])
    >>> tape.replay(np.array([3.0, 4.0]))
    np.float64(25.0)
    """

    def __init__(self, persistent: bool = False) -> None:
        self.persistent = persistent
        self._entries: list[Entry] = []
        self._sources: list[Source] = []
        self._variables: dict[int, tuple[weakref.ref[Any], Result | Given]] = {}
        self._memory: dict[int, tuple[Any, Result | Given]] = {}
        self._restored: list[Variable] = []
        self._used = False

    def __enter__(self) -> Tape:
        if self in modes.current().tapes:
            raise RuntimeError("this Tape is recording already")
        modes.change(tapes=(*modes.current().tapes, self))
        return self

    def __exit__(self, *_: object) -> None:
        modes.change(tapes=tuple([tape for tape in modes.current().tapes if tape is not self]))
        for variable in self._restored:
            if variable._node is None:
                variable._needs = False
        self._restored.clear()

    # Recording --------------------------------------------------------------------------------------------

    def watch(self, *variables: Any, **named: Any) -> None:
        """Record what happens to these, though they may not require grad; they are what `replay` replaces.

        Keywords name them, for `print` and `draw`.
        """
        if self not in modes.current().tapes:
            raise RuntimeError("watch() is for inside the tape's with block")
        names = (*(None for _ in variables), *named)
        for variable, name in zip((*variables, *named.values()), names, strict=True):
            if not isinstance(variable, Variable):
                raise TypeError(f"a Tape watches tensors, not {type(variable).__name__}")
            if variable._data.dtype.kind not in "fc":
                raise TypeError(f"only floats and complex numbers have gradients, not {variable._data.dtype}")
            if self._find(variable) is None:
                self._add_source(variable, watched=True, name=name)
            if not variable._needs:
                variable._needs = True
                self._restored.append(variable)

    def _find(self, variable: Variable) -> Result | Given | None:
        found = self._variables.get(id(variable))
        if found is not None and found[0]() is variable:
            return found[1]
        return self._find_data(variable._data)

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

    def _add_source(self, variable: Variable, watched: bool = False, name: str | None = None) -> Given:
        place = Given(len(self._sources))
        is_leaf = variable._needs and variable._node is None
        self._sources.append(Source(variable._data, is_leaf, watched, name))
        self._know(variable, place)
        return place

    def _place(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self._find(value) or self._add_source(value)
        if isinstance(value, np.ndarray | np.generic):
            return self._find_data(value) or value.copy()  # nobody would see writes to it
        if type(value) in LISTS:
            return type(value)([self._place(item) for item in value])
        return value

    def _lose(self, written: Variable) -> None:
        """What was there before the tape has changed: only a new input can stand for it."""
        place = self._place(written if written._view is None else written._view.base)
        if isinstance(place, Given):
            self._sources[place.number].lost = True

    def _record(self, op: Op, values: tuple[Any, ...], out: Any, writes: bool) -> None:
        keywords = dict(values[-1]) if values and isinstance(values[-1], Keywords) else {}
        values = values[:-1] if keywords else values
        inputs = tuple([self._place(value) for value in values])
        keywords = {name: self._place(value) for name, value in keywords.items()}
        if writes:
            self._lose(out)
        number = len(self._entries) + 1
        several = isinstance(out, tuple | list)
        for part, one in enumerate(out if several else (out,)):
            if isinstance(one, Variable) and not writes:
                self._know(one, Result(number, part if several else None))
        outputs = tuple([described(one) for one in (out if several else (out,))])
        entry = Entry(number, op, inputs, keywords, outputs, several, writes, line_of_user())
        self._entries.append(entry)

    # Asking -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what `replay` takes: what is watched, else the leaves that require grad, in order."""
        names = self._names()
        return tuple([names[number] for number in self._input_numbers()])

    def _input_numbers(self) -> list[int]:
        watched = [number for number, source in enumerate(self._sources) if source.watched]
        return watched or [number for number, source in enumerate(self._sources) if source.is_leaf]

    def _kinds(self) -> list[str]:
        inputs = set(self._input_numbers())
        return [
            "input" if number in inputs else "parameter" if source.is_leaf else "constant"
            for number, source in enumerate(self._sources)
        ]

    def _names(self) -> list[str]:
        """x1, x2 for inputs, p1 for other leaves that require grad, c1 for constants."""
        kinds = self._kinds()
        return [
            self._sources[number].name
            or f"{'x' if kind == 'input' else kind[0]}{kinds[: number + 1].count(kind)}"
            for number, kind in enumerate(kinds)
        ]

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected: str | None = None
    ) -> Any:
        """The gradient of the sum of `target` (one or several), for each of `sources`, in their structure.

        `output_gradients` weigh the targets' elements.  Where a source has no part in the target: None, or
        zeros with `unconnected="zero"`.  Inside another tape's block the gradient is recorded there.
        """
        if unconnected not in (None, "zero"):
            raise ValueError(f"unconnected must be None or 'zero', not {unconnected!r}")
        if self._used and not self.persistent:
            raise RuntimeError(USED)
        self._used = True
        wanted = _flat(sources)
        before = modes.current()
        outer = tuple([tape for tape in before.tapes if tape is not self])
        modes.change(tapes=before.tapes if self.persistent else outer)
        try:
            found = self._pull(_flat(target), wanted, output_gradients, bool(modes.current().tapes))
        finally:
            modes.change(tapes=before.tapes)
        if unconnected == "zero":
            found = [
                wrap(one._face, np.zeros_like(one._data)) if got is None else got
                for one, got in zip(wanted, found, strict=True)
            ]
        return _like(sources, found)

    def _pull(self, targets: list[Any], wanted: list[Any], weights: Any, differentiable: bool) -> list[Any]:
        given = [None] * len(targets) if weights is None else _flat(weights)
        pairs = [
            (
                target,
                wrap(target._face, np.ones_like(target._data))
                if weight is None
                else _as_face(weight, target),
            )
            for target, weight in zip(targets, given, strict=True)
            if target._needs
        ]
        if not pairs:
            return [None] * len(wanted)
        places = [GradientEdge(edge(one), one._nr) for one in wanted]
        retain = self.persistent or differentiable
        outputs, seeds = [list(column) for column in zip(*pairs, strict=True)]
        return list(grad(outputs, places, seeds, retain, differentiable, allow_unused=True))

    # Running again ----------------------------------------------------------------------------------------

    def replay(self, *inputs: Any, outputs: Any = None) -> Any:
        """Run the recorded operations on new inputs; gives the results that no other operation read.

        `outputs`: recorded tensors whose new values are wanted instead.  Arrays give arrays, tensors give
        tensors (recorded again).  Decisions of Python itself (`if`, `float(x)`) are not taken again.
        """
        numbers = self._input_numbers()
        if len(inputs) != len(numbers):
            names = ", ".join(self.inputs)
            raise TypeError(f"replay takes {len(numbers)} inputs ({names}), got {len(inputs)}")
        places = self._results() if outputs is None else [self._output_place(one) for one in _flat(outputs)]
        run = Replay(self._entries, self._sources, dict(zip(numbers, inputs, strict=True)))
        run.all()
        found = [run.value(place) for place in places]
        if outputs is None:
            return found[0] if len(found) == 1 else tuple(found)
        return _like(outputs, found)

    def _output_place(self, variable: Any) -> Result | Given:
        place = self._find(variable) if isinstance(variable, Variable) else None
        if place is None:
            raise ValueError("an output that the tape did not record was asked for")
        return place

    def _results(self) -> list[Result]:
        """What nobody read.  A view that is only there to be written through is no result."""
        read: set[int] = set()
        written: set[int] = {
            entry.inputs[0].entry
            for entry in self._entries
            if entry.writes and isinstance(entry.inputs[0], Result)
        }
        for entry in reversed(self._entries):
            through = entry.op.views and entry.number in written and entry.number not in read
            if through:
                continue
            for place in places_in((*entry.inputs[entry.writes :], *entry.keywords.values())):
                if isinstance(place, Result):
                    read.add(place.entry)
        return [
            Result(entry.number, part if entry.several else None)
            for entry in self._entries
            if not entry.writes
            and entry.number not in read
            and not (entry.op.views and entry.number in written)
            for part in range(len(entry.outputs))
        ]

    # Showing ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Tape: {len(self)} operations, {len(self.inputs)} inputs>"

    def __str__(self) -> str:
        given = [
            ("", kind, "", name, *shape_and_dtype(source.data), "")
            for kind, name, source in zip(self._kinds(), self._names(), self._sources, strict=True)
        ]
        return table([*given, *[row(entry, self._names()) for entry in self._entries]])

    def draw(self, path: str | Path) -> Path:
        """A picture of what was recorded, as SVG, PNG or PDF by the file's ending."""
        return _pictures().draw(self.picture(), path)

    def picture(self) -> Picture:
        """What `draw` draws: inputs, operations, results."""
        pictures = _pictures()
        box, boxes = pictures.Box, []
        arrows: list[tuple[str, str]] = []
        results = {place.entry for place in self._results()}
        latest: dict[Any, str] = {}
        for number, (source, kind, name) in enumerate(
            zip(self._sources, self._kinds(), self._names(), strict=True)
        ):
            shape, dtype = shape_and_dtype(source.data)
            boxes.append(box(name, (name, f"{shape} {dtype}"), "constant" if kind == "constant" else "leaf"))
            latest[Given(number)] = name
        for entry in self._entries:
            key = f"v{entry.number}"
            first = entry.outputs[0] if entry.outputs else Described(None, "")
            label = f"write: {entry.name}" if entry.writes else entry.name
            shape = "" if first.shape is None else f"{first.shape} {first.dtype}"
            boxes.append(box(key, (label, shape), "result" if entry.number in results else "operation"))
            for place in places_in((*entry.inputs, *entry.keywords.values())):
                arrow = latest.get(place, str(place)).partition(".")[0], key
                if arrow not in arrows:
                    arrows.append(arrow)
            changed: Any = entry.inputs[0] if entry.writes else None
            while changed is not None:  # what the write changed, then what that is a view of
                latest[changed] = key
                maker = self._entries[changed.entry - 1] if isinstance(changed, Result) else None
                changed = maker.inputs[0] if maker is not None and maker.op.views else None
        return pictures.Picture(tuple(boxes), tuple(arrows))


# Small words ------------------------------------------------------------------------------------------------


def _pictures() -> Any:
    """The module that draws: loaded by the first picture."""
    return importlib.import_module("tapeless.graph.picture")


def _flat(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return list(values.values())
    return list(values) if isinstance(values, tuple | list) else [values]


def _like(structure: Any, values: list[Any]) -> Any:
    if isinstance(structure, dict):
        return dict(zip(structure, values, strict=True))
    return type(structure)(values) if isinstance(structure, tuple | list) else values[0]


def _as_face(weight: Any, target: Variable) -> Any:
    return (
        weight if isinstance(weight, Variable) else wrap(target._face, np.asarray(weight, target._data.dtype))
    )


# The ears ---------------------------------------------------------------------------------------------------


def _heard(op: Op, values: tuple[Any, ...], out: Any, mode: Mode) -> None:
    for tape in mode.tapes:
        tape._record(op, values, out, writes=False)


def _heard_write(op: Op, values: tuple[Any, ...], variable: Any, mode: Mode) -> None:
    for tape in mode.tapes:
        tape._record(op, (variable, *values[1:]), variable, writes=True)


_listeners.append(_heard)
_write_listeners.append(_heard_write)
