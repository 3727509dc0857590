"""What a call of a gradient costs besides the generated function: finding it, and handing over its result.

    python benchmarks/wrapper_overhead.py

The generated function is replaced by one that does nothing, so that the way there and back is what is left
to measure: `g(x)` minus that function's own time, in microseconds.  The target is 3.
"""

# ruff: noqa: E402  (the number of threads is set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tapeless
from tapeless.source.cache import Cell, Derived, Form, Global, Guard, Refresh, signature
from tapeless.source.facts import Fact
from tapeless.transforms import engine

TARGET = 3.0
REPEAT = 25
NUMBER = 5_000


SOURCES = {
    1: "def work(*values):\n    return (empty(3),)\n",
    2: "def work(*values):\n    return empty(3), empty(3)\n",
}


def generated(gradients: int) -> Any:
    """A generated function that does no work, in a namespace of its own."""
    scope: dict[str, Any] = {"empty": np.empty}
    exec(SOURCES[gradients], scope)
    return scope["work"]


def scale(x: Any) -> Any:
    """A function of the user's module, for guards."""
    return x


weights = np.ones(3)


def one(x: Any) -> Any:
    return np.sum(scale(x) * x)


def two(x: Any, y: Any) -> Any:
    return np.sum(scale(x) * y)


def with_default(x: Any, y: float = 2.0) -> Any:
    return np.sum(scale(x) * y)


def with_global(x: Any) -> Any:
    return np.sum(scale(x) * weights)


def _guards() -> tuple[Guard, ...]:
    places = {"np": np, "scale": scale}
    return tuple([Guard(Global(globals(), name), value) for name, value in places.items()])


def derive(function: Any, names: Any, values: Any, wrt: tuple[int, ...], form: Form) -> Derived:
    """The engine: nothing is transformed."""
    refreshes: tuple[Refresh, ...] = ()
    code = function.__code__
    if "weights" in code.co_names:
        refreshes = (Refresh("weights", Global(globals(), "weights"), signature(weights)),)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        refreshes += (Refresh(name, Cell(cell), signature(cell.cell_contents)),)
    return Derived(
        generated(len(wrt)), guards=_guards(), refreshes=refreshes, output=Fact("scalar", np.dtype(float), ())
    )


@dataclass(frozen=True)
class Row:
    """A way of calling."""

    name: str
    call: Callable[[], Any]
    direct: Callable[[], Any]


def rows() -> list[Row]:
    """What is measured."""
    x, y = np.ones(3), np.ones(3)
    grad = tapeless.grad
    g1, g2, both = grad(one), grad(two), grad(two, (0, 1))
    defaults, reads = grad(with_default), grad(with_global)

    class Model:
        @grad
        def loss(self, x: Any) -> Any:
            return np.sum(scale(x))

    model = Model()
    bound = model.loss

    def lambda_in_a_loop() -> Any:
        return grad(lambda w: np.sum(scale(w) * y))(x)

    work, work2 = generated(1), generated(2)

    def direct() -> Any:
        return work(x)

    def keyword() -> Any:
        return g2(x, y=y)

    listed = [x, y]
    return [
        Row("one array", lambda: g1(x), direct),
        Row("two arrays", lambda: g2(x, y), direct),
        Row("two arrays, two gradients", lambda: both(x, y), lambda: work2(x)),
        Row("a float", lambda: g1(2.0), direct),
        Row("a default", lambda: defaults(x), direct),
        Row("a keyword", keyword, direct),
        Row("an array of the module", lambda: reads(x), direct),
        Row("a method, bound before", lambda: bound(x), direct),
        Row("a method", lambda: model.loss(x), direct),
        Row("a list of two arrays (no target)", lambda: g1(listed), direct),
        Row("grad(lambda ...)(x) in a loop (no target)", lambda_in_a_loop, direct),
    ]


def microseconds(call: Callable[[], Any]) -> float:
    """The time of a call, undisturbed."""
    call()
    return min(timeit.repeat(call, number=NUMBER, repeat=REPEAT)) / NUMBER * 1e6


def main() -> int:
    """Print the table; 1 if a target is missed."""
    engine.derive = derive
    missed = False
    for row in rows():
        row.call()
        took = microseconds(row.call) - microseconds(row.direct)
        bad = took > TARGET and "no target" not in row.name
        missed |= bad
        print(f"{row.name:<45}{took:6.2f} µs{'  MISSED' if bad else ''}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
