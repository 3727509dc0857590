"""Derivatives of a function that is run on Arrays: what happens to them is recorded, and walked back.

    derive(f, ..., form "value_and_gradient")     function(*values) -> (value, gradients)

The functions that come out are called as those that `source` prints, so whoever calls them need not know
which road made them.  Where an argument is a Tensor or Array already, its history goes on: `on_variables`.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.errors import TapelessError, TransformError
from tapeless.graph.apply import apply, op_of
from tapeless.graph.array import Array, tracing
from tapeless.graph.backward import grad
from tapeless.graph.dual import dual_level, make_dual, unpack_dual
from tapeless.graph.modes import current, enable_grad
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import LEAF, VIEW_OF_LEAF
from tapeless.source.cache import Called, Derived, Form, Guard, Report
from tapeless.transforms.callee import Parameters, anchor_of

Values = tuple[Any, ...]


def derive(
    function: Any,
    parameters: Parameters,
    wrt: tuple[int, ...],
    form: Form,
    reason: TransformError | None = None,
) -> Derived:
    """The derivative of `function(*values)`, recorded anew at each call.

    `reason` is why its source could not be used; it is what the user sees if the graph refuses as well.
    """
    work = Recorded(function, parameters, wrt, form.has_aux, reason)
    made: dict[str, dict[str, Callable[..., Any]]] = {
        "gradient": {"function": work.gradient},
        "value_and_gradient": {"function": work.value_and_gradient},
        "pair": {"forward": work.forward, "backward": work.backward},
        "tangent": {"function": work.tangent},
        "linear": {"function": work.tangent},
    }
    note = "recorded on the graph at each call" + ("" if reason is None else f", as\n{reason}")
    text = "# recorded on the graph at each call" + ("" if reason is None else "; explain() says why")
    return Derived(
        **made[form.name],  # type: ignore[arg-type]
        sources=dict.fromkeys(made[form.name], text),
        guards=(Guard(Called(), anchor_of(function)),),  # a closure of the same text runs with its own cells
        report=Report(notes=(note,)),
        single=len(wrt) == 1,
    )


class Recorded:
    """One function and what is differentiated of it."""

    def __init__(
        self,
        function: Any,
        parameters: Parameters,
        wrt: tuple[int, ...],
        has_aux: bool,
        reason: TransformError | None,
        writes: bool = True,
    ) -> None:
        self.function = function
        self.parameters = parameters
        self.wrt = wrt
        self.has_aux = has_aux
        self.reason = reason
        self.writes = writes  # whether the function may write into its arguments

    # The forms of `source.cache` ----------------------------------------------------------------------------

    def gradient(self, *values: Any) -> Any:
        (_, *aux), gradients = self.value_and_gradients(values)
        return (gradients, aux[0]) if self.has_aux else gradients

    def value_and_gradient(self, *values: Any) -> Any:
        out, gradients = self.value_and_gradients(values)
        return (out if self.has_aux else out[0]), gradients

    def value_and_gradients(self, values: Values) -> tuple[tuple[Any, ...], Any]:
        run = self.run(values)
        gradients: Any = None
        if isinstance(run.out, Variable) and run.out._data.size == 1:
            one = wrap(Array, np.ones_like(run.out._data))
            gradients = self._single(run.gradients([run.out], [one]))
        elif not isinstance(run.out, Variable):
            gradients = self._single(run.gradients([], []))
        return tuple(map(plain, (run.out, *run.aux))), gradients

    def forward(self, *values: Any) -> tuple[Any, Run]:
        run = self.run(values)
        out = _tree.map(_copied, run.out)
        return ((out, *map(plain, run.aux)) if self.has_aux else out), run

    def backward(self, run: Run, cotangent: Any) -> Any:
        return self._single(run.pull(cotangent))

    def tangent(self, *both: Any) -> tuple[Any, Any]:
        """Value and tangent: by dual numbers, or within another level by the transpose of the pullback."""
        count = len(self.parameters.names)
        values, tangents = both[:count], both[count:]
        if current().dual_level is not None:
            run = self.run(values)
            tangent = run.push(tangents)
            out = tuple(map(plain, (run.out, *run.aux)))
            return (out if self.has_aux else out[0]), _tree.map(plain, tangent)
        with dual_level():
            run = self.run(values, tangents)
            leaves, structure = _tree.flatten(run.out)
            moved = _tree.unflatten(structure, [_tangent_of(leaf) for leaf in leaves])
            out = tuple(map(plain, (run.out, *run.aux)))
        return (out if self.has_aux else out[0]), moved

    def _single(self, gradients: tuple[Any, ...]) -> Any:
        return gradients[0] if len(self.wrt) == 1 else gradients

    # Running ----------------------------------------------------------------------------------------------

    def run(self, values: Values, tangents: Values | None = None) -> Run:
        """The function on Arrays that stand for the numbers among the differentiated arguments."""
        run = Run(values, self.wrt, tangents, self.writes)
        try:
            with enable_grad(), tracing():
                found = call(self.function, self.parameters, run.values)
        except Exception as error:
            if not self.writes and str(error) in (LEAF, VIEW_OF_LEAF):
                raise TypeError(
                    f"{self.parameters.function} is recorded on the graph and writes into its argument, "
                    'unknown to the code around it: use mode="tape" for the whole function, or copy it first'
                ) from error
            if self.reason is None or not _is_refusal(error):
                raise
            refusal = copy.copy(self.reason)
            refusal.__notes__ = [f"recorded on the graph instead, it does not run either: {error}"]
            raise refusal from error
        finally:
            run.write_back()
        run.out, *run.aux = found if self.has_aux else (found,)
        return run


class Run:
    """One run: the Arrays that it began with, `inputs`, and what came out."""

    def __init__(
        self, values: Values, wrt: tuple[int, ...], tangents: Values | None, writes: bool = True
    ) -> None:
        self.writes = writes
        self.inputs: list[Any] = []
        self.structures: list[_tree.Structure] = []
        self.places: list[list[int | None]] = []  # for each leaf, its number among the inputs
        self.out: Any = None
        self.aux: list[Any] = []
        self._given: list[tuple[Any, Any]] = []
        self._containers: list[tuple[Any, Any]] = []
        found = list(values)
        for number, position in enumerate(wrt):
            leaves, structure = _tree.flatten(values[position])
            along = None if tangents is None else _tree.parts_like(structure, tangents[number])
            places: list[int | None] = []
            for index, leaf in enumerate(leaves):
                if not flows(leaf):
                    places.append(None)
                    continue
                places.append(len(self.inputs))
                leaves[index] = self._input(leaf, None if along is None else along[index][1])
            self.structures.append(structure)
            self.places.append(places)
            found[position] = _tree.unflatten(structure, leaves)
            if structure.type is not None:
                self._containers.append((values[position], found[position]))
        self.values: Values = tuple(found)

    def _input(self, leaf: Any, tangent: Any) -> Any:
        """An Array of its own: what happens to it, and to it alone, is recorded."""
        data = leaf._data if isinstance(leaf, Variable) else leaf
        if isinstance(leaf, Variable):
            watched = as_array(leaf)
        else:
            watched = wrap(Array, leaf if isinstance(leaf, np.ndarray) else np.asarray(leaf)[()])
            if tangent is not None:
                watched = make_dual(watched, Array(tangent))
        if not isinstance(data, np.ndarray):
            watched = watched[()]  # a number again
        if not watched._needs:
            watched._needs = True
        self.inputs.append(watched)
        worked_on = watched
        if isinstance(data, np.ndarray) and self.writes:
            with enable_grad():
                worked_on = np.copy(watched)  # the function may write into it
        self._given.append((leaf, worked_on))
        return worked_on

    def write_back(self) -> None:
        """What the function wrote into its arguments, written into the user's."""
        for given, worked_on in self._given:
            if not isinstance(given if not isinstance(given, Variable) else given._data, np.ndarray):
                continue  # a number
            if not worked_on._version:
                continue
            if not isinstance(given, Variable):
                given[...] = worked_on._data
            elif isinstance(given, Array):
                given[...] = worked_on
            else:
                raise TypeError(
                    "a function that writes into its argument cannot write into a Tensor: use x.clone()"
                )
        known = {id(worked_on): given for given, worked_on in self._given}
        is_continued = any([isinstance(given, Variable) for given, _ in self._given])
        for given, worked_on in self._containers:
            _mirror(given, worked_on, known, is_continued)
        self._given.clear()
        self._containers.clear()

    # Derivatives --------------------------------------------------------------------------------------------

    def gradients(self, outs: list[Any], weights: list[Any], create: bool = False) -> tuple[Any, ...]:
        """Of the inputs, in the structures of the arguments; None where nothing flows."""
        found = self._by_input(outs, weights, create)
        return tuple(
            [
                _tree.unflatten(structure, [None if place is None else found[place] for place in places])
                for structure, places in zip(self.structures, self.places, strict=True)
            ]
        )

    def _by_input(self, outs: list[Any], weights: list[Any], create: bool) -> list[Any]:
        flowing = [(out, one) for out, one in zip(outs, weights, strict=True) if out._needs]
        found: tuple[Any, ...] = (None,) * len(self.inputs)
        if flowing and self.inputs:
            heads, given = zip(*flowing, strict=True)
            found = grad(heads, self.inputs, given, retain_graph=True, create_graph=create, allow_unused=True)
        zeros = [np.zeros_like(one._data)[()] for one in self.inputs]
        if create:
            return [wrap(Array, zero) if one is None else one for one, zero in zip(found, zeros, strict=True)]
        return [
            zero if one is None else _fitted(one._data, zero) for one, zero in zip(found, zeros, strict=True)
        ]

    def pull(self, cotangent: Any, create: bool = False) -> tuple[Any, ...]:
        """The gradients for a cotangent in the structure of `out`."""
        leaves, structure = _tree.flatten(self.out)
        given = [part for _, part in _tree.parts_like(structure, cotangent)]
        pairs = [
            (leaf, as_array(part) if isinstance(part, Variable) else _weight(part, leaf))
            for leaf, part in zip(leaves, given, strict=True)
            if isinstance(leaf, Variable) and leaf._needs and part is not None
        ]
        return self.gradients([leaf for leaf, _ in pairs], [part for _, part in pairs], create)

    def push(self, tangents: Values, create: bool = False) -> Any:
        """The tangent of `out`: the pullback is linear in the cotangent, and this is its transpose."""
        along = [
            part
            for number, structure in enumerate(self.structures)
            for (_, part), place in zip(
                _tree.parts_like(structure, tangents[number]), self.places[number], strict=True
            )
            if place is not None
        ]
        leaves, structure = _tree.flatten(self.out)
        dummies = [wrap(Array, np.zeros_like(leaf._data), True) if _moves(leaf) else None for leaf in leaves]
        outs = [leaf for leaf in leaves if _moves(leaf)]
        weights = [one for one in dummies if one is not None]
        with enable_grad():
            pulled = self._by_input(outs, weights, create=True) if outs else []
        pairs = [
            (one, as_array(t) if isinstance(t, Variable) else _weight(t, one))
            for one, t in zip(pulled, along, strict=False)
            if one._needs
        ]
        found: dict[int, Any] = {}
        if pairs:
            heads, given = zip(*pairs, strict=True)
            got = grad(heads, weights, given, retain_graph=True, create_graph=create, allow_unused=True)
            found = {id(one): part for one, part in zip(weights, got, strict=True)}
        moved = [
            _still(leaf) if one is None or found.get(id(one)) is None else found[id(one)]
            for leaf, one in zip(leaves, dummies, strict=True)
        ]
        return _tree.unflatten(structure, moved)


# Small words ------------------------------------------------------------------------------------------------


def _is_refusal(error: BaseException | None) -> bool:
    """Whether the graph raised it, for what cannot be recorded, and not the user's program."""
    while error is not None:
        step, last = error.__traceback__, ""
        while step is not None:
            last, step = step.tb_frame.f_globals.get("__name__", ""), step.tb_next
        if isinstance(error, TapelessError):
            return True
        if isinstance(error, TypeError | RuntimeError) and last.startswith("tapeless."):
            return True
        error = error.__cause__ or error.__context__
    return False


def call(function: Any, parameters: Parameters, values: Values) -> Any:
    """`function` with a value for each of its parameters."""
    given = dict(zip(parameters.names, values, strict=True))
    defaults = parameters.defaults
    args = [given[name] for name in parameters.positional]
    if parameters.star is None:  # NumPy's functions tell a default that is given from one that is not
        for name in reversed(parameters.positional):
            if name not in defaults or args[-1] is not defaults[name]:
                break
            args.pop()
    args += given[parameters.star] if parameters.star is not None else ()
    keywords = {
        name: given[name]
        for name in parameters.keyword
        if name not in defaults or given[name] is not defaults[name]
    }
    keywords |= given[parameters.stars] if parameters.stars is not None else {}
    return function(*args, **keywords)


def _mirror(given: Any, worked_on: Any, known: dict[int, Any], is_continued: bool) -> Any:
    """The user's containers, changed as those that stood for them were; what was not changed is left."""
    if isinstance(worked_on, Variable):
        return known.get(id(worked_on), worked_on if is_continued else worked_on._data)
    kind = type(worked_on)
    container = _tree.container(kind)
    if container is None:
        return worked_on
    parts, extra = container.flatten(worked_on)
    old, old_extra = container.flatten(given) if type(given) is kind else ((), None)
    before = dict(zip(container.labels(old_extra, len(old)), old, strict=True)) if old else {}
    labels = container.labels(extra, len(parts))
    items = [
        _mirror(before.get(label), part, known, is_continued)
        for label, part in zip(labels, parts, strict=True)
    ]
    if type(given) is kind and extra == old_extra and list(map(id, old)) == list(map(id, items)):
        return given
    made = container.unflatten(extra, items)
    if type(given) is not kind:
        return made
    if isinstance(given, list):
        given[:] = made
    elif isinstance(given, dict):
        given.clear()
        given.update(made)
    elif dataclasses.is_dataclass(given):
        for field in dataclasses.fields(given):
            object.__setattr__(given, field.name, getattr(made, field.name))
    else:
        return made
    return given


def flows(leaf: Any) -> bool:
    """Whether a leaf is a number or array of floats or complex numbers."""
    data = leaf._data if isinstance(leaf, Variable) else leaf
    if isinstance(data, np.ndarray | np.generic):
        return data.dtype.kind in "fc"
    return isinstance(data, float | complex)


def as_array(value: Variable) -> Any:
    """The same in NumPy's words, an operation later: its history, tangents and all."""
    if value._face is not Array and value._data.dtype.kind == "c":
        raise TypeError(
            "gradients of complex Tensors differ by a conjugate from those of functions: use Arrays"
        )
    return apply(op_of(np.copy, Array), (value,))


def plain(value: Any) -> Any:
    """Without Arrays: what plain NumPy would have given."""
    return _tree.map(data_of, value)


def data_of(leaf: Any) -> Any:
    """The array or number of a Variable; anything else as it is."""
    return leaf._data if isinstance(leaf, Variable) else leaf


def _copied(leaf: Any) -> Any:
    """What the user may write into, though the graph keeps the same."""
    if not isinstance(leaf, Variable):
        return leaf
    return leaf._data.copy() if isinstance(leaf._data, np.ndarray) else leaf._data


def _fitted(data: Any, like: Any) -> Any:
    """A number where the argument is one."""
    return data if isinstance(like, np.ndarray) else np.asarray(data)[()]


def _weight(part: Any, leaf: Any) -> Any:
    return wrap(Array, np.asarray(part, leaf._data.dtype))


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, Variable) and leaf._needs


def _still(leaf: Any) -> Any:
    """The tangent of what does not move: zeros, None for what is no float."""
    return np.zeros_like(data_of(leaf))[()] if flows(leaf) else None


def _tangent_of(leaf: Any) -> Any:
    tangent = unpack_dual(leaf).tangent if isinstance(leaf, Variable) else None
    return _still(leaf) if tangent is None else _fitted(tangent._data, data_of(leaf))
