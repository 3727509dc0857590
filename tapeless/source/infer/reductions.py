"""Sums, means, products, extremes and all else that takes axes away; scans, which keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.source.facts import UNKNOWN, Dims, Fact, known_of
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY, product
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    TRUE,
    Term,
    anything,
    array,
    axes_argument,
    dtype_argument,
    flag,
    is_integer,
    is_none,
    items_of,
    numeric,
    numeric_of,
)


def reduced(dims: Dims | None, axis: Term, keepdims: bool | None) -> Dims | None:
    """The dims that a reduction over `axis` leaves."""
    if keepdims is None:
        return None
    if dims is None:
        return () if is_none(axis) and not keepdims else None
    axes = axes_argument(axis, len(dims))
    if axes is not None:
        if keepdims:
            return tuple([1 if i in axes else dim for i, dim in enumerate(dims)])
        return tuple([dim for i, dim in enumerate(dims) if i not in axes])
    if keepdims:
        return anything(len(dims))
    items = items_of(axis)
    if is_integer(known_of(axis)) or items is not None:
        gone = 1 if items is None else len(items)
        return anything(len(dims) - gone) if gone <= len(dims) else None
    return None


def reduction(function: Callable[..., Any], axis: Term = NONE, ndim: int = 1) -> Callable[..., Fact]:
    """A function that takes `axis`, `dtype` and `keepdims`."""
    default = axis

    def handler(
        a: Term,
        axis: Term = default,
        dtype: Term = NONE,
        out: Term = NONE,
        keepdims: Term = FALSE,
        initial: Term = NONE,
        where: Term = TRUE,
        **others: Term,
    ) -> Fact:
        return _reduction(function, a, axis, dtype, out, keepdims)

    return handler


def _reduction(
    function: Callable[..., Any], a: Term, axis: Term, dtype: Term, out: Term, keepdims: Term
) -> Fact:
    fact = numeric_of(a)
    if fact.kind == "object" or not is_none(out):
        return UNKNOWN
    found = dtype_argument(dtype, None) if not is_none(dtype) else result_dtype(function, fact)
    return numeric(found, reduced(fact.dims, axis, flag(keepdims)))


def extreme(function: Callable[..., Any]) -> Callable[..., Fact]:
    """A function whose third parameter is `out`, without a dtype."""

    def handler(
        a: Term,
        axis: Term = NONE,
        out: Term = NONE,
        keepdims: Term = FALSE,
        initial: Term = NONE,
        where: Term = TRUE,
        **others: Term,
    ) -> Fact:
        return _reduction(function, a, axis, NONE, out, keepdims)

    return handler


def scan(function: Callable[..., Any], axis: Term = NONE) -> Callable[..., Fact]:
    """A cumulative sum or product: over all elements, flat, or along an axis."""
    default = axis

    def handler(a: Term, axis: Term = default, dtype: Term = NONE, out: Term = NONE) -> Fact:
        fact = numeric_of(a)
        if fact.kind == "object" or not is_none(out):
            return UNKNOWN
        found = dtype_argument(dtype, None) if not is_none(dtype) else result_dtype(function, fact)
        if not is_none(axis):
            return array(found, fact.dims)
        return array(found, (ANY if fact.dims is None else product(fact.dims),))

    return handler
