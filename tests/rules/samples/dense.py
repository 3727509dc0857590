"""Samples of tapeless/rules/dense.py."""

import numpy as np

from tapeless.rules.dense import dense
from tests.rules.sample import Edge, Sample, array

ALL = (0, 1, 2)
SAMPLES = [
    Sample(dense, (array(2), array(4, 3), array(2, 3, seed=1)), wrt=ALL, complex=True),
    Sample(dense, (array(), array(4, 3), array(2, 3, seed=1)), wrt=ALL),
    Sample(dense, (array(4, 1), array(4, 3), array(2, 3, seed=1)), wrt=ALL),
]

EDGES = [
    Edge(
        dense,
        (np.zeros(2), np.zeros((0, 3)), np.ones((2, 3))),
        (np.zeros(2), np.zeros((0, 3)), np.zeros((2, 3))),
        wrt=ALL,
    ),
]
