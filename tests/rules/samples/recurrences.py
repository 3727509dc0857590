"""Samples of tapeless/rules/recurrences.py."""

import numpy as np

from tapeless.rules.recurrences import gru_scan, lstm_scan, rnn_scan
from tests.rules.sample import Edge, Sample, array


def scaled(*shape, seed):
    return array(*shape, seed=seed, low=-0.7, high=0.7)


STATE, CELL = scaled(2, 3, seed=1), scaled(2, 3, seed=2)
SAMPLES = [
    Sample(rnn_scan, (array(4, 2, 3), STATE, scaled(3, 3, seed=3), False), wrt=(0, 1, 2)),
    Sample(rnn_scan, (array(4, 2, 3), STATE, scaled(3, 3, seed=3), True), wrt=(0, 1, 2), note="relu"),
    Sample(rnn_scan, (array(1, 2, 3), STATE, scaled(3, 3, seed=3), False), wrt=(2,), note="one step"),
    Sample(lstm_scan, (array(4, 2, 12), STATE, CELL, scaled(12, 3, seed=3)), wrt=(0, 1, 2, 3)),
    Sample(lstm_scan, (array(1, 2, 12), STATE, CELL, scaled(12, 3, seed=3)), wrt=(1, 3), note="one step"),
    Sample(gru_scan, (array(4, 2, 9), STATE, scaled(9, 3, seed=3), scaled(9, seed=4)), wrt=(0, 1, 2, 3)),
    Sample(gru_scan, (array(1, 2, 9), STATE, scaled(9, 3, seed=3), np.zeros(9)), wrt=(0, 2), note="one step"),
]

ONE = np.ones((1, 1))
EDGES = [
    # where relu's input is zero its slope is
    Edge(
        rnn_scan, (np.array([[[0.0, 2.0]]]), np.zeros((1, 2)), np.eye(2), True), (np.array([[[0.0, 1.0]]]),)
    ),
    # saturated gates: the cell 3 is kept as it is, and nothing is shown of it
    Edge(
        lstm_scan,
        (np.array([[[-900.0, 900.0, 0.0, -900.0]]]), ONE, 3.0 * ONE, np.zeros((4, 1))),
        (np.zeros((1, 1, 4)), np.zeros((1, 1)), ONE, np.zeros((4, 1))),
        wrt=(0, 1, 2, 3),
        note="kept",
    ),
    # an update of one keeps the state
    Edge(
        gru_scan,
        (np.array([[[0.0, 900.0, 0.0]]]), 2.0 * ONE, np.zeros((3, 1)), np.zeros(3)),
        (np.zeros((1, 1, 3)), ONE),
        wrt=(0, 1),
        note="kept",
    ),
]
