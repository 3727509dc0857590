"""Grids: their points, differences between them, windows that slide over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tapeless._types import Array, Axis
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import Layout, dtype_of, laid_out, layout_of
from tapeless.rules.table import primitive

Shape = tuple[int, ...]
EdgeOrder = Literal[1, 2]

# Points between two ends: each is a mean of the ends, of their logarithms or of their exponents.


@primitive
def fractions(num: int, endpoint: bool, ndim: int, axis: int, dtype: np.dtype[Any]) -> Array:
    """How far each point is on its way to the other end, as it broadcasts against `ndim` axes.

    >>> fractions(3, True, 2, 0, np.dtype(float)).tolist()
    [[0.0], [0.5], [1.0]]
    """
    shape = [1] * ndim
    shape[axis] = -1
    return np.reshape(np.linspace(0.0, 1.0, num, endpoint, dtype=dtype), shape)


@primitive
def natural_log(base: Array, dtype: np.dtype[Any]) -> Array:
    """The logarithm of a base, no wider than what it is multiplied with."""
    return np.asarray(np.log(base), dtype)


constant(fractions, natural_log)


@general(np.linspace)
def linspace(
    g: Array, start: Array, stop: Array, num: int = 50, endpoint: bool = True, axis: int = 0
) -> tuple[Array, Array]:
    share = fractions(num, endpoint, np.ndim(g), axis, dtype_of(g))
    return np.sum(g * (1.0 - share), axis), np.sum(g * share, axis)


@forward_rule(np.linspace)
def linspace_forward(
    t_start: Array,
    t_stop: Array,
    out: Array,
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    axis: int = 0,
) -> Array:
    return np.linspace(t_start, t_stop, num, endpoint, axis=axis)


@general(np.geomspace)
def geomspace(
    g: Array, out: Array, start: Array, stop: Array, num: int = 50, endpoint: bool = True, axis: int = 0
) -> tuple[Array, Array]:
    share = fractions(num, endpoint, np.ndim(g), axis, dtype_of(g))
    change = g * out
    return np.sum(change * (1.0 - share), axis) / start, np.sum(change * share, axis) / stop


@forward_rule(np.geomspace)
def geomspace_forward(
    t_start: Array,
    t_stop: Array,
    out: Array,
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    axis: int = 0,
) -> Array:
    return out * np.linspace(t_start / start, t_stop / stop, num, endpoint, axis=axis)


@general(np.logspace)
def logspace(
    g: Array,
    out: Array,
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    axis: int = 0,
) -> tuple[Array, Array]:
    share = fractions(num, endpoint, np.ndim(g), axis, dtype_of(g))
    rate = natural_log(base, dtype_of(g))
    change = g * out
    return np.sum(change * (1.0 - share), axis) * rate, np.sum(change * share, axis) * rate


@forward_rule(np.logspace)
def logspace_forward(
    t_start: Array,
    t_stop: Array,
    out: Array,
    start: Array,
    stop: Array,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    axis: int = 0,
) -> Array:
    rate = natural_log(base, dtype_of(out))
    return out * np.linspace(t_start * rate, t_stop * rate, num, endpoint, axis=axis)


# Differences: each number of np.gradient is a weighted sum of at most three neighbours.


def _neighbours(n: int, step: Any, edge_order: EdgeOrder) -> tuple[Array, int]:
    """The weights of the `width` elements that each result is made of, the leftmost first.

    np.gradient itself is asked for them: of combs whose teeth are as far apart as its reach, so that each
    result meets one tooth of each.
    """
    width = min(3, n)
    combs = np.equal(np.arange(n) % width, np.arange(width)[:, None]).astype(float)
    answers = np.gradient(combs, step, axis=1, edge_order=edge_order)
    leftmost = np.clip(np.arange(n) - 1, 0, n - width)
    teeth = (leftmost + np.arange(width)[:, None]) % width
    return np.take_along_axis(answers, teeth, axis=0), width


def _add_differences(total: Array, part: Array, step: Any, edge_order: EdgeOrder) -> None:
    """Add to `total` what the differences `part` along the last axis owe to each element."""
    n = np.shape(part)[-1]
    weights, width = _neighbours(n, step, edge_order)
    for place in range(width):
        weighted = weights[place] * part
        total[..., place] += weighted[..., 0]
        total[..., place : place + n - 2] += weighted[..., 1:-1]
        total[..., n - width + place] += weighted[..., -1]


@primitive
def gradients(f: Array, spacings: tuple[Any, ...], axis: Axis, edge_order: EdgeOrder) -> Array:
    """np.gradient in one array, whether it is along one axis or several."""
    return in_one_array(np.gradient(f, *spacings, axis=axis, edge_order=edge_order), np.shape(f))


@primitive
def gradients_transposed(x: Array, spacings: tuple[Any, ...], axis: Axis, edge_order: EdgeOrder) -> Array:
    """The transpose of `gradients`."""
    total = np.zeros(np.shape(x)[1:], x.dtype)
    every = range(total.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    steps = spacings or (1.0,)
    steps = steps * len(every) if len(steps) == 1 and np.ndim(steps[0]) == 0 else steps
    for part, position, step in zip(x, every, steps, strict=True):
        _add_differences(np.moveaxis(total, position, -1), np.moveaxis(part, position, -1), step, edge_order)
    return total


@primitive
def in_one_array(parts: Any, shape: Shape) -> Array:
    """One array or several of a shape, as the rows of one."""
    return np.reshape(parts, (len(parts) if isinstance(parts, list | tuple) else 1, *shape))


@primitive
def in_parts(x: Array, layout: Layout) -> Any:
    """The transpose of `in_one_array`."""
    return laid_out(x, layout)


@linear(in_one_array)
def in_one_array_rule(g: Array, parts: Sequence[Array], shape: Shape) -> Any:
    return in_parts(g, layout_of(parts))


@linear(in_parts)
def in_parts_rule(g: Any, x: Array, layout: Layout) -> Array:
    return in_one_array(g, np.shape(x)[1:])


@linear(gradients)
def gradients_rule(g: Array, f: Array, spacings: tuple[Any, ...], axis: Axis, edge_order: EdgeOrder) -> Array:
    return gradients_transposed(g, spacings, axis, edge_order)


@linear(gradients_transposed)
def gradients_transposed_rule(
    g: Array, x: Array, spacings: tuple[Any, ...], axis: Axis, edge_order: EdgeOrder
) -> Array:
    return gradients(g, spacings, axis, edge_order)


@linear(np.gradient, shaped=True)
def gradient_pullback(g: Any, f: Array, *varargs: Any, axis: Axis = None, edge_order: EdgeOrder = 1) -> Array:
    return gradients_transposed(in_one_array(g, np.shape(f)), varargs, axis, edge_order)


# Windows ----------------------------------------------------------------------------------------------


@primitive
def add_windows(x: Array, shape: Shape, window_shape: int | Shape, axis: Axis) -> Array:
    """The transpose of np.lib.stride_tricks.sliding_window_view on an array of `shape`.

    >>> add_windows(np.ones((3, 2)), (4,), 2, None)
    array([1., 2., 2., 1.])
    """
    window = tuple(window_shape) if isinstance(window_shape, tuple | list) else (window_shape,)
    every = range(len(shape)) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    total = np.zeros(shape, x.dtype)
    for offset in np.ndindex(*window):
        starts = [0] * len(shape)
        for position, step in zip(every, offset, strict=True):
            starts[position] += step
        ends = [start + count for start, count in zip(starts, x.shape, strict=False)]
        total[tuple(map(slice, starts, ends))] += x[(..., *offset)]
    return total


@linear(sliding_window_view)
def sliding_window_view_rule(g: Array, x: Array, window_shape: int | Shape, axis: Axis = None) -> Array:
    return add_windows(g, np.shape(x), window_shape, axis)


@linear(add_windows)
def add_windows_rule(g: Array, x: Array, shape: Shape, window_shape: int | Shape, axis: Axis) -> Array:
    return sliding_window_view(g, window_shape, axis)
