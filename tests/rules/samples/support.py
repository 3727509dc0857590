"""Samples of the rows in tapeless/rules/support.py that no family's samples reach."""

import numpy as np

from tapeless.rules.support import as_dtype, of_imaginary, overwrite, spread, unbroadcast
from tests.rules.sample import Edge, Sample, array

SAMPLES = [
    Sample(unbroadcast, (array(2, 3), (3,)), complex=True),
    Sample(unbroadcast, (array(4, 2, 3), (2, 1)), complex=True),
    Sample(unbroadcast, (array(2, 3), ()), complex=True),
    Sample(unbroadcast, (array(2, 3), (2, 3)), complex=True),
    Sample(spread, (array(2), (2, 3), 1, False), complex=True),
    Sample(spread, (array(1, 3), (2, 3), (0,), True)),
    Sample(spread, (array(), (2, 3), None, False)),
    Sample(spread, (array(3), (2, 3, 4), (0, -1), False)),
    Sample(spread, (array(5), (5, 1000), 1, False), note="long"),
    Sample(as_dtype, (array(2, 3), np.dtype(np.float64))),
    Sample(of_imaginary, (array(2, 3), np.dtype(np.complex128)), complex=True),
    Sample(of_imaginary, (array(2, 3), np.dtype(np.float64))),
    Sample(overwrite, (array(2, 3), array(3, seed=1)), wrt=(0, 1)),
    Sample(overwrite, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1)),
    Sample(overwrite, (array(2, 3), array(seed=1)), wrt=(0, 1)),
]

EDGES = [
    # what was there does not matter, not even nan
    Edge(overwrite, (np.full(2, np.nan), np.ones(2)), (np.zeros(2), np.ones(2)), wrt=(0, 1)),
    Edge(spread, (np.ones(2), (2, 0), 1, False), (np.zeros(2),)),
    Edge(unbroadcast, (np.zeros((0, 3)), (3,)), (np.zeros((0, 3)),)),
]
