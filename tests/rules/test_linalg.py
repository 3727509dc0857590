"""Complex vectors and their phases, symmetric arguments, flat vectors, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless.rules  # noqa: F401  (fills the table)
from tapeless.errors import MissingRuleError
from tapeless.rules import table
from tests.rules.harness import Call, cotangents_like, inner, numerical_jvp, outputs
from tests.rules.sample import Sample, array
from tests.rules.samples.decompositions import complex_array, hermitian

SQUARE, TALL, WIDE = complex_array(3, 3), complex_array(4, 2), complex_array(2, 4)


# Functions of vectors that do not depend on their phases, with their gradients for the vectors.
WEIGHTS = array(4, 4, seed=8)


def squares(v):
    """u = sum(WEIGHTS * abs(v)**2) and du/dx - i du/dy."""
    weights = WEIGHTS[: v.shape[0], : v.shape[1]]
    return np.sum(weights * np.abs(v) ** 2), 2.0 * weights * v.conj()


def of_products(u, vh):
    """u = real(sum(WEIGHTS * outer(first left vector, first right vector))) and its gradients for both."""
    weights = WEIGHTS[: u.shape[0], : vh.shape[1]]
    g_u, g_vh = np.zeros_like(u), np.zeros_like(vh)
    g_u[:, 0] = weights @ vh[0]
    g_vh[0] = u[:, 0] @ weights
    return np.real(u[:, 0] @ weights @ vh[0]), g_u, g_vh


def vector_cases():
    def eigen(function):
        def value(a):
            return squares(function(a)[1])[0]

        def cotangents(out):
            return np.zeros_like(out[0]), squares(out[1])[1]

        return value, cotangents

    def singular(function):
        def value(a):
            u, _, vh = function(a)
            return of_products(u, vh)[0] + squares(u)[0]

        def cotangents(out):
            u, s, vh = out
            _, g_u, g_vh = of_products(u, vh)
            return g_u + squares(u)[1], np.zeros_like(s), g_vh

        return value, cotangents

    def thin(a):
        return np.linalg.svd(a, full_matrices=False)

    yield np.linalg.eigh, hermitian(3), {}, *eigen(np.linalg.eigh)
    yield np.linalg.eigh, hermitian(3), {"UPLO": "U"}, *eigen(lambda a: np.linalg.eigh(a, "U"))
    yield np.linalg.eig, SQUARE, {}, *eigen(np.linalg.eig)
    yield np.linalg.eig, array(3, 3, seed=4), {}, *eigen(np.linalg.eig)
    for a in (SQUARE, TALL, WIDE):
        yield np.linalg.svd, a, {"full_matrices": False}, *singular(thin)


@pytest.mark.parametrize(("function", "a", "kwargs", "value", "cotangents"), list(vector_cases()))
def test_functions_free_of_phases_have_gradients_through_complex_vectors(
    function, a, kwargs, value, cotangents
):
    call = Call(Sample(function, (a,), kwargs))
    rng = np.random.default_rng(3)
    t = rng.standard_normal(a.shape) + (1j * rng.standard_normal(a.shape) if a.dtype.kind == "c" else 0.0)
    step = 1e-6
    g = cotangents(function(a, **kwargs))

    (gradient,) = call.vjp(g)
    forward = call.jvp([t]) or []

    change = (value(a + step * t) - value(a - step * t)) / (2 * step)
    np.testing.assert_allclose(np.sum(gradient * t).real, change, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(inner(outputs(g), forward).real, change, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("function", "a", "position"),
    [(np.linalg.eigh, hermitian(3), 1), (np.linalg.eig, SQUARE, 1), (np.linalg.svd, SQUARE, 0)],
)
def test_a_gradient_that_depends_on_phases_is_refused(function, a, position):
    out = function(a)
    g = [np.zeros_like(part) for part in out]
    g[position] = 1j * out[position].conj() * np.arange(1.0, 4.0)

    with pytest.raises(MissingRuleError, match="phase"):
        Call(Sample(function, (a,))).vjp(tuple(g))


def test_symmetrised_arguments_have_symmetric_gradients():
    a = hermitian(3).real

    (low,) = Call(Sample(np.linalg.cholesky, (a,))).vjp(array(3, 3))
    (up,) = Call(Sample(np.linalg.cholesky, (a,), {"upper": True})).vjp(array(3, 3).T)

    np.testing.assert_allclose(low + low.T, up + up.T)
    assert np.all(np.triu(low, 1) == 0.0)


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) >= "2.5.0", reason="NumPy crosses three dimensions only"
)
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
@pytest.mark.parametrize(
    "shapes", [((2,), (2,)), ((4, 2), (2,)), ((2,), (3,)), ((4, 3), (4, 2)), ((2,), (4, 3))]
)
def test_flat_vectors_cross_too(shapes):
    rng = np.random.default_rng(3)
    call = Call(Sample(np.cross, (array(*shapes[0]), array(*shapes[1], seed=1)), wrt=(0, 1)))
    g = cotangents_like(call.rule.call(call.values), rng)
    tangents = [rng.standard_normal(p.shape) for p in call.primals]

    back = call.vjp(g)

    np.testing.assert_allclose(
        inner(back, tangents), inner(outputs(g), numerical_jvp(call, tangents)), rtol=1e-6
    )
    assert tuple(c.shape for c in back) == shapes


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize(
    ("shape", "right"), [((4, 2), (4,)), ((4, 2), (4, 3)), ((3, 3), (3, 2)), ((2, 4), (2,))]
)
def test_least_squares_agree_with_differences(shape, right, real):
    a, b = complex_array(*shape, seed=1), complex_array(*right, seed=2)
    call = Call(Sample(np.linalg.lstsq, (a.real, b.real) if real else (a, b), wrt=(0, 1)))
    rng = np.random.default_rng(3)
    g = list(cotangents_like(call.rule.call(call.values), rng))
    tangents = [cotangents_like(p, rng) for p in call.primals]
    g[2] = np.array(0)

    change = inner(outputs(g), numerical_jvp(call, tangents))

    np.testing.assert_allclose(inner(call.vjp(tuple(g)), tangents).real, change.real, rtol=1e-5)


REFUSED = [
    (np.linalg.qr, array(2, 3), {}, "wide"),
    (np.linalg.qr, array(3, 2), {"mode": "complete"}, "complete"),
    (np.linalg.svd, array(3, 2), {"full_matrices": True}, "full_matrices"),
]


@pytest.mark.parametrize(("function", "a", "kwargs", "message"), REFUSED)
def test_factorisations_that_are_not_unique_are_refused(function, a, kwargs, message):
    call = Call(Sample(function, (a,), kwargs))
    g = cotangents_like(call.rule.call(call.values), np.random.default_rng(0))

    with pytest.raises(MissingRuleError, match=message):
        call.vjp(g)


def test_arguments_without_a_rule_are_refused():
    with pytest.raises(MissingRuleError, match="hermitian"):
        table.lookup(np.linalg.pinv).bind((array(2, 2),), {"hermitian": True})
    with pytest.raises(MissingRuleError, match="hermitian"):
        table.lookup(np.linalg.svd).bind((array(2, 2),), {"hermitian": True})
    with pytest.raises(MissingRuleError, match="dtype"):
        table.lookup(np.einsum).bind(("i->", array(2)), {"dtype": np.float32})
