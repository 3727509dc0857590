"""Tape: what ran inside a `with` block, in order: to print, to draw, to ask for gradients, to run again."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.apply import Op, _listeners
from tapeless.graph.backward import GradientEdge, grad
from tapeless.graph.entries import Described, Entry, Given, Result, places_in
from tapeless.graph.listing import row, shape_and_dtype, table
from tapeless.graph.modes import Mode
from tapeless.graph.node import edge, next_number
from tapeless.graph.recording import Recorder
from tapeless.graph.replay import Replay
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import _copy_listeners, _write_listeners

if TYPE_CHECKING:
    from pathlib import Path

    from tapeless.graph.lift import Lifted
    from tapeless.graph.picture import Picture
    from tapeless.ir.program import Program

USED = (
    "this Tape has given its gradients and let go of what they need: make it Tape(persistent=True) to ask "
    "more than once"
)


class Tape(Recorder):
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

    def __init__(self, persistent: bool = False, *, keeps_data: bool = False) -> None:
        self.persistent = persistent
        super().__init__(keeps_data)
        self._restored: list[Variable] = []
        self._used = False

    def __enter__(self) -> Tape:
        if self in modes.current().tapes:
            raise RuntimeError("this Tape is recording already")
        self._began = self._began or next_number()
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
            place = self._find(variable) or self._add_source(variable)
            if isinstance(place, Given):
                source = self._sources[place.number]
                source.watched, source.name = True, name or source.name
            if not variable._needs:
                variable._needs = True
                self._restored.append(variable)
            self._flowing.add(place)

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

    # Lifting ----------------------------------------------------------------------------------------------

    def to_program(self, outputs: Any = None, name: str = "f") -> Program:
        """What ran, as a straight-line program of the inputs and of the leaves that require grad.

        It returns `outputs` (recorded tensors, one or several), or the results that no other operation read
        and that have gradients.  Its free names are what else was there before: see `lifted`.  RuntimeError
        where no program can do the same again: arrays from before that were written to, custom Functions.

        >>> from tapeless.graph.array import Array
        >>> x = Array([1.0, 2.0])
        >>> with Tape() as tape:
        ...     tape.watch(x=x)
        ...     y = np.sum(x * x)
        >>> [let.op.__name__ for let in tape.to_program().body]
        ['mul', 'sum']
        """
        return self.lifted(outputs, name).program

    def lifted(self, outputs: Any = None, name: str = "f") -> Lifted:
        """The program of `to_program`, and what is known of it: constants, inputs, the user's lines."""
        if outputs is None:
            results = self._results()
            places = [place for place in results if place in self._flowing] or results
        else:
            places = [self._output_place(one) for one in _flat(outputs)]
        return self.lifted_to(places, name, self._kinds())

    def lifted_to(
        self, places: Sequence[Any], name: str, kinds: list[str], taken: Any = (), checks: bool = False
    ) -> Lifted:
        """The program that ends at `places`; what `kinds` says is constant is no parameter."""
        lifting = importlib.import_module("tapeless.graph.lift")
        readings, hidden = tuple(self._readings), tuple(self._hidden)
        taped = lifting.Taped(self._entries, self._sources, self._names(), kinds, readings, hidden)
        return lifting.lift(taped, places, name, taken, checks)

    def source(self, outputs: Any = None, name: str = "f") -> str:
        """What ran and its gradient, as the text of NumPy functions `f` and `f_and_gradient`.

        What they return and refuse is as with `to_program`; TransformError, at the user's line, where the
        source road has no gradient.  Decisions of Python (`if x > 0`) stand above the text, as they are not
        taken again.  `exec(text, text.names)` runs it: `names` holds long constants, others are spelt out.

        >>> from tapeless.graph.array import Array
        >>> x = Array([1.0, 2.0])
        >>> with Tape() as tape:
        ...     tape.watch(x=x)
        ...     y = np.sum(np.sin(x))
        >>> for line in tape.source(y).splitlines()[-4:]:
        ...     print(line)
        <BLANKLINE>
        def f_and_gradient(x):
            \"\"\"Value of f and its gradient with respect to x.\"\"\"
            return np.sum(np.sin(x)), np.cos(x)
        """
        return importlib.import_module("tapeless.transforms.lifting").source_of(self.lifted(outputs, name))

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


def _heard_copy(variable: Variable, copy: Variable) -> None:
    for tape in modes.current().tapes:
        tape._copied(variable, copy)


_listeners.append(_heard)
_copy_listeners.append(_heard_copy)
_write_listeners.append(_heard_write)
