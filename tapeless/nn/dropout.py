"""Layers that drop elements at random while they are trained, and nothing in `eval`."""

from __future__ import annotations

from typing import Any

from tapeless.nn import functional
from tapeless.nn.functional.dropout import check_probability
from tapeless.nn.module import Module


class _Dropout(Module):
    """What the kinds have in common."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element is zero with probability `p`, else divided by 1 - p; in `eval` nothing happens.

    Any shape. ValueError unless 0 <= p <= 1. As `torch.nn.Dropout`; Srivastava et al., Dropout (2014).

    >>> import tapeless as tl
    >>> Dropout(0.5).eval()(tl.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Any) -> Any:
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """`Dropout` of whole channels: (batch, channels, length) or (channels, length).  As `torch.nn.Dropout1d`.

    >>> import tapeless as tl
    >>> Dropout1d(0.5).eval()(tl.ones(1, 2, 3)).shape
    torch.Size([1, 2, 3])
    """

    def forward(self, input: Any) -> Any:
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """`Dropout` of whole channels: (batch, channels, height, width).  As `torch.nn.Dropout2d`.

    >>> import tapeless as tl
    >>> Dropout2d(0.5).eval()(tl.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    def forward(self, input: Any) -> Any:
        return functional.dropout2d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """`Dropout` that goes with `SELU`: mean 0 and variance 1 are kept.  As `torch.nn.AlphaDropout`.

    >>> import tapeless as tl
    >>> AlphaDropout(0.5).eval()(tl.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Any) -> Any:
        return functional.alpha_dropout(input, self.p, self.training, self.inplace)
