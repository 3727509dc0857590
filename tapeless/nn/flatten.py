"""Layers that change the shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapeless._types import Array
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary import shaping
from tapeless.nn.module import Module


class Flatten(Module):
    """The axes from `start_dim` to `end_dim` as one; the first stays by itself unless told.

    As `torch.nn.Flatten`.

    >>> import tapeless as tl
    >>> Flatten()(tl.ones(2, 3, 4)).shape
    torch.Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Array) -> Array:
        if isinstance(input, Tensor):
            return shaping.flatten(input, self.start_dim, self.end_dim)
        first, last = self.start_dim % np.ndim(input), self.end_dim % np.ndim(input)
        shape = np.shape(input)
        return np.reshape(input, (*shape[:first], -1, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The axis `dim` as several, of the lengths `unflattened_size`.  As `torch.nn.Unflatten`.

    >>> import tapeless as tl
    >>> Unflatten(1, (2, 3))(tl.ones(4, 6)).shape
    torch.Size([4, 2, 3])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not all(isinstance(length, int) for length in unflattened_size):
            raise TypeError(f"unflattened_size must be tuple of ints, but got {unflattened_size}")
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Array) -> Array:
        if isinstance(input, Tensor):
            return shaping.unflatten(input, self.dim, self.unflattened_size)
        shape, dim = np.shape(input), self.dim % np.ndim(input)
        return np.reshape(input, (*shape[:dim], *self.unflattened_size, *shape[dim + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
