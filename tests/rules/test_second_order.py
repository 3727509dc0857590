"""Every sample once more: the derivative of the recorded pullback, against differences of the pullback."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.graph.apply import apply, op_of
from tapeless.graph.array import Array
from tapeless.graph.backward import grad
from tapeless.graph.variable import Variable, wrap
from tests.rules.harness import EPS, Call, cotangents_like, inner, outputs
from tests.rules.sample import Sample
from tests.rules.samples import SAMPLES
from tests.rules.test_first_order import as_complex, draw_tangents

TWICE = [sample for sample in SAMPLES if sample.order >= 2]


def recorded(call: Call, primals: list[Variable]):
    """The differentiable results of the call on variables."""
    out = apply(op_of(call.rule.function, Array), call.with_primals(primals))
    return [one for one in leaves(out) if isinstance(one, Variable) and one._data.dtype.kind in "fc"]


def leaves(value):
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def first_order(call: Call, primals, weights, create_graph=False):
    """The cotangents of `primals` for the weighted sum of the results."""
    variables = [wrap(Array, p, True) for p in primals] if not create_graph else primals
    outs = recorded(call, variables)
    chosen = [(o, wrap(Array, w)) for o, w in zip(outs, weights, strict=True) if o._needs]
    return grad(
        [o for o, _ in chosen],
        variables,
        [w for _, w in chosen],
        create_graph=create_graph,
        materialize_grads=True,
    )


def agree(call: Call, rtol: float, holomorphic: bool = True) -> None:
    """What is not holomorphic is linear over the reals only: real parts are what must agree."""
    rng = np.random.default_rng(5)
    weights = outputs(cotangents_like(call.rule.call(call.values), rng))
    tangents = draw_tangents(call, rng)
    directions = draw_tangents(call, rng)
    primals = call.primals

    variables = [wrap(Array, p, True) for p in primals]
    firsts = first_order(call, variables, weights, create_graph=True)
    moving = [(g, wrap(Array, d)) for g, d in zip(firsts, directions, strict=True) if g._needs]
    if moving:
        seconds = grad([g for g, _ in moving], variables, [d for _, d in moving], materialize_grads=True)
        recorded_twice = inner([g._data for g in seconds], tangents)
    else:
        recorded_twice = 0.0

    up = first_order(call, [p + EPS * t for p, t in zip(primals, tangents, strict=True)], weights)
    down = first_order(call, [p - EPS * t for p, t in zip(primals, tangents, strict=True)], weights)
    differences = [(a._data - b._data) / (2 * EPS) for a, b in zip(up, down, strict=True)]

    expected = inner(directions, differences)
    if not holomorphic:
        recorded_twice, expected = np.real(recorded_twice), np.real(expected)
    np.testing.assert_allclose(recorded_twice, expected, rtol=max(rtol, 1e-5), atol=3e-6)


@pytest.mark.parametrize("sample", TWICE, ids=str)
def test_second_derivatives_agree_with_differences_of_the_first(sample: Sample):
    agree(Call(sample), sample.rtol, sample.complex)


@pytest.mark.parametrize("sample", [sample for sample in TWICE if sample.complex], ids=str)
def test_second_derivatives_of_holomorphic_functions(sample: Sample):
    agree(Call(sample, as_complex), sample.rtol)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_graph_gives_the_cotangents_of_the_pullback(sample: Sample):
    call = Call(sample)
    g = cotangents_like(call.rule.call(call.values), np.random.default_rng(3))

    on_the_graph = first_order(call, call.primals, outputs(g))

    for got, expected in zip(on_the_graph, call.vjp(g), strict=True):
        np.testing.assert_allclose(got._data, expected, rtol=1e-12, atol=1e-12)
