"""Losses of class indices: each with its weights and its reduction in one operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.activations import softmax
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.losses import collected, reduced
from tapeless.rules.support import dtype_of, unbroadcast
from tapeless.rules.table import primitive


@primitive
def class_cross_entropy(
    x: Array, target: Constant, axis: int, weight: Constant, ignore_index: int, reduction: str
) -> Array:
    """-log softmax(x) along `axis` at the class in `target`, each times its class's weight.

    >>> float(class_cross_entropy(np.array([[1e4, 0.0]]), np.array([1]), 1, None, -100, "mean"))
    10000.0
    """
    if x.dtype.itemsize == 2:
        wide = class_cross_entropy(x.astype(np.float32), target, axis, weight, ignore_index, reduction)
        return wide.astype(x.dtype)
    index, scale = _classes(x, target, axis, weight, ignore_index)
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-math.inf)
    total = np.log(np.add.reduce(np.exp(x - top), axis=axis))
    losses = total + (np.squeeze(top, axis) - _at(x, index, axis))
    return _weighed(losses, scale, reduction)


@general(class_cross_entropy, shaped=True)
def class_cross_entropy_rule(
    g: Array,
    x: Array,
    target: Constant,
    axis: int,
    weight: Constant,
    ignore_index: int,
    reduction: str,
) -> Array:
    scale = class_scale(x, target, axis, weight, ignore_index, reduction)
    return over_classes(g * scale, axis) * softmax_less_one(x, target, axis)


@forward_rule(class_cross_entropy)
def class_cross_entropy_forward(
    t: Array,
    out: Array,
    x: Array,
    target: Constant,
    axis: int,
    weight: Constant,
    ignore_index: int,
    reduction: str,
) -> Array:
    scale = class_scale(x, target, axis, weight, ignore_index, reduction)
    return collected(scale * np.add.reduce(t * softmax_less_one(x, target, axis), axis=axis), reduction)


@primitive
def class_likelihood(
    x: Array, target: Constant, axis: int, weight: Constant, ignore_index: int, reduction: str
) -> Array:
    """-x at the class in `target` along `axis`, each times its class's weight: x are log-probabilities.

    >>> class_likelihood(np.array([[-1.0, -2.0]]), np.array([1]), 1, None, -100, "none")
    array([2.])
    """
    index, scale = _classes(x, target, axis, weight, ignore_index)
    return _weighed(-_at(x, index, axis), scale, reduction)


@general(class_likelihood, shaped=True)
def class_likelihood_rule(
    g: Array,
    x: Array,
    target: Constant,
    axis: int,
    weight: Constant,
    ignore_index: int,
    reduction: str,
) -> Array:
    scale = class_scale(x, target, axis, weight, ignore_index, reduction)
    return place_classes(-g * scale, target, np.shape(x), dtype_of(x), axis)


@forward_rule(class_likelihood)
def class_likelihood_forward(
    t: Array,
    out: Array,
    x: Array,
    target: Constant,
    axis: int,
    weight: Constant,
    ignore_index: int,
    reduction: str,
) -> Array:
    scale = class_scale(x, target, axis, weight, ignore_index, reduction)
    return collected(-scale * pick_classes(t, target, axis), reduction)


@primitive
def softmax_less_one(x: Array, target: Constant, axis: int) -> Array:
    """softmax(x) along `axis`, less one at the class in `target`."""
    chances = softmax(x, axis)
    index = _within(np.asarray(target), chances.shape[axis])
    if chances.ndim == 2 and axis == 1:
        chances[_counted(len(index)), index] -= 1.0
    elif chances.size:
        at = np.expand_dims(index, axis)
        np.put_along_axis(chances, at, np.take_along_axis(chances, at, axis) - 1.0, axis)
    return chances


@general(softmax_less_one, shaped=True)
def softmax_less_one_rule(g: Array, x: Array, target: Constant, axis: int) -> Array:
    chances = softmax(x, axis)
    weighted = g * chances
    return weighted - chances * np.add.reduce(weighted, axis=axis, keepdims=True)


@forward_rule(softmax_less_one)
def softmax_less_one_forward(t: Array, out: Array, x: Array, target: Constant, axis: int) -> Array:
    chances = softmax(x, axis)
    weighted = t * chances
    return weighted - chances * np.add.reduce(weighted, axis=axis, keepdims=True)


@primitive
def over_classes(x: Array, axis: int) -> Array:
    """One number a sample, so that it broadcasts over the classes; a single number as it is."""
    return np.expand_dims(x, axis) if np.ndim(x) else x


@linear(over_classes, shaped=True)
def over_classes_rule(g: Array, x: Array, axis: int) -> Array:
    return np.reshape(g, np.shape(x))


@primitive
def pick_classes(x: Array, target: Constant, axis: int) -> Array:
    """`x` at the class in `target`, of each sample."""
    return _at(x, _within(np.asarray(target), x.shape[axis]), axis)


@linear(pick_classes, shaped=True)
def pick_classes_rule(g: Array, x: Array, target: Constant, axis: int) -> Array:
    return place_classes(g, target, np.shape(x), dtype_of(x), axis)


@primitive
def place_classes(
    x: Array, target: Constant, shape: tuple[int, ...], dtype: np.dtype[Any], axis: int
) -> Array:
    """Zeros of `shape`, with `x` at the class in `target`, of each sample."""
    placed = np.zeros(shape, dtype)
    index = np.expand_dims(_within(np.asarray(target), shape[axis]), axis)
    if placed.size:
        np.put_along_axis(placed, index, over_classes(x, axis), axis)
    return placed


@linear(place_classes, shaped=True)
def place_classes_rule(
    g: Array, x: Array, target: Constant, shape: tuple[int, ...], dtype: np.dtype[Any], axis: int
) -> Array:
    return unbroadcast(pick_classes(g, target, axis), np.shape(x))


@primitive
def class_scale(
    x: Array, target: Array, axis: int, weight: Array, ignore_index: int, reduction: str
) -> Array:
    """What each sample's loss counts in the result."""
    x = np.asarray(x)
    _, scale = _classes(x, target, axis, weight, ignore_index)
    if scale is None:
        count = np.size(target) if reduction == "mean" else 1
        return x.dtype.type(1.0 / max(count, 1))
    total = scale.sum()
    return scale / total if reduction == "mean" and total else scale


@primitive
def smoothing_scale(
    x: Array, target: Array, axis: int, weight: Array, ignore_index: int, reduction: str
) -> Array:
    """What each sample's loss for all classes counts; averages are over the weights of its class."""
    x = np.asarray(x)
    kept = np.not_equal(target, ignore_index).astype(x.dtype)
    if reduction != "mean":
        return kept
    _, scale = _classes(x, target, axis, weight, ignore_index)
    total = (kept if scale is None else scale).sum()
    return kept / total if total else kept


constant(class_scale, smoothing_scale)


@primitive
def counted(losses: Array, scale: Constant) -> Array:
    """The losses times what each counts; zero where that is zero, whatever the loss."""
    with np.errstate(invalid="ignore"):
        return np.where(np.equal(scale, 0.0), 0.0, losses * scale).astype(np.result_type(losses, scale))[()]


@linear(counted, shaped=True)
def counted_rule(g: Array, losses: Array, scale: Constant) -> Array:
    return counted(g, scale)


def _weighed(losses: Array, scale: Array | None, reduction: str) -> Array:
    if scale is None:
        return reduced(losses, reduction)
    total = collected(counted(losses, scale), reduction)
    with np.errstate(invalid="ignore"):
        return total / scale.sum() if reduction == "mean" else total


def _at(x: Array, index: Array, axis: int) -> Array:
    if x.ndim == 2 and axis == 1:
        return x[_counted(len(index)), index]
    return np.squeeze(np.take_along_axis(x, np.expand_dims(index, axis), axis), axis)


def _counted(n: int) -> Array:
    return np.arange(n)


def _within(target: Array, count: int) -> Array:
    """The classes; some other one for samples that are ignored."""
    return np.minimum(np.maximum(target, 0), count - 1)


def _classes(
    x: Array, target: Array, axis: int, weight: Array | None, ignore_index: int
) -> tuple[Array, Array | None]:
    """The class of each sample, and what each counts (None: all one); refuses what is no class."""
    if x.dtype.kind != "f":
        raise TypeError(f"losses are of floats: the input has dtype {x.dtype}; convert it to float")
    index = np.asarray(target)
    _check_classes(x.shape, index, axis)
    count = x.shape[axis]
    if weight is not None and np.shape(weight) != (count,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but got "
            f"weight tensor of shape: {list(np.shape(weight))}"
        )
    kept: Any = True
    unsigned = index.view(f"u{index.itemsize}")  # what is negative is large then
    strange = index.size and np.maximum.reduce(unsigned, axis=None) >= count
    if strange or 0 <= ignore_index < count:
        kept = index != ignore_index
        outside = kept & ((index < 0) | (index >= count))
        if outside.any():
            raise IndexError(f"Target {index[outside].flat[0]} is out of bounds.")
        index = np.where(kept, index, 0)
    if weight is None:
        return index, None if kept is True or kept.all() else kept.astype(x.dtype)
    return index, np.where(kept, np.asarray(weight, x.dtype)[index], 0.0).astype(x.dtype)


def _check_classes(shape: tuple[int, ...], target: Array, axis: int) -> None:
    expected = shape[:axis] + shape[axis + 1 :]
    if target.dtype.kind not in "iu":
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {_kind(target)}")
    if target.shape == expected:
        return
    _check_batch(shape, target)
    raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")


def check_chances(input: Array, target: Array) -> None:
    """Refuse probabilities of classes that have not the input's shape, in PyTorch's words."""
    shape = np.shape(input)
    if np.shape(target) == shape:
        return
    _check_batch(shape, target)
    if np.ndim(target) != len(shape):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {_kind(target)}")
    raise RuntimeError(f"Expected target size {list(shape)}, got {list(np.shape(target))}")


def _check_batch(shape: tuple[int, ...], target: Array) -> None:
    given = np.shape(target)[0] if np.ndim(target) else 0
    if len(shape) > 1 and given != shape[0]:
        raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({given}).")


def _kind(target: Array) -> str:
    name = str(np.dtype(target.dtype))
    return {"float64": "Double", "float32": "Float", "float16": "Half", "bool": "Bool"}.get(name, name)
