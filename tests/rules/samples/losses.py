"""Samples of tapeless/rules/losses.py."""

import math

import numpy as np

from tapeless.rules.losses import (
    absolute_error,
    bent_error,
    binary_cross_entropy,
    clamped_log,
    collected,
    logistic_cross_entropy,
    raised,
    share,
    squared_error,
)
from tests.rules.sample import Edge, Sample, array, positive

WAYS = ("none", "sum", "mean")


def row(*values):
    return np.array(values, np.float64)


def chances(*shape, seed=0):
    return array(*shape, seed=seed, low=0.1, high=0.9)


SAMPLES = [
    *[Sample(collected, (array(2, 3), how)) for how in WAYS],
    *[Sample(share, (array(2, 3), 6, how)) for how in WAYS],
    *[Sample(squared_error, (array(2, 3), array(2, 3, seed=1), how), wrt=(0, 1)) for how in WAYS],
    Sample(squared_error, (array(), array(seed=1), "mean"), wrt=(0, 1)),
    *[Sample(absolute_error, (array(2, 3), array(2, 3, seed=1), how), wrt=(0, 1)) for how in WAYS],
    *[
        Sample(bent_error, (3.0 * array(2, 3), array(2, 3, seed=1), 1.5, 0.7, how), wrt=(0, 1))
        for how in WAYS
    ],
    *[
        Sample(binary_cross_entropy, (chances(2, 3), chances(2, 3, seed=1), 1.0, how), wrt=(0, 1), rtol=1e-4)
        for how in WAYS
    ],
    Sample(
        binary_cross_entropy,
        (chances(2, 3), chances(2, 3, seed=1), positive(3), "mean"),
        wrt=(0, 1),
        rtol=1e-4,
        note="weight",
    ),
    Sample(clamped_log, (positive(2, 3),)),
    Sample(raised, (positive(2, 3), 0.1)),
    *[
        Sample(logistic_cross_entropy, (3.0 * array(2, 3), chances(2, 3, seed=1), 1.0, 1.0, how), wrt=(0, 1))
        for how in WAYS
    ],
    Sample(
        logistic_cross_entropy,
        (array(2, 3), chances(2, 3, seed=1), positive(2, 1), positive(3, seed=2), "mean"),
        wrt=(0, 1),
        note="weights",
    ),
]

EDGES = [
    Edge(share, (np.zeros((0,)), 1, "mean"), (np.zeros((0,)),)),
    Edge(squared_error, (np.zeros((0, 2)), np.zeros((0, 2)), "mean"), (np.zeros((0, 2)),)),
    Edge(
        absolute_error,
        (row(0.0, 1.0, -1.0), row(0.0, 0.0, 0.0), "sum"),
        (row(0.0, 1.0, -1.0), row(0.0, -1.0, 1.0)),
        wrt=(0, 1),
    ),
    # at the bend both pieces have the line's slope
    Edge(
        bent_error,
        (row(0.0, 1.0, -1.0, math.inf), row(0.0, 0.0, 0.0, 0.0), 1.0, 1.0, "sum"),
        (row(0.0, 1.0, -1.0, 1.0),),
    ),
    # PyTorch: the denominator is at least 1e-12
    Edge(
        binary_cross_entropy,
        (row(0.0, 1.0, 0.0, 1.0), row(0.0, 1.0, 1.0, 0.0), 1.0, "sum"),
        (row(0.0, 0.0, -1e12, 1e12),),
    ),
    Edge(raised, (row(0.0, 0.05, 1.0), 0.1), (row(1.0, 1.0, 1.0),)),
    Edge(clamped_log, (row(0.0, 1.0),), (row(1e12, 1.0),)),
    Edge(
        logistic_cross_entropy,
        (row(1e4, -1e4, 0.0), row(0.0, 1.0, 0.0), 1.0, 1.0, "sum"),
        (row(1.0, -1.0, 0.5), row(-1e4, 1e4, 0.0)),
        wrt=(0, 1),
    ),
]
