"""Convolutions of signals and images with many channels: strided views, and one matrix product a direction.

`convolution(x, w, ...)` is bilinear, and comes with its two transposes, as the products of `contractions` do:

    the transpose of convolution            is convolution_to_input in x,   convolution_to_weight in w
    the transpose of convolution_to_input   is convolution in c,            convolution_to_weight in w
    the transpose of convolution_to_weight  is convolution in c,            convolution_to_input in x

x is (batch, channels, *lengths), w is (outputs, channels / groups, *sizes), with one or two lengths.  What is
computed is the correlation, as everywhere in deep learning.  Stride, padding and dilation are a number, or
one for each length; padding may also be "valid", "same", or pairs (before, after): negative ones cut off.

How it is computed: rows of the image are laid out as `(row, place in a kernel's row and channel, image and
place in a result's row)`.  The matrix that belongs to a row of the result is then a view of these, of as many
rows as the kernel has; the views overlap, and all are multiplied with the kernels at once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tapeless._types import Array
from tapeless.rules.kinds import forward_rule, general, linear
from tapeless.rules.table import primitive
from tapeless.rules.windows import (
    Padding,
    Pairs,
    Shape,
    Sizes,
    Steps,
    check_bias,
    check_convolved,
    laid,
    places,
)

# How many numbers the products of single rows may take before they are added up, in `convolution_to_weight`.
BLOCK = 2**21
# Up to how many numbers are copied for one matrix in the place of many views.
SMALL = 2**19


@primitive
def convolution(x: Array, w: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int) -> Array:
    """Each kernel's correlation with the padded input; RuntimeError in PyTorch's words if shapes do not fit.

    >>> convolution(np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2)), 1, 0, 1, 1)
    array([[[1., 3., 5.]]])
    """
    steps, around, far = laid(np.shape(w), stride, padding, dilation)
    check_convolved(np.shape(x), np.shape(w), around, far, groups)
    return _convolved(x, w, None, steps, around, far, groups)


@primitive
def convolution_with_bias(
    x: Array, w: Array, bias: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Array:
    """`convolution` plus a number for each kernel."""
    steps, around, far = laid(np.shape(w), stride, padding, dilation)
    check_convolved(np.shape(x), np.shape(w), around, far, groups)
    check_bias("", np.shape(w), np.shape(bias), np.shape(w)[0])
    return _convolved(x, w, bias, steps, around, far, groups)


@primitive
def convolution_to_input(
    c: Array, w: Array, shape: Shape, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Array:
    """The cotangent of x, from that of the convolution; `shape` is x's.  A transposed convolution."""
    steps, around, far = laid(w.shape, stride, padding, dilation)
    if max(steps) > 1:
        return _scattered(c, w, shape, steps, around, far, groups)
    reach = [(size - 1) * step for size, step in zip(w.shape[2:], far, strict=True)]
    outer = tuple(
        (whole - before, whole - after) for whole, (before, after) in zip(reach, around, strict=True)
    )
    return _convolved(c, _turned(w, groups), None, steps, outer, far, groups)


@primitive
def convolution_to_weight(
    c: Array, x: Array, shape: Shape, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Array:
    """The cotangent of w, from that of the convolution; `shape` is w's."""
    laying = laid(shape, stride, padding, dilation)
    size = shape[2:]
    if len(shape) == 3:
        c, x, size, laying = c[:, :, None], x[:, :, None], (1, *size), _in_plane(*laying)
    windows = _windows(x, size, *laying, groups)
    batch, outputs, height, width = c.shape
    blocks, own = windows.shape[1], outputs // groups
    rows = c.reshape(batch, groups, own, blocks, height // blocks, width).transpose(1, 3, 2, 4, 0, 5)
    rows = rows.reshape(groups, blocks, own, windows.shape[3])
    total = _summed_products(windows, rows.swapaxes(-1, -2))
    kernels = total.reshape(groups, *size, shape[1], own)
    return np.ascontiguousarray(kernels.transpose(0, 4, 3, 1, 2)).reshape(shape)


def _summed_products(a: Array, b: Array) -> Array:
    """The sum over axis 1 of a @ b, not more than `BLOCK` numbers of the products at a time."""
    step = max(1, BLOCK // max(1, a.shape[0] * a.shape[2] * b.shape[3]))
    total = np.add.reduce(np.matmul(a[:, :step], b[:, :step]), axis=1)
    for start in range(step, a.shape[1], step):
        chosen = slice(start, start + step)
        total += np.add.reduce(np.matmul(a[:, chosen], b[:, chosen]), axis=1)
    return total


def _convolved(
    x: Array, w: Array, bias: Array | None, stride: Steps, padding: Pairs, dilation: Steps, groups: int
) -> Array:
    if w.ndim == 3:
        flat = _convolved(x[:, :, None], w[:, :, None], bias, *_in_plane(stride, padding, dilation), groups)
        return flat[:, :, 0]
    windows = _windows(x, w.shape[2:], stride, padding, dilation, groups)
    batch, outputs = x.shape[0], w.shape[0] // groups
    height, width = places(x.shape, w.shape[2:], stride, padding, dilation)
    kernels = w.reshape(groups, 1, outputs, *w.shape[1:]).transpose(0, 1, 2, 4, 5, 3)
    rows = np.matmul(kernels.reshape(groups, 1, outputs, windows.shape[2]), windows)
    blocks = windows.shape[1]
    found = rows.reshape(groups, blocks, outputs, height // blocks, batch, width).transpose(4, 0, 2, 1, 3, 5)
    shape = (batch, w.shape[0], height, width)
    if bias is None:
        return np.ascontiguousarray(found).reshape(shape)
    full = np.empty(found.shape, np.result_type(found, bias))
    np.add(found, np.reshape(bias, (groups, outputs, 1, 1, 1)), out=full)
    return full.reshape(shape)


def _in_plane(stride: Steps, padding: Pairs, dilation: Steps) -> tuple[Steps, Pairs, Steps]:
    """A signal is an image of one row."""
    return (1, *stride), ((0, 0), *padding), (1, *dilation)


def _windows(x: Array, size: Shape, stride: Steps, padding: Pairs, dilation: Steps, groups: int) -> Array:
    """(group, row of the result, place in the kernel and channel, image and place in the row).

    Where that is small, all rows are one: (group, 1, place and channel, row and image and place in it).
    """
    batch, channels = x.shape[:2]
    height, width = places(x.shape, size, stride, padding, dilation)
    apart = x.reshape(batch, groups, channels // groups, *x.shape[2:]).transpose(1, 3, 2, 0, 4)
    images = padded(apart, ((0, 0), padding[0], (0, 0), (0, 0), padding[1]))
    steps = images.strides
    across = as_strided(
        images,
        (groups, images.shape[1], size[1], channels // groups, batch, width),
        (*steps[:2], steps[4] * dilation[1], *steps[2:4], steps[4] * stride[1]),
        writeable=False,
    )
    depth, columns = size[1] * (channels // groups), batch * width
    rows = np.ascontiguousarray(across).reshape(groups, images.shape[1], depth, columns)
    steps = rows.strides
    if dilation[0] == 1:  # the rows of a window follow each other
        shape = (groups, height, size[0] * depth, columns)
        found = as_strided(rows, shape, (steps[0], steps[1] * stride[0], *steps[2:]), writeable=False)
    else:
        shape = (groups, height, size[0], depth, columns)
        strides = (steps[0], steps[1] * stride[0], steps[1] * dilation[0], *steps[2:])
        apart = as_strided(rows, shape, strides, writeable=False)
        found = apart.reshape(groups, height, size[0] * depth, columns)
    if found.size > SMALL:
        return found
    return np.ascontiguousarray(found.swapaxes(1, 2)).reshape(groups, 1, found.shape[2], height * columns)


def padded(x: Array, padding: Pairs) -> Array:
    """A contiguous copy with zeros around it; negative padding cuts off."""
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, padding, strict=True))
    if shape == x.shape and not any(before for before, _ in padding):
        return np.ascontiguousarray(x)
    full = np.zeros(shape, x.dtype)
    kept, place = [], []
    for n, m, (before, after) in zip(x.shape, shape, padding, strict=True):
        kept.append(slice(max(0, -before), n - max(0, -after)))
        place.append(slice(max(0, before), m - max(0, after)))
    full[tuple(place)] = x[tuple(kept)]
    return full


def _turned(w: Array, groups: int) -> Array:
    """The kernels of the transposed convolution: turned round, outputs and channels changed over."""
    outputs, channels, *size = w.shape
    apart = w.reshape(groups, outputs // groups, channels, *size).swapaxes(1, 2)
    apart = np.flip(apart, tuple(range(3, apart.ndim)))
    return apart.reshape(groups * channels, outputs // groups, *size)


def _scattered(
    c: Array, w: Array, shape: Shape, stride: Steps, padding: Pairs, dilation: Steps, groups: int
) -> Array:
    """Each number of c times its kernel, added up where the kernel lay: a loop over the kernel's places."""
    batch, outputs, *lengths = c.shape
    size, own = w.shape[2:], outputs // groups
    kernels = w.reshape(groups, own, -1).swapaxes(1, 2)
    rows = c.reshape(batch, groups, own, math.prod(lengths)).transpose(1, 2, 0, 3)
    columns = np.matmul(kernels, rows.reshape(groups, own, batch * math.prod(lengths)))
    columns = columns.reshape(shape[1], *size, batch, *lengths)
    whole = [n + before + after for n, (before, after) in zip(shape[2:], padding, strict=True)]
    full = np.zeros((shape[1], batch, *whole), columns.dtype)
    for place in np.ndindex(*size):
        at = [
            slice(k * far, k * far + (n - 1) * step + 1, step)
            for k, far, n, step in zip(place, dilation, lengths, stride, strict=True)
        ]
        full[(..., *at)] += columns[(slice(None), *place)]
    return padded(full.swapaxes(0, 1), ((0, 0), (0, 0), *((-before, -after) for before, after in padding)))


# Derivatives ------------------------------------------------------------------------------------------


@linear(convolution, shaped=True)
def convolution_rule(
    g: Array, x: Array, w: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Any:
    return (
        convolution_to_input(g, w, np.shape(x), stride, padding, dilation, groups),
        convolution_to_weight(g, x, np.shape(w), stride, padding, dilation, groups),
    )


@linear(convolution_to_input, shaped=True)
def convolution_to_input_rule(
    g: Array, c: Array, w: Array, shape: Shape, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Any:
    return (
        convolution(g, w, stride, padding, dilation, groups),
        convolution_to_weight(c, g, np.shape(w), stride, padding, dilation, groups),
    )


@linear(convolution_to_weight, shaped=True)
def convolution_to_weight_rule(
    g: Array, c: Array, x: Array, shape: Shape, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Any:
    return (
        convolution(x, g, stride, padding, dilation, groups),
        convolution_to_input(c, g, np.shape(x), stride, padding, dilation, groups),
    )


@general(convolution_with_bias, shaped=True)
def convolution_with_bias_rule(
    g: Array, x: Array, w: Array, bias: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Any:
    return (
        convolution_to_input(g, w, np.shape(x), stride, padding, dilation, groups),
        convolution_to_weight(g, x, np.shape(w), stride, padding, dilation, groups),
        sum_of_channels(g),
    )


@forward_rule(convolution_with_bias)
def convolution_with_bias_forward(
    t_x: Array,
    t_w: Array,
    t_bias: Array,
    out: Array,
    x: Array,
    w: Array,
    bias: Array,
    stride: Sizes,
    padding: Padding,
    dilation: Sizes,
    groups: int,
) -> Array:
    first = convolution_with_bias(t_x, w, t_bias, stride, padding, dilation, groups)
    return first + convolution(x, t_w, stride, padding, dilation, groups)


@primitive
def sum_of_channels(x: Array) -> Array:
    """For each channel (axis 1) the sum of all that it holds."""
    return np.add.reduce(x, axis=(0, *range(2, np.ndim(x))))


@linear(sum_of_channels)
def sum_of_channels_rule(g: Array, x: Array) -> Array:
    return over_channels(g, np.shape(x))


@primitive
def over_channels(x: Array, shape: Shape) -> Array:
    """A number for each channel, repeated over a shape."""
    return np.broadcast_to(np.reshape(x, (-1, *(1,) * (len(shape) - 2))), shape)


@linear(over_channels)
def over_channels_rule(g: Array, x: Array, shape: Shape) -> Array:
    return sum_of_channels(g)
