"""Cotangents of containers: structures of arrays of which nobody knows the length in advance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.rules.kinds import constant, forward_rule, general
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
    if isinstance(a, dict):
        return {key: added(item, b[key]) for key, item in a.items()}
    if isinstance(a, tuple) and hasattr(a, "_fields"):
        return type(a)(*[added(x, y) for x, y in zip(a, b, strict=True)])
    if isinstance(a, list | tuple):
        return type(a)([added(x, y) for x, y in zip(a, b, strict=True)])
    return a + b


@general(added, shaped=True)
def added_rule(g: Any, a: Any, b: Any) -> Any:
    return g, g


@forward_rule(added)
def added_forward(t_a: Any, t_b: Any, out: Any, a: Any, b: Any) -> Any:
    return added(t_a, t_b)


constant(zeros_of)
