"""Sampled signals: convolution, interpolation, integration."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.indexing import index_add
from tapeless.rules.kinds import constant, general, linear
from tapeless.rules.scans import diff_transposed
from tapeless.rules.support import (
    conjugate,
    divide_or_zero,
    dtype_of,
    filled,
    masked,
    merge_axes,
    restore_axes,
    unbroadcast,
)
from tapeless.rules.table import primitive

# Convolution: every mode is a part of the full one, and the transpose of that is a convolution again.


def _kept(n: int, m: int, mode: str, mirrored: bool) -> slice:
    """Which part of the full convolution of `n` with `m` elements the mode keeps."""
    shorter = min(n, m)
    if mode == "full":
        return slice(0, n + m - 1)
    if mode == "valid":
        return slice(shorter - 1, max(n, m))
    if mode != "same":
        raise ValueError(
            f"no derivative rule for np.convolve and np.correlate with mode={mode!r}: name the mode"
        )
    start = (shorter if mirrored and m > n else shorter - 1) // 2
    return slice(start, start + max(n, m))


@primitive
def put_in_full(x: Array, n: int, m: int, mode: str, mirrored: bool) -> Array:
    """What a mode kept of the full convolution, with zeros in the place of the rest."""
    full = np.zeros(n + m - 1, x.dtype)
    full[_kept(n, m, mode, mirrored)] = x
    return full


@primitive
def take_of_full(x: Array, n: int, m: int, mode: str, mirrored: bool) -> Array:
    """What a mode keeps of the full convolution `x`; np.correlate mirrors it for a longer second array."""
    return x[_kept(n, m, mode, mirrored)]


@linear(put_in_full)
def put_in_full_rule(g: Array, x: Array, n: int, m: int, mode: str, mirrored: bool) -> Array:
    return take_of_full(g, n, m, mode, mirrored)


@linear(take_of_full)
def take_of_full_rule(g: Array, x: Array, n: int, m: int, mode: str, mirrored: bool) -> Array:
    return put_in_full(g, n, m, mode, mirrored)


@linear(np.convolve)
def convolve(g: Array, a: Array, v: Array, mode: str = "full") -> tuple[Array, Array]:
    full = put_in_full(g, np.size(a), np.size(v), mode, False)
    a_cotangent = np.convolve(full, np.flip(np.reshape(v, -1)), "valid")
    v_cotangent = np.convolve(full, np.flip(np.reshape(a, -1)), "valid")
    return np.reshape(a_cotangent, np.shape(a)), np.reshape(v_cotangent, np.shape(v))


@linear(np.correlate)
def correlate(g: Array, a: Array, v: Array, mode: str = "valid") -> tuple[Array, Array]:
    full = put_in_full(g, np.size(a), np.size(v), mode, True)
    a_cotangent = np.convolve(full, conjugate(np.reshape(v, -1)), "valid")
    v_cotangent = conjugate(np.flip(np.convolve(full, np.flip(np.reshape(a, -1)), "valid")))
    return np.reshape(a_cotangent, np.shape(a)), np.reshape(v_cotangent, np.shape(v))


# Interpolation: a weighted mean of the values at the two knots around each point.


@primitive
def knot_below(x: Array, xp: Array) -> Array:
    """The index of the knot on the left of each point; at a knot that knot, but never the last."""
    return np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(np.size(xp) - 2, 0))


@primitive
def knot_above(x: Array, xp: Array) -> Array:
    """The index of the knot on the right of each point."""
    return np.minimum(knot_below(x, xp) + 1, np.size(xp) - 1)


@primitive
def between_knots(x: Array, xp: Array) -> Array:
    """Which points lie within the knots; outside, the value is constant."""
    return np.logical_and(x >= xp[0], x <= xp[-1])


@primitive
def beyond_knots(x: Array, xp: Array, dtype: np.dtype[Any]) -> Array:
    """One for points on the right of all knots, else zero."""
    return np.asarray(np.asarray(x) > xp[-1], dtype)


@primitive
def reads_knots(x: Array, xp: Array, left: Any, right: Any) -> Array:
    """Where the value comes from the knots, rather than from `left` or `right`."""
    from_left = np.logical_and(np.less(x, xp[0]), left is not None)
    from_right = np.logical_and(np.greater(x, xp[-1]), right is not None)
    return np.logical_not(np.logical_or(from_left, from_right))


constant(knot_below, knot_above, between_knots, beyond_knots, reads_knots)


@general(np.interp)
def interp(
    g: Array, x: Array, xp: Array, fp: Array, left: Any = None, right: Any = None
) -> tuple[Array, Array, Array]:
    below = knot_below(x, xp)
    above = knot_above(x, xp)
    width = np.take(xp, above) - np.take(xp, below)
    is_between = between_knots(x, xp)
    weight = filled(
        divide_or_zero(x - np.take(xp, below), width), is_between, beyond_knots(x, xp, dtype_of(xp))
    )
    slope = masked(g * divide_or_zero(np.take(fp, above) - np.take(fp, below), width), is_between)
    used = masked(g, reads_knots(x, xp, left, right))
    xp_cotangent = index_add(slope * weight, np.shape(xp), above) + index_add(
        slope * (1.0 - weight), np.shape(xp), below
    )
    fp_cotangent = index_add(used * weight, np.shape(fp), above) + index_add(
        used * (1.0 - weight), np.shape(fp), below
    )
    return slope, -xp_cotangent, fp_cotangent


# Integration by trapezoids: linear in the values and in the places.


@primitive
def sums_of_neighbours(y: Array, axis: int) -> Array:
    """Each element and the next, added."""
    y = np.moveaxis(y, axis, -1)
    return np.moveaxis(y[..., 1:] + y[..., :-1], -1, axis)


@primitive
def sums_of_neighbours_transposed(x: Array, shape: tuple[int, ...], axis: int) -> Array:
    """The transpose of `sums_of_neighbours` on an array of `shape`."""
    y = np.zeros(shape, x.dtype)
    last = np.moveaxis(y, axis, -1)
    x = np.moveaxis(x, axis, -1)
    last[..., 1:] += x
    last[..., :-1] += x
    return y


@linear(sums_of_neighbours)
def sums_of_neighbours_rule(g: Array, y: Array, axis: int) -> Array:
    return sums_of_neighbours_transposed(g, np.shape(y), axis)


@linear(sums_of_neighbours_transposed)
def sums_of_neighbours_transposed_rule(g: Array, x: Array, shape: tuple[int, ...], axis: int) -> Array:
    return unbroadcast(sums_of_neighbours(g, axis), np.shape(x))


@primitive
def steps(x: Array, dx: float, ndim: int, axis: int) -> Array:
    """The distances between the places `x`, as they broadcast against `ndim` axes; without places `dx`."""
    if x is None:
        return dx
    if np.ndim(x) != 1:
        return np.diff(x, axis=axis)
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(np.diff(x), shape)


@primitive
def steps_transposed(g: Array, shape: tuple[int, ...], axis: int) -> Array:
    """The transpose of `steps` for places of `shape`."""
    if len(shape) != 1:
        return diff_transposed(g, shape, 1, axis)
    rows = merge_axes(g, axis)
    return diff_transposed(np.add.reduce(rows, axis=tuple(range(rows.ndim - 1))), shape, 1, -1)


@linear(steps)
def steps_rule(g: Array, x: Array, dx: float, ndim: int, axis: int) -> Array:
    return steps_transposed(g, np.shape(x), axis)


@linear(steps_transposed)
def steps_transposed_rule(g: Array, x: Array, shape: tuple[int, ...], axis: int) -> Array:
    return np.broadcast_to(steps(g, 1.0, np.ndim(x), axis), np.shape(x))


@linear(np.trapezoid)
def trapezoid(g: Array, y: Array, x: Array = None, dx: float = 1.0, axis: int = -1) -> tuple[Array, Array]:
    half = 0.5 * restore_axes(g, np.shape(y), axis, False)
    y_cotangent = sums_of_neighbours_transposed(half * steps(x, dx, np.ndim(y), axis), np.shape(y), axis)
    return y_cotangent, steps_transposed(half * sums_of_neighbours(y, axis), np.shape(x), axis)
