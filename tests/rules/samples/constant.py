"""Samples of tapeless/rules/constant.py: where something flows after all."""

import numpy as np

from tests.rules.sample import Edge, Sample, array

places = np.array([0, 2, 2, 5])

SAMPLES = [
    Sample(np.bincount, (places, array(4)), wrt=(1,)),
    Sample(np.bincount, (places, array(4), 9), wrt=(1,)),
]
EDGES: list[Edge] = [
    Edge(np.bincount, (np.array([], int), np.array([])), (np.array([]),), {"minlength": 2}, wrt=(1,)),
]
