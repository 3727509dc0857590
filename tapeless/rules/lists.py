"""Cotangents of containers: structures of arrays of which nobody knows the length in advance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Constant
from tapeless.ir.program import sum_of
from tapeless.rules.indexing import index_add
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.table import primitive


@primitive
def zeros_of(value: Any) -> Any:
    """Zeros in the structure of a number, an array, or a container of them.

    >>> zeros_of([1.5, (np.ones(2), 2)])
    [0.0, (array([0., 0.]), 0.0)]
    """
    if isinstance(value, np.ndarray):
        return np.zeros_like(value, dtype=value.dtype if value.dtype.kind in "fc" else np.float64)
    if isinstance(value, dict):
        return {key: zeros_of(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[zeros_of(item) for item in value])
    if isinstance(value, list | tuple):
        return type(value)([zeros_of(item) for item in value])
    return np.zeros_like(value)[()] if isinstance(value, np.inexact) else 0.0


@primitive
def added(a: Any, b: Any) -> Any:
    """The sum of two numbers, arrays, or containers of the same structure.

    >>> added([1.0, (2.0,)], [3.0, (4.0,)])
    [4.0, (6.0,)]
    """
    return sum_of(a, b)


@general(added, shaped=True)
def added_rule(g: Any, a: Any, b: Any) -> Any:
    return g, g


@forward_rule(added)
def added_forward(t_a: Any, t_b: Any, out: Any, a: Any, b: Any) -> Any:
    return added(t_a, t_b)


@primitive
def placed(x: Any, like: Any, index: Any) -> Any:
    """Zeros in the structure of `like`, but for `x` at `index`.

    >>> placed(2.0, [1.5, (np.ones(2), 2)], 0)
    [2.0, (array([0., 0.]), 0.0)]
    """
    if isinstance(like, np.ndarray | np.generic):
        return index_add(x, np.shape(like), index)
    if isinstance(like, dict):
        return zeros_of(like) | {index: x}
    items = list(zeros_of(like))
    items[index] = x
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


@linear(placed)
def placed_rule(g: Any, x: Any, like: Constant, index: Constant) -> Any:
    return g[index], None, None


constant(zeros_of)
