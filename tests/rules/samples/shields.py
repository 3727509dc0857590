"""Samples of tapeless/rules/shields.py."""

import numpy as np

from tapeless.rules.shields import shielded_product, shielded_quotient
from tests.rules.sample import Edge, Sample, array

SAMPLES = [
    Sample(shielded_product, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1)),
    Sample(shielded_product, (array(2, 3), array(3, seed=1)), wrt=(0, 1)),
    Sample(shielded_product, (array(), array(3, seed=1)), wrt=(0, 1)),
    Sample(shielded_quotient, (array(2, 3), 2.0 + array(2, 3, seed=1) ** 2), wrt=(0, 1)),
    Sample(shielded_quotient, (array(3), 2.0 + array(2, 3, seed=1) ** 2), wrt=(0, 1)),
]

INFINITE = np.array([np.inf, np.nan, 3.0])
ONE_OF_THREE = np.array([0.0, 0.0, 2.0])

EDGES = [
    Edge(
        shielded_product,
        (ONE_OF_THREE, INFINITE),
        (np.array([np.inf, np.nan, 3.0]), ONE_OF_THREE),
        wrt=(0, 1),
    ),
    Edge(
        shielded_product,
        (ONE_OF_THREE, INFINITE),
        (np.array([0.0, 0.0, 3.0]), ONE_OF_THREE * [0, 0, 1]),
        wrt=(0, 1),
        g=np.array([0.0, 0.0, 1.0]),
    ),
    Edge(
        shielded_quotient,
        (ONE_OF_THREE, np.array([0.0, 0.0, 4.0])),
        (np.array([0.0, 0.0, 0.25]), np.array([0.0, 0.0, -0.125])),
        wrt=(0, 1),
        g=np.array([0.0, 0.0, 1.0]),
    ),
]
