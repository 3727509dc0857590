"""Schedules whose next rate is the last one times a factor: they can be chained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.optimizer import Optimizer


class _Factors(LRScheduler):
    def get_lr(self) -> list[float]:
        factor = self._factor(self.last_epoch)
        return [lr * factor for lr in self._group_lrs()]

    def _check_groups(self) -> None:
        """Groups that are added later are multiplied like the others."""

    def _factor(self, epoch: int) -> float:
        """By what the rates of the epoch before are multiplied."""
        raise NotImplementedError


class StepLR(_Factors):
    """Every `step_size` epochs the learning rates are multiplied by `gamma`.

    ValueError if `step_size` is not positive.  As `torch.optim.lr_scheduler.StepLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> lrs = []
    >>> for epoch in range(5):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if step_size < 1:
            raise ValueError(f"Expected positive step_size, but got {step_size}")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.gamma if epoch > 0 and epoch % self.step_size == 0 else 1.0


class MultiStepLR(_Factors):
    """At each of the epochs `milestones` the learning rates are multiplied by `gamma`.

    An epoch that is named twice counts twice.  As `torch.optim.lr_scheduler.MultiStepLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> lrs = []
    >>> for epoch in range(4):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.gamma ** self.milestones.get(epoch, 0)


class ExponentialLR(_Factors):
    """At each epoch the learning rates are multiplied by `gamma`.

    As `torch.optim.lr_scheduler.ExponentialLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return 1.0 if self._is_initial else self.gamma


class ConstantLR(_Factors):
    """The learning rates times `factor` until epoch `total_iters`, then as they were.

    ValueError if `factor` is not in (0, 1].  As `torch.optim.lr_scheduler.ConstantLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ConstantLR(optimizer, factor=0.25, total_iters=1)
    >>> scheduler.get_last_lr()
    [0.25]
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 < factor <= 1.0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        if epoch == 0:
            return self.factor
        return 1.0 / self.factor if epoch == self.total_iters else 1.0


class LinearLR(_Factors):
    """The learning rates times a factor that goes along a line.

    It is `start_factor` at first and `end_factor` from epoch `total_iters` on.  ValueError if `start_factor`
    is not in (0, 1] or `end_factor` not in [0, 1].
    As `torch.optim.lr_scheduler.LinearLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> lrs = []
    >>> for epoch in range(4):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1."
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        if epoch == 0:
            return self.start_factor
        if self._is_initial or epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (epoch - 1) * rise)


class PolynomialLR(_Factors):
    """The learning rates times `(1 - epoch / total_iters) ** power`, zero from epoch `total_iters` on.

    As `torch.optim.lr_scheduler.PolynomialLR`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5625]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        if self._is_initial or epoch > self.total_iters:
            return 1.0
        return ((1.0 - epoch / self.total_iters) / (1.0 - (epoch - 1) / self.total_iters)) ** self.power
