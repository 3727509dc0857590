"""RMSprop: each element's step divided by the size of its recent gradients."""

from __future__ import annotations

from typing import Any

from tapeless.optim import checks, formulas
from tapeless.optim.moving import FormulaOptimizer


class RMSprop(FormulaOptimizer):
    """`p -= lr * g / (sqrt(variance) + eps)`, with a running mean of the gradient's square.

    `alpha` is the mean's decay rate; `centered` takes the square of the mean gradient from it; with
    `momentum` the steps are summed up; `weight_decay * p` is added to the gradient; `maximize` goes uphill.
    ValueError for negative options.
    As `torch.optim.RMSprop`; Tieleman and Hinton's lecture 6.5 (2012); centered: Graves (2013).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0], requires_grad=True)
    >>> optimizer = RMSprop([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.0000], requires_grad=True)
    """

    _formula = formulas.RMSPROP
    _check = staticmethod(checks.rmsprop)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)
