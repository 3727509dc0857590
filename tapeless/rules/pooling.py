"""Pooling over windows of signals and images: the largest of each window, or its mean.

Windows lie over the last `axes` axes; those before them are left alone.  Sizes, strides, paddings and
dilations are a number, or one for each axis; a stride of None is the size.  Maxima are taken in two steps:
which place of its plane is the largest of each window, through which nothing flows, and `take_pooled`, which
is linear.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.kinds import constant, linear
from tapeless.rules.table import primitive
from tapeless.rules.windows import (
    Shape,
    Sizes,
    Steps,
    adaptive_bounds,
    adaptive_counts,
    check_pooled,
    pooled_lengths,
    pooling,
)

# How many windows along an axis, or along each; None keeps an axis.
Counts: TypeAlias = int | Sequence[int | None]


# The largest ------------------------------------------------------------------------------------------


@primitive
def pool_places(
    x: Array, axes: int, size: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Array:
    """For each window the place of its largest number, counted through the plane; int64.

    Of equal numbers the first counts, of several nan the last, as PyTorch has it; padding never counts.

    >>> pool_places(np.array([1.0, 3.0, 3.0, 2.0]), 1, 2, 1, 0, 1, False)
    array([1, 1, 2])
    """
    x = np.asarray(x)
    own, steps, pads, far = pooling(f"max_pool{axes}d", axes, size, stride, padding, dilation)
    lead = x.ndim - axes
    counts = pooled_lengths(x.shape[lead:], own, steps, pads, far, ceil_mode)
    check_pooled(x.shape, counts)
    whole = _reaching(x, _lowest(x.dtype), counts, own, steps, pads, far)
    starts = [np.arange(m) * step - pad for m, step, pad in zip(counts, steps, pads, strict=True)]
    inner = list(itertools.product(*(range(k) for k in own)))
    views = [_under(whole, place, counts, steps, far) for place in inner]
    # Until something larger is found: the first place of the window that is not padding.
    first = [-(np.minimum(start, 0) // reach) for start, reach in zip(starts, far, strict=True)]
    _check_inside(starts, first, far, x.shape[lead:])
    best = np.full(x.shape[:lead] + counts, _lowest(x.dtype), x.dtype)
    chosen = _scanned(x, views, best, _mixed(first, own))
    scale = _mixing(x.shape[lead:])
    offsets = [sum(k * reach * n for k, reach, n in zip(place, far, scale, strict=True)) for place in inner]
    return _mixed(starts, x.shape[lead:]) + np.array(offsets, np.int64)[chosen]


def _check_inside(starts: list[Array], first: list[Array], dilation: Steps, lengths: Shape) -> None:
    """RuntimeError if dilation steps over the whole input, so that a window holds nothing but padding."""
    for start, skipped, far, n in zip(starts, first, dilation, lengths, strict=True):
        if np.max(start + skipped * far, initial=0) >= max(n, 1):
            raise RuntimeError(
                f"a window of dilation {far} holds nothing but padding: the input has a length of {n} there"
            )


@primitive
def adaptive_places(x: Array, axes: int, lengths: Counts) -> Array:
    """`pool_places` for as many windows as `lengths` says, spread evenly over the axes; None keeps one."""
    x = np.asarray(x)
    counts = adaptive_counts(f"adaptive_max_pool{axes}d", x.shape, axes, lengths)
    lead = x.ndim - axes
    bounds = [adaptive_bounds(n, m) for n, m in zip(x.shape[lead:], counts, strict=True)]
    widest = [max([end - start for start, end in ends], default=0) for ends in bounds]
    # Windows that are not the widest read their last place twice, which does not count.
    at = [
        [np.array([min(start + k, end - 1) for start, end in ends], np.int64) for k in range(width)]
        for ends, width in zip(bounds, widest, strict=True)
    ]
    steps = list(itertools.product(*(range(width) for width in widest)))
    places = [[axis[k] for axis, k in zip(at, place, strict=True)] for place in steps]
    views = [x[(..., *np.ix_(*rows))] for rows in places]
    best = np.full(x.shape[:lead] + counts, _lowest(x.dtype), x.dtype)
    chosen = _scanned(x, views, best, np.zeros(counts, np.int64))
    table = np.array([_mixed(rows, x.shape[lead:]) for rows in places], np.int64)
    if not table.size:
        return np.zeros(best.shape, np.int64)
    return np.take_along_axis(
        np.broadcast_to(table, (*chosen.shape[:lead], *table.shape)),
        np.expand_dims(chosen.astype(np.int64), lead),
        lead,
    ).squeeze(lead)


def _scanned(x: Array, views: Sequence[Array], best: Array, chosen: Array) -> Array:
    """The number of the view of x in which each largest is found; `best`, `chosen`: what is known before."""
    numbers: Any = np.uint8 if len(views) <= 256 else np.int32
    chosen = np.array(np.broadcast_to(chosen, best.shape), numbers)
    has_nan = x.dtype.kind == "f" and bool(np.isnan(np.max(x, initial=-math.inf)))
    for number, view in enumerate(views):
        is_larger = np.greater(view, best)
        if has_nan:
            is_larger |= np.isnan(view)
        np.maximum(chosen, np.multiply(is_larger, numbers(number), dtype=numbers), out=chosen)
        np.maximum(best, view, out=best)
    return chosen


def _reaching(
    x: Array, value: Any, counts: Shape, size: Shape, stride: Steps, padding: Steps, dilation: Steps
) -> Array:
    """`x` with as much of the value around it as the windows reach; x itself if they do not."""
    lead = x.ndim - len(size)
    ends = [
        (m - 1) * step + far * (k - 1) + 1
        for m, step, far, k in zip(counts, stride, dilation, size, strict=True)
    ]
    lengths = [max(n + pad, end) for n, pad, end in zip(x.shape[lead:], padding, ends, strict=True)]
    if tuple(lengths) == x.shape[lead:]:
        return x
    whole = np.full((*x.shape[:lead], *lengths), value, x.dtype)
    whole[(..., *(slice(pad, pad + n) for pad, n in zip(padding, x.shape[lead:], strict=True)))] = x
    return whole


def _under(whole: Array, place: Shape, counts: Shape, stride: Steps, dilation: Steps) -> Array:
    """What lies under one place of each window: a view."""
    at = (
        slice(k * far, k * far + (m - 1) * step + 1, step)
        for k, far, m, step in zip(place, dilation, counts, stride, strict=True)
    )
    return whole[(..., *at)]


def _mixing(lengths: Shape) -> list[int]:
    """By how much the place in a plane grows with each axis."""
    return [math.prod(lengths[axis + 1 :]) for axis in range(len(lengths))]


def _mixed(rows: Sequence[Array], lengths: Shape) -> Array:
    """The places in a plane, from those along its axes."""
    total = np.zeros((), np.int64)
    for axis, (row, scale) in enumerate(zip(rows, _mixing(lengths), strict=True)):
        total = total + (row * scale).reshape(-1, *(1,) * (len(rows) - axis - 1))
    return total


def _lowest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "c":
        raise TypeError("complex numbers have no largest: take the largest of np.abs(x), say")
    return -math.inf if dtype.kind == "f" else False if dtype.kind == "b" else np.iinfo(dtype).min


@primitive
def take_pooled(x: Array, places: Constant, axes: int) -> Array:
    """What stands at the places of each plane; a plane is the last `axes` axes."""
    return np.take(x, _flat(places, np.shape(x), axes))


@primitive
def put_pooled(c: Array, places: Constant, shape: Shape, axes: int) -> Array:
    """Zeros of that shape with `c` added at the places of each plane."""
    full = np.zeros(math.prod(shape), c.dtype)
    np.add.at(full, _flat(places, shape, axes).reshape(-1), np.reshape(c, -1))
    return full.reshape(shape)


def _flat(places: Array, shape: Shape, axes: int) -> Array:
    """Places counted through the whole array."""
    lead, plane = shape[: len(shape) - axes], math.prod(shape[len(shape) - axes :])
    return places + np.arange(0, math.prod(lead) * plane, plane or 1).reshape(*lead, *(1,) * axes)


constant(pool_places, adaptive_places)


@linear(take_pooled, shaped=True)
def take_pooled_rule(g: Array, x: Array, places: Constant, axes: int) -> Array:
    return put_pooled(g, places, np.shape(x), axes)


@linear(put_pooled, shaped=True)
def put_pooled_rule(g: Array, c: Array, places: Constant, shape: Shape, axes: int) -> Array:
    return take_pooled(g, places, axes)


# The mean ---------------------------------------------------------------------------------------------


@primitive
def average_pool(
    x: Array,
    axes: int,
    size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """The mean of each window: its sum over how many numbers it holds, or over the `divisor`.

    >>> average_pool(np.array([1.0, 3.0, 5.0, 7.0]), 1, 2, None, 0, False, True, None)
    array([2., 6.])
    """
    own, steps, pads, _ = pooling(f"avg_pool{axes}d", axes, size, stride, padding)
    return _averaged(np.asarray(x), own, steps, pads, ceil_mode, count_include_pad, divisor)


def _averaged(
    x: Array,
    size: Shape,
    stride: Steps,
    padding: Steps,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    lead, ones = x.ndim - len(size), (1,) * len(size)
    counts = pooled_lengths(x.shape[lead:], size, stride, padding, ones, ceil_mode)
    check_pooled(x.shape, counts)
    found = _reaching(x, 0.0, counts, size, stride, padding, ones)
    for axis, (k, m, step) in enumerate(zip(size, counts, stride, strict=True), lead):
        found = _sums(found, axis, k, m, step)
    return found / _divisors(x, counts, size, stride, padding, count_include_pad, divisor)


@primitive
def average_pool_transposed(
    c: Array,
    shape: Shape,
    axes: int,
    size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """The transpose of `average_pool` for an input of that shape."""
    own, steps, pads, _ = pooling(f"avg_pool{axes}d", axes, size, stride, padding)
    return _shared_out(c, shape, own, steps, pads, count_include_pad, divisor)


def _shared_out(
    c: Array,
    shape: Shape,
    size: Shape,
    stride: Steps,
    padding: Steps,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    lead = len(shape) - len(size)
    counts = c.shape[lead:]
    x = np.broadcast_to(np.zeros((), c.dtype), shape)
    found = c / _divisors(x, counts, size, stride, padding, count_include_pad, divisor)
    for axis, (n, k, step, pad) in enumerate(zip(shape[lead:], size, stride, padding, strict=True), lead):
        found = _spread_sums(found, axis, k, step, max(n + pad, (counts[axis - lead] - 1) * step + k))
    kept = (slice(pad, pad + n) for n, pad in zip(shape[lead:], padding, strict=True))
    return np.ascontiguousarray(found[(..., *kept)])


def _along(axis: int, start: int, count: int, step: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, start + (count - 1) * step + 1, step))


def _sums(x: Array, axis: int, size: int, count: int, step: int) -> Array:
    total = x[_along(axis, 0, count, step)]
    for k in range(1, size):
        part = x[_along(axis, k, count, step)]
        total = np.add(total, part) if k == 1 else np.add(total, part, out=total)
    return total


def _spread_sums(c: Array, axis: int, size: int, step: int, length: int) -> Array:
    full = np.zeros((*c.shape[:axis], length, *c.shape[axis + 1 :]), c.dtype)
    for k in range(size):
        full[_along(axis, k, c.shape[axis], step)] += c
    return full


def _divisors(
    x: Array,
    counts: Shape,
    size: Shape,
    stride: Steps,
    padding: Steps,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    """By what each window's sum is divided; windows that all hold as many give one Python number."""
    if divisor is not None:
        return float(divisor)
    held: list[Array] = []
    for n, m, k, step, pad in zip(x.shape[x.ndim - len(size) :], counts, size, stride, padding, strict=True):
        start = np.arange(m) * step - pad
        end = np.minimum(start + k, n + pad)
        held.append(end - start if count_include_pad else np.minimum(end, n) - np.maximum(start, 0))
    if all((many == k).all() for many, k in zip(held, size, strict=True)):
        return float(math.prod(size))
    product = held[0] if len(held) == 1 else np.multiply.outer(held[0], held[1])
    return product.astype(x.dtype if x.dtype.kind in "fc" else np.float64)


@linear(average_pool, shaped=True)
def average_pool_rule(
    g: Array,
    x: Array,
    axes: int,
    size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    return average_pool_transposed(
        g, np.shape(x), axes, size, stride, padding, ceil_mode, count_include_pad, divisor
    )


@linear(average_pool_transposed, shaped=True)
def average_pool_transposed_rule(
    g: Array,
    c: Array,
    shape: Shape,
    axes: int,
    size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    return average_pool(g, axes, size, stride, padding, ceil_mode, count_include_pad, divisor)


# As many windows as asked for -------------------------------------------------------------------------


@primitive
def adaptive_average_pool(x: Array, axes: int, lengths: Counts) -> Array:
    """The means of windows spread over the last axes: as many as `lengths` says; None keeps an axis.

    >>> adaptive_average_pool(np.arange(5.0), 1, 3)
    array([0.5, 2. , 3.5])
    """
    x = np.asarray(x)
    counts = adaptive_counts(f"adaptive_avg_pool{axes}d", x.shape, axes, lengths)
    even = _even_windows(x.shape, counts)
    if even is not None:
        return _averaged(x, even, even, (0,) * axes, False, True, None)
    for axis, share in _shares(x.shape, counts, x.dtype):
        x = np.moveaxis(np.tensordot(share, x, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(x)


@primitive
def adaptive_average_pool_transposed(c: Array, shape: Shape, axes: int, lengths: Counts) -> Array:
    """The transpose of `adaptive_average_pool` for an input of that shape."""
    counts = adaptive_counts(f"adaptive_avg_pool{axes}d", shape, axes, lengths)
    even = _even_windows(shape, counts)
    if even is not None:
        return _shared_out(c, shape, even, even, (0,) * axes, True, None)
    for axis, share in _shares(shape, counts, c.dtype):
        c = np.moveaxis(np.tensordot(share, c, axes=(0, axis)), 0, axis)
    return np.ascontiguousarray(c)


def _even_windows(shape: Shape, lengths: Shape) -> Shape | None:
    """The size of the windows, if they divide the axes without rest."""
    pairs = list(zip(shape[len(shape) - len(lengths) :], lengths, strict=True))
    return tuple(n // m for n, m in pairs) if all(m and n and n % m == 0 for n, m in pairs) else None


def _shares(shape: Shape, lengths: Shape, dtype: np.dtype[Any]) -> Iterator[tuple[int, Array]]:
    """For each axis the matrix of how much of each place is in each mean."""
    for axis, count in enumerate(lengths, len(shape) - len(lengths)):
        share = np.zeros((count, shape[axis]), dtype if dtype.kind in "fc" else np.float64)
        for row, (start, end) in enumerate(adaptive_bounds(shape[axis], count)):
            share[row, start:end] = 1.0 / (end - start)
        yield axis, share


@linear(adaptive_average_pool, shaped=True)
def adaptive_average_pool_rule(g: Array, x: Array, axes: int, lengths: Counts) -> Array:
    return adaptive_average_pool_transposed(g, np.shape(x), axes, lengths)


@linear(adaptive_average_pool_transposed, shaped=True)
def adaptive_average_pool_transposed_rule(
    g: Array, c: Array, shape: Shape, axes: int, lengths: Counts
) -> Array:
    return adaptive_average_pool(g, axes, lengths)
