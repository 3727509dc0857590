"""Makes reference_runs.json: what PyTorch's optimisers and schedules do.  Run it where torch is installed:

    python -m tests.optim.make_reference

The tests read the stored file; they do not need torch.  A problem is a function of two parameters, so that
its gradient can be written by hand, and both libraries see the same numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tests.optim import problems

STORED = Path(__file__).parent / "reference_runs.json"


def parameters(dtype: Any) -> list[Any]:
    return [torch.tensor(start, dtype=dtype, requires_grad=True) for start in problems.STARTS]


def optimiser_run(name: str, options: dict[str, Any], dtype: Any) -> list[list[float]]:
    """Both parameters, flat, after some of the steps."""
    params = parameters(dtype)
    optimizer = getattr(torch.optim, name)(params, **options)
    kept = []
    for step in range(problems.STEPS):
        grads = problems.gradients([p.detach().numpy() for p in params], step)
        for p, grad in zip(params, grads, strict=True):
            p.grad = torch.tensor(grad, dtype=dtype)
        optimizer.step()
        if step in problems.SHOWN:
            kept.append([x for p in params for x in p.detach().flatten().tolist()])
    return kept


def lbfgs_run(case: problems.LbfgsCase, dtype: Any) -> dict[str, Any]:
    """Parameters and loss after each call of step, and how often the closure ran."""
    params = [torch.tensor(start, dtype=dtype, requires_grad=True) for start in problems.VALLEY_STARTS]
    optimizer = torch.optim.LBFGS(params, **case.options)
    evaluations = 0

    def closure() -> Any:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        loss = case.function(torch, *params)
        loss.backward()
        return loss

    rows, losses = [], []
    for _ in range(problems.LBFGS_STEPS):
        losses.append(optimizer.step(closure).item())
        rows.append([x for p in params for x in p.detach().flatten().tolist()])
    return {"rows": rows, "losses": losses, "evaluations": evaluations}


def schedule_run(case: problems.ScheduleCase) -> list[list[float]]:
    """What the schedule changes in each group, before each step."""
    pairs = zip(parameters(torch.float64), case.groups, strict=True)
    groups = [{"params": [p], **group} for p, group in pairs]
    optimizer = getattr(torch.optim, case.optimizer)(groups, **case.options)
    scheduler = case.make(torch.optim.lr_scheduler, optimizer)
    rows = []
    for epoch in range(case.epochs):
        rows.append(problems.shown(optimizer))
        optimizer.step()
        scheduler.step(*case.arguments(epoch))
    return rows


def main() -> None:
    runs = {
        case.name: {
            dtype: optimiser_run(case.optimizer, case.options, getattr(torch, dtype))
            for dtype in ("float64", "float32")
        }
        for case in problems.OPTIMISERS
    }
    lbfgs = {
        case.name: {dtype: lbfgs_run(case, getattr(torch, dtype)) for dtype in case.dtypes}
        for case in problems.LBFGS
    }
    schedules = {case.name: schedule_run(case) for case in problems.SCHEDULES}
    stored = {"torch": torch.__version__, "optimisers": runs, "lbfgs": lbfgs, "schedules": schedules}
    STORED.write_text(written(stored) + "\n", encoding="utf-8")


def written(stored: dict[str, Any]) -> str:
    """JSON with one line a run, and as many digits as the tests compare."""
    parts = []
    for name, value in stored.items():
        if isinstance(value, dict):
            lines = [f"{json.dumps(key)}: {json.dumps(_rounded(run))}" for key, run in value.items()]
            value = "{\n" + ",\n".join(lines) + "\n}"
        else:
            value = json.dumps(value)
        parts.append(f"{json.dumps(name)}: {value}")
    return "{\n" + ",\n".join(parts) + "\n}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.13g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return {key: _rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    main()
