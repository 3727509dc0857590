"""Normalisation, with PyTorch's names, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.modes import no_grad
from tapeless.graph.ops import op
from tapeless.graph.tensor import Size, Tensor
from tapeless.graph.variable import Variable
from tapeless.rules.fitting import across_channels, across_groups, last_axes
from tapeless.rules.standardising import standardised
from tapeless.rules.support import stopped

OPERATIONS = [op(standardised, "NativeBatchNorm")]  # what the graph calls it


def batch_norm(
    input: Array,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Array | None = None,
    bias: Array | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Each channel (axis 1) with the mean and variance of `bias` and `weight`: input (batch, channels, ...).

    `training`: by the batch's own mean and variance, and `running_mean` and `running_var` (channels,) move
    towards these in place, by the part `momentum` (the variance unbiased). Else by the running ones.
    ValueError for one value per channel in training; RuntimeError where lengths do not fit. As
    `torch.nn.functional.batch_norm`; Ioffe and Szegedy, Batch Normalization (2015).

    >>> batch_norm(np.array([[1.0], [3.0]]), None, None, training=True, eps=0.0)
    array([[-1.],
           [ 1.]])
    """
    sizes = (_size(running_mean), _size(running_var), _size(weight), _size(bias))
    across = across_channels(np.shape(input), training, sizes)
    if training:
        out, mean, variance = standardised(input, (0, *range(2, input.ndim)), eps)
        if running_mean is not None or running_var is not None:
            count = np.size(input) // np.shape(input)[1]
            _follow(running_mean, mean, momentum)
            _follow(running_var, variance, momentum, count / (count - 1))
    else:
        if running_mean is None:
            raise RuntimeError("running_mean must be defined in evaluation mode")
        if running_var is None:
            raise RuntimeError("running_var must be defined in evaluation mode")
        inverse = 1.0 / np.sqrt(running_var + eps)
        scale = inverse if weight is None else inverse * weight
        out = (input - np.reshape(running_mean, across)) * np.reshape(scale, across)
        weight = None
    return _placed(out, weight, bias, across)


def _size(x: Array | None) -> int | None:
    return None if x is None else np.size(x)


def _shape(x: Array | None) -> tuple[int, ...] | None:
    return None if x is None else np.shape(x)


def _placed(out: Array, weight: Array | None, bias: Array | None, shape: tuple[int, ...]) -> Array:
    if weight is not None:
        out = out * np.reshape(weight, shape)
    return out if bias is None else out + np.reshape(bias, shape)


def _follow(running: Any, now: Array, momentum: float, factor: float = 1.0) -> None:
    """Move a running statistic towards that of the batch, which has its axes kept, in place."""
    if running is None:
        return
    new = np.reshape(stopped(now), np.shape(running))
    if isinstance(running, Tensor):
        _follow_tensor(running, new, momentum, factor)
    else:
        running[...] = (1.0 - momentum) * running + momentum * factor * new


def _follow_tensor(running: Any, new: Any, momentum: float, factor: float) -> None:
    with no_grad():
        running.mul_(1.0 - momentum)
        running.add_((new._data if isinstance(new, Variable) else new) * (momentum * factor))


def layer_norm(
    input: Array,
    normalized_shape: Any,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    """Mean zero and variance one over the last axes; times `weight`, plus `bias`.

    The axes are those of `normalized_shape`; `weight` and `bias` have that shape. RuntimeError where shapes
    do not fit. As `torch.nn.functional.layer_norm`; Ba et al., Layer Normalization (2016).

    >>> layer_norm(np.array([[1.0, 3.0]]), (2,), eps=0.0)
    array([[-1.,  1.]])
    """
    axes = last_axes(np.shape(input), _lengths(normalized_shape), (_shape(weight), _shape(bias)))
    out, _mean, _variance = standardised(input, axes, eps)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


def _lengths(normalized_shape: Any) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


def rms_norm(
    input: Array, normalized_shape: Any, weight: Array | None = None, eps: float | None = None
) -> Array:
    """`input` over its root mean square along the last axes; times `weight`, which has their shape.

    `eps` is added to the mean square: the dtype's own (`finfo`) if None. RuntimeError where shapes do not
    fit. As `torch.nn.functional.rms_norm`; Zhang and Sennrich, Root Mean Square Layer Normalization (2019).

    >>> rms_norm(np.array([[3.0, 3.0]]), (2,))
    array([[1., 1.]])
    """
    axes = last_axes(np.shape(input), _lengths(normalized_shape), (_shape(weight), None))
    small = float(np.finfo(input.dtype).eps) if eps is None else eps
    square = np.mean(input * input, axis=axes, keepdims=True)
    out = input / np.sqrt(square + small)
    return out if weight is None else out * weight


def group_norm(
    input: Array,
    num_groups: int,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    """Mean zero and variance one in each group of channels of each sample; times `weight`, plus `bias`.

    Input (batch, channels, ...), `weight` and `bias` (channels,). RuntimeError if `num_groups` does not
    divide the channels. As `torch.nn.functional.group_norm`; Wu and He, Group Normalization (2018).

    >>> group_norm(np.array([[1.0, 3.0, 5.0, 5.0]]), 2, eps=1e-9).round(6)
    array([[-1.,  1.,  0.,  0.]])
    """
    across = across_groups(np.shape(input), num_groups, (_shape(weight), _shape(bias)))
    grouped = np.reshape(input, (np.shape(input)[0], num_groups, -1))
    out, _mean, _variance = standardised(grouped, (2,), eps)
    return _placed(np.reshape(out, np.shape(input)), weight, bias, across)


def instance_norm(
    input: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Array | None = None,
    bias: Array | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Array:
    """Each channel of each sample with the mean and variance of `bias` and `weight`.

    Input (batch, channels, ...). Running statistics are those of `batch_norm`, averaged over the batch.
    ValueError for one value per channel. As `torch.nn.functional.instance_norm`; Ulyanov et al., Instance
    Normalization (2016).

    >>> instance_norm(np.array([[[1.0, 3.0], [5.0, 9.0]]]), eps=0.0)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    sizes = (_size(running_mean), _size(running_var), _size(weight), _size(bias))
    across = across_channels(np.shape(input), False, sizes)
    shape = np.shape(input)
    count = np.size(input) // max(shape[0] * shape[1], 1)
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {Size(shape)}")
    out, mean, variance = standardised(input, tuple(range(2, input.ndim)), eps)
    if running_mean is not None or running_var is not None:
        _follow(running_mean, np.mean(mean, axis=0), momentum)
        _follow(running_var, np.mean(variance, axis=0), momentum, count / max(count - 1, 1))
    return _placed(out, weight, bias, across)


def normalize(input: Array, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Array:
    """`input` over its norm of order `p` along `dim`, which counts as at least `eps`.

    As `torch.nn.functional.normalize`.

    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    length = np.linalg.norm(input, ord=p, axis=dim, keepdims=True)
    return input / np.maximum(length, eps)
