"""scipy.signal: convolution; read by the table when the first of its functions is met."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.table import primitive

signal: Any = importlib.import_module("scipy.signal")

Shape = tuple[int, ...]


@primitive
def convolution(in1: Array, in2: Array, mode: str) -> Array:
    """scipy.signal.convolve, which does not know variables."""
    return signal.convolve(in1, in2, mode)


@primitive
def full_shape(in1: Array, in2: Array) -> Shape:
    """The shape of the whole convolution, of mode "full"."""
    return tuple([n + m - 1 for n, m in zip(np.shape(in1), np.shape(in2), strict=True)])


constant(full_shape)


@primitive
def out_of_full(x: Array, shape: Shape) -> Array:
    """The part in the middle of the whole that is of this shape."""
    return x[_part(shape, np.shape(x))]


def _part(shape: Shape, whole: Shape) -> tuple[slice, ...]:
    starts = [(large - small) // 2 for small, large in zip(shape, whole, strict=True)]
    return tuple([slice(start, start + n) for start, n in zip(starts, shape, strict=True)])


@primitive
def placed_in(x: Array, whole: Shape) -> Array:
    """`x` in the middle of zeros."""
    found = np.zeros(whole, x.dtype)
    found[_part(np.shape(x), whole)] = x
    return found


@linear(out_of_full)
def out_of_full_rule(g: Array, x: Array, shape: Shape) -> Array:
    return placed_in(g, np.shape(x))


@linear(placed_in)
def placed_in_rule(g: Array, x: Array, whole: Shape) -> Array:
    return out_of_full(g, np.shape(x))


@general(convolution)
def convolution_rule(g: Array, in1: Array, in2: Array, mode: str) -> Any:
    whole = placed_in(g, full_shape(in1, in2))
    return convolution(whole, np.flip(in2), "valid"), convolution(whole, np.flip(in1), "valid")


@forward_rule(convolution)
def convolution_forward(t1: Array, t2: Array, out: Array, in1: Array, in2: Array, mode: str) -> Array:
    return convolution(t1, in2, mode) + convolution(in1, t2, mode)


# `method` says how it is computed, not what.


@general(signal.convolve)
def convolve(g: Array, in1: Array, in2: Array, mode: str = "full", method: str = "auto") -> Any:
    whole = placed_in(g, full_shape(in1, in2))
    return convolution(whole, np.flip(in2), "valid"), convolution(whole, np.flip(in1), "valid")


@forward_rule(signal.convolve)
def convolve_forward(
    t1: Array, t2: Array, out: Array, in1: Array, in2: Array, mode: str = "full", method: str = "auto"
) -> Array:
    return convolution(t1, in2, mode) + convolution(in1, t2, mode)


@general(signal.fftconvolve)
def fftconvolve(g: Array, in1: Array, in2: Array, mode: str = "full") -> Any:
    whole = placed_in(g, full_shape(in1, in2))
    return convolution(whole, np.flip(in2), "valid"), convolution(whole, np.flip(in1), "valid")


@forward_rule(signal.fftconvolve)
def fftconvolve_forward(
    t1: Array, t2: Array, out: Array, in1: Array, in2: Array, mode: str = "full"
) -> Array:
    return convolution(t1, in2, mode) + convolution(in1, t2, mode)
