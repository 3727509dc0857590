"""Losses that are quicker or safer as one row than composed: each with its reduction in one operation.

`reduction` is "none", "sum" or "mean", as in PyTorch, whose conventions these follow at the kinks.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.activations import sigmoid
from tapeless.rules.kinds import elementwise, forward_rule, general, linear
from tapeless.rules.reductions import at_least_one
from tapeless.rules.table import primitive

# What rules of losses call -------------------------------------------------------------------------------


@primitive
def collected(losses: Array, reduction: str) -> Array:
    """The sum of the losses, or with reduction "none" each of them."""
    if reduction == "none":
        return losses
    losses = np.asarray(losses)
    if losses.dtype.itemsize == 2:  # 65504 is soon reached
        return np.add.reduce(losses, axis=None, dtype=np.float32).astype(losses.dtype)
    return np.add.reduce(losses, axis=None)


@linear(collected, shaped=True)
def collected_rule(g: Array, losses: Array, reduction: str) -> Array:
    return np.broadcast_to(g, np.shape(losses))


@primitive
def share(x: Array, count: int, reduction: str) -> Array:
    """One loss's part of what is spread over all: the `count`-th if they were averaged."""
    return x / count if reduction == "mean" else x


@linear(share, shaped=True)
def share_rule(g: Array, x: Array, count: int, reduction: str) -> Array:
    return share(g, count, reduction)


def reduced(losses: Array, reduction: str) -> Array:
    """The mean of the losses, their sum, or each of them; the mean of none is nan."""
    if reduction != "mean":
        return collected(losses, reduction)
    losses = np.asarray(losses)
    if not losses.size:
        return losses.dtype.type(math.nan)
    if losses.dtype.itemsize == 2:
        return np.mean(losses)  # added up in float32
    return np.add.reduce(losses, axis=None) / losses.size


def _warn_of_broadcasting(input: Array, target: Array) -> None:
    """PyTorch's warning where the shapes differ: (n, 1) and (n,) make n * n losses."""
    if np.shape(input) != np.shape(target):
        own, other = list(np.shape(input)), list(np.shape(target))
        warnings.warn(
            f"Using a target size (torch.Size({other})) that is different to the input size "
            f"(torch.Size({own})). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=4,
        )


# Distances ----------------------------------------------------------------------------------------------


@primitive
def squared_error(input: Array, target: Array, reduction: str) -> Array:
    """(input - target) squared.

    >>> float(squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]), "mean"))
    2.0
    """
    _warn_of_broadcasting(input, target)
    error = input - target
    return reduced(error * error, reduction)


@general(squared_error)
def squared_error_rule(g: Array, input: Array, target: Array, reduction: str) -> Any:
    error = input - target
    slope = share(g, at_least_one(np.size(error)), reduction) * (2.0 * error)
    return slope, -slope


@forward_rule(squared_error)
def squared_error_forward(
    t_input: Array, t_target: Array, out: Array, input: Array, target: Array, reduction: str
) -> Array:
    error = input - target
    return share(
        collected(2.0 * error * (t_input - t_target), reduction), at_least_one(np.size(error)), reduction
    )


@primitive
def absolute_error(input: Array, target: Array, reduction: str) -> Array:
    """|input - target|."""
    _warn_of_broadcasting(input, target)
    return reduced(np.abs(input - target), reduction)


@general(absolute_error)
def absolute_error_rule(g: Array, input: Array, target: Array, reduction: str) -> Any:
    error = input - target
    slope = share(g, at_least_one(np.size(error)), reduction) * np.sign(error)
    return slope, -slope


@forward_rule(absolute_error)
def absolute_error_forward(
    t_input: Array, t_target: Array, out: Array, input: Array, target: Array, reduction: str
) -> Array:
    error = input - target
    return share(
        collected(np.sign(error) * (t_input - t_target), reduction), at_least_one(np.size(error)), reduction
    )


@primitive
def bent_error(input: Array, target: Array, bend: float, slope: float, reduction: str) -> Array:
    """A parabola up to an error of `bend`, from there a line of that slope: Huber's loss.

    >>> bent_error(np.array([0.5, 3.0]), np.zeros(2), 1.0, 1.0, "none")
    array([0.125, 2.5  ])
    """
    _warn_of_broadcasting(input, target)
    error = np.abs(input - target)
    bent = np.minimum(error, bend)
    return reduced(slope / bend * bent * (error - 0.5 * bent), reduction)


@general(bent_error)
def bent_error_rule(g: Array, input: Array, target: Array, bend: float, slope: float, reduction: str) -> Any:
    error = input - target
    partial = share(g, at_least_one(np.size(error)), reduction) * (slope / bend * np.clip(error, -bend, bend))
    return partial, -partial


@forward_rule(bent_error)
def bent_error_forward(
    t_input: Array,
    t_target: Array,
    out: Array,
    input: Array,
    target: Array,
    bend: float,
    slope: float,
    reduction: str,
) -> Array:
    error = input - target
    moved = slope / bend * np.clip(error, -bend, bend) * (t_input - t_target)
    return share(collected(moved, reduction), at_least_one(np.size(error)), reduction)


# Two classes --------------------------------------------------------------------------------------------


@primitive
def binary_cross_entropy(input: Array, target: Array, weight: Constant, reduction: str) -> Array:
    """-target log(input) - (1 - target) log(1 - input), neither logarithm below -100.

    >>> binary_cross_entropy(np.array([0.0, 0.5]), np.array([1.0, 1.0]), 1.0, "none").round(4)
    array([100.    ,   0.6931])
    """
    if np.shape(input) != np.shape(target):
        raise ValueError(
            f"Using a target size (torch.Size({list(np.shape(target))})) that is different to the input size "
            f"(torch.Size({list(np.shape(input))})) is deprecated. Please ensure they have the same size."
        )
    for name, chances in (("input", input), ("target", target)):
        if np.size(chances) and not (np.min(chances) >= 0.0 and np.max(chances) <= 1.0):
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    with np.errstate(divide="ignore"):
        hit, miss = np.maximum(np.log(input), -100.0), np.maximum(np.log1p(-input), -100.0)
    return reduced(weight * ((target - 1.0) * miss - target * hit), reduction)


@general(binary_cross_entropy)
def binary_cross_entropy_rule(g: Array, input: Array, target: Array, weight: Constant, reduction: str) -> Any:
    steep = weight * ((input - target) / np.maximum(input * (1.0 - input), 1e-12))
    part = share(g, at_least_one(np.size(steep)), reduction)
    return part * steep, part * (weight * (clamped_log(1.0 - input) - clamped_log(input)))


@forward_rule(binary_cross_entropy)
def binary_cross_entropy_forward(
    t_input: Array,
    t_target: Array,
    out: Array,
    input: Array,
    target: Array,
    weight: Constant,
    reduction: str,
) -> Array:
    steep = (input - target) / np.maximum(input * (1.0 - input), 1e-12)
    moved = weight * (t_input * steep + t_target * (clamped_log(1.0 - input) - clamped_log(input)))
    return share(collected(moved, reduction), at_least_one(np.size(moved)), reduction)


@primitive
def clamped_log(x: Array) -> Array:
    """log(x), at least -100."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(x), -100.0)


# PyTorch's bound for 1 / (x (1 - x)): where the logarithm is held at -100 the loss still says where to go
elementwise(clamped_log, lambda out, x: 1.0 / np.maximum(x, 1e-12))


@primitive
def logistic_cross_entropy(
    input: Array, target: Array, weight: Constant, pos_weight: Constant, reduction: str
) -> Array:
    """`binary_cross_entropy` of sigmoid(input), for inputs of any size.

    >>> logistic_cross_entropy(np.array([1e4, -1e4]), np.zeros(2), 1.0, 1.0, "none")
    array([10000.,     0.])
    """
    if np.shape(input) != np.shape(target):
        raise ValueError(
            f"Target size (torch.Size({list(np.shape(target))})) must be the same as input size "
            f"(torch.Size({list(np.shape(input))}))"
        )
    # -log sigmoid(x), and log sigmoid(x) - log sigmoid(-x) = x
    short = np.log1p(np.exp(-np.abs(input))) + np.maximum(-input, 0.0)
    return reduced(weight * ((1.0 - target) * input + (1.0 + (pos_weight - 1.0) * target) * short), reduction)


@general(logistic_cross_entropy)
def logistic_cross_entropy_rule(
    g: Array, input: Array, target: Array, weight: Constant, pos_weight: Constant, reduction: str
) -> Any:
    steep = weight * ((1.0 - target) - (1.0 + (pos_weight - 1.0) * target) * sigmoid(-input))
    part = share(g, at_least_one(np.size(steep)), reduction)
    return part * steep, part * (weight * ((pos_weight - 1.0) * np.logaddexp(0.0, -input) - input))


@forward_rule(logistic_cross_entropy)
def logistic_cross_entropy_forward(
    t_input: Array,
    t_target: Array,
    out: Array,
    input: Array,
    target: Array,
    weight: Constant,
    pos_weight: Constant,
    reduction: str,
) -> Array:
    steep = (1.0 - target) - (1.0 + (pos_weight - 1.0) * target) * sigmoid(-input)
    other = (pos_weight - 1.0) * np.logaddexp(0.0, -input) - input
    moved = weight * (t_input * steep + t_target * other)
    return share(collected(moved, reduction), at_least_one(np.size(moved)), reduction)


# Variances ----------------------------------------------------------------------------------------------


@primitive
def raised(x: Array, low: float) -> Array:
    """`x`, but at least `low`, which its derivative does not see; ValueError below zero."""
    if np.any(x < 0.0):
        raise ValueError("var has negative entry/entries")
    return np.maximum(x, low)


elementwise(raised, lambda out, x, low: (1.0, None))
