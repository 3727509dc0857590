"""Layers that pool: the largest number or the mean of each window."""

from __future__ import annotations

from typing import Any, TypeAlias

from tapeless._types import Array
from tapeless.nn import functional
from tapeless.nn.module import Module

# One number for all axes, or one for each.
Sizes: TypeAlias = int | tuple[int, ...]


class _MaxPool(Module):
    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number in each window of signals ([batch,] channels, length): see `MaxPool2d`.

    >>> import tapeless as tl
    >>> MaxPool1d(2)(tl.tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[3., 5.]])
    """

    def forward(self, input: Array) -> Any:
        return functional.max_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class MaxPool2d(_MaxPool):
    """The largest number in each window of images ([batch,] channels, height, width).

    Options as of `functional.max_pool2d`: windows are their own size apart unless `stride` is given.  As
    `torch.nn.MaxPool2d`.

    >>> import tapeless as tl
    >>> MaxPool2d(2)(tl.arange(16.0).reshape(1, 4, 4))
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """

    def forward(self, input: Array) -> Any:
        return functional.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class AvgPool1d(Module):
    """The mean of each window of signals ([batch,] channels, length): see `AvgPool2d`.

    >>> import tapeless as tl
    >>> AvgPool1d(2)(tl.tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[2.0000, 3.5000]])
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride, self.padding = _single(kernel_size if stride is None else stride), _single(padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Array) -> Array:
        return functional.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _single(value: Sizes) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


class AvgPool2d(Module):
    """The mean of each window of images ([batch,] channels, height, width).

    Options as of `functional.avg_pool2d`.  As `torch.nn.AvgPool2d`.

    >>> import tapeless as tl
    >>> AvgPool2d(2)(tl.arange(16.0).reshape(1, 4, 4))
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Array) -> Array:
        return functional.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _Adaptive(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveAvgPool1d(_Adaptive):
    """The means of `output_size` windows over signals ([batch,] channels, length).

    >>> import tapeless as tl
    >>> AdaptiveAvgPool1d(2)(tl.arange(6.0).reshape(1, 6))
    tensor([[1., 4.]])
    """

    def forward(self, input: Array) -> Array:
        return functional.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """The means of as many windows over images as asked for, whatever their size; None keeps a length.

    As `torch.nn.AdaptiveAvgPool2d`.

    >>> import tapeless as tl
    >>> AdaptiveAvgPool2d((1, 2))(tl.arange(16.0).reshape(1, 4, 4))
    tensor([[[6.5000, 8.5000]]])
    """

    def forward(self, input: Array) -> Array:
        return functional.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest numbers of `output_size` windows over signals ([batch,] channels, length).

    >>> import tapeless as tl
    >>> AdaptiveMaxPool1d(2)(tl.arange(6.0).reshape(1, 6))
    tensor([[2., 5.]])
    """

    def forward(self, input: Array) -> Any:
        return functional.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest numbers of as many windows over images as asked for.  As `torch.nn.AdaptiveMaxPool2d`.

    >>> import tapeless as tl
    >>> AdaptiveMaxPool2d(1)(tl.arange(16.0).reshape(1, 4, 4))
    tensor([[[15.]]])
    """

    def forward(self, input: Array) -> Any:
        return functional.adaptive_max_pool2d(input, self.output_size, self.return_indices)
