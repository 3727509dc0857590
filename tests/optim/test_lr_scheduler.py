"""Schedules: resumed, misused, saved; what rates they set is in test_reference_runs.py."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from typing import Any

import pytest

import tapeless as tl
from tapeless import optim
from tapeless.optim import lr_scheduler as schedules
from tests.optim import problems

SCHEDULES = [case for case in problems.SCHEDULES if case.name != "LambdaLR, two"]
cases = pytest.mark.parametrize("case", SCHEDULES, ids=[case.name for case in SCHEDULES])


def sgd(lr: float = 0.1, **options: Any) -> Any:
    return optim.SGD([tl.zeros(1, requires_grad=True)], lr=lr, **options)


def made(case: problems.ScheduleCase) -> tuple[Any, Any]:
    groups = [{"params": [tl.zeros(1, requires_grad=True)], **group} for group in case.groups]
    optimizer = getattr(optim, case.optimizer)(groups, **case.options)
    return optimizer, case.make(schedules, optimizer)


def walk(
    case: problems.ScheduleCase, optimizer: Any, scheduler: Any, start: int, end: int
) -> list[list[float]]:
    rows = []
    for epoch in range(start, end):
        optimizer.step()
        scheduler.step(*case.arguments(epoch))
        rows.append(problems.shown(optimizer))
    return rows


@cases
def test_a_schedule_that_is_resumed_goes_on_as_if_never_stopped(case: problems.ScheduleCase):
    optimizer, scheduler = made(case)
    walk(case, optimizer, scheduler, 0, 7)
    stored = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    expected = walk(case, optimizer, scheduler, 7, 15)

    optimizer, scheduler = made(case)
    optimizer.load_state_dict(stored[0])
    scheduler.load_state_dict(stored[1])

    assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    assert walk(case, optimizer, scheduler, 7, 15) == expected


@cases
def test_optimisers_are_copied_with_their_schedules(case: problems.ScheduleCase):
    optimizer, scheduler = made(case)
    walk(case, optimizer, scheduler, 0, 4)
    other, again = copy.deepcopy((optimizer, scheduler))

    assert again.optimizer is other
    assert walk(case, other, again, 4, 9) == walk(case, optimizer, scheduler, 4, 9)


def test_schedules_are_pickled_with_their_optimisers():
    optimizer = sgd()
    scheduler = schedules.StepLR(optimizer, 2)
    other, again = pickle.loads(pickle.dumps((optimizer, scheduler)))
    for _ in range(2):
        other.step()
        again.step()

    assert again.get_last_lr() == [pytest.approx(0.01)]
    assert other.param_groups[0]["lr"] == pytest.approx(0.01)
    assert optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(
    "make",
    [
        lambda o, k: schedules.StepLR(o, 3, last_epoch=k),
        lambda o, k: schedules.MultiStepLR(o, [2, 4], last_epoch=k),
        lambda o, k: schedules.LambdaLR(o, lambda e: 1 / (1 + e), last_epoch=k),
        lambda o, k: schedules.OneCycleLR(o, 1.0, 20, last_epoch=k),
        lambda o, k: schedules.CyclicLR(o, 0.1, 1.0, 3, last_epoch=k),
        lambda o, k: schedules.CosineAnnealingWarmRestarts(o, 7, last_epoch=k),
    ],
)
def test_last_epoch_begins_in_the_middle(make: Any):
    optimizer = sgd(momentum=0.9)
    scheduler = make(optimizer, -1)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    stored = copy.deepcopy(optimizer.state_dict())
    optimizer.step()
    scheduler.step()

    other = sgd(momentum=0.9)
    other.load_state_dict(stored)
    again = make(other, 5)

    assert again.last_epoch == scheduler.last_epoch == 6
    assert again.get_last_lr() == scheduler.get_last_lr()


def test_last_epoch_needs_the_first_rates():
    with pytest.raises(
        KeyError, match=r"param 'initial_lr' is not specified in param_groups\[0\] when resuming"
    ):
        schedules.StepLR(sgd(), 3, last_epoch=4)


# Order -----------------------------------------------------------------------------------------------------


def test_a_schedule_before_its_optimiser_is_warned_of_once():
    optimizer = sgd()
    scheduler = schedules.StepLR(optimizer, 3)
    with pytest.warns(
        UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"
    ):
        scheduler.step()
    scheduler.step()


def test_sequences_and_chains_warn_too():
    for make in (
        lambda o: schedules.SequentialLR(o, [schedules.ConstantLR(o), schedules.StepLR(o, 2)], [2]),
        lambda o: schedules.ChainedScheduler([schedules.ConstantLR(o)]),
        lambda o: schedules.CosineAnnealingWarmRestarts(o, 2),
    ):
        scheduler = make(sgd())
        with pytest.warns(UserWarning, match="Detected call of"):
            scheduler.step()


def test_the_right_order_is_not_warned_of():
    class Still(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 1.0})

        def step(self, closure: Any = None) -> None:
            """Nothing."""

    for optimizer in (
        sgd(),
        optim.Adam([tl.zeros(1, requires_grad=True)]),
        Still([tl.zeros(1, requires_grad=True)]),
    ):
        scheduler = schedules.StepLR(optimizer, 3)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            optimizer.step()
            scheduler.step()


# Rates -----------------------------------------------------------------------------------------------------


def test_optimisers_move_by_the_scheduled_rates():
    w = tl.tensor([0.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    w.grad = tl.tensor([1.0])
    seen = []
    for _ in range(3):
        optimizer.step()
        scheduler.step()
        seen.append(w.item())

    assert seen == [-1.0, -1.5, -1.75]


def test_groups_keep_their_ratio():
    a, b = tl.zeros(1, requires_grad=True), tl.zeros(1, requires_grad=True)
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 3.0}], lr=1.0)
    scheduler = schedules.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()
    scheduler.step()

    assert scheduler.get_last_lr() == [0.5, 1.5]
    assert [group["initial_lr"] for group in optimizer.param_groups] == [1.0, 3.0]


def test_a_plateau_takes_tensors_and_counts_nan_as_no_progress():
    optimizer = sgd(1.0)
    scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for metric in (tl.tensor(1.0, requires_grad=True), math.nan, math.nan):
        scheduler.step(metric)

    assert scheduler.get_last_lr() == [0.5]
    assert scheduler.best == 1.0


def test_one_cycle_ends_with_its_steps():
    optimizer = sgd(momentum=0.9)
    scheduler = schedules.OneCycleLR(optimizer, max_lr=1.0, total_steps=3)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 4 times. The specified number of total steps is 3"):
        scheduler.step()


def test_a_group_that_is_added_later_is_multiplied_too_or_refused():
    optimizer = sgd(1.0)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    fixed = [
        schedules.LambdaLR(optimizer, lambda epoch: 1.0),
        schedules.CosineAnnealingLR(optimizer, 4),
        schedules.CosineAnnealingWarmRestarts(optimizer, 4),
    ]
    optimizer.add_param_group({"params": [tl.zeros(1, requires_grad=True)], "lr": 3.0})
    optimizer.step()
    scheduler.step()

    assert scheduler.get_last_lr() == [0.5, 1.5]
    for one in fixed:
        with pytest.raises(
            ValueError, match="the schedule was made for 1 parameter groups, the optimizer has 2"
        ):
            one.step()


def test_schedules_may_be_objects_whose_attributes_are_saved():
    class Warm:
        def __init__(self, length: int) -> None:
            self.length = length

        def __call__(self, epoch: int) -> float:
            return min(1.0, (1 + epoch) / self.length)

    scheduler = schedules.LambdaLR(sgd(), Warm(4))
    stored = scheduler.state_dict()
    other = schedules.LambdaLR(sgd(), Warm(100))
    other.load_state_dict(stored)

    assert stored["lr_lambdas"] == [{"length": 4}]
    assert other.lr_lambdas[0].length == 4


def test_state_dicts_have_torch_s_form():
    stored = schedules.StepLR(sgd(), 3).state_dict()

    assert stored == {
        "step_size": 3,
        "gamma": 0.1,
        "base_lrs": [0.1],
        "last_epoch": 0,
        "_step_count": 1,
        "_is_initial": False,
        "_last_lr": [0.1],
    }


two = optim.SGD(
    [{"params": [tl.zeros(1, requires_grad=True)]}, {"params": [tl.zeros(1, requires_grad=True)]}]
)
REFUSALS = [
    (lambda: schedules.StepLR(3, 3), TypeError, "int is not an Optimizer"),  # type: ignore[arg-type]
    (lambda: schedules.StepLR(sgd(), 0), ValueError, "Expected positive step_size, but got 0"),
    (lambda: schedules.CosineAnnealingLR(sgd(), 0), ValueError, "Expected positive T_max, but got 0"),
    (lambda: schedules.LambdaLR(two, [lambda e: 1.0]), ValueError, "Expected 2 lr_lambdas, but got 1"),
    (lambda: schedules.ConstantLR(sgd(), factor=2), ValueError, "expected to be between 0 and 1"),
    (
        lambda: schedules.LinearLR(sgd(), start_factor=0),
        ValueError,
        "Starting multiplicative factor expected to be",
    ),
    (
        lambda: schedules.LinearLR(sgd(), end_factor=2),
        ValueError,
        "Ending multiplicative factor expected to be",
    ),
    (lambda: schedules.OneCycleLR(sgd(), 0.1), ValueError, "You must define either total_steps OR"),
    (
        lambda: schedules.OneCycleLR(sgd(), 0.1, -1),
        ValueError,
        "Expected positive integer total_steps, but got -1",
    ),
    (
        lambda: schedules.OneCycleLR(sgd(), 0.1, epochs=2, steps_per_epoch=0),
        ValueError,
        "integer steps_per_epoch",
    ),
    (
        lambda: schedules.OneCycleLR(sgd(), 0.1, 9, pct_start=2),
        ValueError,
        "between 0 and 1 pct_start, but got 2",
    ),
    (
        lambda: schedules.OneCycleLR(sgd(), 0.1, 9, anneal_strategy="x"),
        ValueError,
        "must be one of 'cos' or 'linear'",
    ),
    (lambda: schedules.OneCycleLR(sgd(), [0.1, 0.2], 9), ValueError, "max_lr must have the same length"),
    (
        lambda: schedules.OneCycleLR(optim.Adagrad([tl.zeros(1, requires_grad=True)]), 0.1, 9),
        ValueError,
        "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
    ),
    (
        lambda: schedules.CyclicLR(sgd(), 0.1, 0.2, mode="x"),
        ValueError,
        "mode is invalid and scale_fn is None: 'x'",
    ),
    (
        lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 0),
        ValueError,
        "Expected positive integer T_0, but got 0",
    ),
    (
        lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 3, 0),
        ValueError,
        "Expected integer T_mult >= 1, but got",
    ),
    (
        lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 3).step(-1),
        ValueError,
        "Expected non-negative epoch, but got -1",
    ),
    (lambda: schedules.ReduceLROnPlateau(sgd(), factor=1.0), ValueError, "Factor should be < 1.0."),
    (lambda: schedules.ReduceLROnPlateau(sgd(), mode="x"), ValueError, "mode x is unknown!"),
    (
        lambda: schedules.ReduceLROnPlateau(sgd(), threshold_mode="x"),
        ValueError,
        "threshold mode x is unknown!",
    ),
    (lambda: schedules.ReduceLROnPlateau(sgd(), min_lr=[0, 1]), ValueError, "expected 1 min_lrs, got 2"),
    (lambda: schedules.ReduceLROnPlateau(sgd()).step(), TypeError, "metrics"),  # type: ignore[call-arg]
    (
        lambda: schedules.SequentialLR(two, [], []),
        ValueError,
        "expects at least one scheduler, but got no scheduler",
    ),
    (
        lambda: schedules.SequentialLR(two, [schedules.StepLR(two, 2)], [3]),
        ValueError,
        "one more than the number of milestone points, but got number of schedulers 1",
    ),
    (
        lambda: schedules.SequentialLR(two, [schedules.StepLR(two, 2), schedules.StepLR(sgd(), 2)], [3]),
        ValueError,
        "belong to the same optimizer, but got scheduler StepLR at index 1",
    ),
    (
        lambda: schedules.SequentialLR(two, [schedules.ReduceLROnPlateau(two)], []),
        ValueError,
        "SequentialLR does not support `ReduceLROnPlateau` scheduler",
    ),
    (
        lambda: schedules.SequentialLR(two, [schedules.ChainedScheduler([schedules.StepLR(two, 2)])], []),
        ValueError,
        "SequentialLR is made of single schedules, but got ChainedScheduler at index 0",
    ),
    (lambda: schedules.ChainedScheduler([]), ValueError, "at least one scheduler to be chained"),
    (lambda: schedules.ChainedScheduler([two]), TypeError, "is made of schedulers, but got SGD at index 0"),
    (
        lambda: schedules.StepLR(sgd(), 2).load_state_dict(schedules.ExponentialLR(sgd(), 0.5).state_dict()),
        ValueError,
        r"the state dict of a StepLR has \['step_size'\], the loaded one lacks them",
    ),
    (lambda: schedules.LRScheduler(sgd()), NotImplementedError, "LRScheduler does not define get_lr"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS)
def test_what_makes_no_schedule_is_refused(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()
