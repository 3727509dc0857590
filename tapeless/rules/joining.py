"""Functions that put arrays together and take them apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.indexing import Index, Shape, index_add, index_put
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import (
    Layout,
    Leaf,
    dtype_of,
    in_dtype,
    laid_out,
    layout_of,
    leaves_of,
    packed,
    shape_in,
    unbroadcast,
)
from tapeless.rules.table import primitive

# Along an axis ----------------------------------------------------------------------------------------


def _cut(x: Array, layout: Layout, sizes: Sequence[int], axis: int) -> Any:
    """Consecutive parts of `x` along `axis`, each in its array's shape and dtype."""
    bounds = list(itertools.accumulate(sizes, initial=0))
    lead = (slice(None),) * axis
    parts = [
        laid_out(x[(*lead, slice(start, stop))], part)
        for start, stop, part in zip(bounds, bounds[1:], leaves_of(layout), strict=False)
    ]
    return packed(parts, layout)


@primitive
def unconcatenate(x: Array, layout: Layout, axis: int | None) -> Any:
    """The transpose of np.concatenate."""
    shapes = [shape_in(part) for part in leaves_of(layout)]
    if axis is None:
        return _cut(x, layout, [math.prod(shape) for shape in shapes], 0)
    axis %= np.ndim(x)
    return _cut(x, layout, [shape[axis] for shape in shapes], axis)


@linear(unconcatenate)
def unconcatenate_rule(g: Any, x: Array, layout: Layout, axis: int | None) -> Array:
    return np.concatenate(g, axis)


@linear(np.concatenate)
def concatenate(
    g: Array, arrays: Sequence[Array], axis: int | None = 0, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return unconcatenate(g, layout_of(arrays), axis)


@primitive
def unstack(x: Array, layout: Layout, axis: int) -> Any:
    """The transpose of np.stack."""
    return _cut(x, layout, [1] * len(leaves_of(layout)), axis % np.ndim(x))


@linear(unstack)
def unstack_rule(g: Any, x: Array, layout: Layout, axis: int) -> Array:
    return np.stack(g, axis)


@linear(np.stack)
def stack(
    g: Array, arrays: Sequence[Array], axis: int = 0, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return unstack(g, layout_of(arrays), axis)


if hasattr(np, "unstack"):  # NumPy 2.1

    @linear(np.unstack)
    def numpy_unstack(g: Any, x: Array, axis: int = 0) -> Array:
        return np.stack(g, axis)


# The joins that add axes first ------------------------------------------------------------------------


def _as_rows(shape: Shape) -> Shape:
    return (1,) * (2 - len(shape)) + shape


def _as_columns(shape: Shape) -> Shape:
    return shape if len(shape) > 1 else (math.prod(shape), 1)


def _as_planes(shape: Shape) -> Shape:
    return shape if len(shape) > 2 else (*_as_rows(shape), 1)


_EXPANSIONS: dict[Any, tuple[Callable[[Shape], Shape], int]] = {
    np.vstack: (_as_rows, 0),
    np.hstack: (lambda shape: shape or (1,), 1),
    np.dstack: (_as_planes, 2),
    np.column_stack: (_as_columns, 1),
}


@primitive
def unjoin(x: Array, layout: Layout, join: Callable[[Any], Array]) -> Any:
    """The transpose of np.vstack, np.hstack, np.dstack or np.column_stack."""
    expand, axis = _EXPANSIONS[join]
    axis = min(axis, np.ndim(x) - 1)  # hstack of vectors
    return _cut(x, layout, [expand(shape_in(part))[axis] for part in leaves_of(layout)], axis)


def joined(parts: Any, join: Callable[[Any], Array]) -> Array:
    """`join(parts)`: a rule itself can only call what is known in advance."""
    return join(parts)


@linear(unjoin)
def unjoin_rule(g: Any, x: Array, layout: Layout, join: Callable[[Any], Array]) -> Array:
    return joined(g, join)


@linear(np.vstack)
def vstack(g: Array, tup: Sequence[Array], dtype: Any = None, casting: str = "same_kind") -> Any:
    return unjoin(g, layout_of(tup), np.vstack)


@linear(np.hstack)
def hstack(g: Array, tup: Sequence[Array], dtype: Any = None, casting: str = "same_kind") -> Any:
    return unjoin(g, layout_of(tup), np.hstack)


@linear(np.dstack)
def dstack(g: Array, tup: Sequence[Array]) -> Any:
    return unjoin(g, layout_of(tup), np.dstack)


@linear(np.column_stack)
def column_stack(g: Array, tup: Sequence[Array]) -> Any:
    return unjoin(g, layout_of(tup), np.column_stack)


# Nested lists -----------------------------------------------------------------------------------------


def unblock(g: Array, layout: Layout) -> Any:
    """The cotangents of np.block's arrays, nested as they were."""
    if isinstance(layout, Leaf):
        return in_dtype(np.reshape(g, layout.shape), layout.dtype)
    first = np.ndim(g) - _depth(layout)  # the outermost lists join along the first of the axes
    return _unblock(g, layout, first)


def _depth(layout: Layout) -> int:
    return 0 if isinstance(layout, Leaf) else 1 + _depth(layout[0])


def _unblock(g: Array, layout: Layout, axis: int) -> Any:
    if isinstance(layout, Leaf):
        return in_dtype(np.reshape(g, layout.shape), layout.dtype)
    lead = (slice(None),) * axis
    bounds = list(itertools.accumulate((_extent(item, axis, np.ndim(g)) for item in layout), initial=0))
    parts = [g[(*lead, slice(start, stop))] for start, stop in itertools.pairwise(bounds)]
    return [_unblock(part, item, axis + 1) for part, item in zip(parts, layout, strict=True)]


def _extent(layout: Layout, axis: int, ndim: int) -> int:
    """How much room a block takes along an axis along which the lists inside it do not join."""
    while not isinstance(layout, Leaf):
        layout = layout[0]
    return ((1,) * (ndim - len(layout.shape)) + layout.shape)[axis]


@linear(np.block)
def block(g: Array, arrays: Sequence[Any]) -> Any:
    return unblock(g, layout_of(arrays))


def unarray(g: Array, layout: Layout) -> Any:
    """The cotangents of what np.array made one array of, nested as it was."""
    return _unarray(np.reshape(g, shape_in(layout)), layout)


def _unarray(g: Array, layout: Layout) -> Any:
    if isinstance(layout, Leaf):
        return in_dtype(g, layout.dtype)
    if all(isinstance(item, Leaf) for item in layout):
        return unstack(g, layout, 0)
    return [_unarray(g[row], item) for row, item in enumerate(layout)]


@linear(np.array)
def array(
    g: Array, object: Sequence[Any], dtype: Any = None, copy: Any = True, order: Any = "K", ndmin: int = 0
) -> Any:
    return unarray(g, layout_of(object))


@linear(np.asarray)
def asarray(g: Array, a: Sequence[Any], dtype: Any = None, order: Any = None, copy: Any = None) -> Any:
    return unarray(g, layout_of(a))


@linear(np.asanyarray)
def asanyarray(g: Array, a: Sequence[Any], dtype: Any = None, order: Any = None, copy: Any = None) -> Any:
    return unarray(g, layout_of(a))


@linear(np.ascontiguousarray)
def ascontiguousarray(g: Array, a: Sequence[Any], dtype: Any = None) -> Any:
    return unarray(g, layout_of(a))


@linear(np.asfortranarray)
def asfortranarray(g: Array, a: Sequence[Any], dtype: Any = None) -> Any:
    return unarray(g, layout_of(a))


# More elements, fewer elements ------------------------------------------------------------------------


def front(shape: Shape, axis: int | None) -> Index:
    """Where np.append puts an array of `shape`."""
    if axis is None:
        return slice(0, math.prod(shape))
    return (*(slice(None),) * (axis % len(shape)), slice(0, shape[axis]))


def back(whole: Shape, shape: Shape, axis: int | None) -> Index:
    """Where np.append puts the values of `shape` in a result of shape `whole`."""
    if axis is None:
        return slice(whole[0] - math.prod(shape), None)
    return (*(slice(None),) * (axis % len(shape)), slice(whole[axis] - shape[axis], None))


@general(np.append)
def append(g: Array, arr: Array, values: Array, axis: int | None = None) -> Any:
    first = np.reshape(g[front(np.shape(arr), axis)], np.shape(arr))
    second = np.reshape(g[back(np.shape(g), np.shape(values), axis)], np.shape(values))
    return first, second


@forward_rule(np.append)
def append_forward(
    t: Array, t_values: Array, out: Array, arr: Array, values: Array, axis: int | None
) -> Array:
    return np.append(t, t_values, axis)


def insert_sources(shape: Shape, obj: Any, value_shape: Shape, axis: int | None) -> Array:
    """Which element of the array, or after those of the values, np.insert puts where; flat.

    >>> insert_sources((3,), 1, (), None)
    array([0, 3, 1, 2])
    """
    size = math.prod(shape)
    own = np.reshape(np.arange(size), shape)
    new = np.reshape(np.arange(size, size + math.prod(value_shape)), value_shape)
    return np.ravel(np.insert(own, obj, new, axis))


@general(np.insert)
def insert(g: Array, arr: Array, obj: Constant, values: Array, axis: int | None = None) -> Any:
    sources = insert_sources(np.shape(arr), obj, np.shape(values), axis)
    sums = index_add(np.ravel(g), (np.size(arr) + np.size(values),), sources)
    first = np.reshape(sums[: np.size(arr)], np.shape(arr))
    second = np.reshape(sums[np.size(arr) :], np.shape(values))
    return first, None, second


@forward_rule(np.insert)
def insert_forward(
    t: Array, t_obj: Any, t_values: Array, out: Array, arr: Array, obj: Any, values: Array, axis: int | None
) -> Array:
    return np.insert(t, obj, t_values, axis)


def kept(shape: Shape, obj: Any, axis: int | None) -> Array:
    """Which elements, flat, np.delete leaves.

    >>> kept((4,), [0, 2], None)
    array([1, 3])
    """
    return np.ravel(np.delete(np.reshape(np.arange(math.prod(shape)), shape), obj, axis))


@linear(np.delete)
def delete(g: Array, arr: Array, obj: Any, axis: int | None = None) -> Array:
    return np.reshape(index_put(np.ravel(g), (np.size(arr),), kept(np.shape(arr), obj, axis)), np.shape(arr))


# Apart ------------------------------------------------------------------------------------------------


@primitive
def unsplit(parts: Sequence[Array], shape: Shape, indices_or_sections: Any, axis: int) -> Array:
    """The transpose of np.array_split: the parts side by side, unless they overlap or leave gaps."""
    axis %= len(shape)
    if sum(np.shape(part)[axis] for part in parts) == shape[axis]:
        return np.concatenate(parts, axis)
    lead = (slice(None),) * axis
    total = np.zeros(shape, dtype_of(parts[0]))
    cuts = [0, *np.ravel(indices_or_sections).tolist(), None]
    for part, start, stop in zip(parts, cuts, cuts[1:], strict=False):
        total[(*lead, slice(start, stop))] += part
    return total


@linear(unsplit)
def unsplit_rule(
    g: Array, parts: Sequence[Array], shape: Shape, indices_or_sections: Any, axis: int
) -> Sequence[Array]:
    return np.array_split(g, indices_or_sections, axis)


def last_but(ndim: int, axis: int) -> int:
    """The axis along which np.hsplit cuts: the only one of a vector, else the second."""
    return min(axis, ndim - 1)


@linear(np.split)
def split(g: Any, ary: Array, indices_or_sections: Any, axis: int = 0) -> Array:
    return unsplit(g, np.shape(ary), indices_or_sections, axis)


@linear(np.array_split)
def array_split(g: Any, ary: Array, indices_or_sections: Any, axis: int = 0) -> Array:
    return unsplit(g, np.shape(ary), indices_or_sections, axis)


@linear(np.vsplit)
def vsplit(g: Any, ary: Array, indices_or_sections: Any) -> Array:
    return unsplit(g, np.shape(ary), indices_or_sections, 0)


@linear(np.hsplit)
def hsplit(g: Any, ary: Array, indices_or_sections: Any) -> Array:
    return unsplit(g, np.shape(ary), indices_or_sections, last_but(np.ndim(ary), 1))


@linear(np.dsplit)
def dsplit(g: Any, ary: Array, indices_or_sections: Any) -> Array:
    return unsplit(g, np.shape(ary), indices_or_sections, 2)


# Grids ------------------------------------------------------------------------------------------------


@linear(np.meshgrid)
def meshgrid(
    g: Sequence[Array], *xi: Array, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> list[Array]:
    cotangents = []
    for i, (c, x) in enumerate(zip(g, xi, strict=True)):
        axis = 1 - i if indexing == "xy" and i < 2 <= len(xi) else i
        along = (1,) * axis + (np.size(x),) + (1,) * (len(xi) - axis - 1)
        cotangents.append(in_dtype(np.reshape(unbroadcast(c, along), np.shape(x)), dtype_of(x)))
    return cotangents


constant(front, back, insert_sources, kept, last_but)
