"""What `trace(f, *example)` gives: the straight line that a function takes through its branches and loops.

def f(x, n):                            def f(x, n):
    for _ in range(n):                      x = np.sin(x) * x
        x = np.sin(x) * x       =>          x = np.sin(x) * x
    return np.sum(x)                        return np.sum(x)

trace(f, x, 2)
"""

from __future__ import annotations

import functools
import importlib
import inspect
import keyword
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.errors import Location, NotSpecialisedError, transform_error
from tapeless.graph import modes
from tapeless.graph.array import Array, tracing
from tapeless.graph.entries import Line, Reading
from tapeless.graph.naming import OTHERWISE, as_name
from tapeless.graph.tape import Tape
from tapeless.graph.variable import Variable, wrap
from tapeless.ir.names import Names
from tapeless.source.cache import Argument, Attribute, Guard, Item
from tapeless.transforms.callee import Callee, Parameters, Rewritten, take_apart
from tapeless.transforms.selection import Argnums, Selection, select
from tapeless.transforms.taped import call
from tapeless.transforms.trace_display import TraceExplanation, described, place_of

Values = tuple[Any, ...]
WAYS = 64  # through a function, for arguments of the same shapes


Steps = tuple[tuple[str, Any], ...]  # ("item", key) and ("attribute", name), from the outside in


@dataclass(frozen=True)
class Leaf:
    """A number or array among the arguments that the program takes as it comes, and where it stands."""

    position: int  # of the parameter
    steps: Steps
    name: str
    data: Any


@dataclass(frozen=True)
class Variant:
    """What was traced for arguments of some shapes: a plain function, its text and that of its gradient."""

    function: Callable[..., Any]
    source: str
    lifted: Any  # graph.lift.Lifted
    guards: tuple[Guard, ...]
    arguments: tuple[str, ...]
    operations: int
    gradient: Callable[[], str]  # makes the text
    writes: bool  # into its arguments

    @functools.cached_property
    def gradient_source(self) -> str:
        return self.gradient()

    def run(self, values: Values) -> Any:
        """The function; where it may stop half way, what it writes is written at the end."""
        if not (self.writes and self.lifted.readings and self.lifted.checked):
            return self.function(*values)
        copies = tuple([_tree.map(_copied, value) for value in values])
        out = self.function(*copies)
        for old, new in zip(_tree.flatten(values)[0], _tree.flatten(copies)[0], strict=True):
            if isinstance(old, np.ndarray):
                old[...] = new
        return out

    def fits(self, values: Values) -> bool:
        """Whether it goes the same ways for these values."""
        if not (self.lifted.readings and self.lifted.checked):
            return True
        try:
            self.function(*[_tree.map(_copied, value) for value in values])
        except AssertionError as error:
            if is_otherwise(error):
                return False
            raise
        return True


class Traced(Rewritten):
    """A function as the operations that ran for given shapes, dtypes and other values.

    Called with arrays of other shapes it is traced again; what is traced is kept.  `source` is the text of
    the latest call, `gradient_source` that of its gradient, `explain()` says what is fixed in it.
    """

    def __init__(
        self, function: Any, argnums: Argnums = 0, *, strict: bool = False, check: bool = True
    ) -> None:
        self.function = function
        self.argnums = tuple(argnums) if isinstance(argnums, list) else argnums
        self.strict = strict
        self.check = check
        self._callee = take_apart(function, "trace")
        self._selection = select(self.argnums, self._callee)
        self._parameters = self._own_parameters()
        self._variants: dict[Hashable, list[Variant]] = {}
        self._kept: list[Any] = []  # what is told apart by its address, that it stays the only one there
        self._latest: Variant | None = None
        self._lock = threading.RLock()
        self.__name__: str = type(function).__name__
        for name in functools.WRAPPER_ASSIGNMENTS:
            if (value := getattr(function, name, None)) is not None:
                setattr(self, name, value)

    @property
    def parameters(self) -> Parameters:
        """Those that calls bind their arguments to."""
        return self._parameters

    def _own_parameters(self) -> Parameters:
        own, lead = self._callee.parameters, len(self._callee.leading)
        only = max(own.only_positional - lead, 0)
        defaults = {**own.defaults, **self._callee.keywords}
        return replace(own, positional=own.positional[lead:], only_positional=only, defaults=defaults)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        values = self.parameters.bind(args, kwargs)
        known = self._variants.get(tuple([_key(value) for value in values]), ())
        for variant in known:
            try:
                out = variant.run(values)
            except AssertionError as error:
                if not is_otherwise(error):
                    raise
            else:
                self._latest = variant
                return out
        return self._trace(values).run(values)

    def specialised(self, /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """The plain function for arguments like these; `inspect.getsource` shows its text."""
        return self.variant(self.parameters.bind(args, kwargs)).function

    def variant(self, values: Values) -> Variant:
        """What was traced for values like these, and by the same ways: traced now if there is nothing yet."""
        for variant in self._variants.get(tuple([_key(value) for value in values]), ()):
            if variant.fits(values):
                self._latest = variant
                return variant
        return self._trace(values)

    def _trace(self, values: Values) -> Variant:
        made = Tracing(self, values).run()
        with self._lock:
            self._kept += [leaf for leaf in _tree.flatten(values)[0] if not is_taken(data_of(leaf))]
            known = self._variants.setdefault(tuple([_key(value) for value in values]), [])
            if len(known) >= WAYS:
                raise RuntimeError(
                    f"{self!r} goes another way at nearly every call, so it is no straight line: call the "
                    "function itself, or write np.where for its branches"
                )
            known.insert(0, made)
        self._latest = made
        return made

    def for_values(self, values: Values) -> tuple[Callable[..., Any], tuple[Guard, ...]]:
        """For the source road: what it reads, and what that rests on."""
        found = self.variant(values)
        return found.function, found.guards

    # What it tells ------------------------------------------------------------------------------------------

    def _made(self) -> Variant:
        if self._latest is None:
            raise NotSpecialisedError(f"{self!r} was not called yet: nothing is traced")
        return self._latest

    @property
    def source(self) -> str:
        """What the latest call ran."""
        return self._made().source

    @property
    def gradient_source(self) -> str:
        """Value and gradient with respect to `argnums`, for what the latest call ran."""
        return self._made().gradient_source

    def explain(self, /, *args: Any, **kwargs: Any) -> TraceExplanation:
        """What is fixed in the latest call's program, or in that for arguments like these."""
        if args or kwargs:
            self.specialised(*args, **kwargs)
        return TraceExplanation(f"trace of {self.__name__}", place_of(self.function), self._made())

    def __repr__(self) -> str:
        count = sum([len(known) for known in self._variants.values()])
        named = replace(self.parameters, function=self.__name__)
        return f"<trace of {named}, {count} variant{'' if count == 1 else 's'}>"

    def __reduce__(self) -> Any:
        flags = {"strict": self.strict, "check": self.check}
        return functools.partial(type(self), self.function, self.argnums, **flags), ()


# One run ----------------------------------------------------------------------------------------------------


class Tracing:
    """One run of the function on Arrays, and what is made of the tape."""

    def __init__(self, traced: Traced, values: Values) -> None:
        self.traced = traced
        self.callee: Callee = traced._callee
        self.selection: Selection = traced._selection
        self.values = values
        self.names = traced.parameters.names
        self.leaves: list[Leaf] = []
        self.free = Names(self.names)

    def run(self) -> Variant:
        lifting = importlib.import_module("tapeless.transforms.lifting")
        tape, found, places = self._record()
        title = getattr(self.traced, "__name__", "function")
        kinds = ["input" if kind == "input" else "constant" for kind in tape._kinds()]
        taken = set(self.names) - {leaf.name for leaf in self.leaves}
        title = title if title.isidentifier() else "function"
        lifted = tape.lifted_to(places, title, kinds, taken, self.traced.check)
        self._refuse_decisions(lifted.readings)
        whole = lifting.Whole(self.names, self.values, self.leaves, _tree.structure(found), self._wrt())
        made = lifting.function_of(lifted, whole)
        self._verify(made.function, found)
        pairs = zip(self.names, self.values, strict=True)
        arguments = tuple([f"{name}: {described(value)}" for name, value in pairs])
        return Variant(
            made.function,
            made.source,
            lifted,
            self._guards(),
            arguments,
            len(tape),
            made.gradient,
            made.writes,
        )

    def _wrt(self) -> tuple[int, ...]:
        lead = len(self.callee.leading)
        return tuple([position - lead for position in self.selection.wrt])

    def _record(self) -> tuple[Tape, Any, list[Any]]:
        """The function on Arrays of their own, watched by a tape that no other hears."""
        before = modes.change(grad=True, inference=False, tapes=(), dual_level=None, saved_hooks=None)
        try:
            with tracing(), Tape(keeps_data=True) as tape:
                values = tuple([self._taken(tape, k, value) for k, value in enumerate(self.values)])
                found = call(self.callee.function, self.callee.parameters, (*self.callee.leading, *values))
                places = tape.places(_tree.flatten(found)[0])
        finally:
            modes.restore(before)
        return tape, found, places

    def _taken(self, tape: Tape, position: int, value: Any) -> Any:
        """A value with Arrays in the place of its numbers and arrays."""
        leaves, structure = _tree.flatten(value)
        for index, steps in enumerate(steps_to(structure)):
            data = data_of(leaves[index])
            if position in self._wrt() and type(data) is int:
                data = float(data)
            if not is_taken(data):
                continue
            hint = _hint(steps, self.names[position])
            name = self.free.fresh(hint) if steps else hint
            leaves[index] = one = _of_its_own(data)
            tape.take(one, name)
            self.leaves.append(Leaf(position, steps, name, data))
        return _tree.unflatten(structure, leaves)

    def _refuse_decisions(self, readings: tuple[Reading, ...]) -> None:
        if not self.traced.strict or not readings:
            return
        line = readings[0].line or Line("", 0)
        where = Location(line.file, line.number, 0, 0, line.text, self.traced.__name__)
        raise transform_error(
            where,
            f"{readings[0].what} in  {line.text}",
            "Python decides by a value, and a traced function is a straight line, for one way only",
            "use np.where, or trace without strict=True",
        )

    def _guards(self) -> tuple[Guard, ...]:
        """The shapes of arrays and the values of what is no array: a derivative is made anew for others."""
        guards: list[Guard] = []
        for position, value in enumerate(self.values):
            leaves, structure = _tree.flatten(value)
            for leaf, steps in zip(leaves, steps_to(structure), strict=True):
                place: Any = Argument(position)
                for kind, key in steps:
                    place = Attribute(place, key) if kind == "attribute" else Item(place, key)
                if isinstance(leaf, np.ndarray):
                    guards.append(Guard(Attribute(place, "shape"), leaf.shape, equal=True))
                elif not is_taken(leaf):
                    guards.append(Guard(place, leaf, equal=type(leaf) in (int, bool, str, bytes)))
        return tuple(guards)

    def _verify(self, function: Callable[..., Any], found: Any) -> None:
        """The program gives on the example what the function gave."""
        copies = [_tree.map(_copied, value) for value in self.values]
        again, expected = (_tree.flatten(one)[0] for one in (function(*copies), found))
        for one, other in zip(again, expected, strict=True):
            data = data_of(other)
            if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biufc":
                close = np.shape(one) == data.shape and np.allclose(one, data, 1e-3, 1e-3, equal_nan=True)
                if not close:
                    raise RuntimeError(
                        f"the trace of {self.callee.parameters} does not compute what the function did: "
                        f"{one!r} in the place of {data!r}"
                    )


# Small words ------------------------------------------------------------------------------------------------


def is_otherwise(error: AssertionError) -> bool:
    """Whether a trace says that Python would decide otherwise than when it was traced."""
    return bool(error.args) and isinstance(error.args[0], str) and error.args[0].endswith(OTHERWISE)


def is_taken(data: Any) -> bool:
    """Whether a leaf is an argument of the program: arrays and floats; ints and flags shape it."""
    if isinstance(data, np.ndarray | np.generic):
        return data.dtype.kind in "biufc"
    return type(data) in (float, complex)


def _key(value: Any) -> Hashable:
    data = data_of(value)
    if type(data) is np.ndarray and data.dtype.kind in "biufc":
        return data.dtype, data.shape
    leaves, structure = _tree.flatten(value)
    return structure, tuple([_leaf_key(leaf) for leaf in leaves])


def _leaf_key(leaf: Any) -> Hashable:
    data = data_of(leaf)
    if isinstance(data, np.ndarray | np.generic) and is_taken(data):
        return isinstance(data, np.ndarray), data.dtype, data.shape
    if is_taken(data):
        return type(data)
    try:
        hash(data)
    except TypeError:
        return type(data), id(data)
    return type(data), data


def steps_to(structure: _tree.Structure) -> list[Steps]:
    """How each leaf is reached; TypeError for containers that only their owner can take apart."""
    if structure.type is None:
        return [()]
    known = _tree.container(structure.type)
    if known is not None and known.is_foreign:
        raise TypeError(
            f"trace takes lists, tuples, dicts and dataclasses apart, not {structure.type.__name__}: "
            "pass what it holds"
        )
    found: list[Steps] = []
    for step, part in zip(first_steps(structure), structure.parts, strict=True):
        found += [(step, *steps) for steps in steps_to(part)]
    return found


def first_steps(structure: _tree.Structure) -> list[tuple[str, Any]]:
    """How each part of a container is read."""
    extra: Any = structure.extra
    if structure.type is not None and issubclass(structure.type, dict):
        keys = extra[len(extra) - len(structure.parts) :]
        return [("item", key) for key in keys]
    if extra is None:
        return [("item", k) for k in range(len(structure.parts))]
    return [("attribute", name) for name in extra]


def _of_its_own(data: Any) -> Any:
    """An Array that gradients flow from and that may be written to, which a leaf may not."""
    if not isinstance(data, np.ndarray):
        return wrap(Array, np.asarray(data)[()], _kind(data) in "fc")
    if data.dtype.kind not in "fc":
        return wrap(Array, data.copy())
    before = modes.change(tapes=())
    try:
        return np.copy(wrap(Array, data, True))
    finally:
        modes.restore(before)


def _kind(data: Any) -> str:
    return np.asarray(data).dtype.kind


def _hint(steps: Steps, parameter: str) -> str:
    """`params["w"]` and `params.w` are called w, `xs[0]` xs_0."""
    if not steps:
        return parameter
    last = str(steps[-1][1])
    return last if last.isidentifier() and not keyword.iskeyword(last) else as_name(f"{parameter}_{last}")


def data_of(leaf: Any) -> Any:
    return leaf._data if isinstance(leaf, Variable) else leaf


def _copied(leaf: Any) -> Any:
    data = data_of(leaf)
    return data.copy() if isinstance(data, np.ndarray) else data
