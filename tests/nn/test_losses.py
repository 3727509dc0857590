"""Losses as modules: what their options do, what they keep, how they print."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)
from tests.nn.functional.loss_cases import chances, numbers

X = tl.tensor(numbers(4, 3))
Y = tl.tensor(numbers(4, 3, seed=1))
P = tl.tensor(chances(4, 3))
LABELS = tl.tensor([0, 2, 1, 2])
SIGNS = tl.tensor([1, -1, 1, -1])

# A module, the function that it calls, the inputs, the options other than the reduction
PAIRS = [
    (nn.MSELoss, F.mse_loss, (X, Y), {}),
    (nn.L1Loss, F.l1_loss, (X, Y), {}),
    (nn.SmoothL1Loss, F.smooth_l1_loss, (X, Y), {"beta": 0.3}),
    (nn.HuberLoss, F.huber_loss, (X, Y), {"delta": 0.3}),
    (nn.CrossEntropyLoss, F.cross_entropy, (X, LABELS), {"ignore_index": 2, "label_smoothing": 0.1}),
    (nn.CrossEntropyLoss, F.cross_entropy, (X, P), {"weight": P[0]}),
    (nn.NLLLoss, F.nll_loss, (X, LABELS), {"weight": P[0], "ignore_index": 1}),
    (nn.BCELoss, F.binary_cross_entropy, (P, P), {"weight": P[0]}),
    (
        nn.BCEWithLogitsLoss,
        F.binary_cross_entropy_with_logits,
        (X, P),
        {"weight": P[0], "pos_weight": 2.0 * P[1]},
    ),
    (nn.KLDivLoss, F.kl_div, (X, Y), {"log_target": True}),
    (nn.CosineEmbeddingLoss, F.cosine_embedding_loss, (X, Y, SIGNS), {"margin": 0.1}),
    (nn.MarginRankingLoss, F.margin_ranking_loss, (X, Y, SIGNS[:, None] * tl.ones(4, 3)), {"margin": 0.1}),
    (nn.HingeEmbeddingLoss, F.hinge_embedding_loss, (X[:, 0], SIGNS), {"margin": 0.1}),
    (
        nn.TripletMarginLoss,
        F.triplet_margin_loss,
        (X, Y, P),
        {"margin": 0.5, "p": 1.0, "eps": 1e-3, "swap": True},
    ),
    (nn.GaussianNLLLoss, F.gaussian_nll_loss, (X, Y, P), {"full": True, "eps": 0.3}),
    (nn.PoissonNLLLoss, F.poisson_nll_loss, (P, P), {"log_input": False, "full": True, "eps": 0.1}),
]

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(
    ("module", "function", "inputs", "options"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS]
)
def test_a_loss_calls_its_function_with_all_of_its_options(module, function, inputs, options, reduction):
    expected = function(*inputs, **options, reduction=reduction)

    np.testing.assert_array_equal(module(**options, reduction=reduction)(*inputs).numpy(), expected.numpy())


def test_pairs_have_every_loss():
    known = {
        value for value in vars(nn).values() if inspect.isclass(value) and value.__name__.endswith("Loss")
    }

    assert known == {module for module, *_ in PAIRS}


def test_losses_print_as_pytorchs():
    assert repr(nn.CrossEntropyLoss(weight=tl.ones(3), label_smoothing=0.1)) == "CrossEntropyLoss()"
    assert repr(nn.MSELoss()) == "MSELoss()"


def test_weights_are_buffers():
    loss = nn.BCEWithLogitsLoss(weight=tl.ones(3), pos_weight=tl.ones(3))

    assert list(loss.state_dict()) == ["weight", "pos_weight"]
    assert loss.double().weight.dtype == tl.float64
    assert list(nn.CrossEntropyLoss().state_dict()) == []


def test_losses_are_copied_and_pickled():
    loss = nn.CrossEntropyLoss(weight=P[0], ignore_index=1)
    expected = loss(X, LABELS).item()

    assert copy.deepcopy(loss)(X, LABELS).item() == expected
    assert pickle.loads(pickle.dumps(loss))(X, LABELS).item() == expected


def test_a_reduction_of_another_name_is_refused_when_it_is_called():
    with pytest.raises(ValueError, match="half is not a valid value for reduction"):
        nn.MSELoss(reduction="half")(X, Y)


def test_size_average_and_reduce_are_what_they_were():
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert nn.MSELoss(size_average=False).reduction == "sum"


def test_a_margin_must_be_positive():
    with pytest.raises(ValueError, match="expected margin to be greater than 0, got -1"):
        nn.TripletMarginLoss(margin=-1.0)


def test_cosine_similarity_and_distance_are_modules_too():
    np.testing.assert_array_equal(nn.CosineSimilarity(dim=-1)(X, Y), F.cosine_similarity(X, Y))
    np.testing.assert_array_equal(
        nn.PairwiseDistance(p=1.0, keepdim=True)(X, Y), F.pairwise_distance(X, Y, 1.0, keepdim=True)
    )


def test_a_loss_of_arrays_is_read_like_its_function():
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    x, labels = numbers(4, 3), np.array([0, 2, 1, 2])

    expected = tl.grad(lambda z: F.cross_entropy(z, labels, label_smoothing=0.1))(x)

    np.testing.assert_allclose(tl.grad(lambda z: criterion(z, labels))(x), expected, 1e-12)
