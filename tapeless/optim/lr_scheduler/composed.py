"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.lr_scheduler.plateau import ReduceLROnPlateau
from tapeless.optim.optimizer import Optimizer


class _Composed(LRScheduler):
    """`_schedulers` of one optimiser."""

    def _compose(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        for index, one in enumerate(schedulers):
            if not isinstance(one, LRScheduler):
                raise TypeError(
                    f"{name} is made of schedulers, but got {type(one).__name__} at index {index}"
                )
            if isinstance(one, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs "
                    f"to be specified when calling `step`, but got one at index {index} in the given "
                    "schedulers sequence."
                )
            optimizer = one.optimizer if optimizer is None else optimizer
            if one.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(one).__name__} at index {index} with another one"
                )
        self._attach(schedulers[0].optimizer)
        self._schedulers = list(schedulers)

    def state_dict(self) -> dict[str, Any]:
        """The state dicts of all schedules, and which one is at work."""
        return {**super().state_dict(), "_schedulers": [one.state_dict() for one in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the schedules of that state dict stood."""
        schedulers = self._schedulers
        super().load_state_dict(state_dict)
        self._schedulers = schedulers
        for one, kept in zip(schedulers, state_dict["_schedulers"], strict=True):
            one.load_state_dict(kept)


class SequentialLR(_Composed):
    """One schedule after the other: the next begins, at its epoch 0, at each of the epochs `milestones`.

    ValueError if there is not one milestone less than schedules, if they are of several optimisers, or if one
    is a ReduceLROnPlateau or made of others.  As `torch.optim.lr_scheduler.SequentialLR`.

    >>> import tapeless as tl
    >>> from tapeless.optim.lr_scheduler import ExponentialLR, LinearLR
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> warm = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warm, ExponentialLR(optimizer, 0.5)], milestones=[2])
    >>> lrs = []
    >>> for epoch in range(5):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if not schedulers:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number "
                f"of milestone points, but got number of schedulers {len(schedulers)} and the number of "
                f"milestones to be equal to {len(milestones)}"
            )
        self._compose(schedulers, optimizer)
        for index, one in enumerate(schedulers):
            if isinstance(one, _Composed):
                raise ValueError(
                    f"SequentialLR is made of single schedules, but got {type(one).__name__} at index "
                    f"{index}: list its parts with milestones of their own"
                )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:  # each schedule has set its first rates when it was made
            group["lr"] = group["initial_lr"]
        for one in schedulers:
            one.last_epoch -= 1
        schedulers[0]._begin()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        number = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[number]
        if number > 0 and self._milestones[number - 1] == self.last_epoch:
            scheduler._restart()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedules at once, each of which changes what the ones before it have set.

    Meant for schedules that multiply the last rates (StepLR, ExponentialLR, ConstantLR...).  ValueError if
    there is none, or if they are of several optimisers.  As `torch.optim.lr_scheduler.ChainedScheduler`.

    >>> import tapeless as tl
    >>> from tapeless.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.5, 2), ExponentialLR(optimizer, 0.5)])
    >>> lrs = []
    >>> for epoch in range(4):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError(
                "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler."
            )
        self._compose(schedulers, optimizer)
        self._last_lr = self._group_lrs()

    def step(self) -> None:
        """Let each schedule set the learning rates of the next epoch."""
        for one in self._schedulers:
            one.step()
        self._last_lr = self._group_lrs()
