"""Memory for time: what a function would keep for the way back is computed again there instead."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from tapeless.autograd.checkpoint import checkpoint as recorded_checkpoint
from tapeless.rules.schedule import binomial_split, root_segment
from tapeless.source.own import CHECKPOINTS, WRAPPERS, OwnRules
from tapeless.transforms.custom_node import is_recorded

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S")
Step = Callable[[Any, int], Any]


class Checkpoint(OwnRules):
    """What stands behind a function that keeps its arguments only."""

    kind = "checkpoint"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_recorded(args) or (kwargs and is_recorded(tuple(kwargs.values()))):
            return recorded_checkpoint(self.function, *args, **kwargs)
        return self.function(*args, **kwargs)


def checkpoint(f: F) -> F:
    """The same function, of which nothing but the arguments is kept for backward: there it runs again.

    A decorator, of methods too, or a call: `checkpoint(f)(x)`.  It holds where the function is read and where
    it is recorded, for every order of derivative; forward mode, which keeps nothing, runs it once.

    >>> import numpy as np
    >>> import tapeless as tl
    >>> @checkpoint
    ... def layer(w, x):
    ...     return np.tanh(np.tanh(x @ w) @ w)
    >>> g = tl.grad(lambda w, x: np.sum(layer(w, x)))
    >>> g(np.zeros((2, 2)), np.ones(2))
    array([[0., 0.],
           [0., 0.]])

    What a function inside closes over gets its gradient too.  The function must give the same result again.
    As `jax.checkpoint`, and HIPS autograd's `checkpoint`.
    """
    own = Checkpoint(f)

    @functools.wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    made: Any = checkpointed
    WRAPPERS.add(made.__code__)
    return made


@checkpoint
def _applied(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return f(*args, **kwargs)


CHECKPOINTS[checkpoint] = _applied

# Loops ----------------------------------------------------------------------------------------------------


def checkpoint_loop(step: Step, state: Any, n: int, budget: int | None = None) -> Any:
    """The state after `n` steps, `state = step(state, k)` for k = 0, 1, ... n - 1, with few states kept.

    A gradient needs the states in reverse.  A plain loop keeps what each step's derivative reads.  Here a few
    states are kept, and the others are computed again from those:

    | `budget` | states kept at once | and what is kept of | a step is run |
    |---|---|---|---|
    | None | sqrt(n) | sqrt(n) steps | twice |
    | c | c | 1 + r steps | at most 1 + r times, for the least r with C(c + r, c) >= n |

    So 10 states suffice for 3003 steps if each may run 6 times; no schedule of 10 states does with fewer runs
    (binomial checkpoints: Griewank & Walther, Algorithm 799, 2000).  The first state counts.

    >>> import numpy as np
    >>> import tapeless as tl
    >>> def step(x, k):
    ...     return x + 0.1 * np.sin(x)
    >>> g = tl.grad(lambda x: np.sum(checkpoint_loop(step, x, 100, budget=4)))
    >>> g(np.ones(2)).shape
    (2,)

    `step` gives a state of the structure, shapes and dtypes that it takes.  Every order of derivative and
    forward mode, where the function is read and where it is recorded.  ValueError if `budget` is less than 1.
    """
    if budget is None:
        size = root_segment(n)
        for start in range(0, n, size):
            state = _segment(step, state, start, min(start + size, n))
        return state
    if budget < 1:
        raise ValueError("checkpoint_loop: at least one state must be kept: budget >= 1")
    return state if n < 1 else _reversible(step, state, 0, n, budget)


def _steps(step: Step, state: Any, start: int, stop: int) -> Any:
    for k in range(start, stop):
        state = step(state, k)
    return state


def _reversible(step: Step, state: Any, start: int, n: int, budget: int) -> Any:
    """The steps in parts: of each but the last step only its first state is kept."""
    while n > 1:
        first = binomial_split(n, budget)
        state = _part(step, state, start, first, budget)
        start, n, budget = start + first, n - first, budget - 1
    return step(state, start)


_segment = checkpoint(_steps)
_part = checkpoint(_reversible)
