"""Layers that give numbers that add up to one along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.nn import functional
from tapeless.nn.module import Module


class Softmax(Module):
    """exp(input) over its sum along `dim`.  As `torch.nn.Softmax`.

    >>> import tapeless as tl
    >>> Softmax(dim=0)(tl.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Module):
    """`Softmax` of the negative.  As `torch.nn.Softmin`.

    >>> import tapeless as tl
    >>> Softmin(dim=0)(tl.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.softmin(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of `Softmax`, which does not underflow.  As `torch.nn.LogSoftmax`.

    >>> import tapeless as tl
    >>> LogSoftmax(dim=0)(tl.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax2d(Module):
    """`Softmax` over channels: (batch, channels, height, width) or no batch.  As `torch.nn.Softmax2d`.

    >>> import tapeless as tl
    >>> Softmax2d()(tl.zeros(2, 1, 1)).tolist()
    [[[0.5]], [[0.5]]]
    """

    def forward(self, input: Any) -> Any:
        if np.ndim(input) not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {np.ndim(input)}D instead")
        return functional.softmax(input, -3)
