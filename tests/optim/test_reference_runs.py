"""100 steps of every optimiser and option end where PyTorch's end, on both sides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapeless as tl
from tapeless import optim
from tests.optim import problems

STORED = json.loads((Path(__file__).parent / "reference_runs.json").read_text(encoding="utf-8"))
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def cases(runs: list[Any]) -> Any:
    return pytest.mark.parametrize("case", runs, ids=[case.name for case in runs])


def flat(params: list[np.ndarray]) -> list[float]:
    return [float(x) for p in params for x in np.ravel(p)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@cases(problems.OPTIMISERS)
def test_tensors_go_where_torch_goes(case: problems.OptimiserCase, dtype: str):
    params = [tl.tensor(start, dtype=getattr(tl, dtype), requires_grad=True) for start in problems.STARTS]
    optimizer = getattr(optim, case.optimizer)(params, **case.options)
    rows = []
    for step in range(problems.STEPS):
        grads = problems.gradients([p.detach().numpy() for p in params], step)
        for p, grad in zip(params, grads, strict=True):
            p.grad = tl.tensor(grad, dtype=p.dtype)
        optimizer.step()
        if step in problems.SHOWN:
            rows.append(flat([p.detach().numpy() for p in params]))

    expected = STORED["optimisers"][case.name][dtype]
    np.testing.assert_allclose(rows, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@cases(problems.OPTIMISERS)
def test_arrays_go_where_torch_goes(case: problems.OptimiserCase, dtype: str):
    params = [np.array(start, dtype=dtype) for start in problems.STARTS]
    optimizer = getattr(optim.pure, case.optimizer)(**case.options)
    state = optimizer.init(params)
    rows = []
    for step in range(problems.STEPS):
        grads = [grad.astype(dtype) for grad in problems.gradients(params, step)]
        params, state = optimizer.update(grads, state, params)
        if step in problems.SHOWN:
            rows.append(flat(params))

    expected = STORED["optimisers"][case.name][dtype]
    assert params[0].dtype == dtype
    np.testing.assert_allclose(rows, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, dtype) for case in problems.LBFGS for dtype in case.dtypes],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_lbfgs_goes_where_torch_goes(case: problems.LbfgsCase, dtype: str):
    params = [tl.tensor(one, dtype=getattr(tl, dtype), requires_grad=True) for one in problems.VALLEY_STARTS]
    optimizer = optim.LBFGS(params, **case.options)
    evaluations = 0

    def closure() -> Any:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        loss = case.function(tl, *params)
        loss.backward()
        return loss

    rows, losses = [], []
    for _ in range(problems.LBFGS_STEPS):
        losses.append(optimizer.step(closure).item())
        rows.append(flat([p.detach().numpy() for p in params]))

    expected = STORED["lbfgs"][case.name][dtype]
    count = (
        problems.LBFGS_STEPS if dtype == "float64" else 1
    )  # each iteration magnifies rounding by the curvature
    tolerance = 1e-9 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(rows[:count], expected["rows"][:count], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(losses[:count], expected["losses"][:count], rtol=tolerance, atol=tolerance)
    assert dtype == "float32" or evaluations == expected["evaluations"]


@cases(problems.SCHEDULES)
def test_schedules_set_what_torch_s_set(case: problems.ScheduleCase):
    params = [tl.tensor(start, dtype=tl.float64, requires_grad=True) for start in problems.STARTS]
    groups = [{"params": [p], **group} for p, group in zip(params, case.groups, strict=True)]
    optimizer = getattr(optim, case.optimizer)(groups, **case.options)
    scheduler = case.make(optim.lr_scheduler, optimizer)
    rows = []
    for epoch in range(case.epochs):
        rows.append(problems.shown(optimizer))
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        optimizer.step()
        scheduler.step(*case.arguments(epoch))

    np.testing.assert_allclose(rows, STORED["schedules"][case.name], rtol=1e-10, atol=1e-15)
