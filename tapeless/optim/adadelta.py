"""Adadelta: steps of the size of recent steps, so that there is no learning rate to choose."""

from __future__ import annotations

from typing import Any

from tapeless.optim import checks, formulas
from tapeless.optim.moving import FormulaOptimizer


class Adadelta(FormulaOptimizer):
    """`p -= lr * g * sqrt(acc_delta + eps) / sqrt(square_avg + eps)`, with running means of squares.

    `square_avg` is that of the gradient, `acc_delta` that of the steps; `rho` is their decay rate;
    `weight_decay * p` is added to the gradient; `maximize` goes uphill.  ValueError for negative options
    and for rho outside [0, 1].  As `torch.optim.Adadelta`; Zeiler (2012).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0], requires_grad=True)
    >>> optimizer = Adadelta([w])
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([2.9968], requires_grad=True)
    """

    _formula = formulas.ADADELTA
    _check = staticmethod(checks.adadelta)

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)
