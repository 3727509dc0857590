"""Drives a row of the table: its pullback and pushforward on arrays, and numerical references for both."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.rules import table
from tapeless.rules.pullback import Pullback, pullback, pushforward
from tapeless.rules.table import Rule
from tests.rules.sample import Edge, Sample

EPS = 1e-6


class Call:
    """A sample bound to its rule: `primals`, flat, are what is differentiated; `run(primals)` is the call."""

    def __init__(self, sample: Sample | Edge, cast: Any = None) -> None:
        self.rule: Rule = table.lookup(sample.function)
        values = list(self.rule.bind(sample.args, dict(sample.kwargs)))
        for position in sample.wrt:
            values[position] = _map(values[position], cast or np.asarray)
        self.values = tuple(values)
        self.wrt = sample.wrt

    @property
    def primals(self) -> list[np.ndarray]:
        return [a for position in self.wrt for a in _leaves(self.values[position])]

    def with_primals(self, primals: list[np.ndarray]) -> tuple[Any, ...]:
        """The bound values with other arrays in the differentiated places."""
        rest = iter(primals)
        values = list(self.values)
        for position in self.wrt:
            values[position] = _map(values[position], lambda _: next(rest))
        return tuple(values)

    def run(self, primals: list[np.ndarray]) -> list[np.ndarray]:
        return outputs(self.rule.call(self.with_primals(primals)))

    @property
    def needs(self) -> tuple[bool, ...]:
        return tuple(position in self.wrt for position in range(len(self.rule.params)))

    def vjp(self, g: Any, fitted: bool | None = None) -> list[Any]:
        """The cotangents of `primals`, by the compiled pullback; fitted where they must be, unless told."""
        out = self.rule.call(self.values)
        cut: Pullback = pullback(self.rule, self.needs, self._must_fit(out) if fitted is None else fitted)
        result = cut.on_arrays(g, *cut.keep(self.values, out))
        result = (result,) if len(self.wrt) == 1 else result
        return [leaf for cotangent in result for leaf in _leaves(cotangent)]

    def _must_fit(self, out: Any) -> bool:
        """As the graph decides: other dtypes for every kind, other shapes for the elementwise one."""
        first = np.asarray(out[0] if isinstance(out, list | tuple) else out)
        return first.dtype.kind == "c" or any(
            p.dtype != first.dtype or (self.rule.kind == "elementwise" and p.shape != first.shape)
            for p in self.primals
        )

    def jvp(self, tangents: list[np.ndarray]) -> list[np.ndarray] | None:
        """The tangents of the outputs; None where the rule leaves forward mode to double transposition."""
        out = self.rule.call(self.values)
        if self.rule.kind == "elementwise" and self.rule.pushforward is None:
            cut = pushforward(self.rule, self.needs)
            return [np.broadcast_to(cut.on_arrays(*tangents, *cut.keep(self.values, out)), np.shape(out))]
        if self.rule.kind == "linear":
            total: list[np.ndarray] | None = None
            rest = iter(tangents)
            for position in self.wrt:
                values = list(self.values)
                values[position] = _map(values[position], lambda _: next(rest))
                term = outputs(self.rule.call(tuple(values)))
                total = term if total is None else [a + b for a, b in zip(total, term, strict=True)]
            return total
        if self.rule.pushforward is None:
            return None
        from tapeless.rules.pullback import cotangent_count

        rest = iter(tangents)
        slots = [
            _map(value, lambda _: next(rest)) if position in self.wrt else _map(value, np.zeros_like)
            for position, value in enumerate(self.values[: cotangent_count(self.rule)])
        ]
        names = dict(zip(self.rule.params, self.values, strict=True))
        return outputs(self.rule.pushforward(*slots, out, **names))


def outputs(out: Any) -> list[np.ndarray]:
    """The differentiable results of a call, flat."""
    return [a for a in map(np.asarray, _leaves(out)) if a.dtype.kind in "fc"]


def ones_like(out: Any) -> Any:
    """Cotangents of one in the structure of the result."""
    return _map(out, np.ones_like)


def cotangents_like(out: Any, rng: np.random.Generator) -> Any:
    """Random cotangents in the structure of the result."""

    def draw(a: Any) -> Any:
        a = np.asarray(a)
        if a.dtype.kind not in "fc":
            return np.zeros_like(a)
        real = rng.standard_normal(a.shape)
        if a.dtype.kind == "c":
            real = real + 1j * rng.standard_normal(a.shape)
        return np.asarray(real, a.dtype)

    return _map(out, draw)


def numerical_jvp(call: Call, tangents: list[np.ndarray]) -> list[np.ndarray]:
    """Central differences along `tangents`."""
    up = call.run([p + EPS * t for p, t in zip(call.primals, tangents, strict=True)])
    down = call.run([p - EPS * t for p, t in zip(call.primals, tangents, strict=True)])
    return [(a - b) / (2 * EPS) for a, b in zip(up, down, strict=True)]


def inner(xs: list[Any], ys: list[Any]) -> complex:
    """The bilinear product: no conjugation."""
    return sum(np.sum(np.asarray(x) * np.asarray(y)) for x, y in zip(xs, ys, strict=True))


def _leaves(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list | tuple) else [value]


def _map(value: Any, f: Any) -> Any:
    if isinstance(value, list | tuple):
        items = [_map(item, f) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return f(value)
