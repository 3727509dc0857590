"""Samples of tapeless/rules/lists.py on arrays; containers of them are tried by the tests of the source road."""

from tapeless.rules.lists import added
from tests.rules.sample import Edge, Sample, array

SAMPLES = [
    Sample(added, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1), complex=True),
    Sample(added, (array(), array(seed=1)), wrt=(0, 1)),
]

EDGES: list[Edge] = []
