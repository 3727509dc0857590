"""Sums, means, variances, products and log-sums over axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless._types import Array, Axis
from tapeless.rules.kinds import composite, constant, elementwise, forward_rule, general, linear, same_as
from tapeless.rules.scans import not_nan, products_before
from tapeless.rules.support import (
    as_dtype,
    conjugate,
    divide_or_zero,
    dtype_of,
    filled,
    masked,
    merge_axes,
    restore_axes,
    split_axes,
    spread,
)
from tapeless.rules.table import primitive

# Sums and means. What a sum starts from is added to what it is without.


@primitive
def count_reduced(shape: tuple[int, ...], axis: Axis, where: Array, dtype: np.dtype[Any]) -> Array:
    """How many elements go into each result: a number, or for a mask an array that keeps the axes."""
    if where is not True:
        return np.add.reduce(np.broadcast_to(where, shape), axis=axis, dtype=dtype, keepdims=True)
    if axis is None or not shape:
        return math.prod(shape)
    return math.prod(shape[position] for position in (axis if isinstance(axis, tuple) else (axis,)))


@primitive
def at_least_one(count: Array) -> Array:
    """For the mean of nothing: nan there, but no exception on the way back."""
    return (count or 1) if isinstance(count, int) else np.maximum(count, 1.0)


@primitive
def degrees_of_freedom(count: Array, ddof: float, correction: float | None) -> Array:
    """What the sum of squares is divided by in a variance: never negative."""
    free = count - (ddof if correction is None else correction)
    return np.maximum(free, 0.0) if isinstance(free, np.ndarray) else free * (free > 0)


constant(count_reduced, at_least_one, degrees_of_freedom)


@linear(np.sum)
def sum(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    return masked(spread(g, np.shape(a), axis, keepdims), where)


same_as(np.sum, np.add.reduce, axis=0)


@composite("initial", np.sum, np.add.reduce)
def sum_from(function: Callable[..., Array], *args: Any, initial: Array, **keywords: Any) -> Array:
    total = function(*args, **keywords)
    return total + as_dtype(initial, dtype_of(total))


@linear(np.mean)
def mean(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    count = at_least_one(count_reduced(np.shape(a), axis, where, dtype_of(g)))
    share = restore_axes(g, np.shape(a), axis, keepdims) / count
    return masked(spread(share, np.shape(a), axis, True), where)


@general(np.nansum)
def nansum(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    spread = np.broadcast_to(restore_axes(g, np.shape(a), axis, keepdims), np.shape(a))
    return masked(spread, not_nan(a, where))


@forward_rule(np.nansum)
def nansum_forward(
    t: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    keepdims: bool = False,
    where: Array = True,
) -> Array:
    return np.sum(t, axis, keepdims=keepdims, where=not_nan(a, where))


@general(np.nanmean)
def nanmean(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    is_number = not_nan(a, where)
    count = at_least_one(count_reduced(np.shape(a), axis, is_number, dtype_of(g)))
    share = restore_axes(g, np.shape(a), axis, keepdims) / count
    return masked(np.broadcast_to(share, np.shape(a)), is_number)


@forward_rule(np.nanmean)
def nanmean_forward(
    t: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    keepdims: bool = False,
    where: Array = True,
) -> Array:
    return np.mean(t, axis, keepdims=keepdims, where=not_nan(a, where))


# Variances have rows because the mean's own derivative cancels: composed of mean, subtract and multiply they
# would keep three arrays and pass over each again to find that out.


@general(np.var)
def var(
    g: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Array = True,
    correction: float | None = None,
) -> Array:
    count = count_reduced(np.shape(a), axis, where, dtype_of(g))
    scale = 2.0 * restore_axes(g, np.shape(a), axis, keepdims) / degrees_of_freedom(count, ddof, correction)
    deviation = a - np.mean(a, axis=axis, keepdims=True, where=where)
    return masked(scale * conjugate(deviation), where)


@general(np.std)
def std(
    g: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Array = True,
    correction: float | None = None,
) -> Array:
    count = count_reduced(np.shape(a), axis, where, dtype_of(g))
    scale = restore_axes(g, np.shape(a), axis, keepdims) / degrees_of_freedom(count, ddof, correction)
    deviation = a - np.mean(a, axis=axis, keepdims=True, where=where)
    direction = divide_or_zero(conjugate(deviation), restore_axes(out, np.shape(a), axis, keepdims))
    return masked(scale * direction, where)


@general(np.nanvar)
def nanvar(
    g: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Array = True,
    correction: float | None = None,
) -> Array:
    is_number = not_nan(a, where)
    count = count_reduced(np.shape(a), axis, is_number, dtype_of(g))
    scale = 2.0 * restore_axes(g, np.shape(a), axis, keepdims) / degrees_of_freedom(count, ddof, correction)
    x = masked(a, is_number)
    deviation = x - np.mean(x, axis=axis, keepdims=True, where=is_number)
    return masked(scale * conjugate(deviation), is_number)


@general(np.nanstd)
def nanstd(
    g: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Array = True,
    correction: float | None = None,
) -> Array:
    is_number = not_nan(a, where)
    count = count_reduced(np.shape(a), axis, is_number, dtype_of(g))
    scale = restore_axes(g, np.shape(a), axis, keepdims) / degrees_of_freedom(count, ddof, correction)
    x = masked(a, is_number)
    deviation = x - np.mean(x, axis=axis, keepdims=True, where=is_number)
    direction = divide_or_zero(conjugate(deviation), restore_axes(out, np.shape(a), axis, keepdims))
    return masked(scale * direction, is_number)


# Averages with weights.


@primitive
def spread_weights(weights: Array, shape: tuple[int, ...], axis: Axis, dtype: np.dtype[Any]) -> Array:
    """The weight of each element: one-dimensional weights run along `axis`, none are ones."""
    if weights is None:
        return np.broadcast_to(np.ones((), dtype), shape)
    if np.shape(weights) == shape or axis is None:
        return weights
    axes = [position % len(shape) for position in (axis if isinstance(axis, tuple) else (axis,))]
    in_order = np.transpose(weights, np.argsort(axes))
    along = [n if position in axes else 1 for position, n in enumerate(shape)]
    return np.broadcast_to(np.reshape(in_order, along), shape)


@primitive
def gather_weights(x: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """The transpose of `spread_weights`: sums `x` down to weights of `shape`."""
    if np.shape(x) == shape or axis is None:
        return x
    axes = [position % np.ndim(x) for position in (axis if isinstance(axis, tuple) else (axis,))]
    others = tuple(position for position in range(np.ndim(x)) if position not in axes)
    return np.transpose(np.sum(x, axis=others), np.argsort(np.argsort(axes)))


@linear(spread_weights)
def spread_weights_rule(
    g: Array, weights: Array, shape: tuple[int, ...], axis: Axis, dtype: np.dtype[Any]
) -> Array:
    return gather_weights(g, np.shape(weights), axis)


@linear(gather_weights)
def gather_weights_rule(g: Array, x: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    return spread_weights(g, np.shape(x), axis, dtype_of(g))


@general(np.average)
def average(
    g: Array, out: Array, a: Array, axis: Axis = None, weights: Array = None, keepdims: bool = False
) -> tuple[Array, None, Array]:
    each = spread_weights(weights, np.shape(a), axis, dtype_of(g))
    share = restore_axes(g, np.shape(a), axis, keepdims) / np.sum(each, axis=axis, keepdims=True)
    deviation = a - restore_axes(out, np.shape(a), axis, keepdims)
    return share * each, None, gather_weights(share * deviation, np.shape(weights), axis)


# Products: of the others, by running products from both ends, so that zeros need no special case.


@general(np.prod)
def prod(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    x = merge_axes(filled(a, where, 1.0), axis)
    others = products_before(x) * np.flip(products_before(np.flip(x, -1)), -1)
    spread = restore_axes(g, np.shape(a), axis, keepdims) * split_axes(others, np.shape(a), axis)
    return masked(spread, where)


@forward_rule(np.prod)
def prod_forward(
    t: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    keepdims: bool = False,
    where: Array = True,
) -> Array:
    x = merge_axes(filled(a, where, 1.0), axis)
    others = products_before(x) * np.flip(products_before(np.flip(x, -1)), -1)
    return np.sum(t * split_axes(others, np.shape(a), axis), axis, keepdims=keepdims, where=where)


same_as(np.prod, np.multiply.reduce, axis=0)


@composite("initial", np.prod, np.multiply.reduce)
def prod_from(function: Callable[..., Array], *args: Any, initial: Array, **keywords: Any) -> Array:
    total = function(*args, **keywords)
    return total * as_dtype(initial, dtype_of(total))


@general(np.nanprod)
def nanprod(
    g: Array, a: Array, axis: Axis = None, dtype: object = None, keepdims: bool = False, where: Array = True
) -> Array:
    is_number = not_nan(a, where)
    x = merge_axes(filled(a, is_number, 1.0), axis)
    others = products_before(x) * np.flip(products_before(np.flip(x, -1)), -1)
    spread = restore_axes(g, np.shape(a), axis, keepdims) * split_axes(others, np.shape(a), axis)
    return masked(spread, is_number)


@forward_rule(np.nanprod)
def nanprod_forward(
    t: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    dtype: object = None,
    keepdims: bool = False,
    where: Array = True,
) -> Array:
    is_number = not_nan(a, where)
    x = merge_axes(filled(a, is_number, 1.0), axis)
    others = products_before(x) * np.flip(products_before(np.flip(x, -1)), -1)
    return np.sum(t * split_axes(others, np.shape(a), axis), axis, keepdims=keepdims, where=is_number)


# log(sum(exp(a))): the share of each element is exp(a - out), zero where all are -inf.


@primitive
def log_share(a: Array, total: Array) -> Array:
    """`a - total`, with -inf rather than nan where both are -inf, and 0 where both are inf."""
    is_same = np.logical_and(np.isinf(total), np.equal(a, total))
    return np.where(is_same, np.minimum(a, 0.0), np.subtract(a, np.where(is_same, 0.0, total)))


elementwise(log_share, lambda out, a, total: (1.0, -1.0))


@general(np.logaddexp.reduce)
def logaddexp_reduce(
    g: Array, out: Array, a: Array, axis: Axis = 0, keepdims: bool = False, where: Array = True
) -> Array:
    share = np.exp(log_share(a, restore_axes(out, np.shape(a), axis, keepdims)))
    return masked(restore_axes(g, np.shape(a), axis, keepdims) * share, where)


@forward_rule(np.logaddexp.reduce)
def logaddexp_reduce_forward(
    t: Array, out: Array, a: Array, axis: Axis = 0, keepdims: bool = False, where: Array = True
) -> Array:
    share = np.exp(log_share(a, restore_axes(out, np.shape(a), axis, keepdims)))
    return np.sum(t * share, axis, keepdims=keepdims, where=where)


@general(np.logaddexp2.reduce)
def logaddexp2_reduce(
    g: Array, out: Array, a: Array, axis: Axis = 0, keepdims: bool = False, where: Array = True
) -> Array:
    share = np.exp2(log_share(a, restore_axes(out, np.shape(a), axis, keepdims)))
    return masked(restore_axes(g, np.shape(a), axis, keepdims) * share, where)


@forward_rule(np.logaddexp2.reduce)
def logaddexp2_reduce_forward(
    t: Array, out: Array, a: Array, axis: Axis = 0, keepdims: bool = False, where: Array = True
) -> Array:
    share = np.exp2(log_share(a, restore_axes(out, np.shape(a), axis, keepdims)))
    return np.sum(t * share, axis, keepdims=keepdims, where=where)
