"""Adam, and Adam with weight decay apart from the gradient."""

from __future__ import annotations

from typing import Any

from tapeless.optim import checks, formulas
from tapeless.optim.moving import FormulaOptimizer


class Adam(FormulaOptimizer):
    """`p -= lr * mean / (sqrt(variance) + eps)`, with running means of the gradient and its square.

    `betas` are the decay rates of the two means, which are corrected for starting at zero.
    `weight_decay * p` is added to the gradient, or with `decoupled_weight_decay` taken from the parameter, as
    AdamW does; `amsgrad` divides by the greatest variance so far; `maximize` goes uphill.  ValueError for a
    negative `lr`, `eps` or `weight_decay`, and for betas outside [0, 1).
    As `torch.optim.Adam`; Kingma and Ba (2014); amsgrad: Reddi, Kale and Kumar (2018).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1.0) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    >>> w.detach().round(decimals=1)
    tensor([1., 1.])
    """

    _formula = formulas.ADAM
    _check = staticmethod(checks.adam)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)


class AdamW(Adam):
    """Adam whose weight decay does not go through the means: first `p *= 1 - lr * weight_decay`.

    As `torch.optim.AdamW`; Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2017).

    >>> import tapeless as tl
    >>> w = tl.tensor([3.0], requires_grad=True)
    >>> w.grad = tl.tensor([0.0])
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w.item()
    2.8499999046325684
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True
        )
