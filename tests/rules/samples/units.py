"""Samples of tapeless/rules/units.py."""

import math

import numpy as np

from tapeless.rules.units import exponential_linear, hard_tanh, leaky_relu, normal_probability
from tests.rules.sample import Edge, Sample, array

INF = math.inf
NAN = math.nan


def row(*values):
    return np.array(values, np.float64)


SAMPLES = [
    Sample(leaky_relu, (row(-0.5, 0.7, 2.0), 0.1)),
    Sample(leaky_relu, (array(), 0.3)),
    Sample(leaky_relu, (row(-0.5, 0.7, 2.0), 1.7), note="steeper"),
    Sample(leaky_relu, (row(-0.5, 0.7, 2.0), -0.2), note="bent back"),
    Sample(exponential_linear, (row(-2.0, -0.3, 0.4, 2.0), 1.5, 0.7, 0.8)),
    Sample(exponential_linear, (array(2, 3), 1.0, 1.0, 1.0)),
    Sample(hard_tanh, (row(-2.0, -0.5, 0.5, 3.0), -1.0, 2.0)),
    Sample(normal_probability, (array(2, 3),)),
    Sample(normal_probability, (array(),)),
]

EDGES = [
    Edge(leaky_relu, (row(0.0, -0.0, NAN, INF, -INF), 0.01), (row(0.01, 0.01, 0.01, 1.0, 0.01),)),
    # at zero the slope of the side that bends; far to the right nothing overflows
    Edge(
        exponential_linear,
        (row(-INF, -1000.0, 0.0, 1000.0, NAN), 0.5, 2.0, 1.0),
        (row(0.0, 0.0, 1.0, 2.0, 2.0),),
    ),
    # flat at the bounds themselves
    Edge(hard_tanh, (row(-1.0, 1.0, 0.0, NAN, INF), -1.0, 1.0), (row(0.0, 0.0, 1.0, 1.0, 0.0),)),
    Edge(normal_probability, (row(-INF, 0.0, INF, NAN),), (row(0.0, 0.3989422804014327, 0.0, NAN),)),
    Edge(leaky_relu, (np.zeros((0, 3)), 0.1), (np.zeros((0, 3)),)),
]
