"""What all schedules share: epochs, the rates of the last one, saving and loading."""

from __future__ import annotations

import warnings
from typing import Any

from tapeless.optim.optimizer import Optimizer

TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
    "`optimizer.step()` first, or no step is ever made with the schedule's first learning rate."
)
NO_INITIAL = (
    "param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with last_epoch >= 0: "
    "load the optimizer's state dict first, or leave last_epoch at -1 and load the scheduler's state dict"
)


class LRScheduler:
    """Sets the `lr` of every parameter group, anew at each `step()`; the base of all schedules.

    Making a schedule sets the learning rates of epoch 0; what the rates were before is kept in the groups as
    `initial_lr` and here as `base_lrs`.  `last_epoch` resumes a schedule in the middle.  A subclass defines
    `get_lr()`, which gives the rates of epoch `self.last_epoch`, one for each group.

    TypeError if `optimizer` is none; KeyError if `last_epoch` is given and the groups have no `initial_lr`.
    As `torch.optim.lr_scheduler.LRScheduler`, whose state dicts these are.

    >>> import tapeless as tl
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=8.0)
    >>> scheduler = Halving(optimizer)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [1.0]
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(NO_INITIAL.format(number))
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _attach(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        self._steps_before = optimizer._steps

    def _begin(self) -> None:
        """Go to the first epoch."""
        self._step_count = 1
        self._is_initial = True
        self._advance()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """The learning rates of epoch `last_epoch`, given those of the epoch before in the groups."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr")

    def get_last_lr(self) -> list[float]:
        """The learning rates that this schedule has set last, one for each group."""
        return self._last_lr

    def step(self) -> None:
        """Set the learning rates of the next epoch; UserWarning if `optimizer.step()` was never called."""
        if self._step_count == 1 and self.optimizer._steps == self._steps_before:
            warnings.warn(TOO_EARLY, UserWarning, stacklevel=2)
        self._step_count += 1
        self._advance()

    def _advance(self) -> None:
        self._check_groups()
        self.last_epoch += 1
        self._set(self.get_lr())

    def _restart(self) -> None:
        """Set the rates of epoch 0 in the middle of training, as the next part of a sequence."""
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr
        self.last_epoch = -1
        self._is_initial = True
        self._advance()
        self._is_initial = False

    def _check_groups(self) -> None:
        self._check_count(len(self.base_lrs))

    def _check_count(self, made_for: int) -> None:
        count = len(self.optimizer.param_groups)
        if made_for != count:
            raise ValueError(
                f"the schedule was made for {made_for} parameter groups, the optimizer has {count}: make "
                "schedules after add_param_group"
            )

    def _set(self, lrs: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = lrs

    def _group_lrs(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule knows, but for its optimiser."""
        return {
            name: value for name, value in self.__dict__.items() if name not in ("optimizer", "_steps_before")
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the schedule of that state dict stood.

        The learning rates are in the optimiser's state dict: load that too.  ValueError, which names what is
        missing, if it is the state dict of another kind of schedule.
        """
        missing = [name for name in self.state_dict() if name not in state_dict]
        if missing:
            raise ValueError(
                f"the state dict of a {type(self).__name__} has {missing}, the loaded one lacks them"
            )
        self.__dict__.update(state_dict)
