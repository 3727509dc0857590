"""An engine that differentiates by differences: the transforms can be tested without the real one."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.source.cache import Cell, Derived, Form, Global, Guard, Refresh, Report, Transformed, signature
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.transforms.arguments import is_number
from tapeless.transforms.callee import anchor_of, parameters_of
from tapeless.transforms.ownership import copies

EPS = 1e-5


class Engine:
    """Makes derivatives out of differences; `calls` is what it was asked for."""

    def __init__(self, output: Fact = UNKNOWN) -> None:
        self.output = output
        self.calls: list[tuple[Any, ...]] = []
        self.written: tuple[int, ...] = ()

    def derive(
        self, function: Any, names: tuple[str, ...], values: tuple[Any, ...], wrt: tuple[int, ...], form: Form
    ) -> Derived:
        self.calls.append((function, names, values, wrt, form))
        guards, refreshes = outside(anchor_of(function))
        scope = {one.name: None for one in refreshes}
        scope |= {"_f": function, "_work": Work(function, wrt, form.has_aux), "__builtins__": __builtins__}
        name = f"d{getattr(anchor_of(function), '__name__', 'f').strip('<>')}"
        args = ", ".join(names)
        globals_ = "{" + ", ".join([f"{one.name!r}: {one.name}" for one in refreshes]) + "}"
        text = f"def {name}({args}):\n    return _work.{form.name}(({args},), {globals_})\n"
        if form.name == "tangent":
            text = f"def {name}(*both):\n    return _work.tangent(both, {globals_})\n"
        sources = {name: text}
        if form.name == "pair":
            forward = f"def {name}_forward({args}):\n    return _work.forward(({args},), {globals_})\n"
            backward = f"def {name}_backward(residuals, g):\n    return _work.backward(residuals, g)\n"
            sources = {f"{name}_forward": forward, f"{name}_backward": backward}
        if form.name == "linear":
            once = f"def {name}_once({args}):\n    return _work.once(({args},), {globals_})\n"
            push = f"def {name}_push(residuals, *along):\n    return _work.pushed(residuals, along)\n"
            sources = {f"{name}_once": once, f"{name}_push": push}
        for source in sources.values():
            exec(source, scope)
        made: list[Any] = [scope[name] for name in sources]
        return Derived(
            function=made[0] if len(made) == 1 else None,
            forward=made[0] if len(made) == 2 else None,
            backward=made[1] if len(made) == 2 else None,
            sources=sources,
            guards=guards,
            refreshes=refreshes,
            output=self.output,
            report=Report(inlined=("helper",), residuals=("x",), milliseconds={"read": 1.5, "reverse": 2.5}),
            written=self.written,
        )


def outside(function: Any) -> tuple[tuple[Guard, ...], tuple[Refresh, ...]]:
    """What a function reads besides its arguments: functions and modules under guard, data at each call."""
    code = getattr(function, "__code__", None)
    if code is None:
        return (), ()
    scope = function.__globals__
    places: list[tuple[str, Any, Any]] = [
        (name, Global(scope, name), scope[name]) for name in code.co_names if name in scope
    ]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        places.append((name, Cell(cell), cell.cell_contents))
    data = [one for one in places if isinstance(one[2], np.ndarray | float)]
    guards = [
        Guard(place, value) for name, place, value in places if not isinstance(value, np.ndarray | float)
    ]
    return tuple(guards), tuple([Refresh(name, place, signature(value)) for name, place, value in data])


def recipe(function: Any) -> Callable[[dict[str, Any]], Any]:
    """How the function is made again over what is found outside now."""
    if isinstance(function, Transformed):
        kind, inner, argnums = type(function), recipe(function.function), function.argnums
        flags = {"has_aux": function.has_aux, "holomorphic": function.holomorphic}
        return lambda outside: kind(inner(outside), argnums, **flags)
    if not isinstance(function, types.FunctionType):
        return lambda outside: function
    code, namespace, defaults = function.__code__, function.__globals__, function.__defaults__

    def again(outside: dict[str, Any]) -> Any:
        cells = tuple([types.CellType(outside.get(name)) for name in code.co_freevars])
        return types.FunctionType(code, {**namespace, **outside}, None, defaults, cells or None)

    return again


class Work:
    """The differences."""

    def __init__(self, function: Any, wrt: tuple[int, ...], has_aux: bool) -> None:
        self.wrt, self.has_aux = wrt, has_aux
        self.renewed = recipe(function)  # a function object of the first call must not be kept
        self.parameters = parameters_of(function)

    def run(self, values: tuple[Any, ...], outside: dict[str, Any]) -> Any:
        function = self.renewed(outside)
        p, at = self.parameters, len(self.parameters.positional)
        args = list(values[:at])
        if p.star is not None:
            args.extend(values[at])
            at += 1
        kwargs = dict(zip(p.keyword, values[at : at + len(p.keyword)], strict=True))
        if p.stars is not None:
            kwargs |= values[-1]
        return function(*args, **kwargs)

    def parts(self, values: tuple[Any, ...], outside: dict[str, Any]) -> tuple[Any, Any]:
        found = self.run(values, outside)
        return found if self.has_aux else (found, None)

    def along(self, values: tuple[Any, ...], outside: dict[str, Any], moved: Any) -> list[Any]:
        ends = []
        for sign in (1.0, -1.0):
            given = list(values)
            for position, tangent in zip(self.wrt, moved, strict=True):
                step = sign * EPS
                given[position] = _tree.unflatten(
                    _tree.structure(values[position]),
                    [
                        leaf if t is None or not is_number(leaf) else leaf + step * t
                        for leaf, t in zip(_tree.flatten(values[position])[0], tangent, strict=True)
                    ],
                )
            ends.append(_tree.flatten(self.parts(tuple(given), outside)[0])[0])
        pairs = zip(*ends, strict=True)
        return [(a - b) / (2 * EPS) if is_number(a) else 0.0 for a, b in pairs]

    def pulled(self, values: tuple[Any, ...], outside: dict[str, Any], cotangent: Any) -> tuple[Any, ...]:
        out = self.parts(values, outside)[0]
        weights = [w for _, w in _tree.parts_like(_tree.structure(out), cotangent)]
        flat = [_tree.flatten(values[position])[0] for position in self.wrt]
        found = []
        for at, leaves in enumerate(flat):
            gradients: list[Any] = []
            for number, leaf in enumerate(leaves):
                if not is_number(leaf) or np.asarray(leaf).dtype.kind not in "fc":
                    gradients.append(None)
                    continue
                gradient = np.zeros_like(np.asarray(leaf))
                for index in np.ndindex(np.shape(leaf)):
                    unit = np.zeros_like(np.asarray(leaf))
                    unit[index] = 1.0
                    moved = [[None] * len(one) for one in flat]
                    moved[at][number] = unit
                    slopes = self.along(values, outside, moved)
                    pairs = zip(weights, slopes, strict=True)
                    gradient[index] = sum(np.sum(w * s) for w, s in pairs if is_number(w))
                gradients.append(gradient)
            found.append(_tree.unflatten(_tree.structure(values[self.wrt[at]]), gradients))
        return tuple(found)

    def value_and_gradient(self, values: Any, outside: dict[str, Any]) -> Any:
        out, aux = self.parts(values, outside)
        gradients = self.pulled(values, outside, _tree.map(lambda leaf: np.ones_like(leaf), out))
        return ((out, aux) if self.has_aux else out), gradients

    def gradient(self, values: Any, outside: dict[str, Any]) -> Any:
        found, gradients = self.value_and_gradient(values, outside)
        return (gradients, found[1]) if self.has_aux else gradients

    def forward(self, values: Any, outside: dict[str, Any]) -> Any:
        return self.run(values, outside), (values, outside)

    def backward(self, residuals: Any, cotangent: Any) -> Any:
        return self.pulled(*residuals, cotangent)

    def once(self, values: Any, outside: dict[str, Any]) -> Any:
        before = copies(values)
        return self.run(values, outside), (before, outside)

    def pushed(self, residuals: Any, tangents: Any) -> Any:
        values, outside = copies(residuals[0]), residuals[1]
        return self.tangent((*values, *tangents), outside)[1]

    def tangent(self, both: Any, outside: dict[str, Any]) -> Any:
        count = len(self.parameters.names)
        values, tangents = both[:count], both[count:]
        out, aux = self.parts(values, outside)
        moved = [
            [t for _, t in _tree.parts_like(_tree.structure(values[p]), tangent)]
            for p, tangent in zip(self.wrt, tangents, strict=True)
        ]
        slopes = self.along(values, outside, moved)
        tangent = _tree.unflatten(_tree.structure(out), slopes)
        return ((out, aux) if self.has_aux else out), tangent
