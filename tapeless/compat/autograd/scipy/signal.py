"""`scipy.signal`, whose functions also take what is traced; `convolve` has axes, as in HIPS autograd."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.compat.autograd.scipy.lending import lent, names

__getattr__ = lent(__name__, "scipy.signal")
__all__ = names("scipy.signal")  # pyright: ignore[reportUnsupportedDunderAll]

_convolve = __getattr__("convolve")
Axes = tuple[Sequence[int], Sequence[int]]


def convolve(A: Any, B: Any, axes: Axes | None = None, dot_axes: Axes = ((), ()), mode: str = "full") -> Any:
    """The convolution of A with B along pairs of axes, summed over the pairs of `dot_axes`.

    Without axes it is `scipy.signal.convolve`.  With them the result has the other axes of A, then those of
    B, then those of the convolution; `mode` is "full" or "valid".

    >>> images, filters = np.ones((5, 3, 8, 8)), np.ones((3, 2, 3, 3))
    >>> convolve(images, filters, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid").shape
    (5, 2, 6, 6)

    ValueError for other modes, and for "valid" where neither array is the larger along all axes.
    """
    if axes is None and not any(map(len, dot_axes)):
        return _convolve(A, B, mode)
    if mode not in ("full", "valid"):
        raise ValueError(f"convolve along axes has the modes 'full' and 'valid', got {mode!r}")
    along = (range(np.ndim(A)), range(np.ndim(B))) if axes is None else axes
    rest = [
        [axis for axis in range(np.ndim(one)) if axis not in along[k] and axis not in dot_axes[k]]
        for k, one in enumerate((A, B))
    ]
    one = np.transpose(A, [*rest[0], *dot_axes[0], *along[0]])
    other = np.transpose(B, [*rest[1], *dot_axes[1], *along[1]])
    counts = len(rest[0]), len(rest[1]), len(dot_axes[0]), len(along[0])
    sizes = [np.shape(array)[np.ndim(array) - counts[3] :] for array in (one, other)]
    if mode == "full":
        one = np.pad(one, [(0, 0)] * (np.ndim(one) - counts[3]) + [(k - 1, k - 1) for k in sizes[1]])
    elif all(n >= k for n, k in zip(*sizes, strict=True)):
        pass
    elif all(n <= k for n, k in zip(*sizes, strict=True)):
        swapped = _windowed(other, one, counts[1], counts[0], counts[2], counts[3])
        return np.moveaxis(swapped, range(counts[1]), range(counts[0], counts[0] + counts[1]))
    else:
        raise ValueError(f"convolve: neither of the shapes {sizes[0]} and {sizes[1]} is larger in all axes")
    return _windowed(one, other, *counts)


def _windowed(one: Any, other: Any, rest: int, other_rest: int, dots: int, count: int) -> Any:
    """For arrays with axes (rest, dots, along): the sum over the places of the smaller, flipped."""
    kernel_shape = np.shape(other)[np.ndim(other) - count :]
    sizes = [n - k + 1 for n, k in zip(np.shape(one)[np.ndim(one) - count :], kernel_shape, strict=True)]
    windows = np.stack(
        [
            one[(..., *[slice(at, at + n) for at, n in zip(offset, sizes, strict=True)])]
            for offset in itertools.product(*map(range, kernel_shape))
        ]
    )
    flipped = other[(..., *[slice(None, None, -1)] * count)]
    kernel = np.reshape(flipped, (*np.shape(other)[: np.ndim(other) - count], -1))
    summed = (
        [0, *range(1 + rest, 1 + rest + dots)],
        [other_rest + dots, *range(other_rest, other_rest + dots)],
    )
    found = np.tensordot(windows, kernel, summed)  # (rest, along, other_rest)
    return np.moveaxis(found, range(rest, rest + count), range(-count, 0))
