"""Losses, with PyTorch's names, defaults and messages: of Tensors, Arrays and plain arrays.

Each takes `reduction`: "mean" (a number), "sum", or "none" (a loss for each element, or sample).
`size_average` and `reduce` are what that was called once. float32 stays float32; targets of whole numbers
are read as the input's floats.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, check_broadcast, op
from tapeless.graph.promote import result_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.rules import class_losses, losses
from tapeless.rules.activations import log_softmax, times_log
from tapeless.rules.class_losses import class_cross_entropy, class_likelihood, counted, smoothing_scale
from tapeless.rules.losses import (
    absolute_error,
    bent_error,
    collected,
    logistic_cross_entropy,
    squared_error,
)

_squared = op(squared_error, "MseLoss")
_absolute = op(absolute_error, "Abs")
_absolutes = {
    "none": _absolute,
    "sum": Op(_absolute.rule, Tensor, "Sum"),
    "mean": Op(_absolute.rule, Tensor, "Mean"),
}
_smooth = op(bent_error, "SmoothL1Loss")
_huber = Op(_smooth.rule, Tensor, "HuberLoss")
_binary = op(losses.binary_cross_entropy, "BinaryCrossEntropy")
_logistic = op(logistic_cross_entropy, "BinaryCrossEntropyWithLogits")
_indexed = op(class_cross_entropy, "NllLoss")
_likelihood = op(class_likelihood, "NllLoss")

KL_MEAN = (
    "reduction: 'mean' divides the total loss by both the batch size and the support size."
    "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
    "'mean' will be changed to behave the same as 'batchmean' in the next major release."
)


# What they have in common ---------------------------------------------------------------------------------


def how(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the arguments ask for; ValueError if there is none of that name."""
    if size_average is not None or reduce is not None:
        old = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{old}' instead.",
            stacklevel=3,
        )
        return old
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def floats(target: Any, input: Any) -> Any:
    """The target, as floats of the input's dtype if it is of whole numbers or booleans."""
    if isinstance(input, Tensor) or isinstance(target, Tensor):
        return _tensor_floats(target, input)
    if isinstance(target, float | int) or target.dtype.kind == "f":
        return target
    return target.astype(input.dtype)


def matched(target: Any, input: Any) -> Any:
    """The same for targets that broadcast against the input; others are refused."""
    found = floats(target, input)
    if isinstance(input, Tensor) and input.shape != found.shape:
        check_broadcast(input, found)
    return found


def _tensor_floats(target: Any, input: Any) -> Any:
    own = input._data.dtype if isinstance(input, Tensor) else input.dtype
    if isinstance(target, Tensor) and target._data.dtype is own and own.kind == "f":
        return target  # nearly always
    if own.kind in "biu":
        raise TypeError(f"losses are of floats: the input has dtype {own}; convert it to float")
    if isinstance(target, Tensor):
        return cast(target, result_dtype(input, target))
    if isinstance(target, np.ndarray | np.generic):
        return target.astype(own) if target.dtype.kind in "biu" else target
    raise TypeError(f"argument 'target' (position 2) must be Tensor, not {type(target).__name__}")


def reduced(losses: Array, reduction: str) -> Array:
    """The mean, the sum, or the losses themselves."""
    if reduction == "mean":
        return np.mean(losses)
    return np.sum(losses) if reduction == "sum" else losses


def _weighted(losses: Array, weight: Array, reduction: str) -> Array:
    if losses.shape != weight.shape:
        raise ValueError("Weights and input must have the same size.")
    total = reduced(losses * weight, "none" if reduction == "none" else "sum")
    return total / np.sum(weight) if reduction == "mean" else total


# Numbers --------------------------------------------------------------------------------------------------


def mse_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """(input - target)**2; with weights (of the input's shape) the mean is over their sum.

    Shapes that differ are broadcast with a warning. As `torch.nn.functional.mse_loss`.

    >>> import tapeless as tl
    >>> mse_loss(tl.tensor([1.0, 2.0], requires_grad=True), tl.tensor([1.0, 4.0]))
    tensor(2., grad_fn=<MseLossBackward0>)
    """
    reduction = how(size_average, reduce, reduction)
    target = matched(target, input)
    if weight is not None:
        return _weighted(squared_error(input, target, "none"), weight, reduction)
    if isinstance(input, Tensor):
        return apply(_squared, (input, target, reduction))
    return squared_error(input, target, reduction)


def l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Array | None = None,
) -> Array:
    """|input - target|; the slope at zero is zero. As `torch.nn.functional.l1_loss`.

    >>> float(l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    reduction = how(size_average, reduce, reduction)
    target = matched(target, input)
    if weight is not None:
        return _weighted(absolute_error(input, target, "none"), weight, reduction)
    if isinstance(input, Tensor):
        return apply(_absolutes[reduction], (input, target, reduction))
    return absolute_error(input, target, reduction)


def smooth_l1_loss(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Array:
    """error**2 / (2 beta) up to an error of `beta`, |error| - beta / 2 from there (Girshick, 2015).

    RuntimeError if beta is negative; with beta 0 it is `l1_loss`. As `torch.nn.functional.smooth_l1_loss`.

    >>> smooth_l1_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    reduction = how(size_average, reduce, reduction)
    if beta < 0.0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0.0:
        return l1_loss(input, target, reduction=reduction)
    target = matched(target, input)
    if isinstance(input, Tensor):
        return apply(_smooth, (input, target, beta, 1.0, reduction))
    return bent_error(input, target, beta, 1.0, reduction)


def huber_loss(
    input: Array, target: Array, reduction: str = "mean", delta: float = 1.0, weight: Array | None = None
) -> Array:
    """error**2 / 2 up to an error of `delta`, delta (|error| - delta / 2) from there: Huber (1964).

    RuntimeError unless delta is positive. As `torch.nn.functional.huber_loss`.

    >>> huber_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none", delta=2.0)
    array([0.125, 4.   ])
    """
    reduction = how(None, None, reduction)
    if delta <= 0.0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    target = matched(target, input)
    if weight is not None:
        found = bent_error(input, target, delta, delta, "none")
        if found.shape != weight.shape:
            raise ValueError("Weights and input must have the same size.")
        return reduced(found * weight, reduction)
    if isinstance(input, Tensor):
        return apply(_huber, (input, target, delta, delta, reduction))
    return bent_error(input, target, delta, delta, reduction)


# Chances --------------------------------------------------------------------------------------------------


def binary_cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """-target log(input) - (1 - target) log(1 - input), neither logarithm below -100.

    The shapes must be the same (ValueError) and the inputs from 0 to 1 (RuntimeError). As
    `torch.nn.functional.binary_cross_entropy`.

    >>> binary_cross_entropy(np.array([0.5, 1.0]), np.array([1.0, 0.0]), reduction="none").round(3)
    array([  0.693, 100.   ])
    """
    reduction = how(size_average, reduce, reduction)
    target = floats(target, input)
    factor = 1.0 if weight is None else floats(weight, input)
    if isinstance(input, Tensor):
        return apply(_binary, (input, target, factor, reduction))
    return losses.binary_cross_entropy(input, target, factor, reduction)


def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Array:
    """`binary_cross_entropy` of sigmoid(input), for inputs of any size; `pos_weight` is target's own factor.

    ValueError unless the shapes are the same; the weights broadcast. As
    `torch.nn.functional.binary_cross_entropy_with_logits`.

    >>> binary_cross_entropy_with_logits(np.array([1e4, 0.0]), np.zeros(2), reduction="none").round(4)
    array([1.000e+04, 6.931e-01])
    """
    reduction = how(size_average, reduce, reduction)
    target = floats(target, input)
    factor = 1.0 if weight is None else floats(weight, input)
    positive = 1.0 if pos_weight is None else floats(pos_weight, input)
    if isinstance(input, Tensor):
        return apply(_logistic, (input, target, factor, positive, reduction))
    return logistic_cross_entropy(input, target, factor, positive, reduction)


def kl_div(
    input: Array,
    target: Array,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Array:
    """target (log(target) - input): the input is log-probabilities, the target too with `log_target`.

    "batchmean" divides the sum by the first length, as the definition does; "mean" divides by all lengths,
    and warns of it on Tensors. Zeros in the target cost nothing. As `torch.nn.functional.kl_div`.

    >>> p = np.array([[0.5, 0.5]])
    >>> float(round(kl_div(np.log(np.array([[0.25, 0.75]])), p, reduction="batchmean"), 4))
    0.1438
    """
    way = how(size_average, reduce, "sum" if reduction == "batchmean" else reduction)
    if isinstance(input, Tensor) and reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(KL_MEAN, stacklevel=2)
    target = matched(target, input)
    found = _log_divergence(input, target) if log_target else times_log(target, target) - target * input
    total = reduced(found, way)
    return total / input.shape[0] if reduction == "batchmean" and input.ndim else total


def _log_divergence(input: Array, target: Array) -> Array:
    return np.exp(target) * (target - input)


# Classes --------------------------------------------------------------------------------------------------


def nll_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """-input at the class in `target`: log-probabilities (n, c, d1, ...) with classes (n, d1, ...).

    Each loss is times its class's `weight` (c), and the mean over these; samples of class `ignore_index` do
    not count. IndexError for classes that are none, ValueError and RuntimeError for shapes that do not fit.
    As `torch.nn.functional.nll_loss`.

    >>> nll_loss(np.log(np.array([[0.25, 0.75]])), np.array([1]), reduction="none").round(4)
    array([0.2877])
    """
    reduction = how(size_average, reduce, reduction)
    if not input.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    axis = 1 if input.ndim > 1 else 0
    if isinstance(input, Tensor):
        return apply(_likelihood, (input, target, axis, weight, ignore_index, reduction))
    return class_likelihood(input, target, axis, weight, ignore_index, reduction)


def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """-log softmax(input) at the class in `target`, or its mean under the probabilities in `target`.

    `input` is (c), (n, c) or (n, c, d1, ...); `target` classes, of the same shape without c, or probabilities
    (floats) of the input's shape. Each loss is times its class's `weight` (c), and the mean over these;
    samples of class `ignore_index` do not count; `label_smoothing` gives that part of the probability to
    all classes alike. Safe for large inputs. IndexError for classes that are none, ValueError and
    RuntimeError for shapes that do not fit. As `torch.nn.functional.cross_entropy`.

    >>> import tapeless as tl
    >>> logits = tl.tensor([[1e4, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> cross_entropy(logits, tl.tensor([0, 1]), reduction="none")
    tensor([0.0000, 0.6931], grad_fn=<NllLossBackward0>)
    """
    reduction = how(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if not hasattr(target, "dtype"):
        kind = type(target).__name__
        raise TypeError(f"cross_entropy_loss(): argument 'target' (position 2) must be Tensor, not {kind}")
    axis = 1 if input.ndim > 1 else 0
    if target.dtype.kind == "f":
        return _soft_cross_entropy(input, target, axis, weight, ignore_index, reduction, label_smoothing)
    if label_smoothing > 0.0:
        return _smoothed(input, target, axis, weight, ignore_index, reduction, label_smoothing)
    if isinstance(input, Tensor):
        return apply(_indexed, (input, target, axis, weight, ignore_index, reduction))
    return class_cross_entropy(input, target, axis, weight, ignore_index, reduction)


def _smoothed(
    input: Array,
    target: Array,
    axis: int,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    logs = log_softmax(input, axis)
    own = class_likelihood(logs, target, axis, weight, ignore_index, reduction)
    all_classes = -np.mean(_by_class(logs, weight, axis), axis=axis)
    scale = smoothing_scale(input, target, axis, weight, ignore_index, reduction)
    return (1.0 - label_smoothing) * own + label_smoothing * collected(counted(all_classes, scale), reduction)


def _soft_cross_entropy(
    input: Any,
    target: Any,
    axis: int,
    weight: Array | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Array:
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    chances, classes = target, input.shape[axis]
    if isinstance(input, Variable) or isinstance(target, Variable) or input.ndim != target.ndim:
        class_losses.check_chances(input, target)
    if label_smoothing > 0.0:
        chances = (1.0 - label_smoothing) * chances + label_smoothing / classes
    logs = _by_class(log_softmax(input, axis), weight, axis)
    return reduced(-np.sum(logs * chances, axis=axis), reduction)


def _by_class(logs: Array, weight: Array | None, axis: int) -> Any:
    """Log-probabilities times the weights of their classes."""
    if weight is None:
        return logs
    return logs * np.reshape(floats(weight, logs), (-1,) + (1,) * (logs.ndim - axis - 1))
