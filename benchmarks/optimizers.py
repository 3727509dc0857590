"""What one step of each optimiser costs, next to PyTorch's: one process, one thread, float32.

    python benchmarks/optimizers.py [--repeat 30] [--only Adam] [--target 1.0]

Sets of parameters: 10 of (256, 256), where arithmetic counts, the same with gradients that lie transposed in
memory, and 100 of (16,), where each call counts.
PyTorch runs parameter by parameter (foreach=False), as tapeless does, and with its default.  Repetitions are
interleaved, medians compared.  `--target`: exit status 1 if a ratio to foreach=False is greater.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tapeless as tl
from tapeless import optim

STEPS = 10  # in each repetition
SETS = {
    "10 x (256, 256)": [(256, 256)] * 10,
    "the same, turned": [(256, 256)] * 10,
    "100 x (16,)": [(16,)] * 100,
}
OPTIMISERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-4}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 1e-4}),
    ("AdamW", {}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {}),
    ("Adadelta", {}),
]
Step = Callable[[], Any]


def parameters(library: Any, size: str) -> list[Any]:
    """Parameters that have gradients, of tapeless or torch."""
    rng = np.random.default_rng(0)
    params = []
    for shape in SETS[size]:
        start, grad = rng.normal(size=(2, *shape)).astype(np.float32)
        p = library.from_numpy(start).requires_grad_()
        p.grad = library.from_numpy(grad.T if "turned" in size else grad)
        params.append(p)
    return params


def tapeless_step(name: str, options: dict[str, Any], size: str) -> Step:
    return getattr(optim, name)(parameters(tl, size), lr=1e-3, **options).step


def torch_step(torch: Any, name: str, options: dict[str, Any], size: str) -> Step:
    return getattr(torch.optim, name)(parameters(torch, size), lr=1e-3, **options).step


def seconds(step: Step) -> float:
    begin = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - begin) / STEPS


def medians(steps: dict[str, Step], repeat: int) -> dict[str, float]:
    for step in steps.values():
        seconds(step)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeat):
        for name, step in steps.items():
            taken[name].append(seconds(step))
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--only", default="", help="optimisers whose name holds this text")
    parser.add_argument("--target", type=float, default=None)
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None
        print("torch is not installed: tapeless alone")
    else:
        torch.set_num_threads(1)
    print(f"{'microseconds a step':64}{'tapeless':>10}{'torch':>10}{'default':>10}{'ratio':>8}")
    worst = 0.0
    for size in SETS:
        for name, chosen in OPTIMISERS:
            title = f"{size:17} {name}({', '.join(f'{key}={value}' for key, value in chosen.items())})"
            if options.only not in title:
                continue
            steps = {"tapeless": tapeless_step(name, chosen, size)}
            if torch is not None:
                steps["torch"] = torch_step(torch, name, {**chosen, "foreach": False}, size)
                steps["default"] = torch_step(torch, name, chosen, size)
            found = medians(steps, options.repeat)
            cells = "".join(f"{value * 1e6:10.0f}" for value in found.values())
            ratio = found["tapeless"] / found["torch"] if torch is not None else float("nan")
            worst = max(worst, ratio)
            print(f"{title:64}{cells}{ratio:8.2f}", flush=True)
    return int(options.target is not None and worst > options.target)


if __name__ == "__main__":
    sys.exit(main())
