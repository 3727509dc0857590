"""Schedules that a function of the epoch gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.optimizer import Optimizer

OfEpoch = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """`lr_lambda` is one function for all parameter groups, or a list with one for each."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: OfEpoch | Sequence[OfEpoch], last_epoch: int = -1
    ) -> None:
        self._attach(optimizer)
        count = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule knows but for its optimiser; of callable objects their attributes.

        Of functions None: what is loaded is no code.
        """
        kept = [None if isinstance(one, FunctionType) else dict(vars(one)) for one in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the schedule of that state dict stood, with this one's functions."""
        functions, kept = self.lr_lambdas, state_dict.get("lr_lambdas", ())
        super().load_state_dict(state_dict)
        self.lr_lambdas = functions
        for function, attributes in zip(functions, kept, strict=True):
            if attributes is not None:
                vars(function).update(attributes)


class LambdaLR(_OfFunctions):
    """The first learning rates times `lr_lambda(epoch)`.

    `lr_lambda` is a function, or a list with one for each parameter group (ValueError if these are not as
    many).  As `torch.optim.lr_scheduler.LambdaLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        return [lr * f(self.last_epoch) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_OfFunctions):
    """The learning rates of the epoch before times `lr_lambda(epoch)`.

    Arguments as for LambdaLR.  As `torch.optim.lr_scheduler.MultiplicativeLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self._group_lrs()
        return [lr * f(self.last_epoch) for lr, f in zip(self._group_lrs(), self.lr_lambdas, strict=True)]

    def _restart(self) -> None:
        self.last_epoch = -1  # goes on from the rates that it finds, as it knows no others
        self._advance()
