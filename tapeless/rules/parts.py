"""Pieces of an array that are views one can write to, and elements picked or added by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules import extremes as _extremes  # noqa: F401  (its row for np.max is the model below)
from tapeless.rules.indexing import add_along_axis, undiagonal
from tapeless.rules.kinds import elementwise, forward_rule, general, linear, same_as
from tapeless.rules.table import primitive

Shape = tuple[int, ...]


def writable_broadcast(array: np.ndarray, shape: Shape, subok: bool = False) -> np.ndarray:
    """np.broadcast_to, writable where the array is: what may be written to is the caller's business."""
    stretched = np.broadcast_to(array, shape)
    if array.flags.writeable:
        stretched.setflags(write=True)
    return stretched


@primitive
def diagonal_view(x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """np.diagonal, writable where the array is."""
    found = np.diagonal(x, offset, axis1, axis2)
    if x.flags.writeable:
        found.setflags(write=True)
    return found


@linear(diagonal_view)
def diagonal_view_rule(g: Array, x: Array, offset: int, axis1: int, axis2: int) -> Array:
    return undiagonal(g, np.shape(x), offset, axis1, axis2)


@primitive
def pieces(x: Array, sizes: Shape, axis: int) -> tuple[Array, ...]:
    """Consecutive pieces of the given lengths along an axis, as views.

    >>> [piece.tolist() for piece in pieces(np.arange(3), (1, 2), 0)]
    [[0], [1, 2]]
    """
    found = []
    start = 0
    for size in sizes:
        found.append(x[(slice(None),) * axis + (slice(start, start + size),)])
        start += size
    return tuple(found)


@linear(pieces)
def pieces_rule(g: Sequence[Array], x: Array, sizes: Shape, axis: int) -> Array:
    return np.concatenate(g, axis)


@primitive
def rows(x: Array, axis: int) -> tuple[Array, ...]:
    """What stands at each position of an axis, as views."""
    lead = (slice(None),) * axis
    return tuple([x[(*lead, position, ...)] for position in range(np.shape(x)[axis])])


@linear(rows)
def rows_rule(g: Sequence[Array], x: Array, axis: int) -> Array:
    return np.stack(g, axis)


@primitive
def picked(x: Array, indices: Array, axis: int, keepdims: bool) -> Array:
    """One element of each line along an axis, the axis left out unless `keepdims`.

    >>> picked(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]), 1, False)
    array([2., 3.])
    """
    found = np.take_along_axis(x, indices if keepdims else np.expand_dims(indices, axis), axis)
    return found if keepdims else np.squeeze(found, axis)


@linear(picked)
def picked_rule(g: Array, x: Array, indices: Array, axis: int, keepdims: bool) -> Array:
    places = indices if keepdims else np.expand_dims(indices, axis)
    return add_along_axis(g if keepdims else np.expand_dims(g, axis), np.shape(x), places, axis)


@primitive
def add_at(x: Array, index: Any, value: Array) -> Array:
    """A copy of `x` with `value` added at `index`: what falls on one element adds up."""
    out = np.array(x)
    np.add.at(out, index, value)
    return out


@general(add_at)
def add_at_rule(g: Array, x: Array, index: Constant, value: Array) -> Any:
    return g, None, g[index]


@forward_rule(add_at)
def add_at_forward(
    t: Array, t_index: Any, t_value: Array, out: Array, x: Array, index: Any, value: Array
) -> Array:
    return add_at(t, index, t_value)


@primitive
def middle(a: Array) -> Array:
    """The median, the lower one of two: always an element."""
    flat = np.ravel(a)
    if not flat.size or np.isnan(flat).any():
        return flat.dtype.type(np.nan)
    return np.partition(flat, (flat.size - 1) // 2)[(flat.size - 1) // 2]


@primitive
def nan_middle(a: Array) -> Array:
    """The lower median of what is not nan."""
    flat = np.ravel(a)
    return middle(flat[~np.isnan(flat)])


same_as(np.max, middle, nan_middle)  # what attains the value shares its cotangent equally


@primitive
def fill_where(x: Array, mask: Array, value: Array) -> Array:
    """`value` where the mask holds, else `x`, in the dtype of `x`."""
    return np.where(mask, np.asarray(value, x.dtype), x)[()]


elementwise(
    fill_where,
    lambda out, x, mask, value: (np.where(mask, 0.0, 1.0), 0.0, np.where(mask, 1.0, 0.0)),
)
