"""Products that sum: dot, matmul, tensordot and their kin.

Each bilinear function f(x1, x2) comes with two primitives, its transposes: `f_to_left(c, x2, shape)` carries
a cotangent of the result back to x1, `f_to_right(c, x1, shape)` to x2.  The three close on each other:

    the transpose of f_to_left   is f in c,  f_to_right in x2
    the transpose of f_to_right  is f in c,  f_to_left in x1
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, linear
from tapeless.rules.support import conjugate, unbroadcast
from tapeless.rules.table import primitive

Shape: TypeAlias = tuple[int, ...]
Axes: TypeAlias = Any  # an int, a pair of ints, or a pair of sequences of ints


# matmul


@primitive
def matmul_to_left(c: Array, x2: Array, shape: Shape) -> Array:
    """The cotangent of x1 in matmul(x1, x2), from that of the product; `shape` is x1's."""
    x2 = np.asarray(x2)
    if x2.ndim == 2 and len(shape) == 2:
        return c.dot(x2.T)
    if x2.ndim == 1:
        return np.asarray(c)[..., None] * x2 if len(shape) > 1 else c * x2
    if len(shape) == 1:
        return unbroadcast(np.matmul(x2, np.asarray(c)[..., None])[..., 0], shape)
    if x2.ndim == 2:
        return np.dot(_as_matrix(c), x2.T).reshape(shape)
    return unbroadcast(np.matmul(c, x2.swapaxes(-1, -2)), shape)


@primitive
def matmul_to_right(c: Array, x1: Array, shape: Shape) -> Array:
    """The cotangent of x2 in matmul(x1, x2), from that of the product; `shape` is x2's."""
    x1 = np.asarray(x1)
    if x1.ndim == 2 and len(shape) == 2:
        return x1.T.dot(c)
    if x1.ndim == 1:
        return x1[:, None] * np.asarray(c)[..., None, :] if len(shape) > 1 else c * x1
    if len(shape) == 1:
        return np.dot(_as_matrix(x1).T, np.reshape(c, -1))
    if len(shape) == 2:
        return np.dot(_as_matrix(x1).T, _as_matrix(c))
    return unbroadcast(np.matmul(x1.swapaxes(-1, -2), c), shape)


def _as_matrix(x: Array) -> Array:
    """All leading axes as one: one product of matrices is faster than a stack of them."""
    shape = np.shape(x)
    return np.reshape(x, (math.prod(shape[:-1]), shape[-1]))


@linear(np.linalg.matmul, shaped=True)
@linear(np.matmul, shaped=True)
def matmul(g: Array, x1: Array, x2: Array) -> Any:
    return matmul_to_left(g, x2, np.shape(x1)), matmul_to_right(g, x1, np.shape(x2))


@linear(matmul_to_left, shaped=True)
def matmul_to_left_rule(g: Array, c: Array, x2: Array, shape: Shape) -> Any:
    return np.matmul(g, x2), matmul_to_right(c, g, np.shape(x2))


@linear(matmul_to_right, shaped=True)
def matmul_to_right_rule(g: Array, c: Array, x1: Array, shape: Shape) -> Any:
    return np.matmul(x1, g), matmul_to_left(c, g, np.shape(x1))


# dot


@primitive
def dot_to_left(c: Array, b: Array, shape: Shape) -> Array:
    """The cotangent of a in dot(a, b), from that of the product; `shape` is a's."""
    b = np.asarray(b)
    if b.ndim == 2 and len(shape) == 2:
        return c.dot(b.T)
    if b.ndim == 0 or not shape:
        return unbroadcast(c * b, shape)
    lead = range(len(shape) - 1, np.ndim(c))
    return np.tensordot(c, b, axes=(tuple(lead), _all_but(b.ndim, _contracted(b.ndim))))


@primitive
def dot_to_right(c: Array, a: Array, shape: Shape) -> Array:
    """The cotangent of b in dot(a, b), from that of the product; `shape` is b's."""
    a = np.asarray(a)
    if a.ndim == 2 and len(shape) == 2:
        return a.T.dot(c)
    if a.ndim == 0 or not shape:
        return unbroadcast(c * a, shape)
    lead = tuple(range(a.ndim - 1))
    return np.moveaxis(np.tensordot(c, a, axes=(lead, lead)), -1, _contracted(len(shape)))


def _contracted(ndim: int) -> int:
    """The axis of b that dot sums over."""
    return max(ndim - 2, 0)


def _all_but(ndim: int, axis: int) -> Shape:
    return tuple(i for i in range(ndim) if i != axis)


@linear(np.dot, shaped=True)
def dot(g: Array, a: Array, b: Array) -> Any:
    return dot_to_left(g, b, np.shape(a)), dot_to_right(g, a, np.shape(b))


@linear(dot_to_left, shaped=True)
def dot_to_left_rule(g: Array, c: Array, b: Array, shape: Shape) -> Any:
    return np.dot(g, b), dot_to_right(c, g, np.shape(b))


@linear(dot_to_right, shaped=True)
def dot_to_right_rule(g: Array, c: Array, a: Array, shape: Shape) -> Any:
    return np.dot(a, g), dot_to_left(c, g, np.shape(a))


# inner


@primitive
def inner_to_left(c: Array, b: Array, shape: Shape) -> Array:
    """The cotangent of a in inner(a, b), from that of the product; `shape` is a's."""
    b = np.asarray(b)
    if b.ndim == 0 or not shape:
        return unbroadcast(c * b, shape)
    return np.tensordot(c, b, axes=(tuple(range(len(shape) - 1, np.ndim(c))), tuple(range(b.ndim - 1))))


@primitive
def inner_to_right(c: Array, a: Array, shape: Shape) -> Array:
    """The cotangent of b in inner(a, b), from that of the product; `shape` is b's."""
    a = np.asarray(a)
    if a.ndim == 0 or not shape:
        return unbroadcast(c * a, shape)
    lead = tuple(range(a.ndim - 1))
    return np.tensordot(c, a, axes=(lead, lead))


@linear(np.inner)
def inner(g: Array, a: Array, b: Array) -> Any:
    return inner_to_left(g, b, np.shape(a)), inner_to_right(g, a, np.shape(b))


@linear(inner_to_left)
def inner_to_left_rule(g: Array, c: Array, b: Array, shape: Shape) -> Any:
    return np.inner(g, b), inner_to_right(c, g, np.shape(b))


@linear(inner_to_right)
def inner_to_right_rule(g: Array, c: Array, a: Array, shape: Shape) -> Any:
    return np.inner(a, g), inner_to_left(c, g, np.shape(a))


# tensordot


@primitive
def tensordot_to_left(c: Array, b: Array, shape: Shape, axes: Axes) -> Array:
    """The cotangent of a in tensordot(a, b, axes), from that of the product; `shape` is a's."""
    summed_a, summed_b = _summed_axes(axes, len(shape), np.ndim(b))
    free_b = [i for i in range(np.ndim(b)) if i not in summed_b]
    free_a = [i for i in range(len(shape)) if i not in summed_a]
    back = np.tensordot(c, b, axes=(tuple(range(len(free_a), np.ndim(c))), tuple(free_b)))
    # What is left of b comes in b's order; each of its axes goes to its partner's place in a.
    places = free_a + [summed_a[summed_b.index(i)] for i in sorted(summed_b)]
    return np.transpose(back, np.argsort(places))


@primitive
def tensordot_to_right(c: Array, a: Array, shape: Shape, axes: Axes) -> Array:
    """The cotangent of b in tensordot(a, b, axes), from that of the product; `shape` is b's."""
    summed_a, summed_b = _summed_axes(axes, np.ndim(a), len(shape))
    free_a = [i for i in range(np.ndim(a)) if i not in summed_a]
    free_b = [i for i in range(len(shape)) if i not in summed_b]
    back = np.tensordot(a, c, axes=(tuple(free_a), tuple(range(len(free_a)))))
    places = [summed_b[summed_a.index(i)] for i in sorted(summed_a)] + free_b
    return np.transpose(back, np.argsort(places))


def _summed_axes(axes: Any, ndim_a: int, ndim_b: int) -> tuple[list[int], list[int]]:
    """Both lists of axes, counted from the front."""
    if np.ndim(axes) == 0 and not isinstance(axes, list | tuple):
        count = int(axes)
        return list(range(ndim_a - count, ndim_a)), list(range(count))
    for_a, for_b = axes
    list_a = [for_a] if np.ndim(for_a) == 0 else list(for_a)
    list_b = [for_b] if np.ndim(for_b) == 0 else list(for_b)
    return [int(i) % ndim_a for i in list_a], [int(i) % ndim_b for i in list_b]


@linear(np.tensordot)
def tensordot(g: Array, a: Array, b: Array, axes: Axes = 2) -> Any:
    return tensordot_to_left(g, b, np.shape(a), axes), tensordot_to_right(g, a, np.shape(b), axes)


@linear(np.linalg.tensordot)
def linalg_tensordot(g: Array, x1: Array, x2: Array, axes: Axes = 2) -> Any:
    return tensordot_to_left(g, x2, np.shape(x1), axes), tensordot_to_right(g, x1, np.shape(x2), axes)


@linear(tensordot_to_left)
def tensordot_to_left_rule(g: Array, c: Array, b: Array, shape: Shape, axes: Axes) -> Any:
    return np.tensordot(g, b, axes=axes), tensordot_to_right(c, g, np.shape(b), axes)


@linear(tensordot_to_right)
def tensordot_to_right_rule(g: Array, c: Array, a: Array, shape: Shape, axes: Axes) -> Any:
    return np.tensordot(a, g, axes=axes), tensordot_to_left(c, g, np.shape(a), axes)


# kron


@primitive
def kron_to_left(c: Array, b: Array, shape: Shape) -> Array:
    """The cotangent of a in kron(a, b), from that of the product; `shape` is a's."""
    outer_shape, inner_shape = _padded(shape, np.shape(b))
    blocks = _blocks(c, outer_shape, inner_shape)
    axes = (tuple(range(1, blocks.ndim, 2)), tuple(range(len(inner_shape))))
    return np.tensordot(blocks, np.reshape(b, inner_shape), axes=axes).reshape(shape)


@primitive
def kron_to_right(c: Array, a: Array, shape: Shape) -> Array:
    """The cotangent of b in kron(a, b), from that of the product; `shape` is b's."""
    outer_shape, inner_shape = _padded(np.shape(a), shape)
    blocks = _blocks(c, outer_shape, inner_shape)
    axes = (tuple(range(0, blocks.ndim, 2)), tuple(range(len(outer_shape))))
    return np.tensordot(blocks, np.reshape(a, outer_shape), axes=axes).reshape(shape)


def _padded(first: Shape, second: Shape) -> tuple[Shape, Shape]:
    ndim = max(len(first), len(second))
    return (1,) * (ndim - len(first)) + first, (1,) * (ndim - len(second)) + second


def _blocks(c: Array, outer_shape: Shape, inner_shape: Shape) -> Array:
    """Each axis of the product as two: which block, and where in the block."""
    return np.reshape(c, tuple(n for pair in zip(outer_shape, inner_shape, strict=True) for n in pair))


@linear(np.kron)
def kron(g: Array, a: Array, b: Array) -> Any:
    return kron_to_left(g, b, np.shape(a)), kron_to_right(g, a, np.shape(b))


@linear(kron_to_left)
def kron_to_left_rule(g: Array, c: Array, b: Array, shape: Shape) -> Any:
    return np.kron(g, b), kron_to_right(c, g, np.shape(b))


@linear(kron_to_right)
def kron_to_right_rule(g: Array, c: Array, a: Array, shape: Shape) -> Any:
    return np.kron(a, g), kron_to_left(c, g, np.shape(a))


# cross


@primitive
def cross_to_left(c: Array, b: Array, shape: Shape, axisa: int, axisb: int, axisc: int) -> Array:
    """The cotangent of a in cross(a, b), from that of the product; `shape` is a's."""
    flat = shape[axisa] == np.shape(b)[axisb] == 2
    back = np.cross(
        _in_space(b, axisb), _in_space(np.asarray(c)[..., None] if flat else c, axisc if not flat else -1)
    )
    return _out_of_space(back, shape, axisa)


@primitive
def cross_to_right(c: Array, a: Array, shape: Shape, axisa: int, axisb: int, axisc: int) -> Array:
    """The cotangent of b in cross(a, b), from that of the product; `shape` is b's."""
    flat = shape[axisb] == np.shape(a)[axisa] == 2
    back = np.cross(
        _in_space(np.asarray(c)[..., None] if flat else c, axisc if not flat else -1), _in_space(a, axisa)
    )
    return _out_of_space(back, shape, axisb)


def _in_space(x: Array, axis: int) -> Array:
    """Vectors along the last axis, with three components: the plane is z = 0, and a lone number is a z."""
    x = np.moveaxis(x, axis, -1)
    if x.shape[-1] == 3:
        return x
    before = 2 if x.shape[-1] == 1 else 0
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, 3 - before - x.shape[-1])])


def _out_of_space(x: Array, shape: Shape, axis: int) -> Array:
    moved = [*shape]
    moved.append(moved.pop(axis))
    return np.moveaxis(unbroadcast(x[..., : moved[-1]], tuple(moved)), -1, axis)


@primitive
def one_axis_or(axis: int | None, other: int) -> int:
    """`axis` where it is given, for it overrides the others."""
    return other if axis is None else axis


constant(one_axis_or)


@linear(np.cross)
def cross(
    g: Array, a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    on_a = one_axis_or(axis, axisa)
    on_b = one_axis_or(axis, axisb)
    on_c = one_axis_or(axis, axisc)
    return (
        cross_to_left(g, b, np.shape(a), on_a, on_b, on_c),
        cross_to_right(g, a, np.shape(b), on_a, on_b, on_c),
    )


@linear(np.linalg.cross)
def linalg_cross(g: Array, x1: Array, x2: Array, axis: int = -1) -> Any:
    return (
        cross_to_left(g, x2, np.shape(x1), axis, axis, axis),
        cross_to_right(g, x1, np.shape(x2), axis, axis, axis),
    )


@linear(cross_to_left)
def cross_to_left_rule(g: Array, c: Array, b: Array, shape: Shape, axisa: int, axisb: int, axisc: int) -> Any:
    return np.cross(g, b, axisa, axisb, axisc), cross_to_right(c, g, np.shape(b), axisa, axisb, axisc)


@linear(cross_to_right)
def cross_to_right_rule(
    g: Array, c: Array, a: Array, shape: Shape, axisa: int, axisb: int, axisc: int
) -> Any:
    return np.cross(a, g, axisa, axisb, axisc), cross_to_left(c, g, np.shape(a), axisa, axisb, axisc)


# outer, and the products that conjugate their first argument


@linear(np.outer)
def outer(g: Array, a: Array, b: Array) -> Any:
    return np.reshape(np.dot(g, np.reshape(b, -1)), np.shape(a)), np.reshape(
        np.dot(np.reshape(a, -1), g), np.shape(b)
    )


@linear(np.linalg.outer)
def linalg_outer(g: Array, x1: Array, x2: Array) -> Any:
    return np.dot(g, x2), np.dot(x1, g)


@linear(np.vdot)
def vdot(g: Array, a: Array, b: Array) -> Any:
    return conjugate(g * np.reshape(b, np.shape(a))), g * conjugate(np.reshape(a, np.shape(b)))


@primitive
def moved_last(shape: Shape, axis: int) -> Shape:
    """A shape after moveaxis(x, axis, -1)."""
    sizes = [*shape]
    sizes.append(sizes.pop(axis))
    return tuple(sizes)


constant(moved_last)


@linear(np.linalg.vecdot)
@linear(np.vecdot)
def vecdot(g: Array, x1: Array, x2: Array, axis: int = -1) -> Any:
    column = np.expand_dims(g, -1)
    back1 = conjugate(column * np.moveaxis(x2, axis, -1))
    back2 = column * conjugate(np.moveaxis(x1, axis, -1))
    return (
        np.moveaxis(unbroadcast(back1, moved_last(np.shape(x1), axis)), -1, axis),
        np.moveaxis(unbroadcast(back2, moved_last(np.shape(x2), axis)), -1, axis),
    )


if hasattr(np, "matvec"):

    @linear(np.matvec)
    def matvec(g: Array, x1: Array, x2: Array) -> Any:
        return np.expand_dims(g, -1) * np.expand_dims(x2, -2), np.matvec(np.swapaxes(x1, -1, -2), g)

    @linear(np.vecmat)
    def vecmat(g: Array, x1: Array, x2: Array) -> Any:
        return conjugate(np.matvec(x2, g)), np.expand_dims(conjugate(x1), -1) * np.expand_dims(g, -2)
