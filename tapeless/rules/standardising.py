"""Mean zero and variance one over some axes: what batch, layer and group normalisation have in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import forward_rule, general
from tapeless.rules.table import primitive


@primitive
def standardised(x: Array, axis: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(variance + eps) over axes, the mean, and the (biased) variance, with the axes kept.

    >>> out, mean, variance = standardised(np.array([[1.0, 3.0]]), (1,), 0.0)
    >>> out, mean, variance
    (array([[-1.,  1.]]), array([[2.]]), array([[1.]]))
    """
    mean = np.mean(x, axis=axis, keepdims=True)
    out = x - mean
    variance = _mean_product(out, out, axis)
    out *= 1.0 / np.sqrt(variance + eps)
    return out, mean, variance


def _mean_product(x: Array, y: Array, axis: tuple[int, ...]) -> Array:
    """The mean of `x * y` over axes, which are kept; no array of the products is made."""
    if x.dtype.itemsize < 4:
        return np.mean(x * y, axis=axis, keepdims=True)
    places = list(range(x.ndim))
    gone = {place % x.ndim for place in axis}
    total = np.einsum(x, places, y, places, [place for place in places if place not in gone])
    count = math.prod([x.shape[place] for place in gone])
    return np.expand_dims(total, tuple(sorted(gone))) / x.dtype.type(count)


@primitive
def without_shares(
    x: Array, scaled: Array, inverse: Array, level: Array, slope: Array, axis: tuple[int, ...]
) -> Array:
    """`inverse` times `x` without its mean and its share of `scaled`, plus `level + slope * scaled`.

    >>> one, none = np.ones(1), np.zeros(1)
    >>> without_shares(np.array([1.0, 2.0, 6.0]), np.array([-1.0, 0.0, 1.0]), one, none, none, (0,)).round(2)
    array([-0.33, -1.  ,  1.33])
    """
    out = scaled * (slope / inverse - _mean_product(x, scaled, axis))
    out += x
    out += level / inverse - np.mean(x, axis=axis, keepdims=True)
    out *= inverse
    return out


@general(without_shares)
def without_shares_rule(
    g: Array,
    x: Array,
    scaled: Array,
    inverse: Array,
    level: Array,
    slope: Array,
    axis: tuple[int, ...],
) -> Any:
    turned = inverse * g
    own = np.mean(turned * scaled, axis=axis, keepdims=True)
    other = np.mean(x * scaled, axis=axis, keepdims=True)
    none = np.zeros_like(inverse)
    return (
        without_shares(g, scaled, inverse, none, none, axis),  # it is its own transpose
        slope * g - turned * other - x * own,
        g * without_shares(x, scaled, np.ones_like(inverse), none, none, axis),
        g,
        g * scaled,
    )


@forward_rule(without_shares)
def without_shares_forward(
    t_x: Array,
    t_scaled: Array,
    t_inverse: Array,
    t_level: Array,
    t_slope: Array,
    out: Array,
    x: Array,
    scaled: Array,
    inverse: Array,
    level: Array,
    slope: Array,
    axis: tuple[int, ...],
) -> Array:
    none = np.zeros_like(inverse)
    own = np.mean(x * scaled, axis=axis, keepdims=True)
    mixed = np.mean(x * t_scaled, axis=axis, keepdims=True)
    turned = without_shares(t_x, scaled, inverse, t_level, t_slope, axis)
    bent = t_scaled * (slope - inverse * own) - scaled * (inverse * mixed)
    return turned + bent + t_inverse * without_shares(x, scaled, np.ones_like(inverse), none, none, axis)


@general(standardised)
def standardised_rule(g: Any, out: Any, x: Array, axis: tuple[int, ...], eps: float) -> Array:
    g_scaled, g_mean, g_variance = g
    scaled, _mean, variance = out
    inverse = 1.0 / np.sqrt(variance + eps)
    count = np.size(scaled) // max(np.size(variance), 1)
    slope = 2.0 / count * g_variance / inverse
    return without_shares(g_scaled, scaled, inverse, g_mean / count, slope, axis)


@forward_rule(standardised)
def standardised_forward(t: Array, out: Any, x: Array, axis: tuple[int, ...], eps: float) -> Any:
    scaled, _mean, variance = out
    inverse = 1.0 / np.sqrt(variance + eps)
    t_mean = np.mean(t, axis=axis, keepdims=True)
    centred = t - t_mean
    along = np.mean(scaled * centred, axis=axis, keepdims=True)
    return (centred - scaled * along) * inverse, t_mean, 2.0 * along / inverse
