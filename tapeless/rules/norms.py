"""np.linalg.norm, vector_norm and matrix_norm, of every order.

At zero the gradient is zero; where several entries, columns or singular values are largest (smallest), each
has an equal share.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array, Axis
from tapeless.rules.kinds import constant, elementwise, forward_rule, general
from tapeless.rules.support import conjugate, divide_or_zero, dtype_of, restore_axes
from tapeless.rules.table import primitive

Axes = tuple[int, ...]


@primitive
def tie_share(x: Array, axes: Axes, largest: bool) -> Array:
    """One at the largest (smallest) of `x` along `axes`, shared equally by those that tie."""
    extreme = (np.max if largest else np.min)(x, axis=axes, keepdims=True)
    ties = np.equal(x, extreme)
    count = np.maximum(np.sum(ties, axis=axes, keepdims=True), 1)
    # Nothing equals nan; it must not look like zero.
    return np.where(np.isnan(extreme), extreme, ties / count.astype(extreme.dtype))


constant(tie_share)


@primitive
def power_or_zero(x: Array, exponent: float) -> Array:
    """`x ** exponent` of x >= 0, zero where x is."""
    is_zero = np.equal(x, 0.0)
    return np.where(is_zero, 0.0, np.power(np.where(is_zero, 1.0, x), exponent))[()]


elementwise(power_or_zero, lambda out, x, exponent: (exponent * power_or_zero(x, exponent - 1.0), None))


@primitive
def polar(a: Array) -> Array:
    """u @ vh of the singular value decomposition, without the singular values that are zero.

    The gradient of the sum of singular values.  Unlike u and vh it is smooth where singular values coincide.
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    smallest = np.finfo(s.dtype).eps * max(a.shape[-2:]) * np.max(s, axis=-1, keepdims=True, initial=0.0)
    return (u * np.greater(s, smallest)[..., None, :]) @ vh


@general(polar)
def polar_rule(g: Array, a: Array) -> Array:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    column = np.expand_dims(s, -1)
    row = np.expand_dims(s, -2)
    ct = conjugate(g)
    uh = conjugate(np.matrix_transpose(u))
    v = conjugate(np.matrix_transpose(vh))
    inside = uh @ ct @ v
    turn = divide_or_zero(inside - conjugate(np.matrix_transpose(inside)), column + row)
    outside_columns = divide_or_zero(ct @ v - u @ inside, row)
    outside_rows = divide_or_zero(uh @ ct - inside @ vh, column)
    return conjugate(u @ (turn @ vh + outside_rows) + outside_columns @ vh)


@forward_rule(polar)
def polar_forward(t: Array, out: Array, a: Array) -> Array:
    # The second derivative of a function is symmetric.
    return conjugate(polar_rule(conjugate(t), a))


def vector_gradient(out: Array, x: Array, ord: Any, axes: Axes) -> Array:
    """The gradient of a vector norm over all of `axes` at once; `out` broadcasts against `x`."""
    if ord is None or ord == 2:
        return divide_or_zero(conjugate(x), out)
    if ord == 0:
        return np.zeros_like(x)
    direction = _direction(x)
    if ord == 1:
        return direction
    if ord in (np.inf, -np.inf):
        return direction * tie_share(np.abs(x), axes, ord > 0)
    return direction * power_or_zero(divide_or_zero(np.abs(x), out), ord - 1.0)


def _direction(x: Array) -> Array:
    """The gradient of the absolute value."""
    return divide_or_zero(conjugate(x), np.abs(x)) if dtype_of(x).kind == "c" else np.sign(x)


def matrix_gradient(out: Array, x: Array, ord: Any, axes: Axes) -> Array:
    """The gradient of a matrix norm over the two `axes`; `out` broadcasts against `x`."""
    if ord in (None, "fro", "f"):
        return divide_or_zero(conjugate(x), out)
    if ord in (1, -1, np.inf, -np.inf):
        summed, compared = axes if abs(ord) == 1 else axes[::-1]
        sums = np.sum(np.abs(x), axis=summed, keepdims=True)
        return _direction(x) * tie_share(sums, (compared,), ord > 0)
    moved = np.moveaxis(x, axes, (-2, -1))
    gradient = polar(moved) if ord == "nuc" else _extreme_direction(moved, ord > 0)
    return np.moveaxis(conjugate(gradient), (-2, -1), axes)


def _extreme_direction(x: Array, largest: bool) -> Array:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    share = np.sign(s) * tie_share(s, (-1,), largest)
    return (u * np.expand_dims(share, -2)) @ vh


def norm_axes(axis: Axis, ndim: int) -> Axes:
    """The axes that a norm runs over, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(int(i) % ndim for i in (axis if isinstance(axis, tuple | list) else (axis,)))


@general(np.linalg.norm)
def norm(g: Array, out: Array, x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    axes = norm_axes(axis, np.ndim(x))
    kept = restore_axes(out, np.shape(x), axis, keepdims)
    gradient = matrix_gradient if ord is not None and len(axes) == 2 else vector_gradient
    return restore_axes(g, np.shape(x), axis, keepdims) * gradient(kept, x, ord, axes)


@general(np.linalg.vector_norm)
def vector_norm(
    g: Array, out: Array, x: Array, axis: Axis = None, keepdims: bool = False, ord: Any = 2
) -> Array:
    kept = restore_axes(out, np.shape(x), axis, keepdims)
    gradient = vector_gradient(kept, x, ord, norm_axes(axis, np.ndim(x)))
    return restore_axes(g, np.shape(x), axis, keepdims) * gradient


@general(np.linalg.matrix_norm)
def matrix_norm(g: Array, out: Array, x: Array, keepdims: bool = False, ord: Any = "fro") -> Array:
    kept = restore_axes(out, np.shape(x), (-2, -1), keepdims)
    gradient = matrix_gradient(kept, x, ord, norm_axes((-2, -1), np.ndim(x)))
    return restore_axes(g, np.shape(x), (-2, -1), keepdims) * gradient


@forward_rule(np.linalg.norm)
def norm_forward(
    t: Array, out: Array, x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False
) -> Array:
    slope = norm(np.ones_like(out), out, x, ord, axis, keepdims)
    return np.real(np.sum(slope * t, axis=axis, keepdims=keepdims))


@forward_rule(np.linalg.vector_norm)
def vector_norm_forward(
    t: Array, out: Array, x: Array, axis: Axis = None, keepdims: bool = False, ord: Any = 2
) -> Array:
    slope = vector_norm(np.ones_like(out), out, x, axis, keepdims, ord)
    return np.real(np.sum(slope * t, axis=axis, keepdims=keepdims))


@forward_rule(np.linalg.matrix_norm)
def matrix_norm_forward(t: Array, out: Array, x: Array, keepdims: bool = False, ord: Any = "fro") -> Array:
    slope = matrix_norm(np.ones_like(out), out, x, keepdims, ord)
    return np.real(np.sum(slope * t, axis=(-2, -1), keepdims=keepdims))
