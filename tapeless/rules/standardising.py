"""Mean zero and variance one over some axes: what batch, layer and group normalisation have in common."""

from __future__ import annotations

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
    variance = np.mean(out * out, axis=axis, keepdims=True)
    out *= 1.0 / np.sqrt(variance + eps)
    return out, mean, variance


@general(standardised)
def standardised_rule(g: Any, out: Any, x: Array, axis: tuple[int, ...], eps: float) -> Array:
    g_scaled, g_mean, g_variance = g
    scaled, _mean, variance = out
    inverse = 1.0 / np.sqrt(variance + eps)
    count = np.size(scaled) // max(np.size(variance), 1)
    along = np.mean(g_scaled * scaled, axis=axis, keepdims=True)
    level = np.mean(g_scaled, axis=axis, keepdims=True) * inverse - g_mean / count
    return inverse * g_scaled - (along * inverse - 2.0 / count * g_variance / inverse) * scaled - level


@forward_rule(standardised)
def standardised_forward(t: Array, out: Any, x: Array, axis: tuple[int, ...], eps: float) -> Any:
    scaled, _mean, variance = out
    inverse = 1.0 / np.sqrt(variance + eps)
    t_mean = np.mean(t, axis=axis, keepdims=True)
    centred = t - t_mean
    along = np.mean(scaled * centred, axis=axis, keepdims=True)
    return (centred - scaled * along) * inverse, t_mean, 2.0 * along / inverse
