"""Elementwise functions that NumPy lacks and that are quicker or safer as one row than composed."""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array, Axis
from tapeless.rules.error_table import error_function_by_table, has_table
from tapeless.rules.kinds import elementwise, forward_rule, general
from tapeless.rules.reductions import log_share
from tapeless.rules.support import restore_axes
from tapeless.rules.table import OPERATORS, primitive


@primitive
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)); by tanh nothing overflows.

    >>> float(sigmoid(np.float64(0.0)))
    0.5
    """
    return 0.5 * np.tanh(0.5 * x) + 0.5


@primitive
def relu(x: Array) -> Array:
    """`x` where it is positive, else zero."""
    return np.maximum(x, 0)


@primitive
def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta x)) / beta; `x` itself where beta x is above the threshold."""
    scaled = beta * x
    smooth = (np.maximum(scaled, 0.0) + np.log1p(np.exp(-np.abs(scaled)))) / beta
    return np.where(scaled > threshold, x, smooth)[()]


@primitive
def error_function(x: Array) -> Array:
    """The integral of the normal density, scaled to run from -1 to 1."""
    return error_function_by_table(x) if has_table(x) else _each(math.erf, x)


@primitive
def error_complement(x: Array) -> Array:
    """1 - erf(x), without cancellation."""
    return _each(math.erfc, x)


def _each(function: object, x: Array) -> Array:
    wide = np.asarray(x, np.float64)
    found = np.array([function(value) for value in wide.ravel().tolist()])  # type: ignore[operator]
    return found.reshape(wide.shape).astype(np.asarray(x).dtype)[()]


@primitive
def reciprocal_root(x: Array) -> Array:
    """1 / sqrt(x)."""
    return np.reciprocal(np.sqrt(x))


@primitive
def subtract_from(x1: Array, x2: Array) -> Array:
    """`x2 - x1`: a variable subtracted from a number is one operation."""
    return np.subtract(x2, x1)


@primitive
def interpolate(start: Array, end: Array, weight: Array) -> Array:
    """From `start` (weight 0) to `end` (weight 1) along a line, exact at both ends."""
    step = np.subtract(end, start)
    return np.where(np.less(weight, 0.5), start + weight * step, end - (1 - weight) * step)[()]


@primitive
def times_log(x: Array, y: Array) -> Array:
    """x log(y), zero where x is zero whatever y (but nan)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(x, 0.0) & ~np.isnan(y), 0.0, x * np.log(y)).astype(np.result_type(x, y))[()]


# The result's own digits: 1 - out loses none that out had.
elementwise(sigmoid, lambda out, x: out * (1.0 - out))
# The one that is not at most zero: nan passes what comes.
elementwise(relu, lambda out, x: np.where(out <= 0.0, 0.0, 1.0))
elementwise(
    softplus,
    lambda out, x, beta=1.0, threshold=20.0: (
        np.where(beta * x > threshold, 1.0, sigmoid(beta * x)),
        None,
        None,
    ),
)
elementwise(error_function, lambda out, x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x))
elementwise(error_complement, lambda out, x: -2.0 / math.sqrt(math.pi) * np.exp(-x * x))
OPERATORS[math.erf] = error_function
OPERATORS[math.erfc] = error_complement


@primitive
def log_odds(x: Array) -> Array:
    """log(x / (1 - x)): the inverse of sigmoid."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(x / (1.0 - x))


elementwise(log_odds, lambda out, x: np.where(np.isnan(out), out, np.divide(1.0, x * (1.0 - x))))
elementwise(reciprocal_root, lambda out, x: -0.5 * out * out * out)
elementwise(subtract_from, lambda out, x1, x2: (-1.0, 1.0))
elementwise(interpolate, lambda out, start, end, weight: (1.0 - weight, weight, end - start))
elementwise(
    times_log,
    lambda out, x, y: (
        np.where(np.equal(x, 0.0) & np.less_equal(y, 0.0), 0.0, np.log(y)),
        x / y,
    ),
)


# Softmax and its relatives: the largest element is taken out, so that nothing overflows ---------------


@primitive
def logsumexp(x: Array, axis: Axis, keepdims: bool) -> Array:
    """log(sum(exp(x))) over axes; -inf of nothing but -inf.

    >>> float(logsumexp(np.array([1000.0, -1000.0]), 0, False))
    1000.0
    """
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-math.inf)
    is_finite = np.isfinite(top)
    if not is_finite.all():
        top = np.where(is_finite, top, 0.0).astype(x.dtype)
    powers = np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)
    if powers.all():
        total = np.log(powers) + top
    else:
        with np.errstate(divide="ignore"):
            total = np.log(powers) + top
    return total if keepdims else np.squeeze(total, axis)[()]


@primitive
def softmax(x: Array, axis: int) -> Array:
    """exp(x) / sum(exp(x)) along an axis."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(
            x - np.maximum.reduce(x, axis=axis if x.ndim else None, keepdims=True, initial=-math.inf)
        )
    return powers / np.add.reduce(powers, axis=axis if x.ndim else None, keepdims=True)


@primitive
def log_softmax(x: Array, axis: int) -> Array:
    """x - logsumexp(x) along an axis."""
    return x - logsumexp(x, axis if np.ndim(x) else None, True)


@general(logsumexp)
def logsumexp_rule(g: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    share = np.exp(log_share(x, restore_axes(out, np.shape(x), axis, keepdims)))
    return restore_axes(g, np.shape(x), axis, keepdims) * share


@forward_rule(logsumexp)
def logsumexp_forward(t: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    share = np.exp(log_share(x, restore_axes(out, np.shape(x), axis, keepdims)))
    return np.sum(t * share, axis, keepdims=keepdims)


@general(softmax)
def softmax_rule(g: Array, out: Array, x: Array, axis: int) -> Array:
    weighted = g * out
    return weighted - out * np.add.reduce(weighted, axis=axis, keepdims=True)


@forward_rule(softmax)
def softmax_forward(t: Array, out: Array, x: Array, axis: int) -> Array:
    weighted = t * out
    return weighted - out * np.add.reduce(weighted, axis=axis, keepdims=True)


@general(log_softmax)
def log_softmax_rule(g: Array, out: Array, x: Array, axis: int) -> Array:
    return g - np.exp(out) * np.add.reduce(g, axis=axis, keepdims=True)


@forward_rule(log_softmax)
def log_softmax_forward(t: Array, out: Array, x: Array, axis: int) -> Array:
    return t - np.add.reduce(np.exp(out) * t, axis=axis, keepdims=True)
