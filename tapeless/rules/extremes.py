"""The largest, the smallest, the middle: what attains the value shares its cotangent equally."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array, Axis
from tapeless.rules.kinds import constant, forward_rule, general, same_as
from tapeless.rules.scans import not_nan
from tapeless.rules.support import dtype_of, masked, restore_axes
from tapeless.rules.table import Call, primitive


@primitive
def attained(a: Array, extreme: Array, where: Array) -> Array:
    """Which elements within the mask are the extreme; where the extreme is nan, those that are nan."""
    hits = np.logical_or(np.equal(a, extreme), np.logical_and(np.isnan(a), np.isnan(extreme)))
    return hits if where is True else np.logical_and(hits, where)


@primitive
def count_ties(hits: Array, extreme: Array, axis: Axis, initial: float | None, dtype: np.dtype[Any]) -> Array:
    """Among how many the cotangent is shared, at least one; an `initial` that is extreme takes its share."""
    ties = np.add.reduce(hits, axis=axis, dtype=dtype, keepdims=True)
    if initial is not None:
        ties = ties + np.asarray(np.equal(np.reshape(extreme, ties.shape), initial), dtype)
    return np.maximum(ties, 1.0)


constant(attained, count_ties)


@general(np.max)
def max(  # also min: nothing but equality is asked
    g: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    keepdims: bool = False,
    initial: float | None = None,
    where: Array = True,
) -> Array:
    extreme = restore_axes(out, np.shape(a), axis, keepdims)
    hits = attained(a, extreme, where)
    ties = count_ties(hits, extreme, axis, initial, dtype_of(g))
    return masked(restore_axes(g, np.shape(a), axis, keepdims) / ties, hits)


@forward_rule(np.max)
def max_forward(
    t: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    keepdims: bool = False,
    initial: float | None = None,
    where: Array = True,
) -> Array:
    extreme = restore_axes(out, np.shape(a), axis, keepdims)
    hits = attained(a, extreme, where)
    ties = count_ties(hits, extreme, axis, initial, dtype_of(t))
    return np.sum(t / ties, axis, keepdims=keepdims, where=hits)


same_as(np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin)
same_as(np.max, np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce, axis=0)


@general(np.ptp)
def ptp(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    high = np.max(a, axis=axis, keepdims=True)
    low = np.min(a, axis=axis, keepdims=True)
    is_high = attained(a, high, True)
    is_low = attained(a, low, True)
    up = masked(1.0 / count_ties(is_high, high, axis, None, dtype_of(g)), is_high)
    down = masked(1.0 / count_ties(is_low, low, axis, None, dtype_of(g)), is_low)
    return restore_axes(g, np.shape(a), axis, keepdims) * (up - down)


@primitive
def median_shares(a: Array, axis: Axis, ignore_nan: bool, dtype: np.dtype[Any]) -> Array:
    """How much of the median each element is: the one or two in the middle, ties equally."""
    if not np.size(a):
        return np.zeros(np.shape(a), dtype)
    quantile = np.nanquantile if ignore_nan else np.quantile
    shares = np.zeros(np.shape(a), dtype)
    for method in ("lower", "higher"):
        hits = attained(a, quantile(a, 0.5, axis=axis, method=method, keepdims=True), True)
        shares += masked(0.5 / count_ties(hits, hits, axis, None, dtype), hits)
    return shares


constant(median_shares)


def _with_tuple(a: Array, axis: Any = None, *args: Any, **kwargs: Any) -> Call:
    """Medians also take a list of axes."""
    return (a, tuple(axis) if isinstance(axis, list) else axis, *args), kwargs


@general(np.median, prepare=_with_tuple)
def median(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return restore_axes(g, np.shape(a), axis, keepdims) * median_shares(a, axis, False, dtype_of(g))


@forward_rule(np.median)
def median_forward(t: Array, out: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.sum(t * median_shares(a, axis, False, dtype_of(t)), axis, keepdims=keepdims)


@general(np.nanmedian, prepare=_with_tuple)
def nanmedian(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return restore_axes(g, np.shape(a), axis, keepdims) * median_shares(a, axis, True, dtype_of(g))


@forward_rule(np.nanmedian)
def nanmedian_forward(t: Array, out: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = median_shares(a, axis, True, dtype_of(t))
    return np.sum(masked(t, not_nan(a, True)) * shares, axis, keepdims=keepdims)
