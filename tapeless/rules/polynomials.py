"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import dtype_of
from tapeless.rules.table import primitive


def _falling(exponents: Array, order: int) -> Array:
    """What `order` derivatives bring down: e (e - 1) ... (e - order + 1)."""
    factors = np.ones(np.shape(exponents))
    for step in range(order):
        factors = factors * (exponents - step)
    return factors


# Powers -----------------------------------------------------------------------------------------------


@primitive
def vander_derivative(x: Array, columns: int, increasing: bool, order: int) -> Array:
    """The derivative of each power in np.vander; the constants' are zeros at any x."""
    exponents = np.arange(columns) if increasing else np.arange(columns)[::-1]
    return np.power(np.reshape(x, (-1, 1)), np.maximum(exponents - order, 0)) * _falling(exponents, order)


@general(vander_derivative)
def vander_derivative_rule(g: Array, x: Array, columns: int, increasing: bool, order: int) -> Array:
    return np.sum(g * vander_derivative(x, columns, increasing, order + 1), -1)


@forward_rule(vander_derivative)
def vander_derivative_forward(
    t: Array, out: Array, x: Array, columns: int, increasing: bool, order: int
) -> Array:
    return np.expand_dims(t, -1) * vander_derivative(x, columns, increasing, order + 1)


@general(np.vander)
def vander(g: Array, x: Array, N: int | None = None, increasing: bool = False) -> Array:
    return np.sum(g * vander_derivative(x, np.shape(g)[-1], increasing, 1), -1)


@forward_rule(np.vander)
def vander_forward(t: Array, out: Array, x: Array, N: int | None = None, increasing: bool = False) -> Array:
    return np.expand_dims(t, -1) * vander_derivative(x, np.shape(out)[-1], increasing, 1)


# Values -----------------------------------------------------------------------------------------------


@primitive
def count_coefficients(p: Array) -> int:
    """How many coefficients the one polynomial has."""
    if np.ndim(p) != 1:
        raise MissingRuleError("no derivative rule for np.polyval of several polynomials at once")
    return len(p)


@primitive
def exponents_of(p: Array) -> Array:
    """The exponents of all terms but the constant, in the dtype of the coefficients."""
    return np.arange(count_coefficients(p) - 1, 0, -1, dtype=dtype_of(p))


constant(count_coefficients, exponents_of)


@general(np.polyval)
def polyval(g: Array, p: Array, x: Array) -> tuple[Array, Array]:
    powers = np.vander(np.reshape(x, -1), count_coefficients(p))
    return np.matmul(np.reshape(g, -1), powers), g * np.polyval(p[:-1] * exponents_of(p), x)


@forward_rule(np.polyval)
def polyval_forward(t_p: Array, t_x: Array, out: Array, p: Array, x: Array) -> Array:
    return np.polyval(t_p, x) + t_x * np.polyval(p[:-1] * exponents_of(p), x)


# Derivatives and integrals: each coefficient times or over a number, in another place.


@primitive
def polyder_transposed(x: Array, n: int, m: int) -> Array:
    """The transpose of np.polyder on `n` coefficients."""
    result = np.zeros(n, x.dtype)
    result[: np.size(x)] = x * _falling(np.arange(n)[::-1], m)[: np.size(x)]
    return result


@primitive
def polyint_transposed(x: Array, m: int) -> Array:
    """The transpose of np.polyint, whose constants of integration are zero."""
    n = np.size(x) - m
    return x[:n] / _falling(np.arange(np.size(x))[::-1], m)[:n]


@linear(np.polyder)
def polyder(g: Array, p: Array, m: int = 1) -> Array:
    return polyder_transposed(g, np.size(p), m)


@linear(polyder_transposed)
def polyder_transposed_rule(g: Array, x: Array, n: int, m: int) -> Array:
    return np.polyder(g, m)


@linear(np.polyint)
def polyint(g: Array, p: Array, m: int = 1) -> Array:
    return polyint_transposed(g, m)


@linear(polyint_transposed)
def polyint_transposed_rule(g: Array, x: Array, m: int) -> Array:
    return np.polyint(g, m)


# Sums and products: aligned at the constant. A product leaves out leading coefficients that are zero.


@general(np.polyadd)
def polyadd(g: Array, a1: Array, a2: Array) -> tuple[Array, Array]:
    return (
        np.reshape(g[np.size(g) - np.size(a1) :], np.shape(a1)),
        np.reshape(g[np.size(g) - np.size(a2) :], np.shape(a2)),
    )


@forward_rule(np.polyadd)
def polyadd_forward(t1: Array, t2: Array, out: Array, a1: Array, a2: Array) -> Array:
    return np.polyadd(t1, t2)


@general(np.polysub)
def polysub(g: Array, a1: Array, a2: Array) -> tuple[Array, Array]:
    return (
        np.reshape(g[np.size(g) - np.size(a1) :], np.shape(a1)),
        -np.reshape(g[np.size(g) - np.size(a2) :], np.shape(a2)),
    )


@forward_rule(np.polysub)
def polysub_forward(t1: Array, t2: Array, out: Array, a1: Array, a2: Array) -> Array:
    return np.polysub(t1, t2)


@general(np.polymul)
def polymul(g: Array, a1: Array, a2: Array) -> tuple[Array, Array]:
    whole = np.pad(g, (np.size(a1) + np.size(a2) - 1 - np.size(g), 0))
    return (
        np.reshape(np.convolve(whole, np.flip(np.reshape(a2, -1)), "valid"), np.shape(a1)),
        np.reshape(np.convolve(whole, np.flip(np.reshape(a1, -1)), "valid"), np.shape(a2)),
    )


@forward_rule(np.polymul)
def polymul_forward(t1: Array, t2: Array, out: Array, a1: Array, a2: Array) -> Array:
    whole = np.convolve(t1, a2) + np.convolve(a1, t2)
    return whole[np.size(whole) - np.size(out) :]
