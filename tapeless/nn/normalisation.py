"""Layers that keep the mean and the variance of what passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.vocabulary.creating import empty, ones, tensor, zeros
from tapeless.nn import functional, init
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter


def _affine(module: Module, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
    own = Parameter(empty(shape, device=device, dtype=dtype)) if weight else None
    module.register_parameter("weight", own)
    own = Parameter(empty(shape, device=device, dtype=dtype)) if bias else None
    module.register_parameter("bias", own)


def _reset_affine(module: Module) -> None:
    if module.weight is not None:
        init.ones_(module.weight)
    if getattr(module, "bias", None) is not None:
        init.zeros_(module.bias)


class _Tracking(Module):
    """What batch and instance normalisation have in common: statistics that are followed while training."""

    ranks: tuple[int, ...] = ()  # of inputs

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        _affine(self, num_features, affine, affine and bias, device, dtype)
        tracked = track_running_stats
        place = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean", zeros(num_features, **place) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **place) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)
        _reset_affine(self)

    def reset_running_stats(self) -> None:
        """Forget the statistics."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget the statistics; weights one, biases zero."""
        self.reset_running_stats()
        _reset_affine(self)

    def _check_rank(self, input: Any) -> None:
        if input.ndim not in self.ranks:
            wanted = " or ".join([f"{rank}D" for rank in self.ranks])
            raise ValueError(f"expected {wanted} input (got {input.ndim}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Tracking):
    def forward(self, input: Any) -> Any:
        self._check_rank(input)
        mean, variance, part = self.running_mean, self.running_var, 0.0
        by_batch = self.training or mean is None
        if self.training and self.track_running_stats:
            part = self._next_part()
        elif by_batch:
            mean = variance = None
        return functional.batch_norm(input, mean, variance, self.weight, self.bias, by_batch, part, self.eps)

    def _next_part(self) -> float:
        """By how much the statistics move in this step; without momentum they are means over batches."""
        count = self.num_batches_tracked
        count[...] = count + 1
        return 1.0 / int(count) if self.momentum is None else self.momentum


class BatchNorm1d(_BatchNorm):
    """Each channel (axis 1) with a mean and a variance that are learned: (batch, channels), or (.., length).

    While training by the statistics of the batch, which `running_mean` and `running_var` follow by the part
    `momentum` (None: their mean over all batches); in `eval` by these. `affine=False`: without `weight` and
    `bias`; `track_running_stats=False`: by the batch always. ValueError for other shapes, and for a batch
    of one value per channel while training. As `torch.nn.BatchNorm1d`; Ioffe and Szegedy, Batch
    Normalization (2015).

    >>> import tapeless as tl
    >>> layer = BatchNorm1d(2)
    >>> layer(tl.tensor([[1.0, 2.0], [3.0, 2.0]])).detach()
    tensor([[-1.0000,  0.0000],
            [ 1.0000,  0.0000]])
    >>> layer.running_mean
    tensor([0.2000, 0.2000])
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` of images: (batch, channels, height, width).  As `torch.nn.BatchNorm2d`.

    >>> import tapeless as tl
    >>> BatchNorm2d(2)(tl.randn(4, 2, 3, 3)).shape
    torch.Size([4, 2, 3, 3])
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` of volumes: (batch, channels, depth, height, width).  As `torch.nn.BatchNorm3d`.

    >>> import tapeless as tl
    >>> BatchNorm3d(2)(tl.randn(4, 2, 3, 3, 1)).shape
    torch.Size([4, 2, 3, 3, 1])
    """

    ranks = (5,)


class _InstanceNorm(_Tracking):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Any) -> Any:
        self._check_rank(input)
        if input.ndim == self.ranks[0]:  # one sample
            return self._normalised(input[None])[0]
        return self._normalised(input)

    def _normalised(self, input: Any) -> Any:
        channels = np.shape(input)[1]
        if self.affine and channels != self.num_features:
            raise ValueError(
                f"expected input's size at dim=1 to match num_features ({self.num_features}), "
                f"but got: {channels}."
            )
        by_sample = self.training or not self.track_running_stats
        part = 0.0 if self.momentum is None else self.momentum
        return functional.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, by_sample, part, self.eps
        )


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample with mean 0 and variance 1.

    Input (batch, channels, length), or without the batch. `affine`: times `weight`, plus `bias`
    (channels,). ValueError for other shapes, and for one value per channel. As `torch.nn.InstanceNorm1d`;
    Ulyanov et al., Instance Normalization (2016).

    >>> import tapeless as tl
    >>> InstanceNorm1d(1, eps=0.0)(tl.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.,  1.]]])
    """

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` of images: (batch, channels, height, width).  As `torch.nn.InstanceNorm2d`.

    >>> import tapeless as tl
    >>> InstanceNorm2d(2)(tl.randn(4, 2, 3, 3)).shape
    torch.Size([4, 2, 3, 3])
    """

    ranks = (3, 4)


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last axes, those of `normalized_shape`; times `weight`, plus `bias`.

    `weight` and `bias` have that shape; `elementwise_affine=False`: without. RuntimeError for other shapes.
    As `torch.nn.LayerNorm`; Ba et al., Layer Normalization (2016).

    >>> import tapeless as tl
    >>> LayerNorm(2, eps=0.0)(tl.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        is_number = isinstance(normalized_shape, int)
        self.normalized_shape = (normalized_shape,) if is_number else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        has_bias = elementwise_affine and bias
        _affine(self, self.normalized_shape, elementwise_affine, has_bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights one, biases zero."""
        _reset_affine(self)

    def forward(self, input: Any) -> Any:
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The input over its root mean square along the last axes, those of `normalized_shape`; times `weight`.

    `eps` is added to the mean square, the dtype's own if None. As `torch.nn.RMSNorm`; Zhang and Sennrich,
    Root Mean Square Layer Normalization (2019).

    >>> import tapeless as tl
    >>> RMSNorm(2)(tl.tensor([[3.0, 3.0]])).detach()
    tensor([[1., 1.]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        is_number = isinstance(normalized_shape, int)
        self.normalized_shape = (normalized_shape,) if is_number else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        own = Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
        self.register_parameter("weight", own if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights one."""
        _reset_affine(self)

    def forward(self, input: Any) -> Any:
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Mean 0 and variance 1 in each of `num_groups` groups of channels; times `weight`, plus `bias`.

    Input (batch, num_channels, ...), `weight` and `bias` (num_channels,). ValueError if the groups do not
    divide the channels. As `torch.nn.GroupNorm`; Wu and He, Group Normalization (2018).

    >>> import tapeless as tl
    >>> GroupNorm(2, 4)(tl.randn(3, 4, 5)).shape
    torch.Size([3, 4, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        _affine(self, num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights one, biases zero."""
        _reset_affine(self)

    def forward(self, input: Any) -> Any:
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
