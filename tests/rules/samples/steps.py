"""Samples of tapeless/rules/steps.py."""

import math

import numpy as np

from tapeless.rules.steps import ceil, floor, fraction, magnitude, rounded, sign, trunc
from tests.rules.sample import Edge, Sample, array

OFF = array(2, 3, low=0.1, high=0.4) + np.array([[-2.0, -1.0, 0.0], [1.0, 2.0, 3.0]])

SAMPLES = [
    Sample(sign, (OFF,)),
    Sample(floor, (OFF,)),
    Sample(magnitude, (OFF,)),
    Sample(ceil, (OFF,)),
    Sample(trunc, (OFF,)),
    Sample(fraction, (OFF,)),
    Sample(rounded, (OFF, 0)),
    Sample(floor, (np.float64(1.5),), note="number"),
]

AT = np.array([0.0, 1.0, math.nan, math.inf])
ZEROS = np.zeros(4)

EDGES = [
    Edge(sign, (AT,), (ZEROS,)),
    Edge(magnitude, (AT,), (np.array([0.0, 1.0, 0.0, 1.0]),)),
    Edge(floor, (AT,), (ZEROS,)),
    Edge(ceil, (AT,), (ZEROS,)),
    Edge(trunc, (AT,), (ZEROS,)),
    Edge(fraction, (AT,), (np.ones(4),)),
    Edge(rounded, (np.array([0.5, 1.25]), 1), (np.zeros(2),)),
]
