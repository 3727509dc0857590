"""Embedding: rows, gradients, padding, lengths, messages; one_hot."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)

TABLE = np.arange(12.0).reshape(4, 3)
PLACES = np.array([[0, 2], [2, 2]])


def test_rows_are_looked_up_and_gradients_added():
    weight = tl.tensor(TABLE, requires_grad=True)
    out = F.embedding(tl.tensor(PLACES), weight)
    (out * tl.arange(12.0).reshape(2, 2, 3).double()).sum().backward()

    assert out.tolist() == TABLE[PLACES].tolist()
    assert weight.grad.tolist() == [[0.0, 1.0, 2.0], [0.0] * 3, [18.0, 21.0, 24.0], [0.0] * 3]


def test_the_gradient_is_the_same_on_every_road():
    def loss(table):
        return np.sum(F.embedding(PLACES, table, padding_idx=0, scale_grad_by_freq=True) ** 3)

    by_source = tl.grad(loss, mode="source")(TABLE)
    by_tape = tl.grad(loss, mode="tape")(TABLE)
    # three times row 2, over 3; row 0 is padding
    expected = np.zeros((4, 3))
    expected[2] = 3.0 * TABLE[2] ** 2

    np.testing.assert_allclose(by_source, expected)
    np.testing.assert_allclose(by_tape, expected)


def test_padding_gets_no_gradient_and_begins_with_zeros():
    layer = nn.Embedding(4, 2, padding_idx=-1)
    layer(tl.tensor([3, 1])).sum().backward()

    assert repr(layer) == "Embedding(4, 2, padding_idx=3)"
    assert layer.weight[3].tolist() == [0.0, 0.0]
    assert layer.weight.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert layer.weight.is_leaf


def test_rows_that_are_asked_for_and_too_long_are_shortened():
    layer = nn.Embedding(3, 2, max_norm=5.0)
    with tl.no_grad():
        layer.weight.copy_(tl.tensor([[30.0, 40.0], [3.0, 3.0], [30.0, 40.0]]))
    out = layer(tl.tensor([0, 1, 0]))
    out.sum().backward()

    np.testing.assert_allclose(out.detach().numpy(), [[3.0, 4.0], [3.0, 3.0], [3.0, 4.0]], rtol=1e-6)
    assert layer.weight[2].tolist() == [30.0, 40.0]
    assert layer.weight.grad.tolist() == [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0]]
    assert repr(layer) == "Embedding(3, 2, max_norm=5.0)"


def test_tables_may_be_given():
    layer = nn.Embedding.from_pretrained(tl.eye(3), padding_idx=1)

    assert not layer.weight.requires_grad
    assert layer(tl.tensor(2)).tolist() == [0.0, 0.0, 1.0]
    assert nn.Embedding.from_pretrained(tl.eye(3), freeze=False).weight.requires_grad
    with pytest.raises(ValueError, match="Embeddings parameter is expected to be 2-dimensional"):
        nn.Embedding.from_pretrained(tl.ones(3))


def test_derivatives_agree_with_differences():
    weight = tl.tensor(TABLE / 10.0, requires_grad=True)

    assert tl.autograd.gradcheck(lambda w: F.embedding(tl.tensor(PLACES), w), weight, check_forward_ad=True)
    assert tl.autograd.gradgradcheck(lambda w: F.embedding(tl.tensor(PLACES), w) ** 3, weight)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.embedding(tl.tensor([4]), tl.tensor(TABLE)), IndexError, "index out of range in self"),
        (lambda: F.embedding(np.array([-1]), TABLE), IndexError, "index out of range in self"),
        (
            lambda: F.embedding([1], TABLE),
            TypeError,
            "argument 'indices' (position 2) must be Tensor, not list",
        ),
        (
            lambda: F.embedding(tl.tensor([1.0]), tl.tensor(TABLE)),
            RuntimeError,
            "one of the following scalar types: Long, Int; but got torch.FloatTensor instead",
        ),
        (
            lambda: F.embedding(PLACES, TABLE, padding_idx=4),
            ValueError,
            "Padding_idx must be within num_embeddings",
        ),
        (lambda: nn.Embedding(3, 2, padding_idx=-4), ValueError, "Padding_idx must be within num_embeddings"),
        (
            lambda: F.embedding(PLACES, TABLE, sparse=True),
            NotImplementedError,
            "sparse=True is not supported",
        ),
        (lambda: nn.Embedding(3, 2, sparse=True), NotImplementedError, "sparse=True is not supported"),
        (
            lambda: F.one_hot(tl.tensor([3]), 3),
            RuntimeError,
            "Class values must be smaller than num_classes.",
        ),
        (lambda: F.one_hot(tl.tensor([-1])), RuntimeError, "Class values must be non-negative."),
        (
            lambda: F.one_hot(tl.tensor([1.0])),
            RuntimeError,
            "only applicable to index tensor of type LongTensor",
        ),
        (
            lambda: F.one_hot(np.zeros(0, int)),
            RuntimeError,
            "Can not infer total number of classes from empty",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_pytorchs_words(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_one_hot_rows():
    assert F.one_hot(tl.tensor([[0], [2]])).tolist() == [[[1, 0, 0]], [[0, 0, 1]]]
    assert F.one_hot(np.array([1]), 3).tolist() == [[0, 1, 0]]
    assert F.one_hot(tl.tensor([1])).dtype == np.int64
