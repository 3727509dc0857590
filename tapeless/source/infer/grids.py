"""Grids: their points, differences between them, windows that slide over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tapeless.ir.program import Const
from tapeless.rules import grids, running
from tapeless.source.facts import FLOAT, UNKNOWN, Dims, Fact, broadcast, known_of
from tapeless.source.infer.dtypes import Dtype, result_dtype
from tapeless.source.infer.layouts import unjoined
from tapeless.source.infer.lengths import ANY, minus
from tapeless.source.infer.reductions import INDEX
from tapeless.source.infer.terms import (
    FALSE,
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
    is_none,
    length_argument,
    operand,
    shape_argument,
)

FIFTY = Const(50)
TEN = Const(10.0)

# Points between two ends ------------------------------------------------------------------------------


def linspace(
    start: Term,
    stop: Term,
    num: Term = FIFTY,
    endpoint: Term = TRUE,
    retstep: Term = FALSE,
    dtype: Term = NONE,
    axis: Term = ZERO,
) -> Result:
    """So many numbers from one to another; of arrays, along a new axis."""
    if flag(retstep) is not False:
        return UNKNOWN
    return _spaced(np.linspace, (start, stop), num, dtype, axis)


def geomspace(
    start: Term,
    stop: Term,
    num: Term = FIFTY,
    endpoint: Term = TRUE,
    dtype: Term = NONE,
    axis: Term = ZERO,
) -> Fact:
    """The same, by ratios."""
    return _spaced(np.geomspace, (start, stop), num, dtype, axis)


def logspace(
    start: Term,
    stop: Term,
    num: Term = FIFTY,
    endpoint: Term = TRUE,
    base: Term = TEN,
    dtype: Term = NONE,
    axis: Term = ZERO,
) -> Fact:
    """The same, by exponents; there may be several bases, too."""
    return _spaced(_of_base, (start, stop, base), num, dtype, axis)


def _of_base(start: Any, stop: Any, base: Any) -> Any:
    return np.logspace(start, stop, base=base)


def _spaced(function: Callable[..., Any], ends: tuple[Term, ...], num: Term, dtype: Term, axis: Term) -> Fact:
    facts = [operand(end) for end in ends]
    found = result_dtype(function, *facts) if is_none(dtype) else dtype_argument(dtype, None)
    dims: Dims | None = ()
    for fact in facts:
        dims = broadcast(dims, fact.dims)
    if dims is None:
        return array(found, None)
    at = axis_argument(axis, len(dims) + 1)
    if at is None:
        return array(found, anything(len(dims) + 1))
    return array(found, (*dims[:at], length_argument(num), *dims[at:]))


def fractions(num: Term, endpoint: Term, ndim: Term, axis: Term, dtype: Term) -> Fact:
    """A number for each point."""
    rank, found = integer(ndim), dtype_argument(dtype, None)
    at = None if rank is None else axis_argument(axis, rank)
    if rank is None or at is None:
        return array(found, None if rank is None else anything(rank))
    return array(found, tuple([length_argument(num) if i == at else 1 for i in range(rank)]))


def natural_log(base: Term, dtype: Term) -> Fact:
    """A number for each base."""
    return array(dtype_argument(dtype, None), operand(base).dims)


# Differences ------------------------------------------------------------------------------------------


def gradient(f: Term, *varargs: Term, axis: Term = NONE, edge_order: Term = ONE) -> Result:
    """An array, or one for each axis."""
    fact = operand(f)
    found = array(_inexact(fact.dtype), fact.dims)
    if integer(axis) is not None:
        return found
    axes = None if fact.dims is None else axes_argument(axis, len(fact.dims))
    if not axes:
        return UNKNOWN
    return found if len(axes) == 1 else (found,) * len(axes)


def _inexact(dtype: Dtype | None) -> Dtype | None:
    return dtype if dtype is None or dtype.kind in "fc" else FLOAT if dtype.kind in "iu" else None


def gradients(f: Term, spacings: Term, axis: Term, edge_order: Term) -> Fact:
    """One axis more, along which the results are."""
    fact = operand(f)
    every = None if fact.dims is None else axes_argument(axis, len(fact.dims))
    if not fact.dims:
        return UNKNOWN
    return array(_inexact(fact.dtype), (ANY if every is None else len(every), *fact.dims))


def gradients_transposed(x: Term, *options: Term) -> Fact:
    """As each of the results."""
    fact = operand(x)
    return array(fact.dtype, fact.dims[1:] if fact.dims else None)


def in_one_array(parts: Term, shape: Term) -> Fact:
    """A row for each of the arrays."""
    whole, fact = shape_argument(shape), known_of(parts)
    is_one = fact.kind not in ("list", "tuple")
    count = 1 if is_one else ANY if fact.items is None else len(fact.items)
    return array(operand(parts).dtype, None if whole is None else (count, *whole))


# Windows ----------------------------------------------------------------------------------------------


def windows(x: Term, window_shape: Term, axis: Term = NONE, **options: Term) -> Fact:
    """What is left of each axis, then the axes of a window."""
    fact, window = operand(x), shape_argument(window_shape)
    every = None if fact.dims is None else axes_argument(axis, len(fact.dims))
    if fact.dims is None or window is None or every is None:
        return array(fact.dtype, None)
    left = list(fact.dims)
    for position, length in zip(every, window, strict=True):
        left[position] = minus(left[position], length - 1) if isinstance(length, int) else ANY
    return array(fact.dtype, (*left, *window))


def add_windows(x: Term, shape: Term, *options: Term) -> Fact:
    """In the shape that the second argument names."""
    return array(operand(x).dtype, shape_argument(shape))


# Running extremes -------------------------------------------------------------------------------------


def first_attained(extremes: Term, axis: Term) -> Fact:
    """A place for each."""
    return array(INDEX, operand(extremes).dims)


HANDLERS: dict[Any, Callable[..., Result]] = {
    np.linspace: linspace,
    np.geomspace: geomspace,
    np.logspace: logspace,
    np.gradient: gradient,
    sliding_window_view: windows,
    grids.fractions: fractions,
    grids.natural_log: natural_log,
    grids.gradients: gradients,
    grids.gradients_transposed: gradients_transposed,
    grids.in_one_array: in_one_array,
    grids.in_parts: unjoined,
    grids.add_windows: add_windows,
    running.first_attained: first_attained,
}
