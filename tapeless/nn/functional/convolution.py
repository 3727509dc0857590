"""Convolutions, with PyTorch's names, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.messages import type_name
from tapeless.graph.ops import op
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.rules.convolutions import (
    convolution,
    convolution_to_input,
    convolution_with_bias,
    over_channels,
)
from tapeless.rules.windows import Padding, Sizes, transposed_padding, transposed_shape

# What the graph calls them.
OPERATIONS = [op(row, "Convolution") for row in (convolution, convolution_with_bias, convolution_to_input)]


def conv1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """The correlation of signals (batch, channels, length) with kernels (outputs, channels / groups, size).

    The batch may be missing.  `padding` is how many zeros go before and after each signal, "valid" (none) or
    "same" (as many as keep the length).  RuntimeError where shapes do not fit.  As PyTorch's.

    >>> conv1d(np.array([[1.0, 2.0, 4.0]]), np.array([[[-1.0, 1.0]]]))
    array([[1., 2.]])
    """
    return _convolved(input, weight, bias, stride, padding, dilation, groups, 1)


def conv2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """The correlation of images (batch, channels, height, width) with kernels.

    Kernels are (outputs, channels / groups, *size); the batch may be missing.  `stride`, `padding` and
    `dilation` are a number, or one for each of height and width; `padding` may also be "valid" (none) or
    "same" (as many zeros as keep the size).  RuntimeError where shapes do not fit.  As PyTorch's.

    >>> import tapeless as tl
    >>> image = tl.ones(1, 1, 2, 2)
    >>> conv2d(image, tl.ones(1, 1, 2, 2, requires_grad=True), tl.ones(1))
    tensor([[[[5.]]]], grad_fn=<ConvolutionBackward0>)
    """
    return _convolved(input, weight, bias, stride, padding, dilation, groups, 2)


def conv_transpose1d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Array:
    """The transpose of `conv1d` with the same kernels: (inputs, outputs / groups, size).

    >>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]), stride=2)
    array([[ 1., 10.,  2., 20.]])
    """
    return _transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


def conv_transpose2d(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Array:
    """Each number of the input times a kernel, added up where the kernels lie: `conv2d`'s transpose.

    Kernels are (inputs, outputs / groups, *size).  `padding` cuts off what such a convolution would have
    padded; where several sizes would have given this one, `output_padding` takes a larger one.  RuntimeError
    where shapes do not fit.  As PyTorch's.

    >>> conv_transpose2d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 1, 2)))
    array([[[1., 3., 2.]]])
    """
    return _transposed(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


def _convolved(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Padding,
    dilation: Sizes,
    groups: int,
    count: int,
) -> Array:
    _check_kinds(f"conv{count}d", input, weight, count)
    if input.ndim == count + 1:
        alone = np.expand_dims(input, 0)
        return np.squeeze(_applied(alone, weight, bias, stride, padding, dilation, groups), 0)
    return _applied(input, weight, bias, stride, padding, dilation, groups)


def _applied(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Padding,
    dilation: Sizes,
    groups: int,
) -> Array:
    if bias is None:
        return convolution(input, weight, stride, padding, dilation, groups)
    return convolution_with_bias(input, weight, bias, stride, padding, dilation, groups)


def _check_kinds(name: str, input: Any, weight: Any, count: int) -> None:
    """Errors for what is no array, has other axes, or, of Tensors, is of two dtypes."""
    if not _is_array(input):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {_kind(input)}")
    if not _is_array(weight):
        raise TypeError(f"{name}(): argument 'weight' (position 2) must be Tensor, not {_kind(weight)}")
    if weight.ndim != count + 2:
        raise RuntimeError(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight "
            f"{list(weight.shape)}, but got {input.ndim}-dimensional input of size "
            f"{list(input.shape)} instead"
        )
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and input.dtype != weight.dtype:
        raise RuntimeError(
            f"Input type ({type_name(input._data)}) and weight type ({type_name(weight._data)}) "
            "should be the same"
        )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | Variable)


def _kind(value: Any) -> str:
    return type(value).__name__


def _transposed(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
    count: int,
) -> Array:
    _check_kinds(f"conv_transpose{count}d", input, weight, count)
    if input.ndim == count + 1:
        alone = np.expand_dims(input, 0)
        return np.squeeze(
            _scattered(alone, weight, bias, stride, padding, output_padding, groups, dilation), 0
        )
    return _scattered(input, weight, bias, stride, padding, output_padding, groups, dilation)


def _scattered(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Array:
    biases = None if bias is None else bias.shape
    shape = transposed_shape(
        input.shape, weight.shape, biases, stride, padding, output_padding, dilation, groups
    )
    around = transposed_padding(padding, output_padding, weight.ndim - 2)
    found = convolution_to_input(input, weight, shape, stride, around, dilation, groups)
    return found if bias is None else found + over_channels(bias, found.shape)
