"""Every row, every sample: reverse against differences, forward against reverse, dtypes, edge points."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.rules import table
from tests.rules.harness import Call, cotangents_like, inner, numerical_jvp, ones_like, outputs
from tests.rules.sample import Edge, Sample
from tests.rules.samples import EDGES, SAMPLES

COMPLEX = [sample for sample in SAMPLES if sample.complex]


def as_complex(a):
    a = np.asarray(a)
    return a + 1j * 0.3 * np.cos(np.arange(a.size)).reshape(a.shape) if a.dtype.kind == "f" else a


def as_precise_as(a, dtype):
    """Inputs of `dtype`, or complex ones of its precision."""
    a = np.asarray(a)
    return np.asarray(a, np.result_type(dtype, np.complex64) if a.dtype.kind == "c" else dtype)


def draw_tangents(call, rng):
    return [
        rng.standard_normal(p.shape) + (1j * rng.standard_normal(p.shape) if p.dtype.kind == "c" else 0.0)
        for p in call.primals
    ]


def agree_with_differences(call: Call, rtol: float, holomorphic: bool) -> None:
    rng = np.random.default_rng(7)
    g = cotangents_like(call.rule.call(call.values), rng)
    tangents = draw_tangents(call, rng)
    differences = numerical_jvp(call, tangents)

    forward = call.jvp(tangents)
    reverse = inner(call.vjp(g), tangents)

    expected = inner(outputs(g), differences)
    if not holomorphic:  # then only the real part is a pairing of tangents with cotangents
        reverse, expected = np.real(reverse), np.real(expected)
    np.testing.assert_allclose(reverse, expected, rtol=rtol, atol=1e-6)
    if forward is not None:
        for a, b in zip(forward, differences, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, of the mean of nothing
@pytest.mark.parametrize("sample", [*SAMPLES, *EDGES], ids=str)
def test_binding_a_call_to_its_rule_leaves_its_result(sample: Sample | Edge):
    rule = table.lookup(sample.function)

    with np.errstate(all="ignore"):
        expected = sample.function(*sample.args, **sample.kwargs)
        actual = rule.call(rule.bind(sample.args, dict(sample.kwargs)))

    for a, b in zip(outputs(actual), outputs(expected), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_pullback_and_pushforward_agree_with_differences(sample: Sample):
    agree_with_differences(Call(sample), sample.rtol, holomorphic=False)


@pytest.mark.parametrize("sample", COMPLEX, ids=str)
def test_holomorphic_functions_agree_with_differences_along_complex_directions(sample: Sample):
    agree_with_differences(Call(sample, as_complex), sample.rtol, holomorphic=True)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_cotangents_have_the_shape_and_dtype_of_their_primals(sample: Sample):
    for dtype in (np.float64, np.float32):
        call = Call(sample, lambda a, dtype=dtype: as_precise_as(a, dtype))
        out = call.rule.call(call.values)
        g = cotangents_like(out, np.random.default_rng(0))
        fits = all((p.shape, p.dtype) == (o.shape, o.dtype) for p in call.primals for o in outputs(out))
        for fitted in (True, False) if fits and call.rule.kind == "elementwise" else (True,):
            for cotangent, primal in zip(call.vjp(g, fitted), call.primals, strict=True):
                assert np.shape(cotangent) == np.shape(primal)
                assert np.asarray(cotangent).dtype == primal.dtype


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, of the mean of nothing
@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_edge_points_give_what_the_conventions_say(edge: Edge):
    call = Call(edge)
    with np.errstate(all="ignore"):
        g = ones_like(call.rule.call(call.values)) if edge.g is None else edge.g
        got = call.vjp(g)

    for cotangent, expected, primal in zip(got, edge.gives, call.primals, strict=True):
        np.testing.assert_allclose(cotangent, expected, rtol=1e-12)
        assert np.shape(cotangent) == np.shape(primal)
        if primal.dtype.kind in "fc":
            assert np.asarray(cotangent).dtype == primal.dtype


def test_every_row_with_a_derivative_has_samples():
    sampled = {table.key(sample.function) for sample in (*SAMPLES, *EDGES)}
    missing = [
        rule.name
        for rule in table.rules()
        if rule.derivative is not None
        and rule.derivative.__module__.startswith("tapeless.")  # other tests have rows of their own
        and table.key(rule.function) not in sampled
    ]
    assert missing == []
