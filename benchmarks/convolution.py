"""Convolution and pooling against PyTorch on one thread of the CPU.

    python benchmarks/convolution.py [--repeat 15]

32 images of 16 channels, 28 x 28; kernels 3 x 3, padding 1.  Forward: the result.  Backward: the gradients of
input, kernels and bias for a given cotangent.  One process, repetitions interleaved, medians in milliseconds;
PyTorch's column is there if it can be imported.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tapeless as tl
from tapeless.nn import functional

SHAPE = (32, 16, 28, 28)
Steps = dict[str, Callable[[], Any]]

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None


def tapeless_steps(apply: Callable[..., Any], arrays: list[np.ndarray]) -> Steps:
    """Forward and backward on Tensors."""
    leaves = [tl.from_numpy(a.copy()).requires_grad_() for a in arrays]
    out = apply(functional, *leaves)
    cotangent = tl.ones_like(out)
    return {
        "forward": lambda: apply(functional, *leaves),
        "backward": lambda: tl.autograd.grad(out, leaves, cotangent, retain_graph=True),
    }


def torch_steps(apply: Callable[..., Any], arrays: list[np.ndarray]) -> Steps:
    """The same in PyTorch."""
    leaves = [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]
    out = apply(torch.nn.functional, *leaves)
    cotangent = torch.ones_like(out)
    return {
        "forward": lambda: apply(torch.nn.functional, *leaves),
        "backward": lambda: torch.autograd.grad(out, leaves, cotangent, retain_graph=True),
    }


def conv(functional: Any, x: Any, w: Any, b: Any) -> Any:
    return functional.conv2d(x, w, b, padding=1)


def strided(functional: Any, x: Any, w: Any, b: Any) -> Any:
    return functional.conv2d(x, w, b, stride=2, padding=1)


def transposed(functional: Any, x: Any, w: Any, b: Any) -> Any:
    return functional.conv_transpose2d(x, w, b, stride=2, padding=1)


def max_pool(functional: Any, x: Any) -> Any:
    return functional.max_pool2d(x, 2)


def avg_pool(functional: Any, x: Any) -> Any:
    return functional.avg_pool2d(x, 2)


def programs(dtype: Any) -> dict[str, tuple[Callable[..., Any], list[np.ndarray]]]:
    """What is timed, on which arrays."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    x = draw(*SHAPE)
    return {
        "conv2d, 16 kernels": (conv, [x, draw(16, 16, 3, 3), draw(16)]),
        "conv2d, 32 kernels": (conv, [x, draw(32, 16, 3, 3), draw(32)]),
        "conv2d, 32, stride 2": (strided, [x, draw(32, 16, 3, 3), draw(32)]),
        "conv_transpose2d, 16, stride 2": (transposed, [x, draw(16, 16, 3, 3), draw(16)]),
        "max_pool2d, 2 x 2": (max_pool, [x]),
        "avg_pool2d, 2 x 2": (avg_pool, [x]),
    }


def medians(ways: dict[str, Steps], repeat: int) -> dict[tuple[str, str], float]:
    """Milliseconds for each way and step; the ways take turns."""
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(repeat):
        for way, steps in ways.items():
            for step, run in steps.items():
                start = time.perf_counter()
                run()
                times.setdefault((way, step), []).append(1e3 * (time.perf_counter() - start))
    return {key: statistics.median(values) for key, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    if torch is not None:
        torch.set_num_threads(1)
    print(f"{'':42}{'forward':>9}{'torch':>8}{'ratio':>7}{'backward':>11}{'torch':>8}{'ratio':>7}")
    for dtype in (np.float32, np.float64):
        for name, (apply, arrays) in programs(dtype).items():
            ways = {"tapeless": tapeless_steps(apply, arrays)}
            if torch is not None:
                ways["torch"] = torch_steps(apply, arrays)
            print(f"{name + ', ' + np.dtype(dtype).name:42}" + _row(medians(ways, repeat)))


def _row(found: dict[tuple[str, str], float]) -> str:
    cells: list[str] = []
    for step, width in (("forward", 9), ("backward", 11)):
        own, other = found["tapeless", step], found.get(("torch", step))
        rest = f"{other:8.2f}{own / other:7.2f}" if other is not None else ""
        cells.append(f"{own:{width}.2f}{rest}")
    return "".join(cells)


if __name__ == "__main__":
    main()
