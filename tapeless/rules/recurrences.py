"""Recurrent layers run over a whole sequence: one operation for all of its steps.

Arrays are (steps, batch, numbers).  What the input contributes to each step's gates is computed before, for
all steps at once; here is what depends on the step before.  On the way back the products that give the
weights' cotangents are also left until their factors are known for all steps, and are stacked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.activations import sigmoid
from tapeless.rules.kinds import forward_rule, general
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


@forward_rule(rnn_scan)
def rnn_scan_forward(
    t_gates: Array, t_h: Array, t_w: Array, out: Array, gates: Array, h: Array, w: Array, relu: bool
) -> Array:
    slopes = np.sign(out) if relu else 1.0 - out * out
    t_inner = t_gates + _times(_before(h, out), t_w)
    t, tangents = t_h, []
    for step in range(np.shape(gates)[0]):
        t = (t_inner[step] + np.matmul(t, np.transpose(w))) * slopes[step]
        tangents.append(t)
    return np.stack(tangents)


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
    size = np.shape(h)[-1]
    h_before, c_before = _before(h, states), _before(c, cells)
    inner = gates + _times(h_before, w)
    back, cell_back = np.zeros_like(h), np.zeros_like(c)
    backs = []
    for step in reversed(range(np.shape(gates)[0])):
        shares = sigmoid(inner[step])
        into, kept, shown = shares[:, :size], shares[:, size : 2 * size], shares[:, 3 * size :]
        new, top = np.tanh(inner[step][:, 2 * size : 3 * size]), np.tanh(cells[step])
        state = g_states[step] + back
        seen = state * shown
        cell = g_cells[step] + cell_back + seen * (1.0 - top * top)
        cell_back = cell * kept
        added = cell * into
        row = np.concatenate(
            [
                added * new * (1.0 - into),
                cell_back * c_before[step] * (1.0 - kept),
                added * (1.0 - new * new),
                seen * top * (1.0 - shown),
            ],
            axis=-1,
        )
        backs.append(row)
        back = np.matmul(row, w)
    rows = np.stack(backs[::-1])
    return rows, back, cell_back, _weights(rows, h_before)


@forward_rule(lstm_scan)
def lstm_scan_forward(
    t_gates: Array,
    t_h: Array,
    t_c: Array,
    t_w: Array,
    out: Any,
    gates: Array,
    h: Array,
    c: Array,
    w: Array,
) -> Any:
    states, cells = out
    size = np.shape(h)[-1]
    h_before, c_before = _before(h, states), _before(c, cells)
    inner, t_inner = gates + _times(h_before, w), t_gates + _times(h_before, t_w)
    t_states, t_cells = [], []
    for step in range(np.shape(gates)[0]):
        shares, t_row = sigmoid(inner[step]), t_inner[step] + np.matmul(t_h, np.transpose(w))
        t_shares = t_row * shares * (1.0 - shares)
        new, top = np.tanh(inner[step][:, 2 * size : 3 * size]), np.tanh(cells[step])
        t_new = t_row[:, 2 * size : 3 * size] * (1.0 - new * new)
        t_c = shares[:, size : 2 * size] * t_c + t_shares[:, size : 2 * size] * c_before[step]
        t_c = t_c + shares[:, :size] * t_new + t_shares[:, :size] * new
        t_h = shares[:, 3 * size :] * (1.0 - top * top) * t_c + t_shares[:, 3 * size :] * top
        t_states.append(t_h)
        t_cells.append(t_c)
    return np.stack(t_states), np.stack(t_cells)


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
    size = np.shape(h)[-1]
    h_before = _before(h, out)
    inner = _times(h_before, w) + b
    back = np.zeros_like(h)
    backs, inner_backs = [], []
    for step in reversed(range(np.shape(gates)[0])):
        shares = sigmoid(gates[step][:, : 2 * size] + inner[step][:, : 2 * size])
        reset, update, h_new = shares[:, :size], shares[:, size:], inner[step][:, 2 * size :]
        new = np.tanh(gates[step][:, 2 * size :] + reset * h_new)
        state = g[step] + back
        kept = state * update
        to_new = (state - kept) * (1.0 - new * new)
        to_update = kept * (h_before[step] - new) * (1.0 - update)
        to_inner = to_new * reset
        to_reset = to_inner * h_new * (1.0 - reset)
        row = np.concatenate([to_reset, to_update, to_inner], axis=-1)
        backs.append(np.concatenate([to_reset, to_update, to_new], axis=-1))
        inner_backs.append(row)
        back = np.matmul(row, w) + kept
    rows = np.stack(inner_backs[::-1])
    return np.stack(backs[::-1]), back, _weights(rows, h_before), np.sum(rows, (0, 1))


@forward_rule(gru_scan)
def gru_scan_forward(
    t_gates: Array,
    t_h: Array,
    t_w: Array,
    t_b: Array,
    out: Array,
    gates: Array,
    h: Array,
    w: Array,
    b: Array,
) -> Array:
    size = np.shape(h)[-1]
    h_before = _before(h, out)
    inner, t_inner = _times(h_before, w) + b, _times(h_before, t_w) + t_b
    tangents = []
    for step in range(np.shape(gates)[0]):
        t_row = t_inner[step] + np.matmul(t_h, np.transpose(w))
        shares = sigmoid(gates[step][:, : 2 * size] + inner[step][:, : 2 * size])
        t_shares = (t_gates[step][:, : 2 * size] + t_row[:, : 2 * size]) * shares * (1.0 - shares)
        reset, update, h_new = shares[:, :size], shares[:, size:], inner[step][:, 2 * size :]
        new = np.tanh(gates[step][:, 2 * size :] + reset * h_new)
        t_inside = t_gates[step][:, 2 * size :] + t_shares[:, :size] * h_new + reset * t_row[:, 2 * size :]
        t_new = t_inside * (1.0 - new * new)
        t_h = t_new + t_shares[:, size:] * (h_before[step] - new) + update * (t_h - t_new)
        tangents.append(t_h)
    return np.stack(tangents)


def _before(first: Array, states: Array) -> Array:
    """The states that the steps begin with."""
    return np.concatenate([np.expand_dims(first, 0), states[:-1]])


def _times(states: Array, w: Array) -> Array:
    """`states @ w.T` for all steps, as one product."""
    flat = np.matmul(np.reshape(states, (-1, np.shape(states)[-1])), np.transpose(w))
    return np.reshape(flat, (*np.shape(states)[:2], np.shape(w)[0]))


def _weights(rows: Array, states: Array) -> Array:
    """The sum over steps and batch of what each step gives the weights' cotangent."""
    flat = np.reshape(rows, (-1, np.shape(rows)[-1]))
    return np.matmul(np.transpose(flat), np.reshape(states, (-1, np.shape(states)[-1])))
