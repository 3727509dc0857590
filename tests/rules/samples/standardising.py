"""Samples of tapeless/rules/standardising.py."""

import numpy as np

from tapeless.rules.standardising import standardised, without_shares
from tests.rules.sample import Edge, Sample, array, positive

places = (array(2, 3, 4), array(2, 3, 4, seed=1))
small = (positive(1, 3, 1), array(1, 3, 1, seed=3), array(1, 3, 1, seed=4))

SAMPLES = [
    Sample(without_shares, (*places, *small, (0, 2)), wrt=(0, 1, 2, 3, 4)),
    Sample(
        without_shares, (array(4), array(4, seed=1), positive(1), array(1), array(1), (0,)), wrt=(0, 1, 2)
    ),
    Sample(standardised, (array(4, 3), (0,), 0.1)),
    Sample(standardised, (array(4, 3), (1,), 1e-5)),
    Sample(standardised, (array(2, 3, 4), (0, 2), 1e-3)),
    Sample(standardised, (array(2, 3, 4), (1, 2), 1e-3)),
]

EDGES = [
    # the mean falls with each, and what does not vary stays where it is: inverse * (g - mean(g))
    Edge(
        standardised,
        (np.array([2.0, 2.0]), (0,), 0.25),
        (np.array([-1.0, 3.0]),),
        g=(np.array([0.0, 2.0]), np.array([2.0]), np.array([5.0])),
    ),
]
