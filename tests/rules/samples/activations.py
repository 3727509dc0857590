"""Samples of tapeless/rules/activations.py."""

import math

import numpy as np

from tapeless.rules.activations import (
    error_complement,
    error_function,
    interpolate,
    log_odds,
    log_softmax,
    logsumexp,
    reciprocal_root,
    relu,
    sigmoid,
    softmax,
    softplus,
    subtract_from,
    times_log,
)
from tests.rules.sample import Edge, Sample, array, positive

INF = math.inf
NAN = math.nan


def row(*values):
    return np.array(values, np.float64)


SAMPLES = [
    Sample(sigmoid, (array(2, 3),)),
    Sample(sigmoid, (array(),)),
    Sample(relu, (row(-0.5, 0.7, 2.0),)),
    Sample(softplus, (array(2, 3),)),
    Sample(softplus, (array(3, low=0.5, high=3.0), 2.0, 1.0 / 3.0), note="straight part"),
    Sample(softplus, (array(3), 2.0, 20.0), note="beta"),
    Sample(error_function, (array(2, 3),)),
    Sample(error_complement, (array(2, 3),)),
    Sample(error_function, (array(),)),
    Sample(log_odds, (array(2, 3, low=0.1, high=0.9),)),
    Sample(reciprocal_root, (positive(2, 3),)),
    Sample(subtract_from, (array(2, 3), array(3, seed=1)), wrt=(0, 1)),
    Sample(interpolate, (array(2, 3), array(3, seed=1), 0.3), wrt=(0, 1)),
    Sample(interpolate, (array(2, 3), array(2, 3, seed=1), positive(2, 1) / 4.0), wrt=(0, 1, 2)),
    Sample(
        interpolate, (array(2, 3), array(2, 3, seed=1), positive(2, 3) + 0.5), wrt=(0, 1, 2), note="beyond"
    ),
    Sample(times_log, (array(2, 3), positive(3)), wrt=(0, 1)),
    Sample(logsumexp, (array(2, 3), None, False)),
    Sample(logsumexp, (array(2, 3), 0, False)),
    Sample(logsumexp, (array(2, 3), -1, True)),
    Sample(logsumexp, (array(2, 3, 4), (0, 2), False)),
    Sample(logsumexp, (array(), None, False)),
    Sample(softmax, (array(2, 3), 0)),
    Sample(softmax, (array(2, 3), -1)),
    Sample(log_softmax, (array(2, 3), 0)),
    Sample(log_softmax, (array(2, 3), 1)),
]

EDGES = [
    # exp(-1000) overflows nowhere, and the slope is zero at both ends
    Edge(sigmoid, (row(-INF, -1000.0, 0.0, 1000.0, INF),), (row(0.0, 0.0, 0.25, 0.0, 0.0),)),
    Edge(relu, (row(0.0, -0.0, NAN, INF, -INF),), (row(0.0, 0.0, 1.0, 1.0, 0.0),)),
    Edge(relu, (np.zeros((0, 3)),), (np.zeros((0, 3)),)),
    Edge(softplus, (row(-INF, -1000.0, 0.0, 1000.0, INF),), (row(0.0, 0.0, 0.5, 1.0, 1.0),)),
    Edge(error_function, (row(-INF, 0.0, INF),), (row(0.0, 1.1283791670955126, 0.0),)),
    Edge(log_odds, (row(0.0, 0.5, 1.0, -1.0, 2.0),), (row(INF, 4.0, INF, NAN, NAN),)),
    Edge(reciprocal_root, (row(0.0, INF),), (row(-INF, -0.0),)),
    # at the switch of formulas both agree
    Edge(interpolate, (row(1.0), row(3.0), row(0.5)), (row(0.5), row(0.5), row(2.0)), wrt=(0, 1, 2)),
    # 0 log 0 is 0; the slope in x is log(y), taken as 0 there
    Edge(times_log, (row(0.0, 0.0), row(0.0, 1.0)), (row(0.0, 0.0),)),
    Edge(logsumexp, (row(-INF, -INF), 0, False), (row(0.0, 0.0),), note="all -inf"),
    Edge(logsumexp, (row(-INF, 0.0), 0, False), (row(0.0, 1.0),)),
    Edge(logsumexp, (row(1000.0, 1000.0), 0, False), (row(0.5, 0.5),)),
    # g = (1, 2): out * (g - sum(g * out)) with out = (0, 1)
    Edge(softmax, (row(-INF, 0.0), 0), (row(0.0, 0.0),), g=row(1.0, 2.0)),
    # g - exp(out) * sum(g) with exp(out) = (1, 0)
    Edge(log_softmax, (row(1000.0, 0.0), 0), (row(-2.0, 2.0),), g=row(1.0, 2.0)),
    Edge(softmax, (np.zeros((0, 2)), 0), (np.zeros((0, 2)),)),
]
