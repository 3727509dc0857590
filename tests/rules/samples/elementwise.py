"""Samples of tapeless/rules/elementwise.py."""

import numpy as np

from tests.rules.sample import Edge, Sample, array, positive

SAMPLES = [
    Sample(np.add, (array(3), array(2, 3, seed=1)), wrt=(0, 1), complex=True),
    Sample(np.multiply, (array(2, 1), array(3, seed=1)), wrt=(0, 1), complex=True),
    Sample(np.true_divide, (array(2, 1), positive(3)), wrt=(0, 1), complex=True),
    Sample(np.tanh, (array(2, 3),), complex=True),
]
EDGES: list[Edge] = [Edge(np.tanh, (np.array([0.0, -0.0, np.inf]),), (np.array([1.0, 1.0, 0.0]),))]
