"""Adagrad: each element's step divided by the size of all its gradients so far."""

from __future__ import annotations

from typing import Any

from tapeless.optim import checks, formulas
from tapeless.optim.moving import FormulaOptimizer


class Adagrad(FormulaOptimizer):
    """`p -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(sum) + eps)`, with the sum of the squares of `g`.

    The sum starts at `initial_accumulator_value`; `weight_decay * p` is added to the gradient; `maximize`
    goes uphill.  ValueError for negative options.
    As `torch.optim.Adagrad`, but that the state is made in the first step; Duchi, Hazan and Singer (2011).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0, 30.0], requires_grad=True)
    >>> optimizer = Adagrad([w], lr=0.5)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 2.5000, 29.5000], requires_grad=True)
    """

    _formula = formulas.ADAGRAD
    _check = staticmethod(checks.adagrad)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "maximize": maximize,
        }
        super().__init__(params, defaults)
