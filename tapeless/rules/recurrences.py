"""Recurrent layers run over a whole sequence: one operation for all of its steps.

Arrays are (steps, batch, numbers).  What the input contributes to each step's gates is computed before, for
all steps at once; here is what depends on the step before.  On the way back only the cotangent of the state
goes from step to step.  All else is done for all steps at once, also the products that give the weights'
cotangents: their factors are stacked, and multiplied once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.activations import sigmoid
from tapeless.rules.kinds import general
from tapeless.rules.table import primitive


@primitive
def rnn_scan(gates: Array, h: Array, w: Array, relu: bool) -> Array:
    """All states h = tanh(gates + h @ w.T), one after the other; relu in the place of tanh if that is said.

    >>> rnn_scan(np.zeros((2, 1, 1)), np.array([[1.0]]), np.array([[3.0]]), True)
    array([[[3.]],
    <BLANKLINE>
           [[9.]]])
    """
    turned = np.ascontiguousarray(w.T)
    states = np.empty(gates.shape, np.result_type(gates, h, w))
    for step, row in enumerate(gates):
        inner = np.add(np.matmul(h, turned), row)
        h = np.maximum(inner, 0.0, out=states[step]) if relu else np.tanh(inner, out=states[step])
    return states


@general(rnn_scan, shaped=True)
def rnn_scan_rule(g: Array, out: Array, gates: Array, h: Array, w: Array, relu: bool) -> Any:
    slopes = np.sign(out) if relu else 1.0 - out * out
    back = np.zeros_like(h)
    backs = []
    for step in reversed(range(np.shape(gates)[0])):
        row = (g[step] + back) * slopes[step]
        backs.append(row)
        back = np.matmul(row, w)
    rows = np.stack(backs[::-1])
    return rows, back, _weights(rows, _before(h, out))


@primitive
def lstm_scan(gates: Array, h: Array, c: Array, w: Array) -> tuple[Array, Array]:
    """All states and cells of a long short-term memory; gates are those of input, forgetting, cell, output.

    >>> states, cells = lstm_scan(np.zeros((1, 1, 4)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((4, 1)))
    >>> float(cells[0, 0, 0])
    0.5
    """
    size = h.shape[-1]
    dtype = np.result_type(gates, h, c, w)
    # A sigmoid is a tanh of half the argument: one tanh does for all gates.
    scale = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], dtype), size)
    turned = np.ascontiguousarray(w.T) * scale
    scaled = gates * scale
    states, cells = (np.empty((*gates.shape[:2], size), dtype) for _ in range(2))
    for step, row in enumerate(scaled):
        inner = np.matmul(h, turned)
        inner += row
        np.tanh(inner, out=inner)
        parts = inner.reshape(-1, 4, size)
        shares = 0.5 * parts + 0.5
        c = np.add(shares[:, 1] * c, shares[:, 0] * parts[:, 2], out=cells[step])
        h = np.multiply(shares[:, 3], np.tanh(c), out=states[step])
    return states, cells


@general(lstm_scan, shaped=True)
def lstm_scan_rule(g: Any, out: Any, gates: Array, h: Array, c: Array, w: Array) -> Any:
    g_states, g_cells = g
    states, cells = out
    h_before, c_before = _before(h, states), _before(c, cells)
    into, kept, new, shown = np.split(gates + np.matmul(h_before, np.transpose(w)), 4, axis=-1)
    into, kept, new, shown = sigmoid(into), sigmoid(kept), np.tanh(new), sigmoid(shown)
    top = np.tanh(cells)
    to_cell = shown * (1.0 - top * top)
    slopes = [
        new * into * (1.0 - into),
        c_before * kept * (1.0 - kept),
        into * (1.0 - new * new),
        top * shown * (1.0 - shown),
    ]
    factors = np.stack(slopes, axis=2)
    back, cell_back = np.zeros_like(h), np.zeros_like(c)
    backs = []
    for step in reversed(range(np.shape(gates)[0])):
        state = g_states[step] + back
        cell = g_cells[step] + cell_back + state * to_cell[step]
        parts = np.stack([cell, cell, cell, state], axis=1) * factors[step]
        row = np.reshape(parts, np.shape(gates)[1:])
        backs.append(row)
        back = np.matmul(row, w)
        cell_back = cell * kept[step]
    rows = np.stack(backs[::-1])
    return rows, back, cell_back, _weights(rows, h_before)


@primitive
def gru_scan(gates: Array, h: Array, w: Array, b: Array) -> Array:
    """All states of gated recurrent units; gates are those of resetting, updating, and the new state.

    >>> float(gru_scan(np.zeros((1, 1, 3)), np.ones((1, 1)), np.zeros((3, 1)), np.zeros(3))[0, 0, 0])
    0.5
    """
    size = h.shape[-1]
    turned = np.ascontiguousarray(w.T)
    states = np.empty((*gates.shape[:2], size), np.result_type(gates, h, w, b))
    for step, row in enumerate(gates):
        inner = np.matmul(h, turned)
        inner += b
        shares = 0.5 * np.tanh(0.5 * (row[:, : 2 * size] + inner[:, : 2 * size])) + 0.5
        new = np.tanh(row[:, 2 * size :] + shares[:, :size] * inner[:, 2 * size :])
        h = np.add(new, shares[:, size:] * (h - new), out=states[step])
    return states


@general(gru_scan, shaped=True)
def gru_scan_rule(g: Array, out: Array, gates: Array, h: Array, w: Array, b: Array) -> Any:
    h_before = _before(h, out)
    h_reset, h_update, h_new = np.split(np.matmul(h_before, np.transpose(w)) + b, 3, axis=-1)
    x_reset, x_update, x_new = np.split(gates, 3, axis=-1)
    reset, update = sigmoid(x_reset + h_reset), sigmoid(x_update + h_update)
    new = np.tanh(x_new + reset * h_new)
    to_new = (1.0 - update) * (1.0 - new * new)
    to_update = (h_before - new) * update * (1.0 - update)
    to_reset = to_new * h_new * reset * (1.0 - reset)
    to_inner = np.stack([to_reset, to_update, to_new * reset], axis=2)
    back = np.zeros_like(h)
    backs = []
    for step in reversed(range(np.shape(gates)[0])):
        state = np.expand_dims(g[step] + back, 1)
        backs.append(state)
        row = np.reshape(state * to_inner[step], np.shape(gates)[1:])
        back = np.matmul(row, w) + state[:, 0] * update[step]
    states = np.stack(backs[::-1])
    rows = np.reshape(states * np.stack([to_reset, to_update, to_new], axis=2), np.shape(gates))
    inner = np.reshape(states * to_inner, np.shape(gates))
    return rows, back, _weights(inner, h_before), np.sum(inner, (0, 1))


def _before(first: Array, states: Array) -> Array:
    """The states that the steps begin with."""
    return np.concatenate([np.expand_dims(first, 0), states[:-1]])


def _weights(rows: Array, states: Array) -> Array:
    """The sum over steps and batch of what each step gives the weights' cotangent."""
    flat = np.reshape(rows, (-1, np.shape(rows)[-1]))
    return np.matmul(np.transpose(flat), np.reshape(states, (-1, np.shape(states)[-1])))
