"""tapeless/rules/schedule.py: whole numbers only."""

from tests.rules.sample import Edge, Sample

SAMPLES: list[Sample] = []
EDGES: list[Edge] = []
