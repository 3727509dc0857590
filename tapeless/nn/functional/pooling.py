"""Pooling, with PyTorch's names, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from typing import Any

from tapeless._types import Array
from tapeless.graph.ops import op
from tapeless.rules.pooling import (
    Counts,
    adaptive_average_pool,
    adaptive_places,
    average_pool,
    pool_places,
    take_pooled,
)
from tapeless.rules.windows import Sizes

# What the graph calls them.
OPERATIONS = [
    op(take_pooled, "MaxPool2DWithIndices"),
    op(average_pool, "AvgPool2D"),
    op(adaptive_average_pool, "AdaptiveAvgPool2D"),
]


def max_pool1d(
    input: Array,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number in each window of signals ([batch,] channels, length); see `max_pool2d`.

    >>> import numpy as np
    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(input.shape)}"
        )
    return _largest(input, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Array,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number in each window of images ([batch,] channels, height, width).

    Windows are `stride` apart (their own size, unless given), beginning `padding` before the image; with
    `ceil_mode` the last may reach over its end.  `return_indices`: also their places, counted through the
    image, int64.  Of equal numbers the first is taken, and gets the whole gradient; nan is larger than all.
    RuntimeError where shapes do not fit.  As `torch.nn.functional.max_pool2d`.

    >>> import tapeless as tl
    >>> x = tl.tensor([[[1.0, 4.0], [4.0, 2.0]]], requires_grad=True)
    >>> max_pool2d(x, 2)
    tensor([[[4.]]], grad_fn=<MaxPool2DWithIndicesBackward0>)
    >>> max_pool2d(x, 2).sum().backward()
    >>> x.grad
    tensor([[[0., 1.],
             [0., 0.]]])
    """
    if input.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    return _largest(input, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    input: Array,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window of signals ([batch,] channels, length); see `avg_pool2d`.

    >>> import numpy as np
    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 3, stride=1)
    array([[2.        , 3.33333333]])
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' "
            "(while checking arguments for avg_pool1d)"
        )
    return average_pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Array,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """The mean of each window of images ([batch,] channels, height, width).

    Windows as `max_pool2d` has them.  Zeros of the padding count unless `count_include_pad` is False; what
    `ceil_mode` adds beyond the padding never does.  `divisor_override`: by what sums are divided instead.
    RuntimeError where shapes do not fit.  As `torch.nn.functional.avg_pool2d`.

    >>> import numpy as np
    >>> avg_pool2d(np.array([[[1.0, 3.0], [2.0, 6.0]]]), 2)
    array([[[3.]]])
    """
    if input.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    return average_pool(
        input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_avg_pool1d(input: Array, output_size: Sizes) -> Array:
    """The means of `output_size` windows over signals ([batch,] channels, length), as even as may be.

    >>> import numpy as np
    >>> adaptive_avg_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 2)
    array([[2. , 3.5]])
    """
    _check_rank("adaptive_avg_pool1d", input, 1)
    return adaptive_average_pool(input, 1, output_size)


def adaptive_avg_pool2d(input: Array, output_size: Counts) -> Array:
    """The means of as many windows over images ([batch,] channels, height, width), as even as may be.

    `output_size` is a number, or a pair in which None keeps a length.  As
    `torch.nn.functional.adaptive_avg_pool2d`.

    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.array([[[1.0, 3.0], [2.0, 6.0]]]), (1, None))
    array([[[1.5, 4.5]]])
    """
    _check_rank("adaptive_avg_pool2d", input, 2)
    return adaptive_average_pool(input, 2, output_size)


def adaptive_max_pool1d(input: Array, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest numbers of `output_size` windows over signals ([batch,] channels, length).

    >>> import numpy as np
    >>> adaptive_max_pool1d(np.array([[1.0, 3.0, 2.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    _check_rank("adaptive_max_pool1d", input, 1)
    return _adaptive_largest(input, 1, output_size, return_indices)


def adaptive_max_pool2d(input: Array, output_size: Counts, return_indices: bool = False) -> Any:
    """The largest numbers of as many windows over images; see `adaptive_avg_pool2d` and `max_pool2d`.

    >>> import numpy as np
    >>> adaptive_max_pool2d(np.array([[[1.0, 3.0], [2.0, 6.0]]]), 1)
    array([[[6.]]])
    """
    _check_rank("adaptive_max_pool2d", input, 2)
    return _adaptive_largest(input, 2, output_size, return_indices)


def _largest(
    input: Array,
    count: int,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    places = pool_places(input, count, kernel_size, stride, padding, dilation, ceil_mode)
    found = take_pooled(input, places, count)
    return (found, places) if return_indices else found


def _adaptive_largest(input: Array, count: int, output_size: Counts, return_indices: bool) -> Any:
    places = adaptive_places(input, count, output_size)
    found = take_pooled(input, places, count)
    return (found, places) if return_indices else found


def _check_rank(name: str, input: Array, count: int) -> None:
    if input.ndim not in (count + 1, count + 2):
        raise RuntimeError(
            f"{name}(): Expected {count + 1}D or {count + 2}D tensor, but got {list(input.shape)}"
        )
