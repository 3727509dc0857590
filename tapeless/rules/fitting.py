"""Whether what a layer is given fits its weights, in PyTorch's words, and where these lie in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant
from tapeless.rules.table import primitive

KINDS = {"float16": "Half", "float32": "Float", "float64": "Double"}


@primitive
def across_channels(shape: tuple[int, ...], by_batch: bool, sizes: tuple[int | None, ...]) -> tuple[int, ...]:
    """The shape in which numbers for each channel (axis 1) broadcast to `shape`.

    `sizes`: how many running means, running variances, weights and biases there are, None where there are
    none; RuntimeError unless as many as channels. ValueError `by_batch` where each channel has one value
    only.

    >>> across_channels((2, 3, 4, 4), True, (None, None, 3, 3))
    (1, 3, 1, 1)
    """
    if by_batch and math.prod(shape) == shape[1] > 0:
        size = f"torch.Size({list(shape)})"
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")
    for name, size in zip(("running_mean", "running_var", "weight", "bias"), sizes, strict=True):
        if size is not None and size != shape[1]:
            raise RuntimeError(f"{name} should contain {shape[1]} elements not {size}")
    return (1, shape[1]) + (1,) * (len(shape) - 2)


@primitive
def across_groups(shape: tuple[int, ...], groups: int, shapes: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape in which numbers for each channel broadcast to `shape`, whose channels make groups.

    `shapes`: those of weight and bias; RuntimeError unless they are vectors of as many as channels.

    >>> across_groups((2, 6, 4), 3, ((6,), None))
    (1, 6, 1)
    """
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if shape[1] % groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={groups}"
        )
    for name, own in zip(("weight", "bias"), shapes, strict=True):
        if own is not None and own != (shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(own)} and input of shape {list(shape)}"
            )
    return (1, shape[1]) + (1,) * (len(shape) - 2)


@primitive
def last_axes(shape: tuple[int, ...], wanted: tuple[int, ...], shapes: tuple[Any, ...]) -> tuple[int, ...]:
    """The last axes; RuntimeError unless they, and weight and bias, have the lengths `wanted`.

    >>> last_axes((2, 3, 4), (3, 4), (None, (3, 4)))
    (-2, -1)
    """
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    for name, own in zip(("weight", "bias"), shapes, strict=True):
        if own is not None and own != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(own)} and normalized_shape = {list(wanted)}"
            )
    if shape[max(len(shape) - len(wanted), 0) :] != wanted:
        text = ", ".join([str(length) for length in wanted])
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [*, {text}], but got input "
            f"of size{list(shape)}"
        )
    return tuple(range(-len(wanted), 0))


@primitive
def row_numbers(places: Array, rows: int) -> Array:
    """Numbers of rows of a table, as they are; IndexError if there is no such row, RuntimeError if not whole.

    >>> row_numbers(np.array([0, 2]), 3)
    array([0, 2])
    """
    if not isinstance(places, np.ndarray | np.generic):
        kind = type(places).__name__
        raise TypeError(f"embedding(): argument 'indices' (position 2) must be Tensor, not {kind}")
    if places.dtype.kind not in "iu":
        kind = KINDS.get(places.dtype.name, places.dtype.name.capitalize())
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            f"but got torch.{kind}Tensor instead (while checking arguments for embedding)"
        )
    if places.size and (places.min() < 0 or places.max() >= rows):
        raise IndexError("index out of range in self")
    return places


constant(across_channels, across_groups, last_axes, row_numbers)
