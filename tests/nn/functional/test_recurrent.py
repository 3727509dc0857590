"""Recurrent cells and layers: one is the other step by step, on either road."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless.nn import functional
from tests.nn.functional.plane_cases import wave

X, H, C = wave((4, 2, 2), 0.0), wave((2, 3), 1.0), wave((2, 3), 2.0)


def parameters(gates):
    rows = 3 * gates
    return wave((rows, 2), 3.0), wave((rows, 3), 4.0), wave((rows,), 5.0), wave((rows,), 6.0)


def by_rnn_layer(x, h, c, w_ih, w_hh, b_ih, b_hh):
    return functional.rnn_layer(x, h, w_ih, w_hh, b_ih, b_hh)


def by_relu_layer(x, h, c, w_ih, w_hh, b_ih, b_hh):
    return functional.rnn_layer(x, h, w_ih, w_hh, b_ih, b_hh, relu=True)


def by_lstm_layer(x, h, c, w_ih, w_hh, b_ih, b_hh):
    states, cells = functional.lstm_layer(x, h, c, w_ih, w_hh, b_ih, b_hh)
    return states + np.sin(cells)


def by_gru_layer(x, h, c, w_ih, w_hh, b_ih, b_hh):
    return functional.gru_layer(x, h, w_ih, w_hh, b_ih, b_hh)


def by_rnn_cells(x, h, c, w_ih, w_hh, b_ih, b_hh):
    states = []
    for step in range(len(x)):
        h = functional.rnn_tanh_cell(x[step], h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return np.stack(states)


def by_relu_cells(x, h, c, w_ih, w_hh, b_ih, b_hh):
    states = []
    for step in range(len(x)):
        h = functional.rnn_relu_cell(x[step], h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return np.stack(states)


def by_lstm_cells(x, h, c, w_ih, w_hh, b_ih, b_hh):
    states = []
    for step in range(len(x)):
        h, c = functional.lstm_cell(x[step], (h, c), w_ih, w_hh, b_ih, b_hh)
        states.append(h + np.sin(c))
    return np.stack(states)


def by_gru_cells(x, h, c, w_ih, w_hh, b_ih, b_hh):
    states = []
    for step in range(len(x)):
        h = functional.gru_cell(x[step], h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return np.stack(states)


WAYS = [
    (by_rnn_layer, by_rnn_cells, 1),
    (by_relu_layer, by_relu_cells, 1),
    (by_lstm_layer, by_lstm_cells, 4),
    (by_gru_layer, by_gru_cells, 3),
]
BOTH = [pytest.param(*way, id=way[0].__name__) for way in WAYS]
EACH = [pytest.param(way, gates, id=way.__name__) for layer, cells, gates in WAYS for way in (layer, cells)]


def weighted(way):
    weights = wave((4, 2, 3), 7.0)

    def loss(x, h, c, w_ih, w_hh, b_ih, b_hh):
        return np.sum(weights * way(x, h, c, w_ih, w_hh, b_ih, b_hh))

    return loss


@pytest.mark.parametrize(("layer", "cells", "gates"), BOTH)
def test_a_layer_is_its_cell_step_by_step(layer, cells, gates):
    arrays = (X, H, C, *parameters(gates))

    np.testing.assert_allclose(layer(*arrays), cells(*arrays), rtol=1e-12)
    by_layer, by_cells = (
        tl.grad(weighted(way), argnums=tuple(range(7)), mode="source")(*arrays) for way in (layer, cells)
    )
    for one, other in zip(by_layer, by_cells, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("way", "gates"), EACH)
def test_both_roads_and_tensors_give_one_gradient(way, gates):
    arrays = (X, H, C, *parameters(gates))
    loss = weighted(way)

    read, recorded = (
        tl.grad(loss, argnums=tuple(range(7)), mode=mode)(*arrays) for mode in ("source", "tape")
    )
    leaves = [tl.from_numpy(a.copy()).requires_grad_() for a in arrays]
    (tl.from_numpy(wave((4, 2, 3), 7.0)) * way(*leaves)).sum().backward()

    for one, other, leaf in zip(read, recorded, leaves, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
        expected = np.zeros_like(one) if leaf.grad is None else leaf.grad.numpy()
        np.testing.assert_allclose(one, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("layer", "cells", "gates"), BOTH)
def test_second_derivatives_of_layers_agree_with_those_of_their_cells(layer, cells, gates):
    arrays = [X, H, C, *parameters(gates)]

    def hessian_by(way):
        loss = weighted(way)
        return tl.hessian(lambda w_hh: loss(*arrays[:4], w_hh, *arrays[5:]))(arrays[4])

    np.testing.assert_allclose(hessian_by(layer), hessian_by(cells), rtol=1e-9, atol=1e-11)


def test_biases_may_be_missing():
    w_ih, w_hh, b_ih, b_hh = parameters(3)
    zeros = np.zeros(9)

    for given, filled in (
        ((None, b_hh), (zeros, b_hh)),
        ((b_ih, None), (b_ih, zeros)),
        ((None, None), (zeros, zeros)),
    ):
        np.testing.assert_array_equal(
            functional.gru_layer(X, H, w_ih, w_hh, *given), functional.gru_layer(X, H, w_ih, w_hh, *filled)
        )
        np.testing.assert_array_equal(
            functional.gru_cell(X[0], H, w_ih, w_hh, *given),
            functional.gru_cell(X[0], H, w_ih, w_hh, *filled),
        )
