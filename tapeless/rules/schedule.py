"""Which steps of a loop keep their state: whole numbers, through which nothing flows."""

from __future__ import annotations

import math

from tapeless.rules.kinds import constant
from tapeless.rules.table import primitive


@primitive
def root_segment(n: int) -> int:
    """How many steps of n are one segment, so that there are about as many segments as steps in each."""
    return max(1, math.isqrt(max(n - 1, 0)) + 1)


@primitive
def binomial_split(n: int, states: int) -> int:
    """After how many steps of n the next state is kept, where that many may be kept at once.

    With c states and at most r repetitions of each step, C(c + r, c) steps can be reversed, which is optimal
    (Griewank & Walther, Algorithm 799: revolve, 2000).  What comes before the state is repeated once more
    often than what comes after it, which has one state less.

    >>> binomial_split(10, 3)
    4
    """
    if states == 1 or n <= 2:
        return n - 1
    repeats = 0
    while math.comb(states + repeats, states) < n:
        repeats += 1
    least_after = math.comb(states - 1 + repeats - 1, states - 1)
    return min(math.comb(states + repeats - 1, states), n - least_after)


constant(root_segment, binomial_split)
