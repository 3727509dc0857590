"""What recording costs per operation, next to other libraries: the same programs in one process, one thread.

    python benchmarks/graph_overhead.py [--repeat 15] [--only multiply] [--libraries tapeless,torch]

Libraries that are not installed, and programs that a library cannot run, are left out.  The repetitions are
interleaved, so that a slow moment of the machine hits every library alike; the medians are compared.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LENGTH = 100
Program = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """One program.  `targets`: the time of tapeless must be at most this many times that of the library."""

    name: str
    operations: int
    targets: dict[str, float]
    extra: float = 0.0  # microseconds per operation that are granted on top


@dataclass
class Measured:
    """Seconds of each repetition, by library."""

    row: Row
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, library: str) -> float | None:
        taken = self.seconds.get(library)
        return statistics.median(taken) if taken else None


ROWS = [
    Row("multiply by a variable (), forward + backward", LENGTH, {"torch": 0.6, "autograd": 0.25}),
    Row("multiply by a variable (10,), forward + backward", LENGTH, {"torch": 0.6, "autograd": 0.25}),
    Row("multiply by a number (), forward + backward", LENGTH, {"torch": 0.6, "autograd": 0.25}),
    Row("multiply by a number (10,), forward + backward", LENGTH, {"torch": 0.6, "autograd": 0.25}),
    Row("tanh (32, 32), forward + backward", LENGTH, {"torch": 1.0}),
    Row("perceptron 64-128-10, batch 32, loss + gradients", 1, {"torch": 0.8, "autograd": 0.4}),
    Row("multiply by a variable (), second derivative", LENGTH, {"torch": 0.6}),
    Row("multiply by a variable (10,), second derivative", LENGTH, {"torch": 0.6}),
    Row("multiply (), no_grad, forward only", LENGTH, {"numpy": 1.3}, extra=0.5),
    Row("multiply (10,), no_grad, forward only", LENGTH, {"numpy": 1.3}, extra=0.5),
]

rng = np.random.default_rng(0)
START = {(): np.array(1.001), (10,): np.linspace(0.99, 1.01, 10), (32, 32): rng.normal(size=(32, 32))}
IMAGES = rng.normal(size=(32, 64))
LABELS = np.eye(10)[rng.integers(0, 10, 32)]
WEIGHTS = (
    rng.normal(size=(64, 128)) / 8,
    np.zeros(128),
    rng.normal(size=(128, 10)) / 11,
    np.zeros(10),
)


def multiply_by_variable(x: Any) -> Any:
    y = x
    for _ in range(LENGTH):
        y = y * x
    return y


def multiply_by_number(x: Any) -> Any:
    for _ in range(LENGTH):
        x = x * 1.01
    return x


# Libraries in PyTorch's words ---------------------------------------------------------------------------


def torch_like(make: Callable[..., Any], tanh: Any, grad: Any, no_grad: Any) -> dict[str, Program]:
    """`make(array, needs)` gives a leaf; `grad` is autograd.grad."""

    def chain(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Program:
        x = make(START[shape], True)
        ones = make(np.ones(shape), False)

        def run() -> Any:
            y = function(x)
            y.backward(ones)
            found, x.grad = x.grad, None
            return found

        return run

    def chain_of_tanh(x: Any) -> Any:
        for _ in range(LENGTH):
            x = tanh(x)
        return x

    def perceptron() -> Program:
        images, labels = make(IMAGES, False), make(LABELS, False)
        w1, b1, w2, b2 = weights = [make(w, True) for w in WEIGHTS]

        def run() -> Any:
            scores = tanh(images @ w1 + b1) @ w2 + b2
            normalizer = scores.exp().sum(1).log()
            loss = (normalizer - (scores * labels).sum(1)).mean()
            loss.backward()
            found = [w.grad for w in weights]
            for w in weights:
                w.grad = None
            return found

        return run

    def second(shape: tuple[int, ...]) -> Program:
        x, ones = make(START[shape], True), make(np.ones(shape), False)

        def run() -> Any:
            y = multiply_by_variable(x)
            (first,) = grad(y, x, ones, create_graph=True)
            return grad(first, x, ones)

        return run

    def forward(shape: tuple[int, ...]) -> Program:
        x = make(START[shape], True)

        def run() -> Any:
            with no_grad():
                return multiply_by_number(x)

        return run

    return named(
        chain(multiply_by_variable, ()),
        chain(multiply_by_variable, (10,)),
        chain(multiply_by_number, ()),
        chain(multiply_by_number, (10,)),
        chain(chain_of_tanh, (32, 32)),
        perceptron(),
        second(()),
        second((10,)),
        forward(()),
        forward((10,)),
    )


def tapeless() -> dict[str, Program]:
    import tapeless as tl
    from tapeless.graph.backward import grad

    def make(array: np.ndarray, needs: bool) -> Any:
        return tl.tensor(array, requires_grad=needs)

    return torch_like(make, tl.tanh, grad, tl.no_grad)


def torch() -> dict[str, Program]:
    import torch

    torch.set_num_threads(1)

    def make(array: np.ndarray, needs: bool) -> Any:
        return torch.tensor(array, requires_grad=needs)

    return torch_like(make, torch.tanh, torch.autograd.grad, torch.no_grad)


# Libraries in NumPy's words -----------------------------------------------------------------------------


def functional(xp: Any, vjp: Callable[..., Any], grad: Callable[..., Any], make: Any) -> dict[str, Program]:
    """`vjp(f, x)(g)` pulls a cotangent back; `grad(f, argnums)` differentiates a function of scalars."""

    def chain(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Program:
        x, ones = make(START[shape]), make(np.ones(shape))
        return lambda: vjp(function, x)(ones)

    def chain_of_tanh(x: Any) -> Any:
        for _ in range(LENGTH):
            x = xp.tanh(x)
        return x

    images, labels = make(IMAGES), make(LABELS)

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        scores = xp.tanh(images @ w1 + b1) @ w2 + b2
        normalizer = xp.log(xp.sum(xp.exp(scores), 1))
        return xp.mean(normalizer - xp.sum(scores * labels, 1))

    weights = [make(w) for w in WEIGHTS]
    gradient = grad(loss, (0, 1, 2, 3))

    def second(shape: tuple[int, ...]) -> Program:
        first = grad(lambda x: xp.sum(multiply_by_variable(x)), 0)
        twice, start = grad(lambda x: xp.sum(first(x)), 0), make(START[shape])
        return lambda: twice(start)

    return named(
        chain(multiply_by_variable, ()),
        chain(multiply_by_variable, (10,)),
        chain(multiply_by_number, ()),
        chain(multiply_by_number, (10,)),
        chain(chain_of_tanh, (32, 32)),
        lambda: gradient(*weights),
        second(()),
        second((10,)),
    )


def autograd() -> dict[str, Program]:
    import autograd
    import autograd.numpy as anp

    def vjp(function: Callable[[Any], Any], x: Any) -> Any:
        return autograd.make_vjp(function)(x)[0]

    return functional(anp, vjp, autograd.grad, lambda array: array if array.shape else float(array))


def jax() -> dict[str, Program]:
    """Without jit: operation by operation, as the others."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")

    def vjp(function: Callable[[Any], Any], x: Any) -> Any:
        return jax.vjp(function, x)[1]

    return functional(jax.numpy, vjp, jax.grad, jax.numpy.asarray)


def mygrad() -> dict[str, Program]:
    import mygrad

    def chain(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Program:
        x, ones = mygrad.tensor(START[shape]), np.ones(shape)

        def run() -> Any:
            function(x).backward(ones)
            return x.grad

        return run

    def chain_of_tanh(x: Any) -> Any:
        for _ in range(LENGTH):
            x = mygrad.tanh(x)
        return x

    weights = [mygrad.tensor(w) for w in WEIGHTS]

    def perceptron() -> Any:
        w1, b1, w2, b2 = weights
        scores = mygrad.tanh(mygrad.matmul(IMAGES, w1) + b1) @ w2 + b2
        normalizer = mygrad.log(mygrad.sum(mygrad.exp(scores), 1))
        mygrad.mean(normalizer - mygrad.sum(scores * LABELS, 1)).backward()
        return [w.grad for w in weights]

    return named(
        chain(multiply_by_variable, ()),
        chain(multiply_by_variable, (10,)),
        chain(multiply_by_number, ()),
        chain(multiply_by_number, (10,)),
        chain(chain_of_tanh, (32, 32)),
        perceptron,
    )


def by_hand() -> dict[str, Program]:
    """The forward rows as NumPy calls, nothing recorded."""
    scalar, ten = START[()][()], START[(10,)]
    programs = (lambda: multiply_by_number(scalar), lambda: multiply_by_number(ten))
    return dict(zip([row.name for row in ROWS[-2:]], programs, strict=True))


def named(*programs: Program) -> dict[str, Program]:
    return dict(zip([row.name for row in ROWS], programs, strict=False))


LIBRARIES: dict[str, Callable[[], dict[str, Program]]] = {
    "tapeless": tapeless,
    "numpy": by_hand,
    "torch": torch,
    "autograd": autograd,
    "mygrad": mygrad,
    "jax": jax,
}


# Measuring ----------------------------------------------------------------------------------------------


def load(wanted: list[str]) -> dict[str, dict[str, Program]]:
    found = {}
    for name in wanted:
        try:
            found[name] = LIBRARIES[name]()
        except (ImportError, AttributeError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def measure(row: Row, libraries: dict[str, dict[str, Program]], repeat: int) -> Measured:
    measured = Measured(row)
    runnable: dict[str, tuple[Program, int]] = {}
    for name, programs in libraries.items():
        program = programs.get(row.name)
        if program is None:
            continue
        try:
            program()
        except Exception as error:  # whatever a library raises, the others are still measured
            print(f"{name} cannot run {row.name!r}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        runnable[name] = program, calls_in(program, 0.01)
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeat):
            for name, (program, calls) in runnable.items():
                measured.seconds.setdefault(name, []).append(timed(program, calls))
    finally:
        gc.enable()
    return measured


def calls_in(program: Program, seconds: float) -> int:
    """How many calls take about that long."""
    calls = 1
    while (taken := timed(program, calls) * calls) < seconds and calls < 1000:
        calls = max(calls + 1, int(calls * min(10.0, seconds / max(taken, 1e-9))))
    return min(calls, 1000)


def timed(program: Program, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        program()
    return (time.perf_counter() - start) / calls


def verdict(measured: Measured) -> str:
    """Each target with what was reached."""
    own = measured.median("tapeless")
    parts = []
    for library, target in measured.row.targets.items():
        other = measured.median(library)
        if own is None or other is None:
            continue
        allowed = target * other + measured.row.extra * 1e-6 * measured.row.operations
        sign = "ok" if own <= allowed else "MISSED"
        granted = f" + {measured.row.extra} us" if measured.row.extra else ""
        parts.append(f"{own / other:.2f} x {library} (at most {target}{granted}): {sign}")
    return "; ".join(parts) or "-"


def table(rows: list[Measured], libraries: list[str]) -> str:
    width = max(len(measured.row.name) for measured in rows)
    head = f"{'microseconds per operation':{width}}" + "".join(f"{name:>10}" for name in libraries)
    lines = [head, "-" * len(head)]
    for measured in rows:
        cells = []
        for name in libraries:
            median = measured.median(name)
            each = None if median is None else median / measured.row.operations * 1e6
            cells.append(f"{'-' if each is None else f'{each:.2f}':>10}")
        lines.append(f"{measured.row.name:{width}}" + "".join(cells))
    lines += ["", f"{'tapeless against the targets':{width}}", "-" * len(head)]
    lines += [f"{measured.row.name:{width}}  {verdict(measured)}" for measured in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--libraries", default=",".join(LIBRARIES))
    options = parser.parse_args()
    libraries = load(options.libraries.split(","))
    rows = [measure(row, libraries, options.repeat) for row in ROWS if options.only in row.name]
    print(table(rows, list(libraries)))


if __name__ == "__main__":
    main()
