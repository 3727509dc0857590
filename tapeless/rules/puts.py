"""What np.put, np.fill_diagonal and their like write: at flat places, values in turn, over and over."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.indexing import Index, Shape
from tapeless.rules.kinds import constant, linear
from tapeless.rules.support import dtype_of
from tapeless.rules.table import primitive


@primitive
def put_into(value: Array, shape: Shape, places: Any, mode: str = "raise") -> Array:
    """Zeros of `shape` into which np.put wrote: values in turn, and the last of several writes stays.

    >>> put_into(np.array([1.0, 2.0]), (4,), [0, 2, 3])
    array([1., 0., 2., 1.])
    """
    out = np.zeros(shape, dtype_of(value))
    np.put(out, places, value, mode=mode)  # type: ignore[call-overload]
    return out


@primitive
def last_put(x: Array, places: Any, shape: Shape, mode: str = "raise") -> Array:
    """The transpose of `put_into`: what is at the places, zero where a later write came, summed to `shape`.

    >>> last_put(np.array([1.0, 2.0, 3.0, 4.0]), [0, 2, 3], (2,))
    array([5., 3.])
    """
    found = np.ravel(np.take(x, places, mode=mode))  # type: ignore[call-overload]
    turn = np.arange(found.size)
    stamps = np.empty(np.shape(x), np.intp)
    np.put(stamps, places, turn, mode=mode)  # type: ignore[call-overload]
    found = np.where(np.ravel(np.take(stamps, places, mode=mode)) == turn, found, 0.0)  # type: ignore[call-overload]
    count = math.prod(shape)
    cycles = -(-found.size // count) if count else 0
    padded = np.zeros(cycles * count, found.dtype)
    padded[: found.size] = found[: padded.size]
    return np.reshape(np.sum(np.reshape(padded, (cycles, count)), axis=0), shape)


@linear(put_into)
def put_into_rule(g: Array, value: Array, shape: Shape, places: Any, mode: str = "raise") -> Array:
    return last_put(g, places, np.shape(value), mode)


@linear(last_put)
def last_put_rule(g: Array, x: Array, places: Any, shape: Shape, mode: str = "raise") -> Array:
    return put_into(g, np.shape(x), places, mode)


@primitive
def diagonal_places(shape: Shape, wrap: bool = False) -> Array:
    """The flat places that np.fill_diagonal writes to.

    >>> diagonal_places((4, 2)), diagonal_places((4, 2), True)
    (array([0, 3]), array([0, 3, 6]))
    """
    marks = np.zeros(shape, np.bool_)
    np.fill_diagonal(marks, True, wrap)
    return np.flatnonzero(marks)


@primitive
def along_axis(shape: Shape, indices: Any, axis: int | None) -> Index:
    """The index with which np.put_along_axis writes into an array of a shape.

    >>> [part.tolist() for part in along_axis((2, 3), np.array([[0], [2]]), 1)]
    [[[0], [1]], [[0], [2]]]
    """
    if axis is None:
        return np.unravel_index(np.asarray(indices) % math.prod(shape), shape)
    ndim = len(shape)
    grid = [np.reshape(np.arange(n), (-1,) + (1,) * (ndim - d - 1)) for d, n in enumerate(shape)]
    grid[axis] = np.asarray(indices)
    return tuple(grid)


@primitive
def turns(shape: Shape, index: Index) -> list[tuple[Index, Array]]:
    """An index in parts that name no element twice, each with the flat places of its values among all.

    What `ufunc.at` does to an element several times, it does in this order.

    >>> [(places.tolist(), items.tolist()) for places, items in turns((3,), [0, 2, 0])]
    [([0, 2], [0, 1]), ([0], [2])]
    """
    flat = np.ravel(np.reshape(np.arange(math.prod(shape)), shape)[index])
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    turn = np.empty_like(flat)
    turn[order] = np.arange(flat.size) - np.searchsorted(ordered, ordered)
    parts = [np.flatnonzero(turn == number) for number in range(int(np.max(turn, initial=-1)) + 1)]
    return [(_unravelled(flat[part], shape), part) for part in parts]


def _unravelled(places: Array, shape: Shape) -> Index:
    if len(shape) == 1:
        return places
    return np.unravel_index(places, shape) if shape else ()


constant(diagonal_places, along_axis, turns)
