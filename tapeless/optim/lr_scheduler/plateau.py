"""A schedule that looks at how training goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The learning rates are multiplied by `factor` when `step(metric)` has seen no progress for a while.

    Progress is a metric less than the best so far (`mode="min"`; greater with "max") by more than
    `threshold`, as a part of the best ("rel") or as such ("abs"); nan is none.  After more than `patience`
    calls without progress the rates are lowered, to `min_lr` at least (a number, or a list with one for each
    parameter group), unless that were by `eps` or less; then `cooldown` calls do not count.

    ValueError for an unknown mode and for a factor that does not lower.
    As `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> lrs = []
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 2.0]:
    ...     optimizer.step()
    ...     scheduler.step(loss)
    ...     lrs += scheduler.get_last_lr()
    >>> lrs
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self._attach(optimizer)
        count = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, Sequence) else [min_lr] * count
        if len(self.min_lrs) != count:
            raise ValueError(f"expected {count} min_lrs, got {len(self.min_lrs)}")
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.last_epoch = 0
        self._last_lr = self._group_lrs()
        self._reset()

    def _reset(self) -> None:
        """Forget the metrics."""
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Note how training goes: `metrics` is a number, or a Tensor of one element."""
        current = float(metrics)
        self.last_epoch += 1
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        lrs = self._group_lrs()
        if self.num_bad_epochs > self.patience:
            self._check_count(len(self.min_lrs))
            lrs = [self._lowered(lr, least) for lr, least in zip(lrs, self.min_lrs, strict=True)]
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._set(lrs)

    def _is_better(self, current: float) -> bool:
        if self.threshold_mode == "rel":
            part = 1.0 - self.threshold if self.mode == "min" else 1.0 + self.threshold
            limit = self.best * part
        else:
            limit = self.best - self.threshold if self.mode == "min" else self.best + self.threshold
        return current < limit if self.mode == "min" else current > limit

    def _lowered(self, lr: float, least: float) -> float:
        lower = max(lr * self.factor, least)
        return lower if lr - lower > self.eps else lr
