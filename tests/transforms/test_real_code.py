"""Code as people have it, unmodified: a class with `fit`, logging, caches, tables, checks of types, SciPy."""

from __future__ import annotations

import functools
import logging
import warnings

import numpy as np
import pytest

import tapeless
from tests.source.programs.runs import slope

scipy_special = pytest.importorskip("scipy.special")
scipy_constants = pytest.importorskip("scipy.constants")

log = logging.getLogger("tapeless.tests.model")
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = (X @ [1.0, -2.0, 0.5] > 0.0).astype(int)


class LogisticRegression:
    """In the way of scikit-learn."""

    def __init__(self, C=1.0, max_iter=50, lr=0.5):
        self.C = C
        self.max_iter = max_iter
        self.lr = lr

    def _check(self, X, y):
        X = np.asarray(X, dtype=float)
        if not isinstance(X, np.ndarray) or X.ndim != 2:
            raise ValueError("X must have two axes")
        return X, np.asarray(y)

    def loss(self, coef, X, y):
        X, y = self._check(X, y)
        z = X @ coef[:-1] + coef[-1]
        log.debug("loss at %s", coef)
        penalty = 0.5 / self.C * np.sum(coef[:-1] ** 2)
        return np.mean(np.logaddexp(0.0, z) - y * z) + penalty / len(y)

    def fit(self, X, y):
        self.coef_ = np.zeros(X.shape[1] + 1)
        loss_and_gradient = tapeless.value_and_grad(self.loss)
        for _ in range(self.max_iter):
            self.loss_, gradient = loss_and_gradient(self.coef_, X, y)
            self.coef_ = self.coef_ - self.lr * gradient
        return self


def test_a_class_with_fit_and_a_loss(caplog):
    with caplog.at_level(logging.DEBUG, logger=log.name):
        model = LogisticRegression(max_iter=2000).fit(X, Y)

    assert np.linalg.norm(tapeless.grad(model.loss)(model.coef_, X, Y)) < 1e-3
    assert len(caplog.records) == 2000
    assert "loss at [" in caplog.records[-1].getMessage()
    gradient = tapeless.grad(LogisticRegression().loss)
    gradient(np.ones(4), X, Y)
    assert gradient.explain().report.notes == ()  # read, with its logging


@functools.cache
def quadrature(n):
    return np.polynomial.hermite.hermgauss(n)


def expected_click(mu, sigma, n=8):
    nodes, weights = quadrature(n)
    if isinstance(mu, np.ndarray):
        mu = mu.sum()
    log.info("quadrature of %d points", n)
    mass = scipy_constants.physical_constants["electron mass"][0]
    return np.sum(weights * scipy_special.expit(mu + np.sqrt(2.0) * sigma * nodes)) * mass * 1e30


def poisson_loss(theta, counts):
    if not isinstance(theta, np.ndarray):
        raise TypeError("theta must be an array")
    rate = np.exp(theta)
    if np.any(rate > 1e3):
        warnings.warn("large rate", RuntimeWarning, stacklevel=2)
    terms = counts * theta - rate - scipy_special.gammaln(counts + 1.0)
    return -np.sum(terms) + scipy_special.logsumexp(theta)


def mixture(means, x):
    parts = [-0.5 * (x - mean) ** 2 for mean in means]
    return -np.sum(scipy_special.logsumexp(np.stack(parts), axis=0))


@pytest.mark.parametrize("mode", ["auto", "tape", "source"])
@pytest.mark.parametrize(
    ("function", "args"),
    [
        (expected_click, (0.3, 0.7)),
        (expected_click, (np.array([0.1, 0.2]), 0.7)),
        (poisson_loss, (np.array([0.2, 1.0, -0.4]), np.array([1.0, 4.0, 0.0]))),
        (mixture, (np.array([-1.0, 0.5]), np.array([0.3, -0.8, 1.2]))),
    ],
)
def test_the_gradient_is_that_of_differences(function, args, mode):
    if mode == "tape" and function in (poisson_loss, mixture):
        with pytest.raises(RuntimeError, match="take this Array out of the graph"):  # SciPy asks nobody
            tapeless.grad(function, mode=mode)(*args)
        return
    first, *rest = args
    way = np.asarray(rng.normal(size=np.shape(first)))[()]

    found = np.sum(tapeless.grad(function, mode=mode)(*args) * way)

    assert found == pytest.approx(slope(lambda t: function(first + t * way, *rest)), rel=1e-7, abs=1e-9)


def test_checks_of_types_hold_in_every_mode():
    for mode in ("auto", "tape", "source"):
        with pytest.raises(TypeError, match="theta must be an array"):
            tapeless.grad(poisson_loss, mode=mode)(1.0, np.ones(1))


# Graphs within functions, functions within graphs -----------------------------------------------------------


def own_graph(x):
    leaf = tapeless.Array(x, requires_grad=True)
    np.sum(leaf**3).backward()
    return np.sum(leaf.grad * x)


def own_graph_twice(x):
    leaf = tapeless.Array(x, requires_grad=True)
    for _ in range(2):
        np.sum(leaf**3).backward()
    return np.sum(leaf.grad * x)


def own_gradient(x):
    leaf = tapeless.Array(x, requires_grad=True)
    (gradient,) = tapeless.autograd.grad(np.sum(leaf**3), [leaf], create_graph=True)
    return np.sum(gradient * x)


@pytest.mark.parametrize(
    ("function", "scale"), [(own_graph, 1.0), (own_graph_twice, 2.0), (own_gradient, 1.0)]
)
@pytest.mark.parametrize("mode", ["auto", "tape"])
def test_a_function_may_build_a_graph_and_walk_it_back(function, scale, mode):
    x = np.array([1.0, 2.0, -0.5])

    np.testing.assert_allclose(tapeless.grad(function, mode=mode)(x), scale * 9.0 * x**2)
    np.testing.assert_allclose(tapeless.hessian(function, mode=mode)(x), np.diag(scale * 18.0 * x))


def test_a_hook_may_call_a_gradient():
    slope_of = tapeless.grad(lambda a: np.sum(np.sin(a)))
    w = tapeless.tensor([1.0, 2.0], requires_grad=True)
    w.register_hook(lambda g: slope_of(w.detach()) * g)
    (w * w).sum().backward()

    np.testing.assert_allclose(w.grad.numpy(), np.cos([1.0, 2.0]) * [2.0, 4.0], rtol=1e-6)


def test_a_tape_of_a_tape():
    a = tapeless.Array([1.0, 2.0])
    with tapeless.Tape() as outer:
        outer.watch(a)
        with tapeless.Tape() as inner:
            inner.watch(a)
            b = np.sum(a**3)
        first = np.sum(inner.gradient(b, a))

    np.testing.assert_allclose(np.asarray(outer.gradient(first, a)), [6.0, 12.0])
