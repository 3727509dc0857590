"""Functions that rules call and NumPy lacks; each has a row of its own, so that second order never ends here."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, linear
from tapeless.rules.table import primitive


@primitive
def unbroadcast(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum `x` down to `shape`, from which broadcasting had stretched it."""
    own = np.shape(x)
    if own == shape:
        return x
    lead = len(own) - len(shape)
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
    own = x.dtype
    if own is dtype or own == dtype:
        return x
    if own.kind == "c" and dtype.kind != "c":
        x = np.real(x)
    return np.asarray(x, dtype)[()]


@linear(as_dtype)
def as_dtype_rule(g: Array, x: Array, dtype: np.dtype[Any]) -> Array:
    return as_dtype(g, dtype_of(x))


@primitive
def dtype_of(x: Array) -> np.dtype[Any]:
    """The dtype of an array or a number."""
    return getattr(x, "dtype", None) or np.asarray(x).dtype


class Leaf(NamedTuple):
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


constant(np.shape, np.ndim, np.size, dtype_of, layout_of)
