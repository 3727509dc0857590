"""Functions that pick elements, and the writes that undo or replace them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import (
    Layout,
    dtype_of,
    laid_out,
    layout_of,
    leaves_of,
    packed,
    shape_in,
    unbroadcast,
)
from tapeless.rules.table import Call, primitive

Shape = tuple[int, ...]
Index = Any  # whatever stands between brackets; arrays in it are NumPy's own

# x[index] and its transpose ---------------------------------------------------------------------------


def may_repeat(index: Index) -> bool:
    """Whether an index may name an element twice: only several integers in an array can."""
    return any(_has_integers(item) for item in (index if isinstance(index, tuple) else (index,)))


def _has_integers(item: Any) -> bool:
    if item is None or item is Ellipsis or isinstance(item, slice | int | np.integer | np.bool_):
        return False
    numbers = np.asarray(item)
    return numbers.size > 1 and numbers.dtype.kind in "iu"


@primitive
def index_add(x: Array, shape: Shape, index: Index) -> Array:
    """Zeros of `shape` with `x` added at `index`: what falls on one element adds up.

    >>> index_add(np.array([1.0, 2.0, 3.0]), (4,), np.array([0, 2, 0]))
    array([4., 0., 2., 0.])
    """
    total = np.zeros(shape, dtype_of(x))
    if not may_repeat(index) or _rises(index):
        total[index] = x
    elif len(shape) == 1:
        np.add.at(total, index, x)
    else:  # np.add.at is many times faster on one flat axis
        positions = np.reshape(np.arange(total.size), shape)[index]
        np.add.at(np.reshape(total, -1), np.ravel(positions), np.ravel(x))
    return total


def _rises(index: Index) -> bool:
    """Whether the first of several lists of positions rises: none repeats in `x[np.arange(n), labels]`."""
    index = index if type(index) is tuple else (index,)
    for one in index:
        if type(one) is not np.ndarray or one.ndim != 1 or one.dtype.kind != "i" or len(one) != len(index[0]):
            return False
    first = index[0]
    return len(first) < 2 or bool(first[0] >= 0 and np.all(first[1:] > first[:-1]))


@linear(index_add)
def index_add_rule(g: Array, x: Array, shape: Shape, index: Index) -> Array:
    return g[index]


@linear(operator.getitem)
def getitem(g: Array, a: Array, index: Index) -> Array:
    return index_add(g, np.shape(a), index)


# a[index] = value as a function -----------------------------------------------------------------------


@primitive
def index_set(a: Array, index: Index, value: Array) -> Array:
    """A copy of `a` with `value` written at `index`.

    >>> index_set(np.array([1.0, 2.0, 3.0]), slice(1, None), 0.0)
    array([1., 0., 0.])
    """
    out = np.array(a)
    out[index] = value
    return out


@primitive
def index_put(value: Array, shape: Shape, index: Index) -> Array:
    """Zeros of `shape` with `value` written at `index`: the last of several writes stays.

    >>> index_put(np.array([1.0, 2.0, 3.0]), (4,), np.array([0, 2, 0]))
    array([3., 0., 2., 0.])
    """
    out = np.zeros(shape, dtype_of(value))
    out[index] = value
    return out


@primitive
def last_written(x: Array, index: Index, shape: Shape) -> Array:
    """The transpose of `index_put`: a copy of what is at `index`, zero where a later write came, in `shape`.

    >>> last_written(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 2, 0]), (3,))
    array([0., 3., 1.])
    """
    read = x[index]
    if may_repeat(index):
        order = np.reshape(np.arange(np.size(read)), np.shape(read))
        stamps = np.empty(np.shape(x), np.intp)
        stamps[index] = order  # NumPy itself decides which write stays
        read = np.where(stamps[index] == order, read, 0.0)
    else:
        read = np.copy(read)  # whoever asks clears these elements next
    spare = max(len(shape) - np.ndim(read), 0)  # an assignment ignores leading axes of length one
    return np.reshape(unbroadcast(read, shape[spare:]), shape)


@linear(index_put)
def index_put_rule(g: Array, value: Array, shape: Shape, index: Index) -> Array:
    return last_written(g, index, np.shape(value))


@linear(last_written)
def last_written_rule(g: Array, x: Array, index: Index, shape: Shape) -> Array:
    return index_put(g, np.shape(x), index)


@general(index_set)
def index_set_rule(g: Array, a: Array, index: Index, value: Array) -> Any:
    return index_set(g, index, 0.0), None, last_written(g, index, np.shape(value))


@forward_rule(index_set)
def index_set_forward(
    t: Array, t_index: Any, t_value: Array, out: Array, a: Array, index: Index, value: Array
) -> Array:
    return index_set(t, index, t_value)


# Elements by position along an axis -------------------------------------------------------------------


@primitive
def add_taken(x: Array, shape: Shape, indices: Any, axis: int | None, mode: str) -> Array:
    """The transpose of np.take."""
    if axis is None:
        return np.reshape(add_taken(x, (math.prod(shape),), indices, 0, mode), shape)
    axis %= len(shape)
    positions = np.asarray(indices, np.intp)
    if mode == "wrap":
        positions = positions % shape[axis]
    elif mode == "clip":
        positions = np.clip(positions, 0, shape[axis] - 1)
    return index_add(x, shape, (*(slice(None),) * axis, positions))


@linear(add_taken)
def add_taken_rule(g: Array, x: Array, shape: Shape, indices: Any, axis: int | None, mode: str) -> Array:
    return np.take(g, indices, axis=axis, mode=mode)  # type: ignore[call-overload]


@linear(np.take)
def take(g: Array, a: Array, indices: Any, axis: int | None = None, mode: str = "raise") -> Array:
    return add_taken(g, np.shape(a), indices, axis, mode)


@primitive
def add_along_axis(x: Array, shape: Shape, indices: Any, axis: int | None) -> Array:
    """The transpose of np.take_along_axis."""
    if axis is None:
        return np.reshape(index_add(x, (math.prod(shape),), np.asarray(indices)), shape)
    ndim = len(shape)
    grid = [np.reshape(np.arange(n), (-1,) + (1,) * (ndim - d - 1)) for d, n in enumerate(shape)]
    grid[axis] = np.asarray(indices)
    return index_add(x, shape, tuple(grid))


@linear(add_along_axis)
def add_along_axis_rule(g: Array, x: Array, shape: Shape, indices: Any, axis: int | None) -> Array:
    return np.take_along_axis(g, indices, axis)


def _take_along_axis_call(arr: Array, indices: Any, axis: int | None = -1) -> Call:
    return (arr, indices, axis), {}  # NumPy before 2.3 has no default


@linear(np.take_along_axis, prepare=_take_along_axis_call)
def take_along_axis(g: Array, arr: Array, indices: Any, axis: int | None) -> Array:
    return add_along_axis(g, np.shape(arr), indices, axis)


@linear(np.compress)
def compress(g: Array, condition: Constant, a: Array, axis: int | None = None) -> Any:
    return None, add_taken(g, np.shape(a), np.flatnonzero(condition), axis, "raise")


@linear(np.extract)
def extract(g: Array, condition: Constant, arr: Array) -> Any:
    return None, add_taken(g, np.shape(arr), np.flatnonzero(condition), None, "raise")


# Elements from one of several arrays ------------------------------------------------------------------


@primitive
def unchoose(x: Array, a: Any, layout: Layout, mode: str) -> Any:
    """The transpose of np.choose: to each choice what was taken from it."""
    leaves = leaves_of(layout)
    number = np.asarray(a)
    if mode == "wrap":
        number = number % len(leaves)
    elif mode == "clip":
        number = np.clip(number, 0, len(leaves) - 1)
    parts = [
        laid_out(unbroadcast(np.where(number == k, x, 0.0), shape_in(leaf)), leaf)
        for k, leaf in enumerate(leaves)
    ]
    return packed(parts, layout)


@linear(unchoose)
def unchoose_rule(g: Any, x: Array, a: Any, layout: Layout, mode: str) -> Array:
    return np.choose(a, g, mode=mode)  # type: ignore[call-overload]


@linear(np.choose)
def choose(g: Array, a: Constant, choices: Sequence[Array], mode: str = "raise") -> Any:
    return None, unchoose(g, a, layout_of(choices), mode)


@primitive
def unselect(x: Array, condlist: Any, layout: Layout) -> Any:
    """The transpose of np.select with respect to its choices: the first condition that holds decides."""
    parts = []
    undecided: Any = np.True_
    leaves = leaves_of(layout)
    for condition, leaf in zip(condlist, leaves, strict=True):
        part = unbroadcast(np.where(undecided & condition, x, 0.0), shape_in(leaf))
        parts.append(laid_out(part, leaf))
        undecided = undecided & np.logical_not(condition)
    return packed(parts, layout)


@linear(unselect)
def unselect_rule(g: Any, x: Array, condlist: Any, layout: Layout) -> Array:
    return np.broadcast_to(np.select(condlist, g), np.shape(x))


def none_holds(condlist: Sequence[Any]) -> Any:
    """Where np.select takes its default."""
    undecided: Any = np.True_
    for condition in condlist:
        undecided = undecided & np.logical_not(condition)
    return undecided


@general(np.select)
def select(g: Array, condlist: Sequence[Constant], choicelist: Sequence[Array], default: Array = 0) -> Any:
    return None, unselect(g, condlist, layout_of(choicelist)), np.where(none_holds(condlist), g, 0.0)


@forward_rule(np.select)
def select_forward(
    t_condlist: Any,
    t: Sequence[Array],
    t_default: Array,
    out: Array,
    condlist: Sequence[Any],
    choicelist: Sequence[Array],
    default: Array,
) -> Array:
    return np.select(condlist, t, t_default)


# Diagonals and triangles ------------------------------------------------------------------------------


def _diagonal_index(shape: Shape, offset: int) -> tuple[Any, ...]:
    rows, columns = shape[-2:]
    row = np.arange(max(min(rows, columns - offset) - max(-offset, 0), 0)) + max(-offset, 0)
    return ..., row, row + offset


@primitive
def undiagonal(x: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    """The transpose of np.diagonal: zeros but for `x` on the diagonal."""
    total = np.zeros(shape, dtype_of(x))
    planes = np.moveaxis(total, (axis1, axis2), (-2, -1))
    planes[_diagonal_index(planes.shape, offset)] = x
    return total


@linear(undiagonal)
def undiagonal_rule(g: Array, x: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    return np.diagonal(g, offset, axis1=axis1, axis2=axis2)


@linear(np.diagonal)
def diagonal(g: Array, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return undiagonal(g, np.shape(a), offset, axis1, axis2)


@primitive
def undiag(x: Array, shape: Shape, k: int) -> Array:
    """The transpose of np.diag, which reads a diagonal of a matrix or makes a matrix of a diagonal."""
    return np.diagonal(x, k) if len(shape) == 1 else undiagonal(x, shape, k, 0, 1)


@linear(undiag)
def undiag_rule(g: Array, x: Array, shape: Shape, k: int) -> Array:
    return np.diag(g, k)


@linear(np.diag)
def diag(g: Array, v: Array, k: int = 0) -> Array:
    return undiag(g, np.shape(v), k)


@linear(np.diagflat)
def diagflat(g: Array, v: Array, k: int = 0) -> Array:
    return np.reshape(np.diagonal(g, k), np.shape(v))


@primitive
def untrace(x: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    """The transpose of np.trace: each number of `x` all along its diagonal."""
    total = np.zeros(shape, dtype_of(x))
    planes = np.moveaxis(total, (axis1, axis2), (-2, -1))
    planes[_diagonal_index(planes.shape, offset)] = np.expand_dims(x, -1)
    return total


@linear(untrace)
def untrace_rule(g: Array, x: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    return np.trace(g, offset, axis1=axis1, axis2=axis2)


@linear(np.trace)
def trace(g: Array, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    return untrace(g, np.shape(a), offset, axis1, axis2)


@linear(np.tril)
def tril(g: Array, m: Array, k: int = 0) -> Array:
    return unbroadcast(np.tril(g, k), np.shape(m))  # a vector is read as a square of equal rows


@linear(np.triu)
def triu(g: Array, m: Array, k: int = 0) -> Array:
    return unbroadcast(np.triu(g, k), np.shape(m))


constant(none_holds)
