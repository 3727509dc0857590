"""np.linalg: factorisations, eigenvalues and singular values.

NumPy reads one triangle of a symmetric matrix: so do these derivatives, and the other triangle gets zero.
Symmetrise the argument, `(a + a.T) / 2`, for a symmetric gradient.

Where eigenvalues or singular values coincide, vectors have no derivative; what would be divided by the gap
between them counts as zero, so that gradients that do not depend on the choice of vectors stay right.

A complex vector comes with an arbitrary phase: a cotangent that depends on it is refused.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import conjugate, divide_or_zero, dtype_of
from tapeless.rules.table import primitive

Triangle: TypeAlias = Literal["L", "U", "l", "u"]


@primitive
def adjoint_if(x: Array, condition: bool) -> Array:
    """The conjugate transpose, or `x` itself."""
    return np.conj(np.swapaxes(x, -1, -2)) if condition else x


@linear(adjoint_if)
def adjoint_if_rule(g: Array, x: Array, condition: bool) -> Array:
    return adjoint_if(g, condition)


@primitive
def tril_half(x: Array) -> Array:
    """The lower triangle, with half of the diagonal."""
    lower = np.tril(x)
    i = np.arange(min(lower.shape[-2:]))
    lower[..., i, i] *= 0.5
    return lower


@linear(tril_half)
def tril_half_rule(g: Array, x: Array) -> Array:
    return tril_half(g)


@primitive
def reads_upper(UPLO: str) -> bool:
    """Whether np.linalg.eigh reads the upper triangle."""
    return UPLO.upper() == "U"


@primitive
def identity_of(x: Array) -> Array:
    """The identity matrix of x's last dimension, in its real dtype."""
    return np.eye(np.shape(x)[-1], dtype=np.finfo(dtype_of(x)).dtype)


constant(reads_upper, identity_of)


@primitive
def gap_reciprocals(w: Array) -> Array:
    """1 / (w[j] - w[i]) in row i and column j; zero where the two cannot be told apart."""
    gaps = w[..., None, :] - w[..., :, None]
    size = np.max(np.abs(w), axis=-1, initial=0.0)[..., None, None]
    blurred = np.abs(gaps) <= 4.0 * np.finfo(w.dtype).eps * size
    return np.where(blurred, 0.0, 1.0 / np.where(blurred, 1.0, gaps)).astype(w.dtype, copy=False)


@general(gap_reciprocals)
def gap_reciprocals_rule(g: Array, out: Array, w: Array) -> Array:
    each = g * out * out
    return np.sum(each, axis=-1) - np.sum(each, axis=-2)


@forward_rule(gap_reciprocals)
def gap_reciprocals_forward(t: Array, out: Array, w: Array) -> Array:
    return out * out * (np.expand_dims(t, -1) - np.expand_dims(t, -2))


@primitive
def phase_free(x: Array) -> Array:
    """`x`, a product of vectors and cotangents, if its diagonal is real: the phase plays no part then."""
    if dtype_of(x).kind == "c" and x.size:
        turns = np.abs(np.imag(np.diagonal(x, axis1=-2, axis2=-1)))
        if np.max(turns) > np.sqrt(np.finfo(x.dtype).eps) * np.max(np.abs(x)):
            raise MissingRuleError(
                "the gradient depends on the phase of complex eigenvectors or singular vectors, which is "
                "arbitrary; use what does not, like abs(v) or the projector v @ v.conj().T"
            )
    return x


@linear(phase_free)
def phase_free_rule(g: Array, x: Array) -> Array:
    return g


# cholesky, qr


@general(np.linalg.cholesky)
def cholesky(g: Array, out: Array, a: Array, upper: bool = False) -> Array:
    low = adjoint_if(out, upper)
    inverse = np.linalg.inv(low)
    inside = tril_half(np.matrix_transpose(low) @ adjoint_if(g, upper))
    whole = np.matrix_transpose(inverse) @ inside @ conjugate(inverse)
    return adjoint_if(tril_half(whole + conjugate(np.matrix_transpose(whole))), upper)


@forward_rule(np.linalg.cholesky)
def cholesky_forward(t: Array, out: Array, a: Array, upper: bool = False) -> Array:
    low = adjoint_if(out, upper)
    inverse = np.linalg.inv(low)
    half = tril_half(adjoint_if(t, upper))
    inside = inverse @ (half + conjugate(np.matrix_transpose(half))) @ conjugate(np.matrix_transpose(inverse))
    return adjoint_if(low @ tril_half(inside), upper)


@general(np.linalg.qr)
def qr(g: Any, out: Any, a: Array, mode: str = "reduced") -> Array:
    if np.shape(a)[-2] < np.shape(a)[-1]:
        raise MissingRuleError(
            f"no derivative rule for np.linalg.qr of a wide matrix, of shape {np.shape(a)}"
        )
    if mode != "reduced":
        raise MissingRuleError(f"no derivative rule for np.linalg.qr with mode={mode!r}: use mode='reduced'")
    g_q, g_r = g
    q, r = out
    inside = tril_half(conjugate(r @ np.matrix_transpose(g_r) - np.matrix_transpose(g_q) @ q))
    back = g_q + conjugate(q) @ (inside + conjugate(np.matrix_transpose(inside)))
    return np.matrix_transpose(np.linalg.solve(r, np.matrix_transpose(back)))


@forward_rule(np.linalg.qr)
def qr_forward(t: Array, out: Any, a: Array, mode: str = "reduced") -> Any:
    q, r = out
    qh = conjugate(np.matrix_transpose(q))
    change = np.matrix_transpose(np.linalg.solve(np.matrix_transpose(r), np.matrix_transpose(t)))
    inside = qh @ change
    low = tril_half(np.tril(inside))
    turn = low - conjugate(np.matrix_transpose(low))
    return change + q @ (turn - inside), qh @ t - turn @ r


# eigenvalues


@general(np.linalg.eigh)
def eigh(g: Any, out: Any, a: Array, UPLO: Triangle = "L") -> Array:
    g_w, g_v = g
    w, v = out
    turned = np.matrix_transpose(v)
    inside = gap_reciprocals(w) * phase_free(turned @ g_v)
    whole = conjugate(v) @ (np.expand_dims(g_w, -1) * turned + inside @ turned)
    low = tril_half(whole + conjugate(np.matrix_transpose(whole)))
    return adjoint_if(low, reads_upper(UPLO))


@general(np.linalg.eigvalsh)
def eigvalsh(g: Array, a: Array, UPLO: Triangle = "L") -> Array:
    _w, v = np.linalg.eigh(a, UPLO)
    whole = conjugate(v) @ (np.expand_dims(g, -1) * np.matrix_transpose(v))
    return adjoint_if(tril_half(whole + conjugate(np.matrix_transpose(whole))), reads_upper(UPLO))


@forward_rule(np.linalg.eigh)
def eigh_forward(t: Array, out: Any, a: Array, UPLO: Triangle = "L") -> Any:
    w, v = out
    half = tril_half(adjoint_if(t, reads_upper(UPLO)))
    inside = conjugate(np.matrix_transpose(v)) @ (half + conjugate(np.matrix_transpose(half))) @ v
    change = np.real(np.diagonal(inside, axis1=-2, axis2=-1))
    return change, v @ (gap_reciprocals(w) * inside)


@forward_rule(np.linalg.eigvalsh)
def eigvalsh_forward(t: Array, out: Array, a: Array, UPLO: Triangle = "L") -> Array:
    _w, v = np.linalg.eigh(a, UPLO)
    half = tril_half(adjoint_if(t, reads_upper(UPLO)))
    inside = conjugate(np.matrix_transpose(v)) @ (half + conjugate(np.matrix_transpose(half))) @ v
    return np.real(np.diagonal(inside, axis1=-2, axis2=-1))


@general(np.linalg.eig)
def eig(g: Any, out: Any, a: Array) -> Array:
    g_w, g_v = g
    w, v = out
    turned = np.matrix_transpose(v)
    along = phase_free(turned @ g_v)
    # Each vector keeps length one: what would stretch it does not count.
    stretch = np.real(np.diagonal(along, axis1=-2, axis2=-1))
    across = along - turned @ conjugate(v) * np.expand_dims(stretch, -2)
    inside = gap_reciprocals(w) * across @ turned + np.expand_dims(g_w, -1) * turned
    return np.linalg.solve(turned, inside)


@general(np.linalg.eigvals)
def eigvals(g: Array, a: Array) -> Array:
    _w, v = np.linalg.eig(a)
    turned = np.matrix_transpose(v)
    return np.linalg.solve(turned, np.expand_dims(g, -1) * turned)


@forward_rule(np.linalg.eig)
def eig_forward(t: Array, out: Any, a: Array) -> Any:
    w, v = out
    inside = np.linalg.solve(v, np.matmul(t, v))  # not @: a Tensor's refuses real times complex
    change = v @ (gap_reciprocals(w) * inside)
    stretch = np.real(np.sum(conjugate(v) * change, axis=-2))
    return np.diagonal(inside, axis1=-2, axis2=-1), change - v * np.expand_dims(stretch, -2)


@forward_rule(np.linalg.eigvals)
def eigvals_forward(t: Array, out: Array, a: Array) -> Array:
    _w, v = np.linalg.eig(a)
    return np.diagonal(np.linalg.solve(v, np.matmul(t, v)), axis1=-2, axis2=-1)


# singular values


@primitive
def reduced_columns(x: Array, count: int) -> Array:
    """The first `count` columns, of a cotangent that must not ask for the others: they are not unique."""
    if np.any(x[..., count:]):
        raise MissingRuleError(
            "no derivative rule for the vectors that np.linalg.svd adds with full_matrices=True: "
            "use full_matrices=False"
        )
    return x[..., :count]


@primitive
def zero_columns_after(x: Array, count: int) -> Array:
    """`x` with zero columns up to `count`."""
    return np.pad(x, [(0, 0)] * (np.ndim(x) - 1) + [(0, count - np.shape(x)[-1])])


@linear(reduced_columns)
def reduced_columns_rule(g: Array, x: Array, count: int) -> Array:
    return zero_columns_after(g, np.shape(x)[-1])


@linear(zero_columns_after)
def zero_columns_after_rule(g: Array, x: Array, count: int) -> Array:
    return g[..., : np.shape(x)[-1]]


@general(np.linalg.svd)
def svd(g: Any, out: Any, a: Array, full_matrices: bool = True, compute_uv: bool = True) -> Array:
    if not compute_uv:
        return svdvals(g, a)
    g_u, g_s, g_vh = g
    u, s, vh = out
    if full_matrices and np.shape(a)[-2] != np.shape(a)[-1]:
        count = np.shape(s)[-1]
        g_u, u = reduced_columns(g_u, count), u[..., :count]
        g_vh = np.matrix_transpose(reduced_columns(np.matrix_transpose(g_vh), count))
        vh = vh[..., :count, :]
    return _svd_back(g_u, g_s, g_vh, u, s, vh)


def _svd_back(g_u: Array, g_s: Array, g_vh: Array, u: Array, s: Array, vh: Array) -> Array:
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    gaps = divide_or_zero(gap_reciprocals(s), row + column)
    left, right = np.matrix_transpose(u) @ g_u, g_vh @ np.matrix_transpose(vh)
    phase_free(left - right)
    skew_left = left - conjugate(np.matrix_transpose(left))
    skew_right = right - conjugate(np.matrix_transpose(right))
    # Both vectors may turn together; the diagonals are what that gives, of complex matrices only.
    turn = divide_or_zero(identity_of(s) * (skew_left + skew_right), 4.0 * row)
    inside = gaps * (skew_left * row - column * skew_right) + turn + identity_of(s) * np.expand_dims(g_s, -2)
    outside_columns = divide_or_zero(g_u - conjugate(u) @ left, row)
    outside_rows = divide_or_zero(g_vh - right @ conjugate(vh), column)
    return (conjugate(u) @ inside + outside_columns) @ conjugate(vh) + conjugate(u) @ outside_rows


@general(np.linalg.svdvals)
def svdvals(g: Array, x: Array) -> Array:
    u, _s, vh = np.linalg.svd(x, full_matrices=False)
    return conjugate(u @ (np.expand_dims(g, -1) * vh))


@forward_rule(np.linalg.svdvals)
def svdvals_forward(t: Array, out: Array, x: Array) -> Array:
    u, _s, vh = np.linalg.svd(x, full_matrices=False)
    return np.real(np.sum(conjugate(u) * (t @ conjugate(np.matrix_transpose(vh))), axis=-2))


@forward_rule(np.linalg.svd)
def svd_forward(t: Array, out: Any, a: Array, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return svdvals_forward(t, out, a)
    if full_matrices and np.shape(a)[-2] != np.shape(a)[-1]:
        raise MissingRuleError("no forward rule for np.linalg.svd: use full_matrices=False")
    u, s, vh = out
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    gaps = divide_or_zero(gap_reciprocals(s), row + column)
    uh, v = conjugate(np.matrix_transpose(u)), conjugate(np.matrix_transpose(vh))
    inside = uh @ t @ v
    adjoint = conjugate(np.matrix_transpose(inside))
    turn = divide_or_zero(identity_of(s) * (inside - adjoint), 4.0 * row)
    turn_u = gaps * (inside * row + column * adjoint) + turn
    turn_v = gaps * (column * inside + adjoint * row) - turn
    t_u = u @ turn_u + divide_or_zero(t @ v - u @ inside, row)
    t_vh = divide_or_zero(uh @ t - inside @ vh, column) - turn_v @ vh
    return t_u, np.real(np.diagonal(inside, axis1=-2, axis2=-1)), t_vh
