"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from tapeless.optim import checks, formulas
from tapeless.optim.moving import FormulaOptimizer


class SGD(FormulaOptimizer):
    """`p -= lr * g`, where with momentum g is a decaying sum of gradients.

    `momentum_buffer = momentum * momentum_buffer + (1 - dampening) * g`; `nesterov` looks one step ahead;
    `weight_decay * p` is added to the gradient; `maximize` goes uphill.  ValueError for a negative `lr`,
    `momentum` or `weight_decay`, and for `nesterov` without momentum or with dampening.
    As `torch.optim.SGD`; nesterov as in Sutskever et al., "On the importance of initialization and momentum
    in deep learning" (2013).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1.0) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    >>> w.detach().round(decimals=1)
    tensor([1., 1.])
    """

    _formula = formulas.SGD
    _check = staticmethod(checks.sgd)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)
