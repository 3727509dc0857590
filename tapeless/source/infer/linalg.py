"""Linear algebra: matrices in the last two axes, all others before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import UNKNOWN, Dim, Dims, Fact, broadcast, derived
from tapeless.source.infer.dtypes import result_dtype, result_dtypes
from tapeless.source.infer.lengths import ANY, is_named
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    ONE,
    TRUE,
    ZERO,
    Dtype,
    Result,
    Term,
    array,
    axes_argument,
    dtype_argument,
    flag,
    integer,
    is_none,
    numeric,
    operand,
    text,
)


def smaller(m: Dim, n: Dim) -> Dim:
    """The smaller of two lengths."""
    if m == n or (isinstance(m, int) and isinstance(n, int)):
        return m if m == n else min(m, n)  # type: ignore[type-var]
    if not (is_named(m) and is_named(n)):
        return ANY
    names = sorted(str(dim) if isinstance(dim, int) else dim.name for dim in (m, n))
    return derived(f"min({names[0]},{names[1]})")


def _matrix(a: Term) -> tuple[Fact, Dims, Dims] | None:
    """A stack of matrices: its fact, the dims before the matrices and those of the matrices."""
    fact = operand(a)
    if fact.dims is None or len(fact.dims) < 2:
        return None
    return fact, fact.dims[:-2], fact.dims[-2:]


def same_matrix(function: Callable[..., Any]) -> Callable[..., Fact]:
    """inv, cholesky: matrices of the same shape."""

    def handler(a: Term, **options: Term) -> Fact:
        fact = operand(a)
        return Fact("array", result_dtype(function, fact, ndim=2), fact.dims)

    return handler


def pinv(
    a: Term,
    rcond: Term = NONE,
    hermitian: Term = FALSE,
    *,
    rtol: Term = NONE,
) -> Fact:
    """Transposed in shape."""
    found = _matrix(a)
    dtype = result_dtype(np.linalg.pinv, operand(a), ndim=2)
    if found is None:
        return Fact("array", dtype)
    _, lead, (m, n) = found
    return Fact("array", dtype, (*lead, n, m))


def matrix_power(a: Term, n: Term) -> Fact:
    """Of whole numbers only for exponents that are not negative."""
    fact, exponent = operand(a), integer(n)
    is_inexact = fact.dtype is not None and fact.dtype.kind in "fc"
    keeps = is_inexact or (exponent is not None and exponent >= 0)
    return Fact("array", fact.dtype if keeps else None, fact.dims)


def solve(a: Term, b: Term) -> Fact:
    """A vector on the right-hand side has one axis; all else are matrices."""
    matrix, right = operand(a), operand(b)
    dtype = result_dtype(np.linalg.solve, matrix, right, ndim=2)
    m, n = matrix.dims, right.dims
    if m is None or n is None or len(m) < 2:
        return Fact("array", dtype)
    if len(n) == 1:
        return array(dtype, (*m[:-2], n[0]))
    lead = broadcast(m[:-2], n[:-2])
    return Fact("array", dtype, None if lead is None else (*lead, m[-1], n[-1]))


def lstsq(a: Term, b: Term, rcond: Term = NONE) -> Result:
    """The solution, the residuals, the rank, the singular values."""
    matrix, right = operand(a), operand(b)
    found = result_dtypes(np.linalg.lstsq, (matrix, right), ndim=2)
    solution, residuals, _, values = found or (None,) * 4
    dims = None
    if matrix.dims is not None and right.dims is not None:
        dims = (matrix.dims[1], *right.dims[1:])
    return (
        Fact("array", solution, dims),
        Fact("array", residuals, (ANY,)),
        Fact("scalar"),
        Fact("array", values, None if matrix.dims is None else (smaller(*matrix.dims),)),
    )


def of_matrix(function: Callable[..., Any], kept: int = 0) -> Callable[..., Fact]:
    """det, eigvalsh: one number for each matrix, or as many as it has rows."""

    def handler(a: Term, *options: Term, **others: Term) -> Fact:
        fact = operand(a)
        dtype = result_dtype(function, fact, ndim=2)
        if fact.dims is None:
            return Fact("numeric", dtype)
        return numeric(dtype, fact.dims[:-1] if kept else fact.dims[:-2])

    return handler


def slogdet(a: Term) -> Result:
    """Sign and logarithm of the determinants."""
    fact = operand(a)
    dtypes = result_dtypes(np.linalg.slogdet, (fact,), ndim=2) or (None, None)
    dims = None if fact.dims is None else fact.dims[:-2]
    return numeric(dtypes[0], dims), numeric(dtypes[1], dims)


def eigh(a: Term, UPLO: Term = NONE) -> Result:
    """Values and vectors."""
    fact = operand(a)
    values, vectors = result_dtypes(np.linalg.eigh, (fact,), ndim=2) or (None, None)
    dims = fact.dims
    return Fact("array", values, None if dims is None else dims[:-1]), Fact("array", vectors, dims)


def eig(a: Term) -> Result:
    """Real matrices have real or complex eigenvalues."""
    fact = operand(a)
    dtype = _eigen_dtype(fact)
    dims = fact.dims
    return Fact("array", dtype, None if dims is None else dims[:-1]), Fact("array", dtype, dims)


def eigvals(a: Term) -> Fact:
    """Real matrices have real or complex eigenvalues."""
    fact = operand(a)
    return Fact("array", _eigen_dtype(fact), None if fact.dims is None else fact.dims[:-1])


def _eigen_dtype(fact: Fact) -> Dtype | None:
    if fact.dtype is None or fact.dtype.kind != "c":
        return None
    return result_dtype(np.linalg.eigvals, fact, ndim=2)


def qr(a: Term, mode: Term = NONE) -> Result:
    """An orthogonal and a triangular matrix; only the latter in mode "r"."""
    fact, matrix = operand(a), _matrix(a)
    how = "reduced" if is_none(mode) else text(mode)
    dtype = (result_dtypes(np.linalg.qr, (fact,), ndim=2) or (None,))[0]
    if how not in ("reduced", "complete", "r"):
        return UNKNOWN
    if matrix is None:
        return Fact("array", dtype) if how == "r" else (Fact("array", dtype), Fact("array", dtype))
    _, lead, (m, n) = matrix
    inner = m if how == "complete" else smaller(m, n)
    triangle = Fact("array", dtype, (*lead, inner, n))
    return triangle if how == "r" else (Fact("array", dtype, (*lead, m, inner)), triangle)


def svd(a: Term, full_matrices: Term = TRUE, compute_uv: Term = TRUE, hermitian: Term = FALSE) -> Result:
    """Left vectors, singular values, right vectors."""
    fact, matrix = operand(a), _matrix(a)
    u_dtype, s_dtype, v_dtype = result_dtypes(np.linalg.svd, (fact,), ndim=2) or (None,) * 3
    is_full, with_vectors = flag(full_matrices), flag(compute_uv)
    if with_vectors is None:
        return UNKNOWN
    if matrix is None:
        values = Fact("array", s_dtype)
        u, v = Fact("array", u_dtype), Fact("array", v_dtype)
        return (u, values, v) if with_vectors else values
    _, lead, (m, n) = matrix
    k = smaller(m, n)
    values = Fact("array", s_dtype, (*lead, k))
    if not with_vectors:
        return values
    rows = ANY if is_full is None else m if is_full else k
    columns = ANY if is_full is None else n if is_full else k
    return Fact("array", u_dtype, (*lead, m, rows)), values, Fact("array", v_dtype, (*lead, columns, n))


def svdvals(x: Term) -> Fact:
    """The singular values."""
    matrix, dtype = _matrix(x), result_dtype(np.linalg.svdvals, operand(x), ndim=2)
    if matrix is None:
        return Fact("array", dtype)
    _, lead, (m, n) = matrix
    return Fact("array", dtype, (*lead, smaller(m, n)))


def matrix_rank(A: Term, *options: Term, **others: Term) -> Fact:
    """How many singular values are not zero."""
    dims = operand(A).dims
    return numeric(None, None if dims is None else dims[:-2] if len(dims) >= 2 else ())


# Diagonals --------------------------------------------------------------------------------------------


def diagonal_dims(dims: Dims, axis1: Term, axis2: Term, offset: int | None) -> Dims | None:
    """The dims with the diagonal in the last place."""
    pair = axes_argument(axis1, len(dims)), axes_argument(axis2, len(dims))
    if pair[0] is None or pair[1] is None:
        return None
    m, n = pair[0][0], pair[1][0]
    rest = [dim for i, dim in enumerate(dims) if i not in (m, n)]
    return (*rest, _diagonal_length(dims[m], dims[n], offset))


def _diagonal_length(rows: Dim, columns: Dim, offset: int | None) -> Dim:
    if offset == 0:
        return smaller(rows, columns)
    if offset is None or not (isinstance(rows, int) and isinstance(columns, int)):
        return ANY
    return max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)


def diagonal(a: Term, offset: Term = ZERO, axis1: Term = ZERO, axis2: Term = ONE) -> Fact:
    """The diagonals, along a new last axis."""
    fact = operand(a)
    dims = None if fact.dims is None else diagonal_dims(fact.dims, axis1, axis2, integer(offset))
    return Fact("array", fact.dtype, dims)


def trace(
    a: Term,
    offset: Term = ZERO,
    axis1: Term = ZERO,
    axis2: Term = ONE,
    dtype: Term = NONE,
    out: Term = NONE,
) -> Fact:
    """The sums of the diagonals."""
    fact = operand(a)
    found = dtype_argument(dtype, None) if not is_none(dtype) else result_dtype(np.trace, fact, ndim=2)
    if not is_none(out):
        return UNKNOWN
    dims = None if fact.dims is None else diagonal_dims(fact.dims, axis1, axis2, 0)
    return numeric(found, None if dims is None else dims[:-1])


def linalg_diagonal(x: Term, *, offset: Term = ZERO) -> Fact:
    """Of the last two axes."""
    fact = operand(x)
    dims = fact.dims
    if dims is None or len(dims) < 2:
        return Fact("array", fact.dtype)
    return Fact("array", fact.dtype, (*dims[:-2], _diagonal_length(dims[-2], dims[-1], integer(offset))))


def linalg_trace(x: Term, *, offset: Term = ZERO, dtype: Term = NONE) -> Fact:
    """Of the last two axes."""
    fact = operand(x)
    found = dtype_argument(dtype, None) if not is_none(dtype) else result_dtype(np.trace, fact, ndim=2)
    return numeric(found, None if fact.dims is None else fact.dims[:-2])


HANDLERS: dict[Any, Callable[..., Result]] = {
    np.linalg.inv: same_matrix(np.linalg.inv),
    np.linalg.cholesky: same_matrix(np.linalg.cholesky),
    np.linalg.pinv: pinv,
    np.linalg.matrix_power: matrix_power,
    np.linalg.solve: solve,
    np.linalg.lstsq: lstsq,
    np.linalg.det: of_matrix(np.linalg.det),
    np.linalg.slogdet: slogdet,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: of_matrix(np.linalg.eigvalsh, kept=1),
    np.linalg.eig: eig,
    np.linalg.eigvals: eigvals,
    np.linalg.qr: qr,
    np.linalg.svd: svd,
    np.linalg.svdvals: svdvals,
    np.linalg.matrix_rank: matrix_rank,
    np.linalg.diagonal: linalg_diagonal,
    np.linalg.trace: linalg_trace,
    np.diagonal: diagonal,
    np.trace: trace,
}
