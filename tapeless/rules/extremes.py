"""The largest, the smallest, the middle: what attains the value shares its cotangent equally."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array, Axis
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, forward_rule, general, linear, same_as
from tapeless.rules.scans import not_nan
from tapeless.rules.support import dtype_of, masked, merge_axes, restore_axes, split_axes, unbroadcast
from tapeless.rules.table import Call, primitive


def attained(a: Array, extreme: Array, where: Array) -> Array:
    """Which elements within the mask are the extreme; where the extreme is nan, those that are nan."""
    hits = np.equal(a, extreme)
    missing = np.isnan(extreme)
    if np.count_nonzero(missing):
        hits = np.logical_or(hits, np.logical_and(np.isnan(a), missing))
    return hits if where is True else np.logical_and(hits, where)


@primitive
def ties_of(a: Array, extreme: Array, axis: Axis, initial: float | None = None, where: Array = True) -> Array:
    """Of each element that attains its extreme, among how many it does; zero of all others.

    An `initial` that is extreme is one of them.  A mask where each extreme is attained once.
    """
    hits = np.equal(a, extreme)
    found_all = np.count_nonzero(hits) == np.size(extreme) and not np.count_nonzero(np.isnan(extreme))
    if found_all and initial is None and where is True:
        return hits
    hits = attained(a, extreme, where)
    ties = np.add.reduce(hits, axis=axis, dtype=np.intp, keepdims=True)
    if initial is not None:
        ties = ties + np.equal(np.reshape(extreme, ties.shape), initial)
    return np.where(hits, ties, 0)


constant(ties_of)


@primitive
def share_ties(x: Array, ties: Array) -> Array:
    """`x`, one for each extreme, at the elements that attain it: in equal shares, zero elsewhere."""
    if ties.dtype == np.bool_:
        shares = np.zeros(np.broadcast_shapes(np.shape(x), ties.shape), dtype_of(x))
        np.copyto(shares, x, where=ties)
        return shares[()]
    return masked(x / np.maximum(ties, 1).astype(dtype_of(x)), ties > 0)


@linear(share_ties)
def share_ties_rule(g: Array, x: Array, ties: Array) -> Array:
    return unbroadcast(share_ties(g, ties), np.shape(x))


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
    return share_ties(restore_axes(g, np.shape(a), axis, keepdims), ties_of(a, extreme, axis, initial, where))


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
    return np.sum(share_ties(t, ties_of(a, extreme, axis, initial, where)), axis, keepdims=keepdims)


same_as(np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin)
same_as(np.max, np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce, axis=0)


@general(np.ptp)
def ptp(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    high = np.max(a, axis=axis, keepdims=True)
    low = np.min(a, axis=axis, keepdims=True)
    g = restore_axes(g, np.shape(a), axis, keepdims)
    return share_ties(g, ties_of(a, high, axis)) - share_ties(g, ties_of(a, low, axis))


@primitive
def from_the_end(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes counted from the last: the same after others have come in front."""
    if axis is None:
        return tuple(range(-ndim, 0))
    return tuple(position % ndim - ndim for position in (axis if isinstance(axis, tuple) else (axis,)))


@primitive
def quantile_shares(a: Array, q: Array, axis: Axis, ignore_nan: bool, dtype: np.dtype[Any]) -> Array:
    """How much of each quantile each element is: one or two are gathered, ties share equally."""
    if ignore_nan and np.ndim(q) > 1:  # NumPy then brings the axes of its result into an order of its own
        raise MissingRuleError("no derivative rule for np.nanquantile with q of more than one dimension")
    shape = np.shape(a)
    shares = np.zeros((np.size(q), *shape), dtype)
    rows = merge_axes(a, axis)
    if np.size(rows):
        for position, one in enumerate(np.ravel(q)):
            shares[position] = split_axes(_shares_of_one(rows, float(one), ignore_nan, dtype), shape, axis)
    return np.reshape(shares, (*np.shape(q), *shape))


def _shares_of_one(rows: Array, q: float, ignore_nan: bool, dtype: np.dtype[Any]) -> Array:
    ordered = np.sort(rows, axis=-1)  # nan comes last
    has_nan = np.isnan(ordered[..., -1:])
    numbers = np.sum(~np.isnan(rows), axis=-1, keepdims=True) if ignore_nan else rows.shape[-1]
    place = np.broadcast_to(q * np.maximum(numbers - 1, 0), has_nan.shape)
    below = np.floor(place)
    shares = np.zeros(rows.shape, dtype)
    for index, weight in ((below, 1.0 - (place - below)), (np.ceil(place), place - below)):
        value = np.take_along_axis(ordered, index.astype(np.intp), -1)
        value = value if ignore_nan else np.where(has_nan, np.nan, value)
        shares += share_ties(weight.astype(dtype), ties_of(rows, value, -1))
    return shares


constant(from_the_end, quantile_shares)


def _with_tuple(a: Array, axis: Any = None, *args: Any, **kwargs: Any) -> Call:
    """Medians also take a list of axes."""
    return (a, tuple(axis) if isinstance(axis, list) else axis, *args), kwargs


@general(np.median, prepare=_with_tuple)
def median(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return restore_axes(g, np.shape(a), axis, keepdims) * quantile_shares(a, 0.5, axis, False, dtype_of(g))


@forward_rule(np.median)
def median_forward(t: Array, out: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.sum(t * quantile_shares(a, 0.5, axis, False, dtype_of(t)), axis, keepdims=keepdims)


@general(np.nanmedian, prepare=_with_tuple)
def nanmedian(g: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    return restore_axes(g, np.shape(a), axis, keepdims) * quantile_shares(a, 0.5, axis, True, dtype_of(g))


@forward_rule(np.nanmedian)
def nanmedian_forward(t: Array, out: Array, a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = quantile_shares(a, 0.5, axis, True, dtype_of(t))
    return np.sum(masked(t, not_nan(a, True)) * shares, axis, keepdims=keepdims)


def _with_tuple_after_q(a: Array, q: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Call:
    return (a, q, tuple(axis) if isinstance(axis, list) else axis, *args), kwargs


@general(np.quantile, prepare=_with_tuple_after_q)
def quantile(g: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = quantile_shares(a, q, axis, False, dtype_of(g))
    spread = restore_axes(g, np.shape(shares), from_the_end(axis, np.ndim(a)), keepdims)
    return unbroadcast(spread * shares, np.shape(a))


@forward_rule(np.quantile)
def quantile_forward(
    t: Array, out: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False
) -> Array:
    shares = quantile_shares(a, q, axis, False, dtype_of(t))
    return np.sum(t * shares, from_the_end(axis, np.ndim(a)), keepdims=keepdims)


@general(np.percentile, prepare=_with_tuple_after_q)
def percentile(g: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = quantile_shares(a, np.true_divide(q, 100.0), axis, False, dtype_of(g))
    spread = restore_axes(g, np.shape(shares), from_the_end(axis, np.ndim(a)), keepdims)
    return unbroadcast(spread * shares, np.shape(a))


@forward_rule(np.percentile)
def percentile_forward(
    t: Array, out: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False
) -> Array:
    shares = quantile_shares(a, np.true_divide(q, 100.0), axis, False, dtype_of(t))
    return np.sum(t * shares, from_the_end(axis, np.ndim(a)), keepdims=keepdims)


@general(np.nanquantile, prepare=_with_tuple_after_q)
def nanquantile(g: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = quantile_shares(a, q, axis, True, dtype_of(g))
    spread = restore_axes(g, np.shape(shares), from_the_end(axis, np.ndim(a)), keepdims)
    return unbroadcast(spread * shares, np.shape(a))


@forward_rule(np.nanquantile)
def nanquantile_forward(
    t: Array, out: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False
) -> Array:
    shares = quantile_shares(a, q, axis, True, dtype_of(t))
    return np.sum(masked(t, not_nan(a, True)) * shares, from_the_end(axis, np.ndim(a)), keepdims=keepdims)


@general(np.nanpercentile, prepare=_with_tuple_after_q)
def nanpercentile(g: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    shares = quantile_shares(a, np.true_divide(q, 100.0), axis, True, dtype_of(g))
    spread = restore_axes(g, np.shape(shares), from_the_end(axis, np.ndim(a)), keepdims)
    return unbroadcast(spread * shares, np.shape(a))


@forward_rule(np.nanpercentile)
def nanpercentile_forward(
    t: Array, out: Array, a: Array, q: Array, axis: Axis = None, keepdims: bool = False
) -> Array:
    shares = quantile_shares(a, np.true_divide(q, 100.0), axis, True, dtype_of(t))
    return np.sum(masked(t, not_nan(a, True)) * shares, from_the_end(axis, np.ndim(a)), keepdims=keepdims)
