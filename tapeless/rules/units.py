"""Elementwise units of neural networks that bend where composed functions would have another slope."""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array
from tapeless.rules.activations import error_function
from tapeless.rules.kinds import elementwise
from tapeless.rules.table import primitive


@primitive
def leaky_relu(x: Array, slope: float) -> Array:
    """`x` where it is positive, else `slope * x`.

    >>> leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    if 0.0 < slope <= 1.0:
        return np.maximum(x, slope * x)
    return np.where(np.greater(x, 0.0), x, slope * x)[()]


@primitive
def exponential_linear(x: Array, alpha: float, scale: float, inner: float) -> Array:
    """`scale * x` where x is positive, else `scale * alpha * (exp(inner * x) - 1)`.

    >>> exponential_linear(np.array([-1000.0, 2.0]), 1.0, 1.0, 1.0)
    array([-1.,  2.])
    """
    return scale * (np.maximum(x, 0.0) + alpha * np.expm1(inner * np.minimum(x, 0.0)))


@primitive
def hard_tanh(x: Array, low: float, high: float) -> Array:
    """`x` between two bounds; flat at the bounds themselves, unlike `np.clip`.

    >>> hard_tanh(np.array([-2.0, 0.5, 3.0]), -1.0, 1.0)
    array([-1. ,  0.5,  1. ])
    """
    return np.minimum(np.maximum(x, low), high)


@primitive
def normal_probability(x: Array) -> Array:
    """The chance that a standard normal number is below `x`.

    >>> float(normal_probability(np.float64(0.0)))
    0.5
    """
    return 0.5 + 0.5 * error_function(x * math.sqrt(0.5))


elementwise(leaky_relu, lambda out, x, slope: (np.where(np.greater(x, 0.0), 1.0, slope), None))
elementwise(
    exponential_linear,
    lambda out, x, alpha, scale, inner: (
        scale * np.where(np.less_equal(x, 0.0), alpha * inner * np.exp(inner * np.minimum(x, 0.0)), 1.0),
        None,
        None,
        None,
    ),
)
elementwise(
    hard_tanh,
    lambda out, x, low, high: (
        np.where(np.less_equal(x, low) | np.greater_equal(x, high), 0.0, 1.0),
        None,
        None,
    ),
)
elementwise(normal_probability, lambda out, x: math.sqrt(0.5 / math.pi) * np.exp(-0.5 * x * x))
