"""Cumulative sums and products, differences, integrals."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, forward_rule, general, linear, same_as
from tapeless.rules.support import filled, masked, merge_axes, split_axes
from tapeless.rules.table import primitive


@linear(np.cumsum)
def cumsum(g: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    return np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), np.shape(a))


same_as(np.cumsum, np.add.accumulate, axis=0)


@primitive
def not_nan(a: Array, where: Array) -> Array:
    """Where `a` holds a number, within the mask."""
    return np.logical_and(np.logical_not(np.isnan(a)), where)


constant(not_nan)


@general(np.nancumsum)
def nancumsum(g: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    sums = np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), np.shape(a))
    return masked(sums, not_nan(a, True))


@forward_rule(np.nancumsum)
def nancumsum_forward(t: Array, out: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    return np.cumsum(masked(t, not_nan(a, True)), axis)


# Products: nothing is ever divided by an element, so that zeros need no special case at any order. All of
# it is two recurrences along the last axis, which are each other's transposes.


@primitive
def recurrence_up(b: Array, x: Array) -> Array:
    """y[k] = b[k] + x[k] y[k-1] along the last axis, in log2(n) steps over the whole arrays."""
    y = np.array(b, np.result_type(b, x))
    product = np.array(x)
    n = y.shape[-1]
    step = 1
    while step < n:
        y[..., step:] += product[..., step:] * y[..., :-step]
        if 2 * step < n:
            product[..., step:] *= product[..., :-step]
        step *= 2
    return y


@primitive
def recurrence_down(b: Array, x: Array) -> Array:
    """y[k] = b[k] + x[k+1] y[k+1] along the last axis."""
    return recurrence_up(b[..., ::-1], shifted_up(x[..., ::-1]))[..., ::-1]


@primitive
def shifted_up(x: Array) -> Array:
    """0, x[0], x[1], ... along the last axis, as long as it was."""
    y = np.zeros_like(x)
    y[..., 1:] = x[..., :-1]
    return y


@primitive
def shifted_down(x: Array) -> Array:
    """x[1], x[2], ..., 0 along the last axis."""
    y = np.zeros_like(x)
    y[..., :-1] = x[..., 1:]
    return y


@primitive
def products_before(x: Array) -> Array:
    """1, x[0], x[0] x[1], ... along the last axis, as long as it was."""
    y = np.ones_like(x)
    np.multiply.accumulate(x[..., :-1], axis=-1, out=y[..., 1:])
    return y


@linear(shifted_up)
def shifted_up_rule(g: Array, x: Array) -> Array:
    return shifted_down(g)


@linear(shifted_down)
def shifted_down_rule(g: Array, x: Array) -> Array:
    return shifted_up(g)


@general(recurrence_up)
def recurrence_up_rule(g: Array, out: Array, b: Array, x: Array) -> tuple[Array, Array]:
    total = recurrence_down(g, x)
    return total, total * shifted_up(out)


@forward_rule(recurrence_up)
def recurrence_up_forward(t: Array, t_x: Array, out: Array, b: Array, x: Array) -> Array:
    return recurrence_up(t + t_x * shifted_up(out), x)


@general(recurrence_down)
def recurrence_down_rule(g: Array, out: Array, b: Array, x: Array) -> tuple[Array, Array]:
    total = recurrence_up(g, x)
    return total, shifted_up(total) * out


@forward_rule(recurrence_down)
def recurrence_down_forward(t: Array, t_x: Array, out: Array, b: Array, x: Array) -> Array:
    return recurrence_down(t + shifted_down(t_x * out), x)


@general(products_before)
def products_before_rule(g: Array, out: Array, x: Array) -> Array:
    return out * recurrence_down(shifted_down(g), x)


@forward_rule(products_before)
def products_before_forward(t: Array, out: Array, x: Array) -> Array:
    return shifted_up(recurrence_up(out * t, x))


@general(np.cumprod)
def cumprod(g: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    x = merge_axes(a, axis)
    return split_axes(products_before(x) * recurrence_down(merge_axes(g, axis), x), np.shape(a), axis)


@forward_rule(np.cumprod)
def cumprod_forward(t: Array, out: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    x = merge_axes(a, axis)
    return split_axes(recurrence_up(products_before(x) * merge_axes(t, axis), x), np.shape(out), axis)


same_as(np.cumprod, np.multiply.accumulate, axis=0)


@general(np.nancumprod)
def nancumprod(g: Array, a: Array, axis: int | None = None, dtype: object = None) -> Array:
    is_number = not_nan(a, True)
    x = merge_axes(filled(a, is_number, 1.0), axis)
    rows = products_before(x) * recurrence_down(merge_axes(g, axis), x)
    return masked(split_axes(rows, np.shape(a), axis), is_number)


@forward_rule(np.nancumprod)
def nancumprod_forward(
    t: Array, out: Array, a: Array, axis: int | None = None, dtype: object = None
) -> Array:
    is_number = not_nan(a, True)
    x = merge_axes(filled(a, is_number, 1.0), axis)
    rows = recurrence_up(products_before(x) * merge_axes(masked(t, is_number), axis), x)
    return split_axes(rows, np.shape(out), axis)


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    same_as(np.cumsum, np.cumulative_sum)
    same_as(np.cumprod, np.cumulative_prod)


@primitive
def diff_transposed(g: Array, shape: tuple[int, ...], n: int, axis: int) -> Array:
    """The transpose of the `n`-th difference of an array of `shape`."""
    if not g.size:
        return np.zeros(shape, g.dtype)
    y = np.moveaxis(g, axis, -1)
    for _ in range(n):
        wider = np.zeros((*y.shape[:-1], y.shape[-1] + 1), y.dtype)
        wider[..., 1:] = y
        wider[..., :-1] -= y
        y = wider
    return np.moveaxis(y, -1, axis)


@linear(np.diff)
def diff(g: Array, a: Array, n: int = 1, axis: int = -1) -> Array:
    return diff_transposed(g, np.shape(a), n, axis)


@linear(diff_transposed)
def diff_transposed_rule(g: Array, x: Array, shape: tuple[int, ...], n: int, axis: int) -> Array:
    return np.diff(g, n, axis)
