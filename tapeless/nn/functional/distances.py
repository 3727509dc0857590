"""Distances and similarities of vectors, and the losses made of them or of distributions, as in PyTorch."""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array
from tapeless.graph.ops import check_broadcast
from tapeless.graph.tensor import Size, Tensor
from tapeless.nn.functional.losses import how, matched, reduced
from tapeless.rules.losses import raised

SQUARE_FLOOR = 1e-12  # what PyTorch adds to squared lengths in cosine_embedding_loss


def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Array:
    """The cosine of the angle between vectors along `dim`, each length at least `eps`; the rest broadcasts.

    As `torch.nn.functional.cosine_similarity`.

    >>> cosine_similarity(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 2.0], [3.0, 3.0]])).round(6)
    array([0., 1.])
    """
    length1 = np.maximum(np.linalg.norm(x1, axis=dim, keepdims=True), eps)
    length2 = np.maximum(np.linalg.norm(x2, axis=dim, keepdims=True), eps)
    return np.sum(x1 / length1 * (x2 / length2), axis=dim)


def pairwise_distance(
    x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Array:
    """The p-norm of x1 - x2 + eps along the last axis. As `torch.nn.functional.pairwise_distance`.

    >>> pairwise_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).round(4)
    array([5.])
    """
    return np.linalg.norm(x1 - x2 + eps, ord=p, axis=-1, keepdims=keepdim)


def cosine_embedding_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """1 - cos where `target` is 1, max(0, cos - margin) where it is -1: pairs (n, d), targets (n).

    RuntimeError for targets of more than one axis. As `torch.nn.functional.cosine_embedding_loss`.

    >>> x = np.array([[1.0, 0.0], [1.0, 0.0]])
    >>> cosine_embedding_loss(x, x, np.array([1, -1]), reduction="none").round(6)
    array([0., 1.])
    """
    reduction = how(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with "
            f"sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    squares1 = np.sum(input1 * input1, axis=-1) + SQUARE_FLOOR
    squares2 = np.sum(input2 * input2, axis=-1) + SQUARE_FLOOR
    cosine = np.sum(input1 * input2, axis=-1) / np.sqrt(squares1 * squares2)
    if isinstance(input1, Tensor):
        check_broadcast(target, cosine)
    apart = np.where(np.equal(target, -1), np.clip(cosine - margin, 0.0, None), 0.0)
    return reduced(np.where(np.equal(target, 1), 1.0 - cosine, apart), reduction)


def margin_ranking_loss(
    input1: Array,
    input2: Array,
    target: Array,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """max(0, -target (input1 - input2) + margin): target 1 wants the first ranked higher, -1 the second.

    RuntimeError unless all have as many axes. As `torch.nn.functional.margin_ranking_loss`.

    >>> margin_ranking_loss(np.array([1.0, 1.0]), np.array([0.0, 3.0]), np.array([1, 1]), reduction="none")
    array([0., 2.])
    """
    reduction = how(size_average, reduce, reduction)
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {Size(input1.shape)}, input2: {Size(input2.shape)}, target: {Size(target.shape)} "
        )
    target = matched(target, input1)
    return reduced(np.clip(-target * (input1 - input2) + margin, 0.0, None), reduction)


def hinge_embedding_loss(
    input: Array,
    target: Array,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """The input where `target` is 1, max(0, margin - input) where it is -1.

    As `torch.nn.functional.hinge_embedding_loss`.

    >>> hinge_embedding_loss(np.array([0.5, 0.25]), np.array([1, -1]), reduction="none")
    array([0.5 , 0.75])
    """
    reduction = how(size_average, reduce, reduction)
    near = np.where(np.equal(target, 1), 0.0, np.clip(margin - input, 0.0, None))
    return reduced(near + np.where(np.equal(target, -1), 0.0, input), reduction)


def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) of (n, d), with `pairwise_distance` for d.

    With `swap` the negative is measured from the positive where that is nearer. ValueError unless the margin
    is positive. As `torch.nn.functional.triplet_margin_loss`.

    >>> a, b, c = np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]])
    >>> float(triplet_margin_loss(a, b, c).round(4))
    5.0
    """
    reduction = how(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = np.minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(np.clip(margin + pairwise_distance(anchor, positive, p, eps) - far, 0.0, None), reduction)


def gaussian_nll_loss(
    input: Array,
    target: Array,
    var: Array | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Array:
    """(log(var) + (input - target)**2 / var) / 2: what a normal distribution says, but for a constant.

    The variance, of the input's shape, without its last axis or with one of length 1, is held at `eps` or
    above, which its gradient does not see; `full` adds the constant. ValueError for negative variances, or
    shapes that do not fit. As `torch.nn.functional.gaussian_nll_loss`; Nix and Weigend (1994).

    >>> gaussian_nll_loss(np.array([1.0]), np.array([3.0]), np.array([2.0]), reduction="none").round(4)
    array([1.3466])
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    target = matched(target, input)
    if isinstance(var, float | int):
        var = var * np.ones_like(input)
    held = raised(var, eps)
    if isinstance(input, Tensor):
        _check_variances(input.shape, held.shape)
    if held.ndim == input.ndim - 1:
        held = np.expand_dims(held, -1)
    loss = 0.5 * (np.log(held) + (input - target) ** 2 / held)
    return reduced(loss + 0.5 * math.log(2.0 * math.pi) if full else loss, reduction)


def _check_variances(shape: tuple[int, ...], given: tuple[int, ...]) -> None:
    stretched = [m for n, m in zip(shape, given, strict=False) if n != m]
    if shape[:-1] != given and (len(shape) != len(given) or stretched not in ([], [1])):
        raise ValueError("var is of incorrect size")


def poisson_nll_loss(
    input: Array,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Array:
    """exp(input) - target input, or input - target log(input + eps): what a Poisson distribution says.

    `full` adds Stirling's approximation of log(target!) where the target is above 1. As
    `torch.nn.functional.poisson_nll_loss`.

    >>> poisson_nll_loss(np.array([0.0]), np.array([2.0]), reduction="none")
    array([1.])
    """
    reduction = how(size_average, reduce, reduction)
    target = matched(target, input)
    loss = np.exp(input) - target * input if log_input else input - target * np.log(input + eps)
    if full:
        above = np.where(target > 1, target, 1.0)  # no logarithm of zero, also on the way back
        stirling = above * np.log(above) - above + 0.5 * np.log(2.0 * math.pi * above)
        loss = loss + np.where(target > 1, stirling, 0.0)
    return reduced(loss, reduction)
