"""Putting tensors together, taking them apart, repeating and rearranging their elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, method, op, tensors
from tapeless.graph.promote import result_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.dims import axes_of, numpy_words, one_dim, sizes_of
from tapeless.graph.vocabulary.shaping import broadcast_tensors, reshape
from tapeless.rules import parts

_cat = op(np.concatenate, "Cat")
_stack = op(np.stack, "Stack")
_split = op(parts.pieces, "Split", views=True)
_split_with_sizes = Op(_split.rule, Tensor, "SplitWithSizes", views=True)
_unbind = op(parts.rows, "Unbind", views=True)
_repeat = op(np.tile, "Repeat")
_repeat_interleave = op(np.repeat, "RepeatInterleave")
_flip = op(np.flip, "Flip")
_roll = op(np.roll, "Roll")


EMPTY = "torch.{}(): expected a non-empty list of Tensors"


def _list_of(tensors: Any, name: str) -> list[Any]:
    items = list(tensors)
    for position, item in enumerate(items):
        if not isinstance(item, Variable):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, but got {type(item).__name__}"
            )
    if not items:
        raise (ValueError if name == "cat" else RuntimeError)(EMPTY.format(name))
    dtype = result_dtype(*items)
    return [cast(item, dtype) for item in items]


@numpy_words
def cat(tensors: Any, dim: int = 0, *, out: None = None) -> Any:
    """The tensors one after the other along `dim`."""
    items = _list_of(tensors, "cat")
    for position, item in enumerate(items):
        if item._data.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
    items = [item for item in items if item._data.shape != (0,)] or items[:1]  # as PyTorch, for old programs
    axis = one_dim(dim, items[0]._data.ndim)
    _check_alike(items, axis)
    return apply(_cat, (items, axis, None, "same_kind"))


def _check_alike(items: list[Any], axis: int) -> None:
    first = items[0]._data.shape
    for number, item in enumerate(items[1:], 1):
        shape = item._data.shape
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for dim, (n, m) in enumerate(zip(first, shape, strict=True)):
            if dim != axis and n != m:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {n} but got "
                    f"size {m} for "
                    f"tensor number {number} in the list."
                )


concat = concatenate = cat


@numpy_words
def stack(tensors: Any, dim: int = 0, *, out: None = None) -> Any:
    """The tensors, all of one shape, along a new dimension `dim`."""
    items = _list_of(tensors, "stack")
    for position, item in enumerate(items):
        if item._data.shape != items[0]._data.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(items[0]._data.shape)} at "
                "entry 0 and "
                f"{list(item._data.shape)} at entry {position}"
            )
    return apply(_stack, (items, one_dim(dim, items[0]._data.ndim + 1), None, "same_kind"))


@tensors
def hstack(tensors: Any) -> Any:
    """The tensors side by side: along dimension 1, vectors along 0."""
    items = [reshape(item, 1) if item._data.ndim == 0 else item for item in tensors]
    return cat(items, 0 if items[0]._data.ndim == 1 else 1)


@tensors
def vstack(tensors: Any) -> Any:
    """The tensors one below the other; vectors are rows."""
    return cat([reshape(item, 1, -1) if item._data.ndim < 2 else item for item in tensors], 0)


@method()
@numpy_words
def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Views of consecutive pieces: of one length (the last may be shorter), or of the lengths given."""
    shape = tensor._data.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = one_dim(dim, len(shape))
    if isinstance(split_size_or_sections, int):
        size, n = split_size_or_sections, shape[axis]
        if size <= 0 and not (size == 0 and n == 0):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        count = -(-n // size) if n else 1
        return apply(_split, (tensor, tuple([min(size, n - k * size) for k in range(count)]), axis))
    sizes = sizes_of((split_size_or_sections,))
    if sum(sizes) != shape[axis]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {shape[axis]} (input tensor's size "
            "at dimension "
            f"{axis}), but got split_sizes={list(sizes)}"
        )
    return apply(_split_with_sizes, (tensor, sizes, axis))


method("split_with_sizes", "unsafe_split", "unsafe_split_with_sizes")(split)


@method("chunk", "unsafe_chunk")
@numpy_words
def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """Views of at most `chunks` pieces of equal length."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._data.shape[one_dim(dim, input._data.ndim)]
    return split(input, max(-(-n // chunks), 1), dim)


@method()
@numpy_words
def unbind(input: Any, dim: int = 0) -> Any:
    """Views of what stands at each position of `dim`."""
    if input._data.ndim == 0:
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
    return apply(_unbind, (input, one_dim(dim, input._data.ndim)))


@method("__iter__")
def _iterate(self: Any) -> Any:
    if self._data.ndim == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(unbind(self))


# Elements more than once, or elsewhere ----------------------------------------------------------------


@method()
def repeat(self: Any, *repeats: Any) -> Any:
    """Copies of the whole, so many along each dimension."""
    counts = sizes_of(repeats)
    if len(counts) < self._data.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    return apply(_repeat, (self, counts))


@method()
def tile(input: Any, *counts: Any, dims: Any = None) -> Any:
    """Copies of the whole, so many along the last dimensions."""
    return apply(_repeat, (input, sizes_of(counts if dims is None else (*counts, dims))))


@method()
@numpy_words
def repeat_interleave(input: Any, repeats: Any, dim: Any = None) -> Any:
    """Each element several times in a row."""
    counts = repeats._data if isinstance(repeats, Variable) else repeats
    axis = None if dim is None else one_dim(dim, input._data.ndim)
    return apply(_repeat_interleave, (input, counts, axis))


@tensors
@method()
def flip(input: Any, *places: Any, dims: Any = None) -> Any:
    """The elements in reverse order along each of `dims`."""
    sizes = sizes_of(places if dims is None else (*places, dims))
    return apply(_flip, (input, axes_of(sizes, input._data.ndim) or ()))


@tensors
def fliplr(input: Any) -> Any:
    """Reversed along dimension 1."""
    return flip(input, 1)


@tensors
def flipud(input: Any) -> Any:
    """Reversed along dimension 0."""
    return flip(input, 0)


@method()
@numpy_words
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The elements moved on by `shifts`, those that leave at one end coming in at the other."""
    if isinstance(shifts, list):
        shifts = tuple(shifts)
    return apply(_roll, (input, shifts, None if dims is None else axes_of(dims, input._data.ndim)))


@tensors
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """A grid: each vector stretched along its own dimension."""
    vectors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors
    grids = [
        reshape(vector, [-1 if place == own else 1 for place in range(len(vectors))])
        for own, vector in enumerate(vectors)
    ]
    found = broadcast_tensors(*grids)
    return found if indexing == "ij" else tuple([grid.swapaxes(0, 1) for grid in found])
