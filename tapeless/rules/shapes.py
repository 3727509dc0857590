"""Functions that rearrange, repeat or pad the elements of an array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import as_dtype, dtype_of, in_dtype, unbroadcast
from tapeless.rules.table import Call, primitive

Shape = tuple[int, ...]
Axes = int | tuple[int, ...] | None

# Another shape, the same elements ---------------------------------------------------------------------


def _memory_order(a: Array, order: Any) -> str:
    """C or F for orders that look at the array's memory: the cotangent's may be laid out otherwise."""
    if order is not None and not isinstance(order, str):
        raise TypeError(f"order must be str, not {type(order).__name__}")  # as NumPy says
    wanted = (order or "C").upper()
    if wanted in ("C", "F"):
        return wanted
    flags = getattr(a, "flags", None)
    if flags is not None and flags.f_contiguous and not flags.c_contiguous:
        return "F"
    if flags is not None and (wanted == "A" or flags.c_contiguous):
        return "C"
    raise MissingRuleError(
        f"no derivative rule for order={order!r} on this array: use order='C' or order='F'"
    )


def _reshape_call(a: Array, shape: Any, order: Any = "C", **keywords: Any) -> Call:
    return (a, shape, _memory_order(a, order)), keywords


def _ravel_call(a: Array, order: Any = "C") -> Call:
    return (a, _memory_order(a, order)), {}


@linear(np.reshape, prepare=_reshape_call)
def reshape(g: Array, a: Array, shape: Any, order: Any = "C") -> Array:
    return np.reshape(g, np.shape(a), order)


@linear(np.ravel, prepare=_ravel_call)
def ravel(g: Array, a: Array, order: Any = "C") -> Array:
    return np.reshape(g, np.shape(a), order)


@linear(np.squeeze)
def squeeze(g: Array, a: Array, axis: Axes = None) -> Array:
    return np.reshape(g, np.shape(a))


@linear(np.expand_dims)
def expand_dims(g: Array, a: Array, axis: Axes) -> Array:
    return np.reshape(g, np.shape(a))


@linear(np.atleast_1d)
def atleast_1d(g: Any, *arys: Array) -> list[Array]:
    return _reshaped_back(g, arys)


@linear(np.atleast_2d)
def atleast_2d(g: Any, *arys: Array) -> list[Array]:
    return _reshaped_back(g, arys)


@linear(np.atleast_3d)
def atleast_3d(g: Any, *arys: Array) -> list[Array]:
    return _reshaped_back(g, arys)


def _reshaped_back(g: Any, arys: Sequence[Array]) -> list[Array]:
    """One result comes as it is, several in a tuple; the kind leaves a starred parameter's dtypes to us."""
    cotangents = g if isinstance(g, list | tuple) else [g]
    return [in_dtype(np.reshape(c, np.shape(a)), dtype_of(a)) for c, a in zip(cotangents, arys, strict=True)]


@linear(np.copy)
def copy(g: Array, a: Array, order: str = "K", subok: bool = False) -> Array:
    return g


if hasattr(np, "astype"):  # NumPy 2.1

    @linear(np.astype)
    def astype(g: Array, x: Array, dtype: Any) -> Array:
        return as_dtype(g, dtype_of(x))


# Axes in another order --------------------------------------------------------------------------------


def inverse_axes(axes: Sequence[int] | None) -> tuple[int, ...] | None:
    """The permutation that undoes `axes`; None, which reverses them all, undoes itself."""
    if axes is None:
        return None
    return tuple(np.argsort([axis % len(axes) for axis in axes]).tolist())


def rolled_to(axis: int, start: int, ndim: int) -> int:
    """Where np.rollaxis puts `axis`."""
    start = start + ndim if start < 0 else start
    return start - 1 if axis % ndim < start else start


@linear(np.transpose)
def transpose(g: Array, a: Array, axes: Sequence[int] | None = None) -> Array:
    return np.transpose(g, inverse_axes(axes))


@linear(np.matrix_transpose)
def matrix_transpose(g: Array, x: Array) -> Array:
    return np.matrix_transpose(g)


@linear(np.swapaxes)
def swapaxes(g: Array, a: Array, axis1: int, axis2: int) -> Array:
    return np.swapaxes(g, axis1, axis2)


@linear(np.moveaxis)
def moveaxis(g: Array, a: Array, source: Any, destination: Any) -> Array:
    return np.moveaxis(g, destination, source)


@linear(np.rollaxis)
def rollaxis(g: Array, a: Array, axis: int, start: int = 0) -> Array:
    return np.moveaxis(g, rolled_to(axis, start, np.ndim(a)), axis)


# Elements in another order ----------------------------------------------------------------------------


def opposite(shift: Any) -> Any:
    """The shift, or each of several shifts, the other way."""
    return tuple([-int(s) for s in shift]) if np.ndim(shift) else -int(shift)


@linear(np.flip)
def flip(g: Array, m: Array, axis: Axes = None) -> Array:
    return np.flip(g, axis)


@linear(np.fliplr)
def fliplr(g: Array, m: Array) -> Array:
    return np.fliplr(g)


@linear(np.flipud)
def flipud(g: Array, m: Array) -> Array:
    return np.flipud(g)


@linear(np.rot90)
def rot90(g: Array, m: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    return np.rot90(g, -k, axes)


@linear(np.roll)
def roll(g: Array, a: Array, shift: Any, axis: Axes = None) -> Array:
    return np.roll(g, opposite(shift), axis)


# Elements more than once ------------------------------------------------------------------------------


@linear(np.broadcast_to)
def broadcast_to(g: Array, array: Array, shape: Any, subok: bool = False) -> Array:
    return unbroadcast(g, np.shape(array))


@linear(np.broadcast_arrays)
def broadcast_arrays(g: Any, *args: Array) -> list[Array]:
    return [in_dtype(unbroadcast(c, np.shape(a)), dtype_of(a)) for c, a in zip(g, args, strict=True)]


@primitive
def sum_repeats(x: Array, shape: Shape, repeats: Any, axis: int | None) -> Array:
    """The transpose of np.repeat: each element of `shape` gets the sum over its copies."""
    if axis is None:
        return np.reshape(sum_repeats(x, (math.prod(shape),), repeats, 0), shape)
    axis %= len(shape)
    lead, n, trail = shape[:axis], shape[axis], shape[axis + 1 :]
    if np.size(repeats) == 1:
        return np.add.reduce(np.reshape(x, (*lead, n, int(np.reshape(repeats, ())), *trail)), axis=axis + 1)
    counts = np.asarray(repeats)
    present = counts > 0
    total = np.zeros(shape, dtype_of(x))
    if present.any():  # reduceat would give the next group's first element to a group of none
        starts = (np.cumsum(counts) - counts)[present]
        total[(slice(None),) * axis + (present,)] = np.add.reduceat(x, starts, axis=axis)
    return total


@linear(sum_repeats)
def sum_repeats_rule(g: Array, x: Array, shape: Shape, repeats: Any, axis: int | None) -> Array:
    return np.repeat(g, repeats, axis)


@linear(np.repeat)
def repeat(g: Array, a: Array, repeats: Any, axis: int | None = None) -> Array:
    return sum_repeats(g, np.shape(a), repeats, axis)


@primitive
def sum_tiles(x: Array, shape: Shape, reps: Any) -> Array:
    """The transpose of np.tile: the sum over the copies."""
    counts = tuple(int(n) for n in np.ravel(reps))
    ndim = max(len(counts), len(shape))
    counts = (1,) * (ndim - len(counts)) + counts
    sizes = (1,) * (ndim - len(shape)) + shape
    pairs = [n for pair in zip(counts, sizes, strict=True) for n in pair]
    return np.reshape(np.add.reduce(np.reshape(x, pairs), axis=tuple(range(0, 2 * ndim, 2))), shape)


@linear(sum_tiles)
def sum_tiles_rule(g: Array, x: Array, shape: Shape, reps: Any) -> Array:
    return np.tile(g, reps)


@linear(np.tile)
def tile(g: Array, A: Array, reps: Any) -> Array:
    return sum_tiles(g, np.shape(A), reps)


@primitive
def sum_cycles(x: Array, shape: Shape) -> Array:
    """The transpose of np.resize, which repeats the flat array as often as it takes."""
    size = math.prod(shape)
    if size == 0:
        return np.zeros(shape, dtype_of(x))
    missing = -np.size(x) % size
    rounds = np.reshape(np.concatenate([np.ravel(x), np.zeros(missing, dtype_of(x))]), (-1, size))
    return np.reshape(np.add.reduce(rounds, axis=0), shape)


@linear(sum_cycles)
def sum_cycles_rule(g: Array, x: Array, shape: Shape) -> Array:
    return np.resize(g, np.shape(x))


@linear(np.resize)
def resize(g: Array, a: Array, new_shape: Any) -> Array:
    return sum_cycles(g, np.shape(a))


# Padding ----------------------------------------------------------------------------------------------

GATHERING = ("edge", "reflect", "symmetric", "wrap")  # every padded element is a copy of one other
WEIGHING = ("linear_ramp", "mean")


@primitive
def pad_linear(x: Array, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str) -> Array:
    """np.pad without its constants: what is left is linear."""
    _check_mode(mode)
    return np.pad(x, pad_width, mode, **_pad_keywords(mode, stat_length, reflect_type))


@primitive
def unpad(x: Array, shape: Shape, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str) -> Array:
    """The transpose of `pad_linear`, axis by axis as np.pad works."""
    _check_mode(mode)
    lengths = [(None, None)] * len(shape) if stat_length is None else _pairs(stat_length, len(shape))
    for axis, (before, after) in enumerate(_pairs(pad_width, len(shape))):
        n = shape[axis]
        x = np.moveaxis(x, axis, 0)
        if mode in GATHERING and reflect_type == "even":
            positions = np.pad(np.arange(n), (before, after), mode)
            x = _add_edges(x, positions, before, n)
        elif mode != "constant" and before + after:
            length = None if stat_length is None else [lengths[axis]] * 2
            keywords = _pad_keywords(mode, length, reflect_type)
            eye = np.eye(n, dtype=dtype_of(x))
            x = np.tensordot(np.pad(eye, ((before, after), (0, 0)), mode, **keywords), x, (0, 0))
        else:
            x = x[before : before + n]
        x = np.moveaxis(x, 0, axis)
    return x


def _add_edges(x: Array, positions: Array, before: int, n: int) -> Array:
    total = np.array(x[before : before + n])
    np.add.at(total, positions[:before], x[:before])
    np.add.at(total, positions[before + n :], x[before + n :])
    return total


def _check_mode(mode: Any) -> None:
    if not isinstance(mode, str) or mode not in ("constant", *GATHERING, *WEIGHING):
        raise MissingRuleError(f"no derivative rule for np.pad with mode={mode!r}")


def _pad_keywords(mode: str, stat_length: Any, reflect_type: str) -> dict[str, Any]:
    """np.pad refuses keywords that its mode does not read."""
    if mode == "mean":
        return {"stat_length": stat_length}
    return {"reflect_type": reflect_type} if mode in ("reflect", "symmetric") else {}


def _pairs(width: Any, ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each axis, from any of np.pad's notations."""
    if isinstance(width, dict):
        by_axis = {axis % ndim: value for axis, value in width.items()}
        width = [np.broadcast_to(by_axis.get(axis, 0), 2).tolist() for axis in range(ndim)]
    return [(int(before), int(after)) for before, after in np.broadcast_to(width, (ndim, 2))]


@linear(pad_linear)
def pad_linear_rule(
    g: Array, x: Array, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str
) -> Array:
    return unpad(g, np.shape(x), pad_width, mode, stat_length, reflect_type)


@linear(unpad)
def unpad_rule(
    g: Array, x: Array, shape: Shape, pad_width: Any, mode: Any, stat_length: Any, reflect_type: str
) -> Array:
    return pad_linear(g, pad_width, mode, stat_length, reflect_type)


@general(np.pad)
def pad(
    g: Array,
    array: Array,
    pad_width: Any,
    mode: Any = "constant",
    stat_length: Any = None,
    constant_values: Any = 0,
    end_values: Any = 0,
    reflect_type: str = "even",
) -> Array:
    return unpad(g, np.shape(array), pad_width, mode, stat_length, reflect_type)


@forward_rule(np.pad)
def pad_forward(
    t: Array,
    out: Array,
    array: Array,
    pad_width: Any,
    mode: Any,
    stat_length: Any,
    constant_values: Any,
    end_values: Any,
    reflect_type: str,
) -> Array:
    return pad_linear(t, pad_width, mode, stat_length, reflect_type)


constant(inverse_axes, rolled_to, opposite)
