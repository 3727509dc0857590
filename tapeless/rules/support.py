"""Functions that rules call and NumPy lacks; each has a row of its own: second order goes through here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tapeless import _tree
from tapeless._types import Array, Axis
from tapeless.rules.kinds import constant, elementwise, forward_rule, general, linear
from tapeless.rules.table import primitive


@primitive
def unbroadcast(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum `x` down to `shape`, from which broadcasting had stretched it."""
    own = np.shape(x) if type(x) is not np.ndarray else x.shape
    if own == shape:
        return x
    lead = len(own) - len(shape)
    if own[lead:] == shape:  # the common case: a bias, a number
        return np.add.reduce(x, axis=0 if lead == 1 else tuple(range(lead)))
    stretched = tuple(range(lead)) + tuple(
        axis for axis, (n, m) in enumerate(zip(own[lead:], shape, strict=True), lead) if m == 1 and n != 1
    )
    return np.reshape(np.add.reduce(x, axis=stretched), shape) if stretched else np.reshape(x, shape)


@linear(unbroadcast)
def unbroadcast_rule(g: Array, x: Array, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.reshape(g, (1,) * (np.ndim(x) - len(shape)) + shape), np.shape(x))


@primitive
def as_dtype(x: Array, dtype: np.dtype[Any]) -> Array:
    """`x` in the primal's dtype; the real part where the primal is real."""
    own = dtype_of(x)
    if own is dtype or own == dtype:
        return x
    if own.kind == "c" and dtype.kind != "c":
        x = np.real(x)
    return np.asarray(x, dtype)[()]


@linear(as_dtype)
def as_dtype_rule(g: Array, x: Array, dtype: np.dtype[Any]) -> Array:
    return as_dtype(g, dtype_of(x))


def in_dtype(x: Array, dtype: np.dtype[Any]) -> Array:
    """`as_dtype` for one cotangent among several: an integer's is left as it is, nobody will ask for it."""
    return as_dtype(x, dtype) if dtype.kind in "fc" else x


@primitive
def dtype_of(x: Array) -> np.dtype[Any]:
    """The dtype of an array or a number."""
    return getattr(x, "dtype", None) or np.asarray(x).dtype


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a derivative must know of one array among several."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


# A Leaf for each array, in lists where they were in lists or tuples.
Layout: TypeAlias = Any


def layout_of(value: Any) -> Layout:
    """The shape and dtype of an array, or of each array in nested lists.

    >>> layout_of([np.float32(1.0), [np.zeros(3)]])
    [Leaf(shape=(), dtype=dtype('float32')), [Leaf(shape=(3,), dtype=dtype('float64'))]]
    """
    if isinstance(value, list | tuple):
        return [layout_of(item) for item in value]
    return Leaf(np.shape(value), dtype_of(value))


def shape_in(layout: Layout) -> tuple[int, ...]:
    """The shape of the array that NumPy makes of what is laid out so."""
    if isinstance(layout, Leaf):
        return layout.shape
    return (len(layout), *(shape_in(layout[0]) if layout else ()))


def laid_out(x: Array, layout: Layout) -> Any:
    """The elements of an array in nested lists, as arrays of the shapes and dtypes that were there."""
    x = np.reshape(x, shape_in(layout))
    if isinstance(layout, Leaf):
        return in_dtype(x, layout.dtype)
    return [laid_out(x[row], item) for row, item in enumerate(layout)]


def leaves_of(layout: Layout) -> list[Layout]:
    """The layout of each array of a list; an array in the list's place is read as the list of its rows."""
    if isinstance(layout, Leaf):
        return [Leaf(layout.shape[1:], layout.dtype)] * layout.shape[0]
    return layout


def packed(parts: list[Array], layout: Layout) -> Any:
    """Cotangents for `leaves_of(layout)` as the parameter wants them: in a list, or stacked to an array."""
    return np.stack(parts) if isinstance(layout, Leaf) else parts


constant(np.shape, np.ndim, np.size, dtype_of, layout_of)


@primitive
def restore_axes(x: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    """`x`, of which a reduction took `axis` out of `shape`, as it broadcasts against that shape again."""
    return x if axis is None or keepdims or not shape else np.reshape(x, _with_ones(shape, axis))


def _with_ones(shape: tuple[int, ...], axis: int | tuple[int, ...] | list[int]) -> list[int]:
    kept = list(shape)
    for position in axis if isinstance(axis, tuple | list) else (axis,):
        kept[position] = 1
    return kept


@linear(restore_axes)
def restore_axes_rule(g: Array, x: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    return np.reshape(g, np.shape(x))


@primitive
def spread(x: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    """`x`, of which a sum took `axis` out of `shape`, repeated over that shape."""
    x = np.asarray(x)
    if axis is not None and not keepdims and shape:
        x = x.reshape(_with_ones(shape, axis))
    if math.prod(shape) > 4096:  # from here on a copy costs more than np.broadcast_to's own time
        return np.broadcast_to(x, shape)
    full = np.empty(shape, x.dtype)
    full[...] = x
    return full


@linear(spread)
def spread_rule(g: Array, x: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Array:
    return np.reshape(np.add.reduce(g, axis=axis), np.shape(x))


@primitive
def merge_axes(x: Array, axis: Axis) -> Array:
    """`x` with the axes in `axis` (None: all) brought together into one, the last."""
    if axis is None or not np.shape(x):
        return np.reshape(x, -1)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    kept = len(np.shape(moved)) - len(axes)
    return np.reshape(moved, (*np.shape(moved)[:kept], math.prod(np.shape(moved)[kept:])))


@linear(merge_axes)
def merge_axes_rule(g: Array, x: Array, axis: Axis) -> Array:
    return split_axes(g, np.shape(x), axis)


@primitive
def split_axes(x: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """What `merge_axes` made of an array of `shape`, put back into that shape."""
    if axis is None or not shape:
        return np.reshape(x, shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    last = tuple(shape[position] for position in axes)
    return np.moveaxis(np.reshape(x, (*np.shape(x)[:-1], *last)), range(-len(axes), 0), axes)


@linear(split_axes)
def split_axes_rule(g: Array, x: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    return np.reshape(merge_axes(g, axis), np.shape(x))


@primitive
def masked(x: Array, where: Array) -> Array:
    """`x` where the mask holds, zero elsewhere, whatever stands there; `x` itself if the mask is True."""
    return x if where is True else np.where(where, x, 0.0)


@linear(masked)
def masked_rule(g: Array, x: Array, where: Array) -> Array:
    return unbroadcast(masked(g, where), np.shape(x))


@primitive
def filled(x: Array, where: Array, value: float) -> Array:
    """`x` where the mask holds, `value` elsewhere; `x` itself if the mask is True."""
    return x if where is True else np.where(where, x, value)


@general(filled)
def filled_rule(g: Array, x: Array, where: Array, value: float) -> Array:
    return unbroadcast(masked(g, where), np.shape(x))


@forward_rule(filled)
def filled_forward(t: Array, out: Array, x: Array, where: Array, value: float) -> Array:
    return masked(t, where)


@primitive
def divide_or_zero(x: Array, y: Array) -> Array:
    """`x / y`, zero where `y` is zero."""
    is_zero = np.equal(y, 0.0)
    return np.where(is_zero, 0.0, np.divide(x, np.where(is_zero, 1.0, y)))[()]


elementwise(
    divide_or_zero,
    lambda out, x, y: (divide_or_zero(1.0, y), -divide_or_zero(out, y)),
)


@primitive
def conjugate(x: Array) -> Array:
    """The complex conjugate; a real array itself, not a copy."""
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


@linear(conjugate)
def conjugate_rule(g: Array, x: Array) -> Array:
    return conjugate(g)


@primitive
def of_imaginary(x: Array, dtype: np.dtype[Any]) -> Array:
    """The cotangent of a number of that dtype from that of its imaginary part: zeros where it has none."""
    return np.multiply(x, -1j) if dtype.kind == "c" else np.zeros_like(x)


@linear(of_imaginary)
def of_imaginary_rule(g: Array, x: Array, dtype: np.dtype[Any]) -> Array:
    return of_imaginary(g, dtype)


@primitive
def overwrite(x: Array, value: Array) -> Array:
    """`value` in the place of `x`: in its shape and dtype."""
    return np.broadcast_to(value, np.shape(x)).astype(dtype_of(x))


elementwise(overwrite, lambda out, x, value: (0.0, 1.0))


def stop_gradient(x: Any) -> Any:
    """The value itself, through which nothing flows back: a constant to whatever differentiates.

    Containers are taken apart; what they hold that is no array or number comes back as it is.

    >>> from tapeless import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0

    On Tensors and Arrays it is their value without its past, as `detach` gives it.  As JAX's.
    """
    return stopped(x) if _tree.is_leaf(x) else _tree.map(stopped, x)


@primitive
def stopped(x: Any) -> Any:
    """One array or number through which nothing flows."""
    return x


constant(stop_gradient, stopped)
