"""What the optimisers and schedules are run on; make_reference.py runs PyTorch on the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Optimisers: a quadratic bowl that somebody shakes ----------------------------------------------------------

STEPS = 100
SHOWN = (0, 1, 2, 24, 99)
STARTS = ([[1.0, -2.0, 0.5], [0.25, 3.0, -1.5]], [0.0, -0.75])
TARGETS = ([[0.3, 0.1, -0.2], [1.0, -1.0, 0.0]], [0.5, 0.25])
CURVATURES = ([[1.0, 0.1, 3.0], [0.5, 2.0, 0.01]], [1.0, 4.0])


def gradients(params: Sequence[np.ndarray], step: int) -> list[np.ndarray]:
    """The gradient of 1/2 curvature * (p - target)², and a wave."""
    found = []
    for p, target, curvature in zip(params, TARGETS, CURVATURES, strict=True):
        wave = 0.3 * np.sin(0.7 * step + np.arange(p.size).reshape(p.shape))
        found.append(np.asarray(curvature) * (np.asarray(p, dtype=float) - target) + wave)
    return found


@dataclass(frozen=True)
class OptimiserCase:
    optimizer: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.optimizer}({', '.join(f'{key}={value}' for key, value in self.options.items())})"


def _cases(optimizer: str, *options: dict[str, Any]) -> list[OptimiserCase]:
    return [OptimiserCase(optimizer, one) for one in options]


OPTIMISERS = [
    *_cases(
        "SGD",
        {},
        {"lr": 0.05},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.1},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        {"lr": 0.05, "weight_decay": 0.1},
        {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
        {"lr": 0.001, "maximize": True},
        {"lr": 0.001, "momentum": 0.5, "dampening": 0.3, "weight_decay": 0.2, "maximize": True},
    ),
    *_cases(
        "Adam",
        {},
        {"lr": 0.1},
        {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-6},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "amsgrad": True},
        {"lr": 0.1, "maximize": True},
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True, "maximize": True},
    ),
    *_cases(
        "AdamW",
        {},
        {"lr": 0.1, "weight_decay": 0.2},
        {"lr": 0.1, "weight_decay": 0},
        {"lr": 0.1, "amsgrad": True, "maximize": True, "betas": (0.5, 0.7)},
    ),
    *_cases(
        "RMSprop",
        {},
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.5},
        {"lr": 0.1, "centered": True, "alpha": 0.9},
        {"lr": 0.1, "alpha": 0.9, "weight_decay": 0.1, "eps": 1e-4},
        {"lr": 0.02, "momentum": 0.9, "centered": True, "weight_decay": 0.01, "maximize": True},
    ),
    *_cases(
        "Adagrad",
        {},
        {"lr": 0.5},
        {"lr": 0.5, "lr_decay": 0.1},
        {"lr": 0.5, "initial_accumulator_value": 0.3, "eps": 1e-3},
        {"lr": 0.5, "weight_decay": 0.1, "maximize": True},
    ),
    *_cases(
        "Adadelta",
        {},
        {"lr": 0.5, "rho": 0.7},
        {"eps": 1e-3},
        {"weight_decay": 0.1, "maximize": True},
    ),
]

# LBFGS: a curved valley, and a rippled bowl ----------------------------------------------------------------

LBFGS_STEPS = 3
VALLEY_STARTS = ([-1.2, 1.0, 0.5], [0.3])


def valley(np: Any, x: Any, y: Any) -> Any:
    """Rosenbrock's function of the four numbers: for Tensors of either library, `np`."""
    first = 100 * ((x[1:] - x[:-1] ** 2) ** 2).sum() + ((1 - x[:-1]) ** 2).sum()
    return first + ((100 * (y - x[2:] ** 2) ** 2) + (1 - x[2:]) ** 2).sum()


def ripples(np: Any, x: Any, y: Any) -> Any:
    """Many shallow valleys on the way down: line searches go wrong in them."""
    return (0.1 * x**2).sum() + (0.3 * y**2).sum() + np.sin(3 * x).sum() + (np.cos(5 * y) * x[0]).sum()


def saturated(np: Any, x: Any, y: Any) -> Any:
    """Steep near the bottom and almost flat far from it: line searches have far to go."""
    return (x**2 / (1 + x**2)).sum() + 3 * (np.exp(-((y - 2) ** 2)) * -1).sum()


@dataclass(frozen=True)
class LbfgsCase:
    function: Callable[..., Any]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return (
            f"{self.function.__name__}: {', '.join(f'{key}={value}' for key, value in self.options.items())}"
        )

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Which ripple a search ends in may depend on the last bit of a float32."""
        return ("float64",) if self.function is ripples else ("float64", "float32")


_WOLFE = {"line_search_fn": "strong_wolfe"}
LBFGS = [
    LbfgsCase(valley, {"lr": 0.01}),
    LbfgsCase(valley, {"lr": 0.01, "history_size": 3, "max_iter": 15}),
    LbfgsCase(valley, {"lr": 0.01, "tolerance_grad": 5.0, "tolerance_change": 1e-4}),
    LbfgsCase(valley, {"lr": 1e-4, "tolerance_change": 0.02}),
    LbfgsCase(valley, {"lr": 1e-4, "tolerance_change": 1e-4, "max_iter": 3}),
    *[
        LbfgsCase(function, {**_WOLFE, **options})
        for function in (valley, ripples, saturated)
        for options in (
            {"max_iter": 4},
            {"max_iter": 10, "history_size": 4},
            {"lr": 30.0, "max_iter": 5, "max_eval": 60},
            {"lr": 1e-3, "max_iter": 3, "max_eval": 60},
            {"max_iter": 10, "max_eval": 4},
            {"lr": 3.0, "max_iter": 20, "max_eval": 100, "tolerance_change": 1e-3},
        )
    ],
]

# Schedules -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScheduleCase:
    """`make(lr_scheduler, optimizer)`: the schedule; `arguments(epoch)` is what its `step` is given."""

    name: str
    make: Callable[[Any, Any], Any]
    epochs: int = 30
    optimizer: str = "SGD"
    options: dict[str, Any] = field(default_factory=lambda: {"lr": 0.1})
    groups: tuple[dict[str, Any], ...] = ({}, {"lr": 0.5})
    arguments: Callable[[int], tuple[Any, ...]] = lambda epoch: ()


def shown(optimizer: Any) -> list[float]:
    """What schedules change, of every group."""
    rows = [
        [group["lr"], group.get("momentum", 0.0), *group.get("betas", ())] for group in optimizer.param_groups
    ]
    return [float(number) for row in rows for number in row]


def _plateau(epoch: int) -> tuple[float, ...]:
    """A loss that falls, stays, falls again and stays."""
    losses = [1.0, 0.8, 0.7, 0.7, 0.69999, 0.71, 0.7, 0.72, 0.5, 0.49, 0.49, 0.495]
    return (losses[epoch] if epoch < len(losses) else 0.49,)


def _rising(epoch: int) -> tuple[float, ...]:
    return (1.0 - _plateau(epoch)[0],)


def _halved(epoch: int) -> float:
    return 0.5 if epoch % 3 == 1 else 1.0


_MIDWAY = ({"lr": 0.05, "initial_lr": 0.1}, {"lr": 0.2, "initial_lr": 0.5})
_MOMENTUM = {"lr": 0.1, "momentum": 0.9}
SCHEDULES = [
    ScheduleCase("StepLR", lambda s, o: s.StepLR(o, step_size=3, gamma=0.5)),
    ScheduleCase("MultiStepLR", lambda s, o: s.MultiStepLR(o, milestones=[2, 5, 5, 11], gamma=0.3)),
    ScheduleCase("ExponentialLR", lambda s, o: s.ExponentialLR(o, gamma=0.9)),
    ScheduleCase("ConstantLR", lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=4)),
    ScheduleCase("LinearLR", lambda s, o: s.LinearLR(o)),
    ScheduleCase(
        "LinearLR down", lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=7)
    ),
    ScheduleCase("PolynomialLR", lambda s, o: s.PolynomialLR(o, total_iters=9, power=2.0)),
    ScheduleCase("LambdaLR", lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch)),
    ScheduleCase("LambdaLR, two", lambda s, o: s.LambdaLR(o, [lambda e: 1 / (1 + e), lambda e: 1 + e])),
    ScheduleCase("MultiplicativeLR", lambda s, o: s.MultiplicativeLR(o, lambda e: 0.9 if e % 2 else 1.05)),
    ScheduleCase("CosineAnnealingLR", lambda s, o: s.CosineAnnealingLR(o, T_max=7)),
    ScheduleCase("CosineAnnealingLR, eta_min", lambda s, o: s.CosineAnnealingLR(o, T_max=10, eta_min=0.02)),
    ScheduleCase("CosineAnnealingWarmRestarts", lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=5)),
    ScheduleCase(
        "CosineAnnealingWarmRestarts, longer",
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.01),
    ),
    ScheduleCase(
        "CosineAnnealingWarmRestarts, fractions",
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2),
        arguments=lambda epoch: ((epoch + 1) * 0.7,),
    ),
    ScheduleCase(
        "OneCycleLR", lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=30), epochs=29, options=_MOMENTUM
    ),
    ScheduleCase(
        "OneCycleLR, three phases",
        lambda s, o: s.OneCycleLR(
            o,
            max_lr=[0.5, 0.2],
            epochs=5,
            steps_per_epoch=6,
            pct_start=0.4,
            anneal_strategy="linear",
            three_phase=True,
            div_factor=10.0,
            final_div_factor=100.0,
        ),
        epochs=29,
        options=_MOMENTUM,
    ),
    ScheduleCase(
        "OneCycleLR, Adam",
        lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=20, base_momentum=0.8),
        epochs=19,
        optimizer="Adam",
    ),
    ScheduleCase(
        "CyclicLR", lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=4), options=_MOMENTUM
    ),
    ScheduleCase(
        "CyclicLR, triangular2",
        lambda s, o: s.CyclicLR(
            o, base_lr=0.01, max_lr=[0.1, 0.3], step_size_up=4, step_size_down=2, mode="triangular2"
        ),
        options=_MOMENTUM,
    ),
    ScheduleCase(
        "CyclicLR, exp_range",
        lambda s, o: s.CyclicLR(
            o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="exp_range", gamma=0.9, cycle_momentum=False
        ),
    ),
    ScheduleCase(
        "CyclicLR, own scale",
        lambda s, o: s.CyclicLR(
            o, 0.01, 0.1, step_size_up=3, scale_fn=lambda x: 0.5**x, scale_mode="iterations"
        ),
        options=_MOMENTUM,
    ),
    ScheduleCase(
        "ReduceLROnPlateau", lambda s, o: s.ReduceLROnPlateau(o, factor=0.5, patience=2), arguments=_plateau
    ),
    ScheduleCase(
        "ReduceLROnPlateau, max",
        lambda s, o: s.ReduceLROnPlateau(
            o,
            mode="max",
            factor=0.3,
            patience=1,
            threshold=0.05,
            threshold_mode="abs",
            cooldown=2,
            min_lr=[0.02, 0],
        ),
        arguments=_rising,
    ),
    ScheduleCase(
        "ReduceLROnPlateau, min abs",
        lambda s, o: s.ReduceLROnPlateau(o, patience=0, threshold_mode="abs", eps=1e-3),
        arguments=_plateau,
    ),
    ScheduleCase(
        "ReduceLROnPlateau, max rel",
        lambda s, o: s.ReduceLROnPlateau(o, mode="max", patience=1),
        arguments=_rising,
    ),
    ScheduleCase(
        "SequentialLR",
        lambda s, o: s.SequentialLR(
            o,
            [s.LinearLR(o, 0.1, total_iters=5), s.ExponentialLR(o, 0.9), s.StepLR(o, 2, 0.5)],
            milestones=[5, 12],
        ),
    ),
    ScheduleCase(
        "SequentialLR of cosine",
        lambda s, o: s.SequentialLR(
            o, [s.ConstantLR(o, 0.1, total_iters=3), s.CosineAnnealingLR(o, T_max=20)], milestones=[3]
        ),
    ),
    ScheduleCase(
        "SequentialLR of restarts",
        lambda s, o: s.SequentialLR(
            o,
            [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 4), s.MultiplicativeLR(o, _halved)],
            milestones=[3, 20],
        ),
    ),
    *[
        ScheduleCase(f"resumed {name}", make, epochs=12, groups=_MIDWAY)
        for name, make in (
            ("StepLR", lambda s, o: s.StepLR(o, 3, last_epoch=2)),
            ("MultiStepLR", lambda s, o: s.MultiStepLR(o, [3, 5], last_epoch=2)),
            ("ExponentialLR", lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=2)),
            ("ConstantLR", lambda s, o: s.ConstantLR(o, last_epoch=2)),
            ("LinearLR", lambda s, o: s.LinearLR(o, last_epoch=2)),
            ("PolynomialLR", lambda s, o: s.PolynomialLR(o, last_epoch=2)),
            ("LambdaLR", lambda s, o: s.LambdaLR(o, _halved, last_epoch=2)),
            ("MultiplicativeLR", lambda s, o: s.MultiplicativeLR(o, _halved, last_epoch=2)),
            ("CosineAnnealingLR", lambda s, o: s.CosineAnnealingLR(o, 5, last_epoch=2)),
            ("CosineAnnealingWarmRestarts", lambda s, o: s.CosineAnnealingWarmRestarts(o, 7, last_epoch=2)),
        )
    ],
    ScheduleCase(
        "ChainedScheduler",
        lambda s, o: s.ChainedScheduler(
            [s.ConstantLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.9)], optimizer=o
        ),
    ),
]
