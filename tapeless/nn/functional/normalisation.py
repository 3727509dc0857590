"""Normalisation, with PyTorch's names, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.modes import no_grad
from tapeless.graph.ops import op
from tapeless.graph.tensor import Size, Tensor
from tapeless.graph.variable import Variable
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
    shape = np.shape(input)
    if training:
        check_size(shape)
    _check_channels(shape[1], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    across = (1, shape[1]) + (1,) * (len(shape) - 2)
    if training:
        axes = (0, *range(2, len(shape)))
        out, mean, variance = standardised(input, axes, eps)
        count = np.size(input) // max(shape[1], 1)
        _follow(running_mean, mean, momentum)
        _follow(running_var, variance, momentum, count / (count - 1) if count > 1 else 1.0)
    else:
        if running_mean is None or running_var is None:
            missing = "running_mean" if running_mean is None else "running_var"
            raise RuntimeError(f"{missing} must be defined in evaluation mode")
        scale = 1.0 / np.sqrt(running_var + eps)
        if weight is not None:
            scale = scale * weight
            weight = None
        out = (input - np.reshape(running_mean, across)) * np.reshape(scale, across)
    return _placed(out, weight, bias, across)


def _placed(out: Array, weight: Array | None, bias: Array | None, shape: tuple[int, ...]) -> Array:
    if weight is not None:
        out = out * np.reshape(weight, shape)
    return out if bias is None else out + np.reshape(bias, shape)


def check_size(shape: tuple[int, ...]) -> None:
    """ValueError where one value is all there is for a channel."""
    values = shape[0]
    for length in shape[2:]:
        values = values * length
    if values == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {Size(shape)}"
        )


def _check_channels(count: int, **given: Array | None) -> None:
    for name, value in given.items():
        if value is not None and np.size(value) != count:
            raise RuntimeError(f"{name} should contain {count} elements not {np.size(value)}")


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
    last = _last(input, normalized_shape, weight=weight, bias=bias)
    out, _mean, _variance = standardised(input, tuple(range(-len(last), 0)), eps)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


def rms_norm(
    input: Array, normalized_shape: Any, weight: Array | None = None, eps: float | None = None
) -> Array:
    """`input` over its root mean square along the last axes; times `weight`, which has their shape.

    `eps` is added to the mean square: the dtype's own (`finfo`) if None. RuntimeError where shapes do not
    fit. As `torch.nn.functional.rms_norm`; Zhang and Sennrich, Root Mean Square Layer Normalization (2019).

    >>> rms_norm(np.array([[3.0, 3.0]]), (2,))
    array([[1., 1.]])
    """
    last = _last(input, normalized_shape, weight=weight)
    small = float(np.finfo(input.dtype).eps) if eps is None else eps
    square = np.mean(input * input, axis=tuple(range(-len(last), 0)), keepdims=True)
    out = input / np.sqrt(square + small)
    return out if weight is None else out * weight


def _last(input: Array, normalized_shape: Any, **given: Array | None) -> tuple[int, ...]:
    """The shape of the last axes; RuntimeError if it is not what was said, or not that of what is given."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    for name, value in given.items():
        if value is not None and np.shape(value) != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(np.shape(value))} and normalized_shape = {list(wanted)}"
            )
    shape = np.shape(input)
    if shape[max(len(shape) - len(wanted), 0) :] != wanted:
        text = ", ".join([str(length) for length in wanted])
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [*, {text}], but got input "
            f"of size{list(shape)}"
        )
    return wanted


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
    shape = np.shape(input)
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and np.shape(value) != (shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(np.shape(value))} and input of shape {list(shape)}"
            )
    grouped = np.reshape(input, (shape[0], num_groups, -1))
    out, _mean, _variance = standardised(grouped, (2,), eps)
    return _placed(np.reshape(out, shape), weight, bias, (1, shape[1]) + (1,) * (len(shape) - 2))


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
    shape = np.shape(input)
    axes = tuple(range(2, len(shape)))
    count = np.size(input) // max(shape[0] * shape[1], 1)
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {Size(shape)}")
    out, mean, variance = standardised(input, axes, eps)
    _follow(running_mean, np.mean(mean, axis=0), momentum)
    _follow(running_var, np.mean(variance, axis=0), momentum, count / max(count - 1, 1))
    return _placed(out, weight, bias, (1, shape[1]) + (1,) * (len(shape) - 2))


def normalize(input: Array, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Array:
    """`input` over its norm of order `p` along `dim`, which counts as at least `eps`.

    As `torch.nn.functional.normalize`.

    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    length = np.linalg.norm(input, ord=p, axis=dim, keepdims=True)
    return input / np.maximum(length, eps)
