"""Samples of tapeless/rules/lists.py on arrays; the source road tries containers."""

from tapeless.rules.lists import added, placed
from tests.rules.sample import Edge, Sample, array

SAMPLES = [
    Sample(added, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1), complex=True),
    Sample(added, (array(), array(seed=1)), wrt=(0, 1)),
    Sample(placed, (array(3), array(2, 3), 1), complex=True),
    Sample(placed, (array(2, 3), array(4, 3), slice(1, 3))),
]

EDGES: list[Edge] = []
