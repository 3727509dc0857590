"""Schedules that raise and lower the learning rates, and the momentum against them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from tapeless.optim.lr_scheduler.base import LRScheduler
from tapeless.optim.optimizer import Group, Optimizer

Numbers = float | Sequence[float]


def _each(name: str, optimizer: Optimizer, value: Numbers) -> list[float]:
    """One number for each parameter group."""
    count = len(optimizer.param_groups)
    if isinstance(value, Sequence):
        if len(value) != count:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups: {count}, not {len(value)}"
            )
        return list(value)
    return [value] * count


def _uses_beta1(optimizer: Optimizer) -> bool:
    """Whether momentum is the first of the betas."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    return "betas" in optimizer.defaults


def _set_momentum(group: Group, momentum: float, use_beta1: bool) -> None:
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _begin_momentum(optimizer: Optimizer, base: list[float], most: list[float], use_beta1: bool) -> None:
    for group, low, high in zip(optimizer.param_groups, base, most, strict=True):
        _set_momentum(group, high, use_beta1)
        group["max_momentum"] = high
        group["base_momentum"] = low


def _along_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def _along_line(start: float, end: float, part: float) -> float:
    return (end - start) * part + start


class OneCycleLR(LRScheduler):
    """One rise from `max_lr / div_factor` to `max_lr`, and a fall to that start over `final_div_factor`.

    There are `total_steps` steps, or `epochs * steps_per_epoch`; one more is refused with ValueError.  The
    rise takes the part `pct_start` of them; with `three_phase` the fall first takes as long as the rise, back
    to the start.  `anneal_strategy` is "cos" or "linear".  With `cycle_momentum` the momentum, or the first
    of the betas, goes from `max_momentum` to `base_momentum` and back.  `max_lr` and the momenta are numbers,
    or lists with one for each parameter group.  Call `step()` after every batch.

    ValueError for options that make no schedule.  As `torch.optim.lr_scheduler.OneCycleLR`; Smith and Topin,
    "Super-Convergence" (2017).

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.5, anneal_strategy="linear")
    >>> lrs = []
    >>> for step in range(4):
    ...     lrs += [round(lr, 3) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [0.04, 0.68, 0.8, 0.4]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Numbers,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Numbers = 0.85,
        max_momentum: Numbers = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = _uses_beta1(optimizer) if cycle_momentum else False
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, _each("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                low = _each("base_momentum", optimizer, base_momentum)
                high = _each("max_momentum", optimizer, max_momentum)
                _begin_momentum(optimizer, low, high, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}"
            )
        number = 0
        while number < len(self._schedule_phases) - 1 and step > self._schedule_phases[number]["end_step"]:
            number += 1
        phase = self._schedule_phases[number]
        start = self._schedule_phases[number - 1]["end_step"] if number else 0.0
        part = (step - start) / (phase["end_step"] - start)
        along = _along_cosine if self._anneal_func_type == "cos" else _along_line
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                momentum = along(group[phase["start_momentum"]], group[phase["end_momentum"]], part)
                _set_momentum(group, momentum, self.use_beta1)
        return [along(group[phase["start_lr"]], group[phase["end_lr"]], part) for group in groups]


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        if total_steps <= 0 or not isinstance(total_steps, int):
            raise ValueError(f"Expected positive integer total_steps, but got {total_steps}")
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in (("epochs", epochs), ("steps_per_epoch", steps_per_epoch)):
        if value <= 0 or not isinstance(value, int):
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return epochs * steps_per_epoch


def _phases(total: int, part: float, three: bool) -> list[dict[str, Any]]:
    """Rise and fall, or rise, fall and vanish; lrs and momenta by their names in the parameter groups."""
    ends = [part * total - 1, 2 * part * total - 2, total - 1] if three else [part * total - 1, total - 1]
    lrs = ["initial_lr", "max_lr", "initial_lr", "min_lr"] if three else ["initial_lr", "max_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
    return [
        {
            "end_step": float(end) if end is not ends[-1] else end,
            "start_lr": lrs[number],
            "end_lr": lrs[number + 1],
            "start_momentum": momenta[number],
            "end_momentum": momenta[number + 1],
        }
        for number, end in enumerate(ends)
    ]


class CyclicLR(LRScheduler):
    """The learning rates go from `base_lr` to `max_lr` in `step_size_up` steps and back in `step_size_down`.

    In mode "triangular" for ever; in "triangular2" the height is halved with each cycle, in "exp_range" it is
    `gamma ** step`; `scale_fn` gives it otherwise, a function of the cycle's number (1 at first) or, with
    `scale_mode="iterations"`, of the step.  With `cycle_momentum` the momentum, or the first of the betas,
    goes from `max_momentum` to `base_momentum` and back.  `base_lr`, `max_lr` and the momenta are numbers, or
    lists with one for each parameter group.  Call `step()` after every batch.

    ValueError for an unknown mode.  As `torch.optim.lr_scheduler.CyclicLR`; Smith (2015).

    >>> import tapeless as tl
    >>> optimizer = tl.optim.SGD([tl.zeros(1, requires_grad=True)], momentum=0.9)
    >>> scheduler = CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2, mode="triangular2")
    >>> lrs = []
    >>> for step in range(7):
    ...     lrs += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> lrs
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Numbers,
        max_lr: Numbers,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Numbers = 0.8,
        max_momentum: Numbers = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"mode is invalid and scale_fn is None: {mode!r} is not 'triangular', 'triangular2' or "
                "'exp_range'"
            )
        base_lrs = _each("base_lr", optimizer, base_lr)
        self.max_lrs = _each("max_lr", optimizer, max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = "iterations" if mode == "exp_range" and scale_fn is None else scale_mode
        self.cycle_momentum = cycle_momentum
        self.use_beta1 = _uses_beta1(optimizer) if cycle_momentum else False
        if cycle_momentum:
            self.base_momentums = _each("base_momentum", optimizer, base_momentum)
            self.max_momentums = _each("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = group["initial_lr"] = lr
            if cycle_momentum:
                _begin_momentum(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self._scale(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in momenta:
                _set_momentum(group, high - (high - low) * height, self.use_beta1)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def _scale(self, number: int) -> float:
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(number)
        if self.mode == "triangular":
            return 1.0
        return 1 / 2.0 ** (number - 1) if self.mode == "triangular2" else self.gamma**number

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule knows but for its optimiser, and for `scale_fn` if that is a function."""
        custom = self._scale_fn_custom
        kept = None if custom is None or isinstance(custom, FunctionType) else dict(vars(custom))
        return {**super().state_dict(), "_scale_fn_custom": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the schedule of that state dict stood, with this one's scale_fn."""
        custom = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = custom
        if state_dict["_scale_fn_custom"] is not None:
            vars(custom).update(state_dict["_scale_fn_custom"])
