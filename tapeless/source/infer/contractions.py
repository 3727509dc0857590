"""Products that sum: dot, matmul, einsum and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import UNKNOWN, Dims, Fact, broadcast
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.terms import (
    NONE,
    Dtype,
    Term,
    is_none,
    numeric,
    numeric_of,
)


def _pair(x1: Term, x2: Term, dtype_of: Callable[..., Any] = np.multiply) -> tuple[Fact, Fact, Dtype | None]:
    first, second = numeric_of(x1), numeric_of(x2)
    return first, second, result_dtype(dtype_of, first, second)


def matmul(x1: Term, x2: Term, out: Term = NONE) -> Fact:
    """Matrices in the last two axes, the others broadcast; a vector is a row or a column."""
    first, second, dtype = _pair(x1, x2, np.matmul)
    if "object" in (first.kind, second.kind) or not is_none(out):
        return UNKNOWN
    a, b = first.dims, second.dims
    if a is None or b is None:
        return Fact("array" if len(a or b or ()) > 2 else "numeric", dtype)
    return numeric(dtype, matmul_dims(a, b))


def matmul_dims(a: Dims, b: Dims) -> Dims | None:
    """The dims of a matrix product."""
    if not a or not b:
        return None
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    lead = broadcast(a[:-2], b[:-2])
    return None if lead is None else (*lead, *rows, *columns)


def dot(a: Term, b: Term, out: Term = NONE) -> Fact:
    """The last axis of the first with the last but one of the second."""
    first, second, dtype = _pair(a, b, np.dot)
    if "object" in (first.kind, second.kind) or not is_none(out):
        return UNKNOWN
    m, n = first.dims, second.dims
    if m is None or n is None:
        return numeric(dtype, None)
    if not m or not n:
        return numeric(dtype, m or n)
    return numeric(dtype, (*m[:-1], *n[:-2], *(n[-1:] if len(n) > 1 else ())))
