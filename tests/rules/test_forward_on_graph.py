"""Every sample in forward mode on the graph: against differences; over reverse, against the second order."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.autograd import forward_ad
from tapeless.graph.array import Array
from tapeless.graph.variable import wrap
from tests.rules.harness import Call, cotangents_like, inner, numerical_jvp, outputs
from tests.rules.sample import Sample
from tests.rules.samples import SAMPLES
from tests.rules.test_first_order import as_complex, draw_tangents
from tests.rules.test_second_order import TWICE, first_order, recorded


def duals(primals, tangents, requires_grad=False):
    return [
        forward_ad.make_dual(wrap(Array, p, requires_grad), wrap(Array, t))
        for p, t in zip(primals, tangents, strict=True)
    ]


def tangent_of(variable):
    """The tangent's data; zeros where nothing varies."""
    tangent = forward_ad.unpack_dual(variable).tangent
    return np.zeros_like(variable._data) if tangent is None else tangent._data


def agree_with_differences(call: Call, rtol: float) -> None:
    tangents = draw_tangents(call, np.random.default_rng(11))
    differences = numerical_jvp(call, tangents)

    with forward_ad.dual_level():
        found = [tangent_of(out) for out in recorded(call, duals(call.primals, tangents))]

    assert len(found) == len(differences)
    for got, expected in zip(found, differences, strict=True):
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_tangents_agree_with_differences(sample: Sample):
    agree_with_differences(Call(sample), sample.rtol)


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.complex], ids=str)
def test_tangents_of_holomorphic_functions(sample: Sample):
    agree_with_differences(Call(sample, as_complex), sample.rtol)


@pytest.mark.parametrize("sample", TWICE, ids=str)
def test_forward_over_reverse_agrees_with_differences_of_the_gradient(sample: Sample):
    call = Call(sample)
    rng = np.random.default_rng(12)
    weights = outputs(cotangents_like(call.rule.call(call.values), rng))
    tangents, directions = draw_tangents(call, rng), draw_tangents(call, rng)
    eps = 1e-6

    with forward_ad.dual_level():
        leaves = duals(call.primals, tangents, requires_grad=True)
        found = [tangent_of(g) for g in first_order(call, leaves, weights, create_graph=True)]

    up, down = (
        first_order(call, [p + sign * eps * t for p, t in zip(call.primals, tangents, strict=True)], weights)
        for sign in (1, -1)
    )
    differences = [(a._data - b._data) / (2 * eps) for a, b in zip(up, down, strict=True)]
    got, expected = inner(directions, found), inner(directions, differences)
    if not sample.complex:
        got, expected = np.real(got), np.real(expected)
    np.testing.assert_allclose(got, expected, rtol=max(sample.rtol, 1e-5), atol=3e-6)
