"""Schedules along half a cosine."""

from __future__ import annotations

import math

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """The learning rates fall to `eta_min` along half a cosine in `T_max` epochs, then rise again.

    Each rate follows from the last one, so that other schedules may change it too.  ValueError if `T_max` is
    not positive.  As `torch.optim.lr_scheduler.CosineAnnealingLR`; Loshchilov and Hutter, "SGDR" (2016).

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> lrs = []
    >>> for epoch in range(3):
    ...     lrs += [round(lr, 3) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max <= 0:
            raise ValueError(f"Expected positive T_max, but got {T_max}")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        lrs = self._group_lrs()
        if self._is_initial:
            return lrs
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # up from the bottom: no ratio there
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * rise for lr, base in zip(lrs, self.base_lrs, strict=True)]
        ratio = self._height(self.last_epoch) / self._height(self.last_epoch - 1)
        return [ratio * (lr - self.eta_min) + self.eta_min for lr in lrs]

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)


class CosineAnnealingWarmRestarts(LRScheduler):
    """The learning rates fall to `eta_min` along half a cosine in `T_0` epochs, then start anew.

    Each fall is `T_mult` times as long as the last.  `step(epoch)` goes to any epoch, also in between two:
    `step(epoch + i / batches)`.  ValueError if `T_0` or `T_mult` is no positive integer.
    As `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`; Loshchilov and Hutter, "SGDR" (2016).

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    >>> lrs = []
    >>> for epoch in range(4):
    ...     lrs += [round(lr, 3) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [1.0, 0.5, 1.0, 0.854]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (lr - self.eta_min) * height for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:  # type: ignore[override]
        """Set the learning rates of the next epoch, or of the given one; ValueError if that is negative."""
        if epoch is None:
            super().step()
            return
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        self._check_groups()
        self._step_count += 1
        self.T_i, self.T_cur = self._fall(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _advance(self) -> None:
        self.T_cur += 1
        if self.T_cur >= self.T_i:
            self.T_cur %= self.T_i
            self.T_i *= self.T_mult
        super()._advance()

    def _restart(self) -> None:
        self.T_i, self.T_cur = self.T_0, -1
        super()._restart()

    def _fall(self, epoch: float) -> tuple[int, float]:
        """How long the fall is in which an epoch lies, and how much of it has passed."""
        length, start = self.T_0, 0
        while epoch - start >= length:
            start += length
            length *= self.T_mult
        return length, epoch - start
