"""Discrete Fourier transforms.

A transform of complex numbers is its own transpose.  One of real numbers keeps only half of the frequencies,
as the others are their conjugates; those that stand for two count twice on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, linear, same_as
from tapeless.rules.support import conjugate
from tapeless.rules.table import primitive

Shape = tuple[int, ...]
Norm = Literal["backward", "ortho", "forward"] | None
Axes = Sequence[int] | None
Sizes = Sequence[int] | None

# What all of them need --------------------------------------------------------------------------------


@primitive
def fitted(x: Array, shape: Shape) -> Array:
    """`x` cut off or filled up with zeros at the end of each axis, as a transform does with its input.

    >>> fitted(np.array([1.0, 2.0, 3.0]), (2,)), fitted(np.array([1.0, 2.0]), (3,))
    (array([1., 2.]), array([1., 2., 0.]))
    """
    if np.shape(x) == shape:
        return x
    both = tuple(slice(min(n, m)) for n, m in zip(np.shape(x), shape, strict=True))
    result = np.zeros(shape, x.dtype)
    result[both] = x[both]
    return result


@linear(fitted)
def fitted_rule(g: Array, x: Array, shape: Shape) -> Array:
    return fitted(g, np.shape(x))


@primitive
def transformed_axes(s: Sizes, axes: Axes) -> Axes:
    """The axes of a transform, None for all; sizes alone are those of the last axes."""
    if s is None or axes is None:
        return axes if s is None else tuple(range(-len(s), 0))
    if len(set(axes)) < len(axes):
        raise MissingRuleError("no derivative rule for Fourier transforms with sizes and one axis twice")
    return axes


@primitive
def opposite(norm: Norm) -> Norm:
    """The scale of the transform in the other direction."""
    return norm if norm == "ortho" else "backward" if norm == "forward" else "forward"


constant(transformed_axes, opposite)

# Complex numbers --------------------------------------------------------------------------------------


@linear(np.fft.fft)
def fft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return fitted(np.fft.fft(g, axis=axis, norm=norm), np.shape(a))


@linear(np.fft.ifft)
def ifft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return fitted(np.fft.ifft(g, axis=axis, norm=norm), np.shape(a))


@linear(np.fft.fftn)
def fftn(g: Array, a: Array, s: Sizes = None, axes: Axes = None, norm: Norm = None) -> Array:
    return fitted(np.fft.fftn(g, axes=transformed_axes(s, axes), norm=norm), np.shape(a))


@linear(np.fft.ifftn)
def ifftn(g: Array, a: Array, s: Sizes = None, axes: Axes = None, norm: Norm = None) -> Array:
    return fitted(np.fft.ifftn(g, axes=transformed_axes(s, axes), norm=norm), np.shape(a))


same_as(np.fft.fftn, np.fft.fft2, axes=(-2, -1))
same_as(np.fft.ifftn, np.fft.ifft2, axes=(-2, -1))

# Real numbers: np.fft.hfft is the transpose of np.fft.rfft, and np.fft.ihfft that of np.fft.irfft, but for
# the frequencies that count twice.


def _times_where_paired(x: Array, factor: float, n: int, axis: int) -> Array:
    """`x` times `factor` at the frequencies of `n` real numbers that stand for two: all but the first, and
    the last if `n` is even."""
    result = np.array(x)
    np.moveaxis(result, axis, 0)[1 : (n + 1) // 2] *= factor
    return result


@primitive
def rfft_transposed(x: Array, shape: Shape, n: int | None, axis: int, norm: Norm) -> Array:
    """The transpose of np.fft.rfft on an array of `shape`."""
    n = shape[axis] if n is None else n
    return fitted(np.fft.hfft(_times_where_paired(x, 0.5, n, axis), n, axis, norm), shape)


def _half_spectrum(x: Array, axis: int, norm: Norm) -> Array:
    n = np.shape(x)[axis]
    return _times_where_paired(np.fft.ihfft(x, n, axis, norm), 2.0, n, axis)


@primitive
def irfft_transposed(x: Array, shape: Shape, axis: int, norm: Norm) -> Array:
    """The transpose of np.fft.irfft on an array of `shape`."""
    return fitted(_half_spectrum(x, axis, norm), shape)


@linear(rfft_transposed)
def rfft_transposed_rule(g: Array, x: Array, shape: Shape, n: int | None, axis: int, norm: Norm) -> Array:
    return np.fft.rfft(g, n, axis, norm)


@linear(irfft_transposed)
def irfft_transposed_rule(g: Array, x: Array, shape: Shape, axis: int, norm: Norm) -> Array:
    return np.fft.irfft(g, np.shape(x)[axis], axis, norm)


@linear(np.fft.rfft)
def rfft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return rfft_transposed(g, np.shape(a), n, axis, norm)


@linear(np.fft.irfft)
def irfft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return irfft_transposed(g, np.shape(a), axis, norm)


@linear(np.fft.hfft)  # np.fft.irfft of the conjugate
def hfft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return conjugate(irfft_transposed(g, np.shape(a), axis, opposite(norm)))


@linear(np.fft.ihfft)  # the conjugate of np.fft.rfft
def ihfft(g: Array, a: Array, n: int | None = None, axis: int = -1, norm: Norm = None) -> Array:
    return rfft_transposed(conjugate(g), np.shape(a), n, axis, opposite(norm))


# Real numbers along several axes: the last is the one of which half is kept.


@primitive
def every_axis(ndim: int, s: Sizes, axes: Axes) -> tuple[int, ...]:
    """The axes of a transform, each of them once."""
    chosen = transformed_axes(s, axes)
    every = tuple(range(ndim)) if chosen is None else tuple(axis % ndim for axis in chosen)
    if len(set(every)) < len(every):
        raise MissingRuleError("no derivative rule for real Fourier transforms along one axis twice")
    return every


@primitive
def sizes_along(shape: Shape, axes: Sequence[int]) -> Shape:
    """The lengths of some axes."""
    return tuple(shape[axis] for axis in axes)


constant(every_axis, sizes_along)


@primitive
def rfftn_transposed(x: Array, shape: Shape, s: Sizes, axes: Axes, norm: Norm) -> Array:
    """The transpose of np.fft.rfftn on an array of `shape`."""
    *others, last = every_axis(len(shape), s, axes)
    n = None if s is None or s[-1] == -1 else s[-1]
    return rfft_transposed(np.fft.fftn(x, None, others, norm), shape, n, last, norm)


@primitive
def irfftn_transposed(x: Array, shape: Shape, s: Sizes, axes: Axes, norm: Norm) -> Array:
    """The transpose of np.fft.irfftn on an array of `shape`."""
    *others, last = every_axis(len(shape), s, axes)
    return fitted(np.fft.ifftn(_half_spectrum(x, last, norm), None, others, norm), shape)


@linear(rfftn_transposed)
def rfftn_transposed_rule(g: Array, x: Array, shape: Shape, s: Sizes, axes: Axes, norm: Norm) -> Array:
    return np.fft.rfftn(g, s, transformed_axes(s, axes), norm)


@linear(irfftn_transposed)
def irfftn_transposed_rule(g: Array, x: Array, shape: Shape, s: Sizes, axes: Axes, norm: Norm) -> Array:
    along = every_axis(np.ndim(x), s, axes)
    return np.fft.irfftn(g, sizes_along(np.shape(x), along), along, norm)


@linear(np.fft.rfftn)
def rfftn(g: Array, a: Array, s: Sizes = None, axes: Axes = None, norm: Norm = None) -> Array:
    return rfftn_transposed(g, np.shape(a), s, axes, norm)


@linear(np.fft.irfftn)
def irfftn(g: Array, a: Array, s: Sizes = None, axes: Axes = None, norm: Norm = None) -> Array:
    return irfftn_transposed(g, np.shape(a), s, axes, norm)


same_as(np.fft.rfftn, np.fft.rfft2, axes=(-2, -1))
same_as(np.fft.irfftn, np.fft.irfft2, axes=(-2, -1))

# Frequencies in another order -------------------------------------------------------------------------


@linear(np.fft.fftshift)
def fftshift(g: Array, x: Array, axes: int | Axes = None) -> Array:
    return np.fft.ifftshift(g, axes)


@linear(np.fft.ifftshift)
def ifftshift(g: Array, x: Array, axes: int | Axes = None) -> Array:
    return np.fft.fftshift(g, axes)
