"""Samples of tapeless/rules/own.py."""

from tapeless.rules.own import own_cotangent
from tapeless.rules.support import layout_of
from tests.rules.sample import Edge, Sample, array

x = array(2, 3)

SAMPLES = [
    Sample(own_cotangent, (x, layout_of(x), "f"), complex=False),
    Sample(own_cotangent, (0.3, layout_of(0.5), "f")),
]

EDGES: list[Edge] = []
