"""An LSTM on batches of sequences, with a linear read-out at the last step."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(2)
STEPS, BATCH, INPUTS, HIDDEN = 5, 2, 3, 2
SEQUENCES = rng.normal(size=(STEPS, BATCH, INPUTS))
TARGETS = np.array([0.5, -0.2])


def sigmoid(x):
    return 0.5 * (np.tanh(0.5 * x) + 1.0)


def cell(params, x, h, c):
    W, b = params
    gates = np.concatenate([x, h], axis=1) @ W + b
    i, f, o, g = np.split(gates, 4, axis=1)
    c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, c


def predict(params, sequences):
    lstm, (V, d) = params
    batch = sequences.shape[1]
    n = V.shape[0]
    h, c = np.zeros((batch, n)), np.zeros((batch, n))
    outputs = []
    for x in sequences:
        h, c = cell(lstm, x, h, c)
        outputs.append(h)
    return outputs[-1] @ V + d, outputs


def loss(params, sequences, targets):
    y, outputs = predict(params, sequences)
    smooth = sum(np.sum((b - a) ** 2) for a, b in zip(outputs, outputs[1:]))
    return np.mean((y - targets) ** 2) + 0.01 * smooth


params = (
    (rng.normal(size=(INPUTS + HIDDEN, 4 * HIDDEN)) * 0.4, rng.normal(size=4 * HIDDEN) * 0.1),
    (rng.normal(size=HIDDEN), 0.1),
)
PROGRAMS = [Program("lstm", loss, (params, SEQUENCES, TARGETS))]
