"""The losses of `nn.functional` as modules, with their options as attributes, as in PyTorch."""

from __future__ import annotations

from typing import Any

from tapeless.nn.functional import distances, losses
from tapeless.nn.module import Module


class Loss(Module):
    """What losses with a reduction have in common."""

    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        old = size_average is not None or reduce is not None
        self.reduction = losses.how(size_average, reduce, reduction) if old else reduction


class WeightedLoss(Loss):
    """A loss with weights, which are a buffer: they are saved, and move with the module."""

    weight: Any

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(Loss):
    """The squared error of two arrays of one shape, as `torch.nn.MSELoss`; see `nn.functional.mse_loss`.

    >>> import tapeless as tl
    >>> MSELoss()(tl.tensor([1.0, 2.0]), tl.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Any, target: Any) -> Any:
        return losses.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """The absolute error of two arrays of one shape, as `torch.nn.L1Loss`; see `nn.functional.l1_loss`.

    >>> import tapeless as tl
    >>> L1Loss(reduction="sum")(tl.tensor([1.0, 2.0]), tl.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Any, target: Any) -> Any:
        return losses.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Squared up to an error of `beta`, absolute beyond, as `torch.nn.SmoothL1Loss`.

    RuntimeError if beta is negative; see `nn.functional.smooth_l1_loss`.

    >>> import tapeless as tl
    >>> SmoothL1Loss(reduction="none")(tl.tensor([0.5, 3.0]), tl.zeros(2))
    tensor([0.1250, 2.5000])
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        return losses.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """Squared up to an error of `delta`, of slope `delta` beyond, as `torch.nn.HuberLoss`.

    RuntimeError unless delta is positive; see `nn.functional.huber_loss`.

    >>> import tapeless as tl
    >>> HuberLoss(reduction="none", delta=2.0)(tl.tensor([0.5, 3.0]), tl.zeros(2))
    tensor([0.1250, 4.0000])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return losses.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class CrossEntropyLoss(WeightedLoss):
    """-log softmax at the right class, of logits (n, c, d1, ...) and classes (n, d1, ...) or probabilities.

    As `torch.nn.CrossEntropyLoss`; errors and options are those of `nn.functional.cross_entropy`.

    >>> import tapeless as tl
    >>> CrossEntropyLoss()(tl.zeros(2, 4), tl.tensor([3, 1]))
    tensor(1.3863)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return losses.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    """-input at the right class, of log-probabilities (n, c, d1, ...) and classes (n, d1, ...).

    As `torch.nn.NLLLoss`; errors and options are those of `nn.functional.nll_loss`.

    >>> import tapeless as tl
    >>> NLLLoss()(tl.tensor([[-0.5, -1.0]]), tl.tensor([1]))
    tensor(1.)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return losses.nll_loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class BCELoss(WeightedLoss):
    """Binary cross entropy of probabilities and targets of one shape, as `torch.nn.BCELoss`.

    Errors are those of `nn.functional.binary_cross_entropy`.

    >>> import tapeless as tl
    >>> BCELoss()(tl.tensor([0.5]), tl.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        return losses.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """Binary cross entropy of sigmoid(input) and targets of its shape, safe for any size of the input.

    As `torch.nn.BCEWithLogitsLoss`; errors are those of `nn.functional.binary_cross_entropy_with_logits`.

    >>> import tapeless as tl
    >>> BCEWithLogitsLoss()(tl.tensor([1e4]), tl.tensor([0.0]))
    tensor(10000.)
    """

    pos_weight: Any

    def __init__(
        self,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return losses.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(Loss):
    """target (log(target) - input) of log-probabilities, as `torch.nn.KLDivLoss`; see `nn.functional.kl_div`.

    >>> import tapeless as tl
    >>> KLDivLoss(reduction="batchmean")(tl.tensor([[0.25, 0.75]]).log(), tl.tensor([[0.5, 0.5]]))
    tensor(0.1438)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        return losses.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class CosineEmbeddingLoss(Loss):
    """Whether pairs (n, d) point the same way (target 1) or apart (-1): `torch.nn.CosineEmbeddingLoss`.

    Errors are those of `nn.functional.cosine_embedding_loss`.

    >>> import tapeless as tl
    >>> CosineEmbeddingLoss()(tl.eye(2), tl.eye(2), tl.tensor([1, 1])).abs().round(decimals=4)
    tensor(0.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return distances.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(Loss):
    """Whether the first of two is ranked higher (target 1) or lower (-1): `torch.nn.MarginRankingLoss`.

    Errors are those of `nn.functional.margin_ranking_loss`.

    >>> import tapeless as tl
    >>> MarginRankingLoss()(tl.tensor([1.0]), tl.tensor([3.0]), tl.tensor([1.0]))
    tensor(2.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return distances.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class HingeEmbeddingLoss(Loss):
    """Distances made small (target 1) or larger than the margin (-1), as `torch.nn.HingeEmbeddingLoss`.

    >>> import tapeless as tl
    >>> HingeEmbeddingLoss()(tl.tensor([0.5, 0.25]), tl.tensor([1, -1]))
    tensor(0.6250)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return distances.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """Whether an anchor is nearer to its positive than to its negative, by a margin: (n, d) each.

    As `torch.nn.TripletMarginLoss`; ValueError unless the margin is positive.

    >>> import tapeless as tl
    >>> TripletMarginLoss()(tl.zeros(1, 2), tl.zeros(1, 2), tl.tensor([[3.0, 4.0]]))
    tensor(0.)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return distances.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """What normal distributions of given means and variances say of the target: `torch.nn.GaussianNLLLoss`.

    Errors are those of `nn.functional.gaussian_nll_loss`.

    >>> import tapeless as tl
    >>> GaussianNLLLoss()(tl.tensor([1.0]), tl.tensor([3.0]), tl.tensor([2.0]))
    tensor(1.3466)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        return distances.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class PoissonNLLLoss(Loss):
    """What Poisson distributions of given (logarithms of) rates say of the target: `torch.nn.PoissonNLLLoss`.

    >>> import tapeless as tl
    >>> PoissonNLLLoss()(tl.tensor([0.0]), tl.tensor([2.0]))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Any, target: Any) -> Any:
        return distances.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along `dim`, as `torch.nn.CosineSimilarity`.

    >>> import tapeless as tl
    >>> CosineSimilarity()(tl.tensor([[1.0, 0.0]]), tl.tensor([[0.0, 2.0]]))
    tensor([0.])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return distances.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of differences along the last axis, as `torch.nn.PairwiseDistance`.

    >>> import tapeless as tl
    >>> PairwiseDistance(eps=0.0)(tl.tensor([[0.0, 0.0]]), tl.tensor([[3.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        return distances.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
