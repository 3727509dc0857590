"""Layers of convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tapeless._types import Array
from tapeless.graph.vocabulary.creating import empty
from tapeless.nn import functional, init
from tapeless.nn.functional.padding import MODES
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter

# One number for all axes, or one for each.
Sizes: TypeAlias = int | tuple[int, ...]


class _Convolution(Module):
    """What the kinds have in common: the numbers that say where kernels lie, and the parameters."""

    count: int  # how many axes a kernel has

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        output_padding: Sizes,
        dilation: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        transposed: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self._check(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = self._each(kernel_size), self._each(stride)
        self.padding = padding if isinstance(padding, str) else self._each(padding)
        self.dilation, self.output_padding = self._each(dilation), self._each(output_padding)
        self.padding_mode, self.transposed = padding_mode, transposed
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight = Parameter(empty(*shape, device=device, dtype=dtype))
        own = Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None
        self.register_parameter("bias", own)
        self.reset_parameters()

    def _each(self, value: Any) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, tuple | list) else (value,) * self.count

    def _check(
        self, in_channels: int, out_channels: int, stride: Sizes, padding: Any, groups: int, mode: str
    ) -> None:
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
            if padding == "same" and max(self._each(stride)) > 1:
                raise ValueError("padding='same' is not supported for strided convolutions")
        if mode != "zeros" and mode not in MODES:
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, "
                f"but got padding_mode='{mode}'"
            )

    def reset_parameters(self) -> None:
        """Draw new first values: uniform, of variance 1 / (3 fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5.0))
        if self.bias is not None:
            fan_in = self.weight.shape[1] * math.prod(self.kernel_size)
            bound = 1.0 / math.sqrt(fan_in) if fan_in > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def _around(self) -> list[tuple[int, int]]:
        """The padding before and after along each axis."""
        if self.padding == "valid":
            return [(0, 0)] * self.count
        if self.padding == "same":
            reach = [far * (k - 1) for far, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [(whole // 2, whole - whole // 2) for whole in reach]
        return [(int(pad), int(pad)) for pad in self.padding]

    def _convolved(self, input: Array, function: Any) -> Array:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            kept = [(0, 0)] * (np.ndim(input) - self.count)
            input = np.pad(input, [*kept, *self._around()], mode=MODES[self.padding_mode])  # type: ignore[call-overload]
            padding = 0
        return function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _scattered(self, input: Array, output_size: Sequence[int] | None, function: Any) -> Array:
        more = self.output_padding if output_size is None else self._wanted(np.shape(input), output_size)
        return function(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )

    def _wanted(self, shape: tuple[int, ...], output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that gives the size asked for; ValueError if none does."""
        sizes = tuple(output_size)[-self.count :]
        if len(output_size) not in (self.count, self.count + 2, len(shape)):
            raise ValueError(
                f"{type(self).__name__}: for {len(shape)}D input, output_size must have {self.count} or "
                f"{len(shape)} elements (got {len(output_size)})"
            )
        smallest = [
            (n - 1) * step - 2 * int(pad) + far * (k - 1) + 1
            for n, step, pad, far, k in zip(
                shape[-self.count :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        largest = [n + step - 1 for n, step in zip(smallest, self.stride, strict=True)]
        if any(not low <= n <= high for n, low, high in zip(sizes, smallest, largest, strict=True)):
            raise ValueError(
                f"requested an output size of {list(sizes)}, but valid sizes range from {smallest} to "
                f"{largest} (for an input of {list(shape[-self.count :])})"
            )
        return tuple(n - low for n, low in zip(sizes, smallest, strict=True))

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        )
        if self.padding != (0,) * self.count:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.count:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.count:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Correlation(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            0,
            dilation,
            groups,
            bias,
            padding_mode,
            False,
            device,
            dtype,
        )


class _Transposed(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            dilation,
            groups,
            bias,
            padding_mode,
            True,
            device,
            dtype,
        )


class Conv1d(_Correlation):
    """Signals ([batch,] in_channels, length) to (..., out_channels, new length): see `Conv2d`.

    >>> import tapeless as tl
    >>> Conv1d(3, 4, 5, padding="same")(tl.ones(2, 3, 9)).shape
    torch.Size([2, 4, 9])
    """

    count = 1

    def forward(self, input: Array) -> Array:
        return self._convolved(input, functional.conv1d)


class Conv2d(_Correlation):
    """Each of `out_channels` kernels over images ([batch,] in_channels, height, width), plus its bias.

    `weight` (out_channels, in_channels / groups, *kernel_size) and `bias` (out_channels,) are first uniform
    between 1 / sqrt(fan_in) and its negative.  Options as of `functional.conv2d`; `padding_mode`: what stands
    beyond the border ("zeros", "reflect", "replicate", "circular").  ValueError for channels that the groups
    do not divide.  As `torch.nn.Conv2d`.

    >>> import tapeless as tl
    >>> layer = Conv2d(3, 8, 3, padding=1)
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    >>> layer(tl.ones(2, 3, 5, 5)).shape
    torch.Size([2, 8, 5, 5])
    """

    count = 2

    def forward(self, input: Array) -> Array:
        return self._convolved(input, functional.conv2d)


class ConvTranspose1d(_Transposed):
    """The transpose of a `Conv1d` from out_channels to in_channels: see `ConvTranspose2d`.

    >>> import tapeless as tl
    >>> ConvTranspose1d(3, 4, 2, stride=2)(tl.ones(2, 3, 5)).shape
    torch.Size([2, 4, 10])
    """

    count = 1

    def forward(self, input: Array, output_size: Sequence[int] | None = None) -> Array:
        return self._scattered(input, output_size, functional.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """Each number of images ([batch,] in_channels, height, width) times its kernels, added up where they lie.

    `weight` is (in_channels, out_channels / groups, *kernel_size).  Options as of
    `functional.conv_transpose2d`; `layer(x, output_size=(h, w))` takes one of the sizes that `output_padding`
    chooses among.  ValueError for sizes that cannot be.  As `torch.nn.ConvTranspose2d`.

    >>> import tapeless as tl
    >>> layer = ConvTranspose2d(3, 4, 3, stride=2, padding=1)
    >>> layer(tl.ones(2, 3, 5, 5)).shape, layer(tl.ones(2, 3, 5, 5), output_size=(10, 10)).shape
    (torch.Size([2, 4, 9, 9]), torch.Size([2, 4, 10, 10]))
    """

    count = 2

    def forward(self, input: Array, output_size: Sequence[int] | None = None) -> Array:
        return self._scattered(input, output_size, functional.conv_transpose2d)
