"""L-BFGS on one flat vector: directions from the last gradients' differences.

Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989).  What ends an
iteration, and how the first step is scaled, are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tapeless.optim.formulas import Options
from tapeless.optim.line_search import Point, Search, strong_wolfe

Array = np.ndarray
CURVED = 1e-10  # a pair of differences with less curvature than this is not remembered


@dataclass(frozen=True)
class Memory:
    """What the next call goes on with; the names are those in PyTorch's state.

    `old_dirs` are differences of gradients, `old_stps` the steps between them, `ro` one over their products.
    No array in it is ever written to.
    """

    func_evals: int = 0
    n_iter: int = 0
    d: Any = None
    t: float = 0.0
    old_dirs: list[Any] = field(default_factory=list)
    old_stps: list[Any] = field(default_factory=list)
    ro: list[float] = field(default_factory=list)
    H_diag: float = 1.0
    prev_flat_grad: Any = None
    prev_loss: float = 0.0


def minimise(
    x: Array,
    place: Callable[[Array], None],
    evaluate: Callable[[], tuple[float, Array]],
    memory: Memory,
    options: Options,
) -> Memory:
    """Go downhill from `x` for up to `max_iter` iterations.

    `place(x)` goes to a point, `evaluate()` gives the loss and its gradient, a new array, where one is.
    """
    lr, change = float(options["lr"]), options["tolerance_change"]
    loss, g = evaluate()
    evaluations = 1
    memory = replace(memory, func_evals=memory.func_evals + 1)
    is_flat = _greatest(g) <= options["tolerance_grad"]
    for iteration in range(1, 0 if is_flat else options["max_iter"] + 1):
        memory = _turned(memory, g, options["history_size"])
        d, before = memory.d, loss
        t = min(1.0, 1.0 / float(np.abs(g).sum())) * lr if memory.n_iter == 1 else lr
        memory = replace(memory, t=t, prev_flat_grad=g, prev_loss=loss)
        slope = float(g.dot(d))
        if slope > -change:
            break
        visits = 0
        if options["line_search_fn"] is not None:
            start = Point(0.0, loss, g, slope)
            tries = options["max_eval"] - evaluations
            search = Search(_visitor(x, d, place, evaluate), start, _greatest(d), 1e-9, tries)
            (t, loss, g, _), visits = strong_wolfe(search, t)
        x = x + t * d
        place(x)
        if options["line_search_fn"] is None and iteration != options["max_iter"]:
            (loss, g), visits = evaluate(), 1
        is_flat = _greatest(g) <= options["tolerance_grad"]
        evaluations += visits
        memory = replace(memory, t=t, func_evals=memory.func_evals + visits)
        if evaluations >= options["max_eval"] or is_flat:
            break
        if _greatest(d * t) <= change or abs(loss - before) < change:
            break
    return memory


def _visitor(
    x: Array, d: Array, place: Callable[[Array], None], evaluate: Callable[[], tuple[float, Array]]
) -> Callable[[float], Point]:
    def at(t: float) -> Point:
        place(x + t * d)
        loss, g = evaluate()
        return Point(t, loss, g, float(g.dot(d)))

    return at


def _turned(memory: Memory, g: Array, history: int) -> Memory:
    """The memory with the newest pair, and the direction that follows from it."""
    number = memory.n_iter + 1
    if memory.prev_flat_grad is None:
        return replace(memory, n_iter=number, d=-g, old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
    y, s = g - memory.prev_flat_grad, memory.d * memory.t
    product = float(y.dot(s))
    dirs, steps, ro, scale = memory.old_dirs, memory.old_stps, memory.ro, memory.H_diag
    if product > CURVED:
        first = 1 if len(dirs) == history else 0
        dirs, steps, ro = [*dirs[first:], y], [*steps[first:], s], [*ro[first:], 1.0 / product]
        scale = product / float(y.dot(y))
    d = _direction(g, dirs, steps, ro, scale)
    return replace(memory, n_iter=number, d=d, old_dirs=dirs, old_stps=steps, ro=ro, H_diag=scale)


def _direction(g: Array, dirs: list[Array], steps: list[Array], ro: list[float], scale: float) -> Array:
    """Minus the inverse Hessian, as far as the pairs tell it, times the gradient; in two loops."""
    d = -g
    parts: list[float] = []
    for y, s, r in zip(reversed(dirs), reversed(steps), reversed(ro), strict=True):
        part = float(s.dot(d)) * r
        parts.append(part)
        d -= part * y
    d *= scale
    for y, s, r, part in zip(dirs, steps, ro, reversed(parts), strict=True):
        d += (part - float(y.dot(d)) * r) * s
    return d


def _greatest(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0))
