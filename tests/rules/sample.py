"""What a line of samples says about a row of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """One call at a smooth point: every derivative is checked against differences.

    `wrt`: the positions in the rule's parameters that are differentiated; a position that holds a list or a
    starred tuple of arrays differentiates all of them.  `complex`: also run with complex inputs (holomorphic
    functions only).  `order`: up to which order differences can be trusted (1 for piecewise linear functions
    is not needed: their second derivative is zero and is checked).
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    wrt: tuple[int, ...] = (0,)
    complex: bool = False
    order: int = 2
    rtol: float = 1e-5
    note: str = ""

    def __str__(self) -> str:
        name = getattr(self.function, "__name__", str(self.function))
        shapes = ",".join(
            "x".join(map(str, np.shape(a))) or "0d" for a in self.args if isinstance(a, np.ndarray | float)
        )
        keywords = ",".join(f"{k}={v}" for k, v in self.kwargs.items())
        return f"{name}({shapes}{',' if self.kwargs else ''}{keywords}){self.note}"


@dataclass(frozen=True, eq=False)
class Edge:
    """One call at a point where differences say nothing: kinks, ties, zeros, infinities, nan, empty.

    `gives`: the cotangents, worked out by hand, of the arguments in `wrt` for `g` (ones, unless given).
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    gives: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    wrt: tuple[int, ...] = (0,)
    g: Any = None
    note: str = ""

    def __str__(self) -> str:
        name = getattr(self.function, "__name__", str(self.function))
        return f"{name}({','.join(str(a).replace(chr(10), '') for a in self.args)}){self.note}"


def array(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Fixed pseudo-random float64 numbers between `low` and `high`."""
    return np.random.default_rng(seed).uniform(low, high, shape)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """Fixed pseudo-random numbers between 0.5 and 2."""
    return array(*shape, seed=seed, low=0.5, high=2.0)


def distinct(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers far enough from each other that differences cross no tie."""
    n = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(n).reshape(shape) - n / 2 + 0.3) / max(n, 1)


def matrix(n: int, seed: int = 0) -> np.ndarray:
    """A well-conditioned square matrix."""
    return array(n, n, seed=seed) + 2.0 * np.eye(n)
