"""Functions that make arrays of a shape, of another array's shape, or of lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import FLOAT, UNKNOWN, Dim, Fact, known_of
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY, as_length, minus
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    TRUE,
    ZERO,
    Result,
    Term,
    dtype_argument,
    integer,
    is_integer,
    is_none,
    length_argument,
    no,
    operand,
    shape_argument,
)


def of_shape(shape: Term, dtype: Term = NONE, order: Term = NONE, **others: Term) -> Fact:
    """np.zeros and its kin: float64 unless told otherwise."""
    return Fact("array", dtype_argument(dtype, FLOAT), shape_argument(shape))


def full(shape: Term, fill_value: Term, dtype: Term = NONE, order: Term = NONE, **others: Term) -> Fact:
    """In the dtype of what it is filled with."""
    own = operand(fill_value).dtype if is_none(dtype) else None
    return Fact(
        "array", dtype_argument(dtype, own) if own or not is_none(dtype) else None, shape_argument(shape)
    )


def like(a: Term, dtype: Term = NONE, order: Term = NONE, subok: Term = TRUE, shape: Term = NONE) -> Fact:
    """np.zeros_like and its kin."""
    fact = operand(a)
    found = fact.dtype if is_none(dtype) else dtype_argument(dtype, None)
    return Fact("array", found, fact.dims if is_none(shape) else shape_argument(shape))


def full_like(
    a: Term,
    fill_value: Term,
    dtype: Term = NONE,
    order: Term = NONE,
    subok: Term = TRUE,
    shape: Term = NONE,
) -> Fact:
    """In the dtype of the array, whatever it is filled with."""
    return like(a, dtype, order, subok, shape)


def eye(N: Term, M: Term = NONE, k: Term = ZERO, dtype: Term = NONE, order: Term = NONE) -> Fact:
    """A matrix with ones on a diagonal; np.identity, too."""
    rows = length_argument(N)
    columns = rows if is_none(M) else length_argument(M)
    return Fact("array", dtype_argument(dtype, FLOAT), (rows, columns))


def identity(n: Term, dtype: Term = NONE) -> Fact:
    """A square matrix with ones on the diagonal."""
    return eye(n, dtype=dtype)


def tri(N: Term, M: Term = NONE, k: Term = ZERO, dtype: Term = NONE) -> Fact:
    """A matrix of ones below a diagonal."""
    return eye(N, M, k, dtype)


def arange(start: Term, stop: Term = NONE, step: Term = NONE, dtype: Term = NONE, **others: Term) -> Fact:
    """The numbers from one to another; how many there are is known of whole numbers."""
    if is_none(stop):
        start, stop = ZERO, start
    facts = [operand(part) for part in (start, stop, step) if not is_none(part)]
    is_complex = any(fact.dtype is None or fact.dtype.kind == "c" for fact in facts)
    own = None if is_complex else result_dtype(np.arange, *facts, ndim=0)
    found = own if is_none(dtype) else dtype_argument(dtype, None)
    return Fact("array", found, (_count(start, stop, step),))


def _count(start: Term, stop: Term, step: Term) -> Dim:
    begin, end = integer(start), known_of(stop).size
    stride = 1 if is_none(step) else integer(step)
    if not all(is_integer(known_of(part)) for part in (start, stop)) or begin is None or not stride:
        return ANY
    if isinstance(end, int):
        return len(range(begin, end, stride))
    if begin < 0 or stride != 1 or end is None:
        return ANY
    return minus(as_length(end), begin)


def make_array(
    object: Term,
    dtype: Term = NONE,
    *,
    copy: Term = TRUE,
    order: Term = NONE,
    subok: Term = FALSE,
    ndmin: Term = ZERO,
    like: Term = NONE,
) -> Fact:
    """np.array: of nested lists, or of an array."""
    fact = operand(object)
    no(like)
    least = integer(ndmin)
    dims = fact.dims
    if least is None:
        dims = None
    elif dims is not None and len(dims) < least:
        dims = (1,) * (least - len(dims)) + dims
    own = FLOAT if known_of(object).items == () else fact.dtype
    found = own if is_none(dtype) else dtype_argument(dtype, None)
    return Fact("array", found, dims)


def as_array(a: Term, dtype: Term = NONE, order: Term = NONE, **others: Term) -> Fact:
    """np.asarray and its kin."""
    return UNKNOWN if set(others) - {"copy", "device"} else make_array(a, dtype)


def as_contiguous(a: Term, dtype: Term = NONE, **others: Term) -> Fact:
    """np.ascontiguousarray: of at least one axis."""
    return make_array(a, dtype, ndmin=Const(1))


def copy(a: Term, order: Term = NONE, subok: Term = FALSE) -> Fact:
    """An array of its own."""
    return make_array(a)


HANDLERS: dict[Any, Callable[..., Result]] = {
    **dict.fromkeys((np.zeros, np.ones, np.empty), of_shape),
    **dict.fromkeys((np.zeros_like, np.ones_like, np.empty_like), like),
    **dict.fromkeys((np.asarray, np.asanyarray, np.asfortranarray), as_array),
    np.ascontiguousarray: as_contiguous,
    np.full: full,
    np.full_like: full_like,
    np.eye: eye,
    np.identity: identity,
    np.tri: tri,
    np.arange: arange,
    np.array: make_array,
    np.copy: copy,
}
