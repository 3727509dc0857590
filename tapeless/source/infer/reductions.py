"""Sums, means, products, extremes and all else that takes axes away; scans, which keep them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.source.facts import UNKNOWN, Dims, Fact, known_of
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY, minus, plus, product
from tapeless.source.infer.terms import (
    FALSE,
    LAST,
    NONE,
    ONE,
    TRUE,
    ZERO,
    Result,
    Term,
    anything,
    array,
    axes_argument,
    axis_argument,
    dtype_argument,
    flag,
    integer,
    is_integer,
    is_none,
    items_of,
    loose,
    no,
    numeric,
    operand,
)

INDEX = np.dtype(np.intp)


def reduced(dims: Dims | None, axis: Term, keepdims: bool | None) -> Dims | None:
    """The dims that a reduction over `axis` leaves."""
    if dims == ():
        return ()
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


def _reduction(function: Callable[..., Any], a: Term, axis: Term, keepdims: Term, dtype: Term = NONE) -> Fact:
    fact = operand(a)
    found = result_dtype(function, fact) if is_none(dtype) else dtype_argument(dtype, None)
    return numeric(found, reduced(fact.dims, axis, flag(keepdims)))


def totals(function: Callable[..., Any], axis: Term = NONE) -> Callable[..., Fact]:
    """`f(a, axis, dtype, out, keepdims, initial, where)`: sums and products."""
    default = axis

    def handler(
        a: Term,
        axis: Term = default,
        dtype: Term = NONE,
        out: Term = NONE,
        keepdims: Term = FALSE,
        initial: Term = NONE,
        where: Term = TRUE,
    ) -> Fact:
        no(out)
        return _reduction(function, a, axis, keepdims, dtype)

    return handler


def moments(function: Callable[..., Any]) -> Callable[..., Fact]:
    """`f(a, axis, dtype, out, ddof, keepdims, *, where, mean, correction)`: variances."""

    def handler(
        a: Term,
        axis: Term = NONE,
        dtype: Term = NONE,
        out: Term = NONE,
        ddof: Term = ZERO,
        keepdims: Term = FALSE,
        *,
        where: Term = TRUE,
        mean: Term = NONE,
        correction: Term = NONE,
    ) -> Fact:
        no(out)
        found = _reduction(function, a, axis, keepdims, dtype)
        return found if is_none(dtype) and is_none(mean) else Fact(found.kind, None, found.dims)

    return handler


def extremes(function: Callable[..., Any]) -> Callable[..., Fact]:
    """`f(a, axis, out, keepdims, initial, where)`: extremes, and whether any or all hold."""

    def handler(
        a: Term,
        axis: Term = NONE,
        out: Term = NONE,
        keepdims: Term = FALSE,
        initial: Term = NONE,
        where: Term = TRUE,
    ) -> Fact:
        no(out)
        return _reduction(function, a, axis, keepdims)

    return handler


def medians(function: Callable[..., Any]) -> Callable[..., Fact]:
    """`f(a, axis, out, overwrite_input, keepdims)`."""

    def handler(
        a: Term,
        axis: Term = NONE,
        out: Term = NONE,
        overwrite_input: Term = FALSE,
        keepdims: Term = FALSE,
    ) -> Fact:
        no(out)
        found = _reduction(function, a, axis, keepdims)
        return loose(found.dtype, found.dims)

    return handler


def quantiles(function: Callable[..., Any]) -> Callable[..., Fact]:
    """`f(a, q, axis, ...)`: the axes of q come first."""

    def handler(
        a: Term,
        q: Term,
        axis: Term = NONE,
        out: Term = NONE,
        overwrite_input: Term = FALSE,
        method: Term = NONE,
        keepdims: Term = FALSE,
        *,
        weights: Term = NONE,
    ) -> Fact:
        no(out, weights)
        fact, places = operand(a), operand(q)
        left = reduced(fact.dims, axis, flag(keepdims))
        dtype = result_dtype(function, fact, places) if is_none(method) else None
        if left is None or places.dims is None or (len(places.dims) > 1 and left):
            return Fact("numeric", dtype)
        return loose(dtype, (*places.dims, *left))

    return handler


def average(
    a: Term, axis: Term = NONE, weights: Term = NONE, returned: Term = FALSE, *, keepdims: Term = FALSE
) -> Result:
    """A mean with weights, and their sum if it is asked for."""
    fact = operand(a)
    given = [fact] if is_none(weights) else [fact, operand(weights)]
    dtype = result_dtype(_averaged, *given)
    found = numeric(dtype, reduced(fact.dims, axis, flag(keepdims)))
    is_pair = flag(returned)
    return UNKNOWN if is_pair is None else (found, Fact("numeric", None, found.dims)) if is_pair else found


def _averaged(a: Any, weights: Any = None) -> Any:
    return np.average(a, weights=weights)


def positions(a: Term, axis: Term = NONE, out: Term = NONE, *, keepdims: Term = FALSE) -> Fact:
    """np.argmax and its kin."""
    no(out)
    return numeric(INDEX, reduced(operand(a).dims, axis, flag(keepdims)))


def count(a: Term, axis: Term = NONE, *, keepdims: Term = FALSE) -> Fact:
    """np.count_nonzero: a number of Python's or NumPy's if all are counted."""
    dims = reduced(operand(a).dims, axis, flag(keepdims))
    return Fact("array", INDEX, dims) if dims else Fact("numeric", None, dims)


# Methods of ufuncs ------------------------------------------------------------------------------------


def method(function: np.ufunc, name: str) -> Callable[..., Result]:
    """`function.reduce`, `.accumulate` or `.outer`."""
    made = getattr(function, name)
    if name == "reduce":
        return totals(made, ZERO)
    if name == "accumulate":
        return scan(made, ZERO)
    return functools.partial(_outer, function) if name == "outer" else lambda *args, **kwargs: UNKNOWN


def _outer(function: np.ufunc, a: Term, b: Term) -> Fact:
    first, second = operand(a), operand(b)
    dims = None if first.dims is None or second.dims is None else (*first.dims, *second.dims)
    strong = [replace(fact, weak=False) for fact in (first, second)]
    return numeric(result_dtype(function, *strong), dims)


# Scans ------------------------------------------------------------------------------------------------


def scan(function: Callable[..., Any], axis: Term = NONE) -> Callable[..., Fact]:
    """A cumulative sum or product: over all elements, flat, or along an axis."""
    default = axis

    def handler(a: Term, axis: Term = default, dtype: Term = NONE, out: Term = NONE) -> Fact:
        no(out)
        fact = operand(a)
        found = result_dtype(function, fact) if is_none(dtype) else dtype_argument(dtype, None)
        if not is_none(axis):
            return array(found, fact.dims or None)
        return array(found, (ANY if fact.dims is None else product(fact.dims),))

    return handler


def cumulative(function: Callable[..., Any]) -> Callable[..., Fact]:
    """np.cumulative_sum and np.cumulative_prod."""

    def handler(
        x: Term,
        *,
        axis: Term = NONE,
        dtype: Term = NONE,
        out: Term = NONE,
        include_initial: Term = FALSE,
    ) -> Fact:
        found = scan(function)(x, axis if not is_none(axis) else ZERO, dtype, out)
        is_longer = flag(include_initial)
        at = axis_argument(ZERO if is_none(axis) else axis, len(found.dims or ()))
        if is_longer is False or found.dims is None:
            return found if is_longer is False else Fact("array", found.dtype)
        if at is None or is_longer is None:
            return array(found.dtype, anything(len(found.dims)))
        return array(found.dtype, (*found.dims[:at], plus(found.dims[at], 1), *found.dims[at + 1 :]))

    return handler


def diff(a: Term, n: Term = ONE, axis: Term = LAST, prepend: Term = NONE, append: Term = NONE) -> Fact:
    """The n-th difference along an axis."""
    fact = operand(a)
    if not (is_none(prepend) and is_none(append)):
        return Fact("array", None, None if fact.dims is None else anything(len(fact.dims)))
    times = integer(n)
    if times == 0 or times is None:
        return Fact("array", fact.dtype, fact.dims) if times == 0 and fact.kind == "array" else UNKNOWN
    dtype = result_dtype(np.diff, fact)
    if fact.dims is None:
        return Fact("array", dtype)
    at = axis_argument(axis, len(fact.dims))
    if at is None:
        return Fact("array", dtype, anything(len(fact.dims)))
    return Fact("array", dtype, (*fact.dims[:at], minus(fact.dims[at], times), *fact.dims[at + 1 :]))


def trapezoid(y: Term, x: Term = NONE, dx: Term = ONE, axis: Term = LAST) -> Fact:
    """An integral along an axis."""
    fact = operand(y)
    step = operand(dx if is_none(x) else x)
    dtype = result_dtype(_integrated, fact, step)
    if fact.dims is None or step.dims is None or (len(step.dims) > 1 and step.dims != fact.dims):
        return Fact("numeric", dtype)
    return numeric(dtype, reduced(fact.dims, axis, False))


def _integrated(y: Any, step: Any) -> Any:
    values = np.ones(2, np.asarray(y).dtype)
    if isinstance(step, np.ndarray):
        return np.trapezoid(values, np.ones(2, step.dtype))
    return np.trapezoid(values, dx=step)


# Norms ------------------------------------------------------------------------------------------------


def norm(x: Term, ord: Term = NONE, axis: Term = NONE, keepdims: Term = FALSE) -> Fact:
    """Of a vector or matrix; without `axis` of the whole array."""
    return _reduction(np.linalg.norm, x, axis, keepdims)


def vector_norm(x: Term, *, axis: Term = NONE, keepdims: Term = FALSE, ord: Term = NONE) -> Fact:
    """Of all elements, or along axes."""
    return _reduction(np.linalg.norm, x, axis, keepdims)


def matrix_norm(x: Term, *, keepdims: Term = FALSE, ord: Term = NONE) -> Fact:
    """Over the last two axes."""
    fact = operand(x)
    dtype = result_dtype(np.linalg.norm, fact)
    if fact.dims is None or flag(keepdims) is None:
        return Fact("numeric", dtype)
    return numeric(dtype, (*fact.dims[:-2], *((1, 1) if flag(keepdims) else ())))


def logsumexp(x: Term, axis: Term, keepdims: Term) -> Fact:
    """log(sum(exp(x)))."""
    return _reduction(np.exp, x, axis, keepdims)


SUMS = (np.sum, np.prod, np.nansum, np.nanprod, np.mean, np.nanmean)
MOMENTS = (np.var, np.std, np.nanvar, np.nanstd)
EXTREMES = (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.any, np.all, np.ptp)
MEDIANS = (np.median, np.nanmedian)
QUANTILES = (np.quantile, np.nanquantile, np.percentile, np.nanpercentile)
POSITIONS = (np.argmax, np.argmin, np.nanargmax, np.nanargmin)
SCANS = (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)

HANDLERS: dict[Any, Callable[..., Result]] = {
    **{function: totals(function) for function in SUMS},
    **{function: moments(function) for function in MOMENTS},
    **{function: extremes(function) for function in EXTREMES},
    **{function: medians(function) for function in MEDIANS},
    **{function: quantiles(function) for function in QUANTILES},
    **dict.fromkeys(POSITIONS, positions),
    **{function: scan(function) for function in SCANS},
    np.average: average,
    np.count_nonzero: count,
    np.diff: diff,
    np.trapezoid: trapezoid,
    np.linalg.norm: norm,
    np.linalg.vector_norm: vector_norm,
    np.linalg.matrix_norm: matrix_norm,
}
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    HANDLERS[np.cumulative_sum] = cumulative(np.cumsum)
    HANDLERS[np.cumulative_prod] = cumulative(np.cumprod)
