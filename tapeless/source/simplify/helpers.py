"""What is known of the results of the functions that rules call and NumPy lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapeless.ir.program import Atom, Const
from tapeless.rules.contractions import dot_to_left, dot_to_right, matmul_to_left, matmul_to_right
from tapeless.rules.extremes import attained, count_ties
from tapeless.rules.norms import norm
from tapeless.rules.reductions import at_least_one, count_reduced, degrees_of_freedom
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import (
    as_dtype,
    conjugate,
    divide_or_zero,
    dtype_of,
    in_dtype,
    masked,
    restore_axes,
    spread,
    unbroadcast,
)
from tapeless.source.facts import FLOAT, INT, UNKNOWN, Dim, Dims, Fact, known_of
from tapeless.source.infer import infer

Term = Fact | Const
COUNT = Fact("scalar", INT, (), weak=True)


def dims_of_shape(shape: Term) -> Dims | None:
    """The dims that an argument `shape` stands for, where each of them is known."""
    items = known_of(shape).items
    if items is None or known_of(shape).kind != "tuple":
        return None
    dims = tuple([_length(item) for item in items])
    return None if None in dims else dims  # type: ignore[return-value]


def _length(item: Term) -> Dim | None:
    if isinstance(item, Const):
        return item.value if type(item.value) is int else None
    return item.size


def axes_of(axis: Atom | Fact, rank: int) -> tuple[int, ...] | None:
    """The axes that a constant argument `axis` names, none of them negative; None means all."""
    if not isinstance(axis, Const):
        return None
    if axis.value is None:
        return tuple(range(rank))
    axes = axis.value if type(axis.value) is tuple else (axis.value,)
    if not all([type(i) is int and -rank <= i < rank for i in axes]):
        return None
    return tuple([i % rank for i in axes])


def _numeric(dtype: np.dtype[Any] | None, dims: Dims | None) -> Fact:
    return Fact("numeric" if dims is None else "array" if dims else "scalar", dtype, dims)


def _like(x: Term, *_: Term) -> Fact:
    return known_of(x)


def _spread(x: Term, shape: Term, axis: Term, keepdims: Term) -> Fact:
    return Fact("array", known_of(x).dtype, dims_of_shape(shape))


def _unbroadcast(x: Term, shape: Term) -> Fact:
    dims = dims_of_shape(shape)
    return known_of(x) if dims == known_of(x).dims else _numeric(known_of(x).dtype, dims)


def _as_dtype(x: Term, dtype: Term) -> Fact:
    wanted = dtype.value if isinstance(dtype, Const) else dtype.dtype
    return _numeric(np.dtype(wanted) if wanted is not None else None, known_of(x).dims)


def _dtype_of(x: Term) -> Fact:
    return Fact("object", known_of(x).dtype)


def _masked(x: Term, where: Term) -> Fact:
    if isinstance(where, Const) and where.value is True:
        return known_of(x)
    found = infer(np.where, (where, x, Const(0.0)), {})
    return found if isinstance(found, Fact) else UNKNOWN


def _restore_axes(x: Term, shape: Term, axis: Term, keepdims: Term) -> Fact:
    fact, dims = known_of(x), dims_of_shape(shape)
    if dims == () or (isinstance(axis, Const) and axis.value is None):
        return fact
    if isinstance(keepdims, Const) and keepdims.value is True:
        return fact
    axes = None if dims is None else axes_of(axis, len(dims))
    if dims is None or axes is None or not isinstance(keepdims, Const):
        return _numeric(fact.dtype, None)
    return _numeric(fact.dtype, tuple([1 if i in axes else dim for i, dim in enumerate(dims)]))


def _count_reduced(shape: Term, axis: Term, where: Term, dtype: Term) -> Fact:
    return COUNT if isinstance(where, Const) and where.value is True else UNKNOWN


def _at_least_one(count: Term) -> Fact:
    return known_of(count) if known_of(count) == COUNT else UNKNOWN


def _degrees_of_freedom(count: Term, ddof: Term, correction: Term) -> Fact:
    free = ddof if isinstance(correction, Const) and correction.value is None else correction
    return COUNT if known_of(count).weak and known_of(free).weak and known_of(free).dtype == INT else UNKNOWN


def _product(c: Term, x: Term, shape: Term) -> Fact:
    """Some of the cases make an array of `c` first, others do not: a Python number is no longer weak then."""
    found = infer(np.multiply, (c, x), {})
    is_sure = isinstance(found, Fact) and (not known_of(c).weak or known_of(x).dtype == FLOAT)
    return _numeric(found.dtype if is_sure and isinstance(found, Fact) else None, dims_of_shape(shape))


def _norm(g: Term, out: Term, x: Term, order: Term, axis: Term, keepdims: Term) -> Fact:
    found = infer(np.multiply, (g, x), {})
    return _numeric(found.dtype if isinstance(found, Fact) else None, known_of(x).dims)


def _as(function: Callable[..., Any]) -> Callable[..., Fact]:
    def handler(*args: Term) -> Fact:
        found = infer(function, args[:2], {})
        return found if isinstance(found, Fact) else UNKNOWN

    return handler


HELPERS: Mapping[Any, Callable[..., Fact]] = {
    spread: _spread,
    unbroadcast: _unbroadcast,
    as_dtype: _as_dtype,
    in_dtype: _as_dtype,
    dtype_of: _dtype_of,
    masked: _masked,
    conjugate: _like,
    restore_axes: _restore_axes,
    count_reduced: _count_reduced,
    at_least_one: _at_least_one,
    degrees_of_freedom: _degrees_of_freedom,
    divide_or_zero: _as(np.true_divide),
    power_derivative: _as(np.power),
    matmul_to_left: _product,
    matmul_to_right: _product,
    dot_to_left: _product,
    dot_to_right: _product,
    norm: _norm,
}
BY_ID = {id(op): handler for op, handler in HELPERS.items()}

# Their results share nothing with their arguments.
FRESH = frozenset(map(id, (divide_or_zero, power_derivative, count_reduced, count_ties, attained)))
