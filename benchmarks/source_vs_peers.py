"""Generated gradients next to the best that a person writes in NumPy, and next to other libraries.

    python benchmarks/source_vs_peers.py [--repeat 15] [--only rnn] [--libraries tapeless,jax]

One process, one thread; the repetitions are interleaved, so that a slow moment of the machine hits every
library alike, and medians are compared.  All numbers are multiples of the time of the gradient written by
hand.  `primal + gradient` is the generated value and gradient as a multiple of the primal alone: at most 4
(Griewank & Walther, Evaluating Derivatives, 2008, section 4.5, count 4 to 5 for reverse mode).  It counts the
call itself, some 2 µs: for 100 multiplications of Python floats, which take 1.6 µs, the generated function
takes 3.8 times as long, and the call adds another 1.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import gc
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _programs import CASES, Case

import tapeless

Run = Callable[[], Any]


def runs_of(case: Case, libraries: list[str]) -> dict[str, Run]:
    """What is timed: by hand, each library, the primal alone, value and gradient."""
    args = case.args
    function = case.write(np)
    runs: dict[str, Run] = {"by hand": lambda: case.by_hand(*args)}
    if "tapeless" in libraries:
        runs["tapeless"] = _tapeless(case, function)
    if case.kind == "gradient":
        both = tapeless.value_and_grad(function, argnums=_argnums(case))
        runs["primal"] = lambda: function(*args)
        runs["both"] = lambda: both(*args)
    for name, make in (("autograd", _autograd), ("jax jit", _jax), ("torch", _torch)):
        if name.split()[0] in libraries and importlib.util.find_spec(name.split()[0]):
            made = make(case)
            if made is not None:
                runs[name] = made
    return runs


def _argnums(case: Case) -> Any:
    return tuple(range(case.wrt)) if case.wrt > 1 else 0


def _tapeless(case: Case, function: Callable[..., Any]) -> Run:
    make = {"gradient": tapeless.grad, "hessian": tapeless.hessian, "jacobian": tapeless.jacrev}[case.kind]
    derivative = make(function, argnums=_argnums(case))
    return lambda: derivative(*case.args)


def _autograd(case: Case) -> Run:
    import autograd
    import autograd.numpy as anp

    make = {"gradient": autograd.grad, "hessian": autograd.hessian, "jacobian": autograd.jacobian}[case.kind]
    derivative = make(case.write(anp), argnum=_argnums(case))
    return lambda: derivative(*case.args)


def _jax(case: Case) -> Run | None:
    if not case.jax:
        return None  # a loop over elements is unrolled, and takes minutes to compile
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    make = {"gradient": jax.grad, "hessian": jax.hessian, "jacobian": jax.jacrev}[case.kind]
    function = case.write(jnp)
    if case.name == "1,000 scalar steps":  # as it is written there: a Python loop would be unrolled

        def function(x: Any) -> Any:
            return jax.lax.scan(lambda x, _: (x + 0.01 * jnp.sin(x), None), x, None, 1000)[0]

    derivative = jax.jit(make(function, argnums=_argnums(case)))
    args = [jnp.asarray(arg) for arg in case.args]
    return lambda: jax.block_until_ready(derivative(*args))


def _torch(case: Case) -> Run | None:
    if case.kind != "gradient":
        return None
    import torch

    torch.set_num_threads(1)
    function = case.write(_TorchNumPy(torch))
    leaves = [torch.tensor(arg, requires_grad=True) for arg in case.args[: case.wrt]]
    rest = [torch.tensor(arg) for arg in case.args[case.wrt :]]
    return lambda: torch.autograd.grad(function(*leaves, *rest), leaves)


class _TorchNumPy:
    """The few NumPy functions that the programs use, in PyTorch's words."""

    def __init__(self, torch: Any) -> None:
        self.tanh, self.sin, self.exp, self.log = torch.tanh, torch.sin, torch.exp, torch.log
        self._torch = torch

    def sum(self, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        return x.sum() if axis is None else x.sum(dim=axis, keepdim=keepdims)

    def max(self, x: Any, axis: int, keepdims: bool = False) -> Any:
        return x.amax(dim=axis, keepdim=keepdims)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        return self._torch.zeros(shape, dtype=self._torch.float64)


def measure(runs: dict[str, Run], repeat: int) -> dict[str, float]:
    """The median seconds of one call, by name; each is called for about 10 ms."""
    counts: dict[str, int] = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        once = time.perf_counter() - start
        counts[name] = max(1, min(1000, int(0.01 / max(once, 1e-7))))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    gc.collect()
    gc.disable()
    for _ in range(repeat):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                run()
            seconds[name].append((time.perf_counter() - start) / counts[name])
    gc.enable()
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def check(case: Case) -> None:
    """The generated derivative gives what the one by hand gives."""
    found = _tapeless(case, case.write(np))()
    wanted = case.by_hand(*case.args)
    pairs = zip(found, wanted, strict=True) if case.wrt > 1 else [(found, wanted)]
    for mine, other in pairs:
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--libraries", default="tapeless,autograd,jax,torch")
    options = parser.parse_args()
    libraries = options.libraries.split(",")
    columns = ["tapeless", "autograd", "jax jit", "torch"]
    print(
        f"{'times the gradient by hand':38}{'target':>8}"
        + "".join(f"{c:>10}" for c in columns)
        + f"{'both/primal':>13}"
    )
    for case in CASES:
        if options.only.lower() not in case.name.lower():
            continue
        check(case)
        taken = measure(runs_of(case, libraries), options.repeat)
        hand = taken["by hand"]
        cells = [f"{taken[c] / hand:10.2f}" if c in taken else f"{'':10}" for c in columns]
        bound = f"{taken['both'] / taken['primal']:13.2f}" if "both" in taken else ""
        print(
            f"{case.name:38}{case.target:8.2f}" + "".join(cells) + bound + f"   ({hand * 1e6:.1f} µs by hand)"
        )


if __name__ == "__main__":
    main()
