"""A formula at work on one parameter: in pieces that stay in the cache, with scratch that is made once.

Scratch is as long as a piece, whatever the size of the parameters.  Small parameters are one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.optim.formulas import Formula, Options

PIECE = 1 << 18  # bytes: benchmarks/optimizers.py; less costs more calls
SMALL = 2048  # elements: parameters that are not worth being looked at as a flat array
Array = np.ndarray


class Workspace:
    """The scratch that all parameters share; `most` is the number of elements of the largest, if known."""

    def __init__(self, most: int = PIECE) -> None:
        self._most = most
        self._scratch: dict[np.dtype[Any], tuple[Array, Array]] = {}
        self._buffers: dict[np.dtype[Any], Array] = {}
        self._constants: dict[tuple[np.dtype[Any], int], tuple[Array, tuple[Array, ...]]] = {}

    def scratch(self, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """Two flat arrays as long as a piece."""
        found = self._scratch.get(dtype)
        if found is None:
            length = min(PIECE // dtype.itemsize, max(self._most, 1))
            found = self._scratch[dtype] = (np.empty(length, dtype), np.empty(length, dtype))
        return found

    def buffer(self, dtype: np.dtype[Any], size: int) -> Array:
        """A flat array, for a gradient whose elements lie apart."""
        found = self._buffers.get(dtype)
        if found is None or found.size < size:
            found = self._buffers[dtype] = np.empty(size, dtype)
        return found[:size]

    def constants(self, dtype: np.dtype[Any], numbers: Sequence[float]) -> tuple[Array, ...]:
        """The numbers as 0-d arrays; valid until the next call for as many of this dtype."""
        key = (dtype, len(numbers))
        found = self._constants.get(key)
        if found is None:
            values = np.empty(len(numbers), dtype)
            parts = tuple([values[i : i + 1].reshape(()) for i in range(len(numbers))])
            found = self._constants[key] = (values, parts)
        found[0][:] = numbers
        return found[1]


class Work:
    """One parameter's array and what is kept for it, cut into pieces.

    `array` and the slots are written in place; slots are contiguous, and new ones are told so in their first
    step.  `counter` holds how many steps were taken.  Complex numbers are pairs of real ones.
    """

    __slots__ = (
        "array",
        "contiguous",
        "counter",
        "dtype",
        "is_direct",
        "is_new",
        "kept",
        "names",
        "pieces",
        "shape",
        "space",
    )

    def __init__(
        self,
        array: Array,
        names: tuple[str, ...],
        slots: tuple[Array, ...],
        space: Workspace,
        counter: Array | None,
        is_new: bool,
    ) -> None:
        self.array, self.names, self.space = array, names, space
        self.counter, self.is_new = counter, is_new
        self.kept = tuple(zip(names, slots, strict=True))
        if counter is not None:
            self.kept += (("step", counter),)
        self.shape = array.shape
        is_complex = array.dtype.kind == "c"
        self.dtype = _real(array.dtype)
        self.is_direct = array.size <= SMALL and not is_complex
        self.contiguous: Array | None = None
        if self.is_direct:
            s, t = [one[: array.size].reshape(self.shape) for one in space.scratch(self.dtype)]
            self.pieces = [(slice(None), array, slots, s, t)]
        else:
            self.contiguous = None if array.flags.c_contiguous else np.empty(self.shape, array.dtype)
            flat = flat_real(array if self.contiguous is None else self.contiguous)
            self.pieces = self._cut(flat, [flat_real(one) for one in slots])

    def _cut(self, flat: Array, slots: list[Array]) -> list[tuple[Any, ...]]:
        scratch = self.space.scratch(self.dtype)
        length = scratch[0].size
        pieces = []
        for start in range(0, flat.size, length):
            part = slice(start, min(start + length, flat.size))
            s, t = [one[: part.stop - start] for one in scratch]
            pieces.append((part, flat[part], tuple([slot[part] for slot in slots]), s, t))
        return pieces

    def count(self) -> int:
        """The number of the step that begins now."""
        counter = self.counter
        if counter is None:
            return 0
        step = int(counter.item()) + 1
        counter[()] = step
        return step

    def run(self, formula: Formula, g: Array, constants: tuple[Array, ...], options: Options) -> None:
        """One step against the gradient `g`, which has the parameter's shape."""
        update, is_new = formula.update, self.is_new
        if self.is_direct:
            _, p, slots, s, t = self.pieces[0]
            update(p, g, slots, constants, s, t, options, is_new)
        else:
            if self.contiguous is not None:
                np.copyto(self.contiguous, self.array)
            flat = self._flat_gradient(g)
            for part, p, slots, s, t in self.pieces:
                update(p, flat[part], slots, constants, s, t, options, is_new)
            if self.contiguous is not None:
                np.copyto(self.array, self.contiguous)
        self.is_new = False

    def _flat_gradient(self, g: Array) -> Array:
        if not g.flags.c_contiguous or g.dtype != self.array.dtype:
            apart = self.space.buffer(self.array.dtype, g.size)
            _copy(g, apart.reshape(self.shape))
            g = apart
        return flat_real(g)


def flat_real(array: Array) -> Array:
    """The elements in one row, as a view if they lie so; complex numbers as pairs of real ones."""
    flat = array.reshape(-1)
    return flat.view(_real(flat.dtype))


def _copy(array: Array, out: Array) -> None:
    """Copy; a large transposed matrix by 16 columns, so that lines of the cache are written whole.

    The gradient of `x @ w.T` by `w` comes transposed.  512 x 512 floats: 150 against 600 microseconds.
    """
    if array.ndim == 2 and array.size >= 1 << 16 and array.flags.f_contiguous:
        for i in range(0, array.shape[1], 16):
            np.copyto(out[:, i : i + 16], array[:, i : i + 16])
    else:
        np.copyto(out, array)


def parted(flat: Array, like: Sequence[Array]) -> list[Array]:
    """What `flat_real` of several arrays put into one row, as new arrays of their shapes and dtypes."""
    found, start = [], 0
    for array in like:
        end = start + array.size * (2 if array.dtype.kind == "c" else 1)
        part = flat[start:end].astype(_real(array.dtype)).view(array.dtype)
        found.append(part.reshape(array.shape))
        start = end
    return found


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(dtype.char.lower()) if dtype.kind == "c" else dtype
