"""Samples of tapeless/rules/lists.py, as far as arrays go: containers are what the source road's tests try."""

from tapeless.rules.lists import added
from tests.rules.sample import Edge, Sample, array

SAMPLES = [
    Sample(added, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1), complex=True),
    Sample(added, (array(), array(seed=1)), wrt=(0, 1)),
]

EDGES: list[Edge] = []
