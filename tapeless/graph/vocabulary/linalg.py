"""Norms, inverses, decompositions: `tapeless.linalg`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, op, tensors
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary.dims import axes_of, numpy_words, one_dim
from tapeless.graph.vocabulary.dtypes import dtype_from, scalar_name

_norm = op(np.linalg.norm, "LinalgVectorNorm")
_matrix_norm = Op(_norm.rule, Tensor, "LinalgMatrixNorm")
_inv = op(np.linalg.inv, "LinalgInvEx")
_det = op(np.linalg.det, "LinalgDet")
_slogdet = op(np.linalg.slogdet, "LinalgSlogdet")
_solve = op(np.linalg.solve, "LinalgSolveEx")
_cholesky = op(np.linalg.cholesky, "LinalgCholeskyEx")
_eigh = op(np.linalg.eigh, "LinalgEigh")
_eigvalsh = op(np.linalg.eigvalsh, "LinalgEigh")
_eig = op(np.linalg.eig, "LinalgEig")
_eigvals = op(np.linalg.eigvals, "LinalgEig")
_svd = op(np.linalg.svd, "LinalgSvd")
_svdvals = op(np.linalg.svdvals, "LinalgSvd")
_qr = op(np.linalg.qr, "LinalgQr")
_pinv = op(np.linalg.pinv, "LinalgPinv")
_matrix_power = op(np.linalg.matrix_power, "LinalgMatrixPower")


class Slogdet(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


class Eig(NamedTuple):
    """Eigenvalues, and eigenvectors in columns."""

    eigenvalues: Any
    eigenvectors: Any


class Svd(NamedTuple):
    """`U @ diag(S) @ Vh`."""

    U: Any
    S: Any
    Vh: Any


class Qr(NamedTuple):
    """`Q @ R`."""

    Q: Any
    R: Any


def _run(made: Op, *args: Any, **kwargs: Any) -> Any:
    try:
        return apply(made, made.rule.bind(args, kwargs))
    except np.linalg.LinAlgError as error:
        raise LinAlgError(
            f"{made.rule.function.__module__.replace('numpy.', '')}.{made.rule.name}: {error}"
        ) from None


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or an iteration did not converge."""


def _square(A: Any, name: str) -> Any:
    shape = A._data.shape
    if len(shape) < 2:
        raise RuntimeError(f"linalg.{name}: The input tensor A must have at least 2 dimensions.")
    if shape[-1] != shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {shape[-2]} by "
            f"{shape[-1]} matrices"
        )
    if A._data.dtype.kind not in "fc":
        raise RuntimeError(
            f"linalg.{name}: Expected a floating point or complex tensor as input. Got "
            f"{scalar_name(A._data.dtype)}"
        )
    return A


# Norms ------------------------------------------------------------------------------------------------


@numpy_words
def vector_norm(
    x: Any = None, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **named: Any
) -> Any:
    """The norm of the elements, whatever the dimensions, or along those in `dim`."""
    x = named.pop("input", x)
    x = x if dtype is None else cast(x, dtype_from(dtype))
    if x._data.dtype.kind not in "fc":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + scalar_name(x._data.dtype)
        )
    axes = axes_of(dim, x._data.ndim)
    if isinstance(axes, int):
        return _run(_norm, x, ord, axes, keepdim)
    kept = tuple(axis for axis in range(x._data.ndim) if axes is not None and axis not in axes)
    shape = x._data.shape
    flat = x.permute(*kept, *[axis for axis in range(x._data.ndim) if axis not in kept]) if kept else x
    found = _run(_norm, flat.reshape(*[shape[axis] for axis in kept], -1), ord, -1, False)
    return found.reshape([n if axis in kept else 1 for axis, n in enumerate(shape)]) if keepdim else found


@tensors
def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The norm of matrices: "fro", "nuc", inf, 1, 2 and their negatives."""
    A = A if dtype is None else cast(A, dtype_from(dtype))
    axes = tuple([one_dim(one, A._data.ndim) for one in dim])
    return _run(_matrix_norm, A, ord, axes, keepdim)


@numpy_words
def norm(
    A: Any = None, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **named: Any
) -> Any:
    """A vector norm, or for two dimensions and an `ord` a matrix norm."""
    A = named.pop("input", A)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None and A._data.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A._data.ndim}D."
        )
    if (isinstance(dim, tuple | list) and len(dim) == 2) or (dim is None and A._data.ndim == 2):
        return matrix_norm(A, ord, dim or (0, 1), keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


# Inverses and determinants ----------------------------------------------------------------------------


@tensors
def inv(A: Any) -> Any:
    """The inverse."""
    try:
        return apply(_inv, (_square(A, "inv"),))
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.inv: The diagonal element 1 is zero, the inversion could not be completed because "
            "the input "
            "matrix is singular."
        ) from None


def pinv(A: Any) -> Any:
    """The pseudo-inverse."""
    return _run(_pinv, A)


@tensors
def solve(A: Any, B: Any) -> Any:
    """The `X` for which `A @ X` is `B`; a vector (or batch of vectors) `B` gives one."""
    _square(A, "solve")
    batch = A._data.shape[:-1]
    vector = B._data.ndim == 1 or (B._data.ndim == A._data.ndim - 1 and B._data.shape == batch)
    try:
        if vector and B._data.ndim > 1:
            return apply(_solve, (A, B.unsqueeze(-1))).squeeze(-1)
        return apply(_solve, (A, B))
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "torch.linalg.solve: The solver failed because the input matrix is singular."
        ) from None


@tensors
def det(A: Any) -> Any:
    """The determinant."""
    return apply(_det, (_square(A, "det"),))


@tensors
def slogdet(A: Any) -> Slogdet:
    """Sign and logarithm of the absolute value of the determinant."""
    return Slogdet(*apply(_slogdet, (_square(A, "slogdet"),)))


def matrix_power(A: Any, n: int) -> Any:
    """`A` multiplied by itself; negative powers of the inverse."""
    return apply(_matrix_power, (_square(A, "matrix_power"), n))


@tensors
def matrix_rank(A: Any) -> Any:
    """The rank: how many singular values are not negligible."""
    found = np.linalg.matrix_rank(A._data)
    return A.new_tensor(found, dtype=np.int64)


# Decompositions ---------------------------------------------------------------------------------------


@tensors
def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular `L` for which `L @ L.mH` is `A`."""
    symmetric = _hermitian(_square(A, "cholesky"), "L")
    try:
        return apply(_cholesky, (symmetric, upper))
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not positive-"
            f"definite (the leading minor of order {_first_minor(A._data)} is not positive-definite)."
        ) from None


def _first_minor(a: np.ndarray) -> int:
    """The order of the first leading minor of a matrix, or of a batch, that is not positive definite."""
    for order in range(1, a.shape[-1]):
        if np.any(np.linalg.eigvalsh(a[..., :order, :order]) <= 0):
            return order
    return a.shape[-1]


def _hermitian(A: Any, UPLO: str) -> Any:
    """The matrix of which one triangle is read; its gradient is symmetric, as the matrix is."""
    symmetric = 0.5 * (A + A.mH)
    data = A._data
    if np.array_equal(data, np.conjugate(np.swapaxes(data, -1, -2))):
        return symmetric
    half = np.tril(data, -1) if UPLO == "L" else np.triu(data, 1)
    whole = half + np.conjugate(np.swapaxes(half, -1, -2)) + data * np.eye(data.shape[-1], dtype=data.dtype)
    return symmetric + A.new_tensor(whole - symmetric._data)


@tensors
def eigh(A: Any, UPLO: Any = "L") -> Eig:
    """Eigenvalues and eigenvectors of a symmetric matrix, of which one triangle is read."""
    return Eig(*_run(_eigh, _hermitian(_square(A, "eigh"), UPLO), UPLO))


@tensors
def eigvalsh(A: Any, UPLO: Any = "L") -> Any:
    """Eigenvalues of a symmetric matrix."""
    return _run(_eigvalsh, _hermitian(_square(A, "eigvalsh"), UPLO), UPLO)


@tensors
def eig(A: Any) -> Eig:
    """Eigenvalues and eigenvectors, complex."""
    return Eig(*_run(_eig, _complex(_square(A, "eig"))))


@tensors
def eigvals(A: Any) -> Any:
    """Eigenvalues, complex."""
    return _run(_eigvals, _complex(_square(A, "eigvals")))


def _complex(A: Any) -> Any:
    return cast(A, np.result_type(A._data.dtype, np.complex64))


def svd(A: Any, full_matrices: bool = True) -> Svd:
    """`U`, `S` and `Vh`: orthogonal, diagonal, orthogonal."""
    return Svd(*_run(_svd, A, full_matrices))


def svdvals(A: Any) -> Any:
    """Singular values."""
    return _run(_svdvals, A)


def qr(A: Any, mode: Any = "reduced") -> Qr:
    """An orthogonal and an upper triangular matrix."""
    return Qr(*_run(_qr, A, mode))


def multi_dot(tensors: Any) -> Any:
    """The product of matrices, in the cheapest order."""
    return np.linalg.multi_dot(list(tensors))


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The product of vectors in space."""
    return np.linalg.cross(input, other, axis=dim)  # type: ignore[call-overload]
