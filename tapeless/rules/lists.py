"""Cotangents of containers: structures of arrays of which nobody knows the length in advance."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless import _tree
from tapeless._tree import sum_of
from tapeless._types import Constant
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
    if hasattr(type(value), "__dataclass_fields__"):
        known: Any = _tree.container(type(value))
        parts, names = known.flatten(value)
        return known.unflatten(names, [zeros_of(part) for part in parts])
    return np.zeros_like(value)[()] if isinstance(value, np.inexact) else 0.0


@primitive
def zeros_at(whole: Any, *path: Any) -> Any:
    """Zeros in the structure of what stands at the end of a path; 0.0 if nothing does yet.

    >>> zeros_at({"a": [np.ones(2)]}, "a", 0), zeros_at({"a": 1.5}, "b")
    (array([0., 0.]), 0.0)
    """
    for key in path:
        if isinstance(whole, dict) and key not in whole:
            return 0.0
        whole = whole[key]
    return zeros_of(whole)


@primitive
def order_of(keys: Any, descending: bool = False) -> list[int]:
    """The positions of the items of a list, in their order.

    >>> order_of([2.0, 3.0, 1.0])
    [2, 0, 1]
    """
    return sorted(range(len(keys)), key=list(keys).__getitem__, reverse=descending)


@primitive
def keys_of(mapping: Any) -> list[Any]:
    """The keys of a dict, as they are now.

    >>> keys_of({"a": 1.0, "b": 2.0})
    ['a', 'b']
    """
    return list(mapping)


@primitive
def bounds_of(length: int, part: slice) -> tuple[int, int]:
    """Where a slice of a list begins and ends.

    >>> bounds_of(5, slice(-2, None))
    (3, 5)
    """
    start, stop, _ = part.indices(length)
    return start, max(start, stop)


@primitive
def all_but(length: int, part: slice) -> list[int]:
    """The positions in a list that are not in a slice of it.

    >>> all_but(5, slice(None, None, 2))
    [1, 3]
    """
    left_out = set(range(length)[part])
    return [k for k in range(length) if k not in left_out]


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
constant(zeros_at)
constant(order_of)
constant(bounds_of)
constant(all_but)
constant(keys_of)
