"""Each road run on the same inputs: its value and gradient, how long it takes and how much memory."""

from __future__ import annotations

import importlib
import itertools
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.compare.problem import RUNS, Arrays, Problem, is_flowing, slope
from tapeless.compare.report import Comparison, Row, compared
from tapeless.errors import TransformError
from tapeless.transforms.gradients import ValueAndGradient
from tapeless.transforms.pairs import Pair
from tapeless.transforms.products import Tangent
from tapeless.transforms.selection import Argnums
from tapeless.transforms.transform import Mode

SECONDS = 0.25  # for the calls of one road after its first
CALLS = 7
SHORT = 2e-4  # calls that take less are timed several at once

# Steps of differences by the precision of what they are taken of, in bytes.
STEPS = {2: 1e-1, 4: 1e-2, 8: 1e-4, 16: 1e-4}
KINK = 1e-3  # how far differences of two steps may be apart


@dataclass(frozen=True)
class Found:
    """What a road gives: `slopes` along the problem's directions where it gives no whole gradient."""

    value: Any
    gradient: Arrays | None
    slopes: list[float] | None = None
    note: str = ""


# What runs a road, along some of the directions or, by None, all.
Call = Callable[[int | None], Found]
Road = Callable[[Problem], Call]


def run(
    f: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    argnums: Argnums,
    rtol: float | None,
    atol: float | None,
) -> Comparison:
    """The comparison of all roads."""
    importlib.import_module("tapeless.source.pipeline")  # what it takes to load is no one's first call
    problem = Problem(f, args, kwargs, argnums)
    with np.errstate(all="ignore"):
        out = problem.first_value()
        problem.weigh_like(out)
        plain = measured("f", _plain(problem), problem)
        problem.limit(plain.seconds)
        notes = _notes(problem, out)
        rows: dict[str, Row] = {}
        for name, road in ROADS.items():
            if name != "auto" or isinstance(rows["source"].error, TransformError):
                rows[name] = _tried(name, road, problem)
        return compared(problem, plain, rows, rtol, atol, notes)


def _notes(problem: Problem, out: Any) -> list[str]:
    notes: list[str] = []
    if problem.number(problem.value()) != problem.number(out) and np.isfinite(problem.number(out)):
        notes.append("the function gives another value at each call: differences mean nothing")
    if problem.weights is not None:
        notes.append("the result is no number: compared is the gradient of its entries, weighed at random")
    if not problem.is_whole:
        notes.append(
            f"{problem.count} numbers: forward mode and differences along {problem.many} random directions"
        )
    return notes


# Roads ------------------------------------------------------------------------------------------------------


def _reverse(mode: Mode) -> Road:
    def prepare(problem: Problem) -> Call:
        if problem.weights is None:
            both = ValueAndGradient(problem.f, problem.argnums, mode=mode)

            def gradient(_: int | None) -> Found:
                args, kwargs = problem.copied()
                value, found = both(*args, **kwargs)
                return Found(value, problem.gradient_leaves(found))

            return gradient
        pair = Pair(problem.f, problem.argnums, mode=mode)

        def pulled(_: int | None) -> Found:
            args, kwargs = problem.copied()
            value, pullback = pair(*args, **kwargs)
            found = pullback(problem.weights)
            return Found(value, problem.gradient_leaves(found[0] if problem.selection.single else found))

        return pulled

    return prepare


def _forward(problem: Problem) -> Call:
    tangent = Tangent(problem.f, problem.argnums)

    def pushed(some: int | None) -> Found:
        slopes: list[float] = []
        value: Any = None
        for direction in itertools.islice(problem.directions(), some):
            whole = problem.whole(direction)
            args, kwargs = problem.copied()
            value, along = tangent(args, (whole,) if problem.selection.single else whole, **kwargs)
            slopes.append(problem.number(along))
        note = _passes(problem, 1)
        if tangent.source.startswith("# recorded on the graph"):
            note += ", on the graph"
        return Found(value, *_gradient_or_slopes(problem, slopes, some), note)

    return pushed


def _differences(problem: Problem) -> Call:
    points = [np.asarray(leaf.value, np.result_type(leaf.value, np.float64)) for leaf in problem.leaves]
    out = problem.at([point.copy() for point in points])
    kinds = {np.asarray(one).dtype for one in _numbers_in(out)}
    precision = min([kind.itemsize // (2 if kind.kind == "c" else 1) for kind in kinds], default=8)
    step = STEPS[min(precision, 16)]

    def taken(some: int | None) -> Found:
        slopes: list[float] = []
        kinks = 0
        for direction in itertools.islice(problem.directions(), some):
            size = max([float(np.max(np.abs(x), initial=0.0)) for x in _where(points, direction)])
            h = step * max(1.0, size)
            near, far = (_central(problem, points, direction, k * h) for k in (1.0, 2.0))
            slopes.append((4.0 * near - far) / 3.0)
            kinks += abs(near - far) > KINK * (1.0 + abs(near) + abs(far))
        note = _passes(problem, RUNS)
        if kinks:
            note += f"; not smooth along {kinks} of {len(slopes)} directions"
        return Found(out, *_gradient_or_slopes(problem, slopes, some), note)

    return taken


def _central(problem: Problem, points: Arrays, direction: Arrays, h: float) -> float:
    above, below = (
        problem.number(problem.at([x + sign * h * t for x, t in zip(points, direction, strict=True)]))
        for sign in (1.0, -1.0)
    )
    return (above - below) / (2.0 * h)


def _where(points: Arrays, direction: Arrays) -> Arrays:
    """What of the points a direction moves."""
    return [x[t != 0] for x, t in zip(points, direction, strict=True)]


def _numbers_in(out: Any) -> list[Any]:
    return [leaf for leaf in _tree.flatten(out)[0] if is_flowing(leaf)]


def _passes(problem: Problem, each: int) -> str:
    count = each * problem.passes
    return f"{count} run{'' if count == 1 else 's'}"


def _gradient_or_slopes(
    problem: Problem, slopes: list[float], some: int | None
) -> tuple[Arrays | None, list[float] | None]:
    return (problem.from_slopes(slopes), None) if problem.is_whole and some is None else (None, slopes)


def _plain(problem: Problem) -> Call:
    return lambda _: Found(problem.value(), None)


ROADS: dict[str, Road] = {
    "source": _reverse("source"),
    "auto": _reverse("auto"),  # what `grad` does by itself, where the source alone refuses
    "tape": _reverse("tape"),
    "forward": _forward,
    "differences": _differences,
}


# Measuring --------------------------------------------------------------------------------------------------


def _tried(name: str, road: Road, problem: Problem) -> Row:
    """A road's row; why there is nothing in it, where the road cannot take the function."""
    try:
        return measured(name, road(problem), problem)
    except Exception as error:
        return Row(name, error=error)


def measured(name: str, road: Call, problem: Problem) -> Row:
    """A road's results, the median time of a few calls, and the most memory that one takes."""
    start = time.perf_counter()
    found = road(None)
    first = time.perf_counter() - start
    seconds = _median(lambda: road(None))
    gradient, slopes = found.gradient, found.slopes
    if gradient is not None and not problem.is_whole:
        slopes = [slope(gradient, direction) for direction in problem.directions()]
    return Row(
        name,
        value=found.value,
        leaves=gradient,
        slopes=slopes,
        gradient=None if gradient is None else problem.whole([one[()] for one in gradient]),
        seconds=seconds,
        first=first,
        memory=_peak(lambda: road(1)),  # one direction takes as much as all
        note=found.note,
    )


def _median(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    if once > SECONDS:
        return once
    several = max(1, int(SHORT / max(once, 1e-7)))
    found: list[float] = []
    end = start + SECONDS
    while len(found) < CALLS and (len(found) < 3 or time.perf_counter() < end):
        start = time.perf_counter()
        for _ in range(several):
            call()
        found.append((time.perf_counter() - start) / several)
    return statistics.median(found)


def _peak(call: Callable[[], Any]) -> int:
    """Bytes beyond those that were there before."""
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    return max(peak - before, 0)
