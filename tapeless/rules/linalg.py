"""np.linalg: solve, inverses, determinants, powers, chains of products.

A cotangent is carried back by transposed matrices, not by conjugated ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.indexing import undiagonal, untrace
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import conjugate, dtype_of, in_dtype
from tapeless.rules.table import primitive

constant(np.linalg.matrix_rank)


# solve, inv, pinv


@primitive
def as_columns(x: Array, ndim: int) -> Array:
    """What belongs to a right-hand side, as matrices; `ndim` is the right-hand side's: 1 means a vector."""
    return np.expand_dims(x, -1) if ndim == 1 else x


@primitive
def from_columns(x: Array, ndim: int) -> Array:
    """What `as_columns` was given."""
    return np.squeeze(x, -1) if ndim == 1 else x


@linear(as_columns)
def as_columns_rule(g: Array, x: Array, ndim: int) -> Array:
    return from_columns(g, ndim)


@linear(from_columns)
def from_columns_rule(g: Array, x: Array, ndim: int) -> Array:
    return as_columns(g, ndim)


@general(np.linalg.solve)
def solve(g: Array, out: Array, a: Array, b: Array) -> Any:
    back = np.linalg.solve(np.matrix_transpose(a), as_columns(g, np.ndim(b)))
    return -back @ np.matrix_transpose(as_columns(out, np.ndim(b))), from_columns(back, np.ndim(b))


@forward_rule(np.linalg.solve)
def solve_forward(t_a: Array, t_b: Array, out: Array, a: Array, b: Array) -> Array:
    change = as_columns(t_b, np.ndim(b)) - t_a @ as_columns(out, np.ndim(b))
    return from_columns(np.linalg.solve(a, change), np.ndim(b))


@general(np.linalg.inv)
def inv(g: Array, out: Array, a: Array) -> Array:
    turned = np.matrix_transpose(out)
    return -turned @ g @ turned


@forward_rule(np.linalg.inv)
def inv_forward(t: Array, out: Array, a: Array) -> Array:
    return -out @ t @ out


# The rank is taken as constant; `rest` is what changes outside the row space and outside the column space.


@general(np.linalg.pinv)
def pinv(g: Array, out: Array, a: Array, rcond: Any = None) -> Array:
    adjoint = conjugate(np.matrix_transpose(out))
    turned = np.matrix_transpose(g)
    outside_columns = turned - a @ (out @ turned)
    outside_rows = turned - (turned @ out) @ a
    rest = outside_columns @ out @ adjoint + adjoint @ out @ outside_rows
    return conjugate(rest) - np.matrix_transpose(out @ turned @ out)


@forward_rule(np.linalg.pinv)
def pinv_forward(t: Array, out: Array, a: Array, rcond: Any = None) -> Array:
    adjoint = conjugate(np.matrix_transpose(out))
    turned = conjugate(np.matrix_transpose(t))
    outside_columns = turned - turned @ a @ out
    outside_rows = turned - out @ (a @ turned)
    return out @ adjoint @ outside_columns + outside_rows @ adjoint @ out - out @ t @ out


@primitive
def rank_cutoff(a: Array, rcond: float | None) -> float:
    """What np.linalg.lstsq takes as zero, relative to the largest singular value."""
    return float(np.finfo(dtype_of(a)).eps) * max(np.shape(a)) if rcond is None else rcond


constant(rank_cutoff)


@general(np.linalg.lstsq)
def lstsq(g: Any, out: Any, a: Array, b: Array, rcond: float | None = None) -> Any:
    g_x, g_residuals, _g_rank, g_s = g
    x, residuals, _rank, _s = out
    inverse = np.linalg.pinv(a, rank_cutoff(a, rcond))
    u, _s, vh = np.linalg.svd(a, full_matrices=False)
    columns, solution, right = (
        as_columns(g_x, np.ndim(b)),
        as_columns(x, np.ndim(b)),
        as_columns(b, np.ndim(b)),
    )
    back_b = np.matrix_transpose(inverse) @ columns
    back_a = pinv(columns @ np.matrix_transpose(right), inverse, a)
    back_a = back_a + conjugate(u @ (np.expand_dims(g_s, -1) * vh))
    if np.size(residuals):
        rest = 2.0 * conjugate(right - a @ solution) * g_residuals
        back_a, back_b = back_a - rest @ np.matrix_transpose(solution), back_b + rest
    return back_a, from_columns(back_b, np.ndim(b))


@forward_rule(np.linalg.lstsq)
def lstsq_forward(t_a: Array, t_b: Array, out: Any, a: Array, b: Array, rcond: float | None = None) -> Any:
    x, residuals, _rank, _s = out
    inverse = np.linalg.pinv(a, rank_cutoff(a, rcond))
    u, _s, vh = np.linalg.svd(a, full_matrices=False)
    solution, right, change = (
        as_columns(x, np.ndim(b)),
        as_columns(b, np.ndim(b)),
        as_columns(t_b, np.ndim(b)),
    )
    along = inverse @ change + pinv_forward(t_a, inverse, a) @ right
    missed = conjugate(right - a @ solution) * (change - t_a @ solution)
    turned = conjugate(np.matrix_transpose(u)) @ t_a @ conjugate(np.matrix_transpose(vh))
    of_residuals = 2.0 * np.real(np.sum(missed, axis=0))[: np.size(residuals)]
    return from_columns(along, np.ndim(b)), of_residuals, 0.0, np.real(np.diagonal(turned))


# det, slogdet


@primitive
def cofactors(a: Array) -> Array:
    """The gradient of the determinant.  By singular values: right for singular matrices too."""
    u, s, vh = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (np.conj(u) * (sign[..., None] * _products_of_others(s))[..., None, :]) @ np.conj(vh)


@primitive
def cofactors_change(t: Array, a: Array) -> Array:
    """How the cofactors of `a` change along `t`: the second derivative of the determinant, symmetric."""
    u, s, vh = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    turned = np.conj(np.swapaxes(u, -1, -2)) @ t @ np.conj(np.swapaxes(vh, -1, -2))
    weights = _products_of_other_pairs(s)
    diagonal = np.sum(weights * np.diagonal(turned, axis1=-2, axis2=-1)[..., None, :], axis=-1)
    change = diagonal[..., None] * np.eye(s.shape[-1], dtype=s.dtype) - weights * np.swapaxes(turned, -1, -2)
    return sign[..., None, None] * (np.conj(u) @ change @ np.conj(vh))


def _products_of_others(s: Array) -> Array:
    """For each i the product of all s but s[i]; never by division."""
    return np.prod(np.where(np.eye(s.shape[-1], dtype=bool), s.dtype.type(1), s[..., None, :]), axis=-1)


def _products_of_other_pairs(s: Array) -> Array:
    """For each i and j the product of all s but s[i] and s[j]; zero for i = j."""
    larger = np.maximum(s[..., :, None], s[..., None, :])
    others = _products_of_others(s)
    # Without the smaller one, divided by the larger one; where both are zero there is nothing to divide.
    products = np.where(s[..., :, None] <= s[..., None, :], others[..., :, None], others[..., None, :])
    products = products / np.where(larger == 0, 1, larger).astype(s.dtype)
    is_zero = s == 0
    rest = np.prod(np.where(is_zero, 1, s), axis=-1) * (np.sum(is_zero, axis=-1) == 2)
    products = np.where(larger == 0, rest[..., None, None], products)
    return np.where(np.eye(s.shape[-1], dtype=bool), 0, products).astype(s.dtype)


@general(np.linalg.det)
def det(g: Array, a: Array) -> Array:
    return np.expand_dims(g, (-2, -1)) * cofactors(a)


@forward_rule(np.linalg.det)
def det_forward(t: Array, out: Array, a: Array) -> Array:
    return np.sum(cofactors(a) * t, axis=(-2, -1))


@general(cofactors)
def cofactors_rule(g: Array, a: Array) -> Array:
    return cofactors_change(g, a)


@forward_rule(cofactors)
def cofactors_forward(t: Array, out: Array, a: Array) -> Array:
    return cofactors_change(t, a)


# The third derivative of the determinant, of regular matrices only: with x = inv(a), the sum over the
# permutations of three directions, a product of traces for each cycle.


@general(cofactors_change)
def cofactors_change_rule(g: Array, t: Array, a: Array) -> Any:
    x = np.linalg.inv(a)
    p = x @ t
    q = x @ g
    on_p = np.expand_dims(np.trace(p, axis1=-2, axis2=-1), (-2, -1))
    on_q = np.expand_dims(np.trace(q, axis1=-2, axis2=-1), (-2, -1))
    on_pq = np.expand_dims(np.trace(p @ q, axis1=-2, axis2=-1), (-2, -1))
    whole = (on_p * on_q - on_pq) * x + (p @ q + q @ p - on_q * p - on_p * q) @ x
    return cofactors_change(g, a), np.expand_dims(np.linalg.det(a), (-2, -1)) * np.matrix_transpose(whole)


@general(np.linalg.slogdet)
def slogdet(g: Any, out: Any, a: Array) -> Array:
    g_sign, g_log = g
    sign, _log = out
    turn = g_sign * sign
    # A real sign is constant; a complex one turns with the imaginary part.
    weight = g_log + 0.5 * (turn - conjugate(turn))
    return np.expand_dims(weight, (-2, -1)) * np.matrix_transpose(np.linalg.inv(a))


@forward_rule(np.linalg.slogdet)
def slogdet_forward(t: Array, out: Any, a: Array) -> Any:
    sign, _log = out
    change = np.trace(np.linalg.solve(a, t), axis1=-2, axis2=-1)
    return 0.5 * (change - conjugate(change)) * sign, np.real(change)


# powers and chains


@general(np.linalg.matrix_power)
def matrix_power(g: Array, a: Array, n: int) -> Array:
    if n == 0:
        return np.zeros_like(a)
    base = np.matrix_transpose(a if n > 0 else np.linalg.inv(a))
    total, _power = _power_and_sum(base, g, abs(n))
    return total if n > 0 else -base @ total @ base


def _power_and_sum(base: Array, g: Array, n: int) -> tuple[Array, Array]:
    """The sum of base**i @ g @ base**(n-1-i), and base**n, in log(n) steps."""
    if n == 1:
        return g, base
    total, power = _power_and_sum(base, g, n // 2)
    total, power = power @ total + total @ power, power @ power
    return (base @ total + g @ power, base @ power) if n % 2 else (total, power)


@forward_rule(np.linalg.matrix_power)
def matrix_power_forward(t: Array, out: Array, a: Array, n: int) -> Array:
    if n == 0:
        return np.zeros_like(a)
    base = a if n > 0 else np.linalg.inv(a)
    total, _power = _power_and_sum(base, t, abs(n))
    return total if n > 0 else -base @ total @ base


@general(np.linalg.multi_dot)
def multi_dot(g: Array, arrays: Sequence[Array]) -> Any:
    first, last = np.ndim(arrays[0]), np.ndim(arrays[-1])
    factors = [*arrays]
    if first == 1:
        factors[0] = np.expand_dims(factors[0], 0)
    if last == 1:
        factors[-1] = np.expand_dims(factors[-1], -1)
    shape = (np.shape(factors[0])[0], np.shape(factors[-1])[1])
    left = np.reshape(g, shape)
    after = [factors[-1]]
    for factor in factors[-2:0:-1]:
        after.append(factor @ after[-1])
    cotangents = []
    # `left` is the transposed product of what stands before, times g.
    for factor, rest in zip(factors, [*after[::-1], None], strict=True):
        back = left if rest is None else left @ np.matrix_transpose(rest)
        cotangents.append(in_dtype(np.reshape(back, np.shape(arrays[len(cotangents)])), dtype_of(factor)))
        left = np.matrix_transpose(factor) @ left
    return cotangents


@forward_rule(np.linalg.multi_dot)
def multi_dot_forward(t: Sequence[Array], out: Array, arrays: Sequence[Array]) -> Array:
    terms = [np.linalg.multi_dot([*arrays[:i], t[i], *arrays[i + 1 :]]) for i in range(len(arrays))]
    return sum(terms[1:], terms[0])


@linear(np.linalg.matrix_transpose)
def matrix_transpose(g: Array, x: Array) -> Array:
    return np.matrix_transpose(g)


@linear(np.linalg.diagonal)
def diagonal(g: Array, x: Array, offset: int = 0) -> Array:
    return undiagonal(g, np.shape(x), offset, -2, -1)


@linear(np.linalg.trace)
def trace(g: Array, x: Array, offset: int = 0, dtype: Any = None) -> Array:
    return untrace(g, np.shape(x), offset, -2, -1)
