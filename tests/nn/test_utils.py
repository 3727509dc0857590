"""Clipping gradients; parameters as one vector."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import utils


def with_gradients(*gradients):
    leaves = []
    for gradient in gradients:
        leaf = nn.Parameter(tl.zeros(*np.shape(gradient)))
        leaf.grad = tl.tensor(gradient)
        leaves.append(leaf)
    return leaves


@pytest.mark.parametrize(
    ("order", "norm"),
    [(2.0, 13.0), (1.0, 19.0), (float("inf"), 12.0), (3.0, (27.0 + 64.0 + 12.0**3) ** (1.0 / 3.0))],
)
def test_gradients_are_scaled_down_together(order, norm):
    leaves = with_gradients([3.0, -4.0], [[12.0]])
    kept = [leaf.grad for leaf in leaves]
    total = utils.clip_grad_norm_(leaves, 1.0, order)

    assert total.item() == pytest.approx(norm)
    np.testing.assert_allclose(leaves[0].grad.numpy(), np.array([3.0, -4.0]) / norm, rtol=1e-5)
    np.testing.assert_allclose(leaves[1].grad.numpy(), [[12.0 / norm]], rtol=1e-5)
    assert all(leaf.grad is one for leaf, one in zip(leaves, kept, strict=True))


def test_small_gradients_are_left_alone():
    (leaf,) = with_gradients([0.3, 0.4])
    assert utils.clip_grad_norm_(leaf, 1.0).item() == pytest.approx(0.5)
    assert leaf.grad.tolist() == pytest.approx([0.3, 0.4])


def test_parameters_without_gradient_count_for_nothing():
    leaves = [*with_gradients([3.0, 4.0]), nn.Parameter(tl.ones(3))]
    assert utils.clip_grad_norm_(iter(leaves), 10.0).item() == 5.0
    assert utils.clip_grad_norm_([nn.Parameter(tl.ones(3))], 1.0).item() == 0.0
    utils.clip_grad_value_([nn.Parameter(tl.ones(3))], 1.0)


def test_what_is_not_finite_is_said_if_wanted():
    leaves = with_gradients([float("inf"), 1.0])
    with pytest.raises(
        RuntimeError, match=r"The total norm of order 2\.0 for gradients from `parameters` is non-finite"
    ):
        utils.clip_grad_norm_(leaves, 1.0, error_if_nonfinite=True)

    assert leaves[0].grad.tolist() == [float("inf"), 1.0]
    utils.clip_grad_norm_(leaves, 1.0)
    assert np.isnan(leaves[0].grad.numpy()[0])


def test_elements_are_cut():
    (leaf,) = with_gradients([-3.0, 0.5, 7.0])
    kept = leaf.grad
    utils.clip_grad_value_([leaf], 1.0)

    assert leaf.grad is kept
    assert kept.tolist() == [-1.0, 0.5, 1.0]


def test_parameters_become_a_vector_and_back():
    model = nn.Linear(2, 2)
    vector = utils.parameters_to_vector(model.parameters())
    assert vector.shape == (6,)
    vector.sum().backward()
    assert model.bias.grad.tolist() == [1.0, 1.0]

    utils.vector_to_parameters(tl.arange(6.0), model.parameters())
    assert model.weight.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert model.bias.tolist() == [4.0, 5.0]
    assert model.weight.requires_grad
    with pytest.raises(TypeError, match=r"expected torch\.Tensor, but got: list"):
        utils.vector_to_parameters([1.0], model.parameters())
