"""Recurrent cells and layers of one direction: of Tensors, Arrays and plain arrays.

Cells have PyTorch's names (`torch.lstm_cell` and so on).  A layer takes a whole sequence (steps, batch,
inputs), runs as one operation, and gives all states (steps, batch, size); weights are those of the modules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.ops import op
from tapeless.nn.functional.linear import linear
from tapeless.rules.activations import relu, sigmoid
from tapeless.rules.recurrences import gru_scan, lstm_scan, rnn_scan

# What the graph calls them.
OPERATIONS = [op(rnn_scan, "RnnLayer"), op(lstm_scan, "LstmLayer"), op(gru_scan, "GruLayer")]


def rnn_tanh_cell(
    input: Array, hx: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
) -> Array:
    """tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh): the next state.  As `torch.rnn_tanh_cell`.

    >>> rnn_tanh_cell(np.zeros((1, 2)), np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 1)))
    array([[0.76159416]])
    """
    return np.tanh(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))


def rnn_relu_cell(
    input: Array, hx: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
) -> Array:
    """`rnn_tanh_cell` with relu for tanh.  As `torch.rnn_relu_cell`.

    >>> rnn_relu_cell(np.zeros((1, 2)), np.ones((1, 1)), np.ones((1, 2)), np.ones((1, 1)))
    array([[1.]])
    """
    return relu(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))


def lstm_cell(
    input: Array, hx: Any, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
) -> tuple[Array, Array]:
    """The next state and cell of a long short-term memory; `hx` is the pair of those before.

    Weights (4 size, inputs) and (4 size, size), for the gates of input, forgetting, cell and output.  As
    `torch.lstm_cell`; Hochreiter and Schmidhuber (1997), Gers et al. (2000).

    >>> h, c = lstm_cell(np.ones(2), (np.zeros(1), np.ones(1)), np.zeros((4, 2)), np.zeros((4, 1)))
    >>> float(c[0])
    0.5
    """
    h, c = hx
    gates = linear(input, w_ih, b_ih) + linear(h, w_hh, b_hh)
    into, kept, new, shown = np.split(gates, 4, axis=-1)
    cell = sigmoid(kept) * c + sigmoid(into) * np.tanh(new)
    return sigmoid(shown) * np.tanh(cell), cell


def gru_cell(
    input: Array, hx: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
) -> Array:
    """The next state of a gated recurrent unit.

    Weights (3 size, inputs) and (3 size, size), for resetting, updating, and the new state.  As
    `torch.gru_cell`; Cho et al. (2014), with the reset applied after the product, as PyTorch has it.

    >>> float(gru_cell(np.ones(2), np.ones(1), np.zeros((3, 2)), np.zeros((3, 1)))[0])
    0.5
    """
    x_reset, x_update, x_new = np.split(linear(input, w_ih, b_ih), 3, axis=-1)
    h_reset, h_update, h_new = np.split(linear(hx, w_hh, b_hh), 3, axis=-1)
    new = np.tanh(x_new + sigmoid(x_reset + h_reset) * h_new)
    return new + sigmoid(x_update + h_update) * (hx - new)


def rnn_layer(
    input: Array,
    h: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
    relu: bool = False,
) -> Array:
    """`rnn_tanh_cell` (or relu) over a sequence (steps, batch, inputs), from h (batch, size): all states.

    >>> rnn_layer(np.zeros((3, 1, 2)), np.ones((1, 1)), np.ones((1, 2)), 2.0 * np.eye(1), relu=True).ravel()
    array([2., 4., 8.])
    """
    return rnn_scan(_gates(input, w_ih, _together(b_ih, b_hh)), h, w_hh, relu)


def lstm_layer(
    input: Array,
    h: Array,
    c: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
) -> tuple[Array, Array]:
    """`lstm_cell` over a sequence (steps, batch, inputs), from h and c (batch, size): all states, all cells.

    >>> start = np.zeros((1, 1)), np.ones((1, 1))
    >>> _, cells = lstm_layer(np.ones((3, 1, 2)), *start, np.zeros((4, 2)), np.zeros((4, 1)))
    >>> cells.ravel()
    array([0.5  , 0.25 , 0.125])
    """
    return lstm_scan(_gates(input, w_ih, _together(b_ih, b_hh)), h, c, w_hh)


def gru_layer(
    input: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
) -> Array:
    """`gru_cell` over a sequence (steps, batch, inputs), from the state h (batch, size): all states.

    >>> gru_layer(np.ones((3, 1, 2)), np.ones((1, 1)), np.zeros((3, 2)), np.zeros((3, 1))).ravel()
    array([0.5  , 0.25 , 0.125])
    """
    bias = np.zeros_like(w_hh[:, 0]) if b_hh is None else b_hh
    return gru_scan(_gates(input, w_ih, b_ih), h, w_hh, bias)


def _gates(input: Array, w_ih: Array, bias: Array | None) -> Array:
    """What the input contributes, for all steps by one product."""
    steps, batch, size = input.shape
    rows = linear(np.reshape(input, (steps * batch, size)), w_ih, bias)
    return np.reshape(rows, (steps, batch, w_ih.shape[0]))


def _together(b_ih: Array | None, b_hh: Array | None) -> Array | None:
    if b_ih is None or b_hh is None:
        return b_hh if b_ih is None else b_ih
    return b_ih + b_hh
