"""How far to go in a direction: the search for a point where the strong Wolfe conditions hold.

Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6; the numbers in it, and what is done
where progress is poor, are those of Schmidt's minFunc, which PyTorch follows too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DECREASE = 1e-4  # of what the slope at the start promises, at least
CURVATURE = 0.9  # the slope at the end is at most this part of that at the start


class Point(NamedTuple):
    """Where a search has been: at the start plus `t` times the direction; `slope` is along the direction."""

    t: float
    loss: float
    grad: np.ndarray
    slope: float


class Search(NamedTuple):
    """`at(t)` visits a point; at most `tries` are visited after the first.

    `extent` is the greatest element of the direction: a bracket that spans less than `tolerance` in every
    element is not made smaller.
    """

    at: Callable[[float], Point]
    start: Point
    extent: float
    tolerance: float
    tries: int

    def is_high(self, point: Point) -> bool:
        """Whether a point is higher than the slope at the start promises."""
        return point.loss > self.start.loss + DECREASE * point.t * self.start.slope

    def is_flat(self, point: Point) -> bool:
        """Whether a point lies near the bottom."""
        return abs(point.slope) <= -CURVATURE * self.start.slope


def strong_wolfe(search: Search, t: float) -> tuple[Point, int]:
    """A point that is low and flat enough, or the lowest that was found; and how many were visited."""
    before, now = search.start, search.at(t)
    for tries in range(search.tries):
        if search.is_high(now) or (tries > 1 and now.loss >= before.loss):
            return _zoom(search, [before, now], tries)
        if search.is_flat(now):
            return now, tries + 1
        if now.slope >= 0:
            return _zoom(search, [before, now], tries)
        bounds = (now.t + 0.01 * (now.t - before.t), now.t * 10)
        before, now = now, search.at(lowest(before, now, bounds))
    return _zoom(search, [search.start, now], search.tries)


def _zoom(search: Search, bracket: list[Point], tries: int) -> tuple[Point, int]:
    """Narrow a bracket; `tries + 1` points have been visited."""
    is_poor = False  # whether the last point lay at the edge of the bracket
    while tries < search.tries:
        ends = [point.t for point in bracket]
        if (max(ends) - min(ends)) * search.extent < search.tolerance:
            break
        t, is_poor = _inside(
            lowest(bracket[0], bracket[1], (min(ends), max(ends))), min(ends), max(ends), is_poor
        )
        now = search.at(t)
        tries += 1
        low = _low(bracket)
        if search.is_high(now) or now.loss >= bracket[low].loss:
            bracket[1 - low] = now
            continue
        if search.is_flat(now):
            return now, tries + 1
        if now.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = now
    return bracket[_low(bracket)], tries + 1


def _low(bracket: list[Point]) -> int:
    return 0 if bracket[0].loss <= bracket[1].loss else 1


def _inside(t: float, low: float, high: float, was_poor: bool) -> tuple[float, bool]:
    """A point at the edge of a bracket for the second time, or beyond it, is moved inwards by a tenth."""
    edge = 0.1 * (high - low)
    if min(high - t, t - low) >= edge:
        return t, False
    if was_poor or t >= high or t <= low:
        return (high - edge if abs(t - high) < abs(t - low) else low + edge), False
    return t, True


def lowest(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through both points with their slopes is lowest; the middle of the bounds if nowhere.

    Nocedal and Wright, equation 3.59.
    """
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:  # nan too
        return (bounds[0] + bounds[1]) / 2
    d2 = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, bounds[0]), bounds[1])
