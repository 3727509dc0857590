"""Samples of tapeless/rules/running.py."""

import numpy as np

from tests.rules.sample import Edge, Sample, distinct

nan, inf = np.nan, np.inf
RUNNING = [f.accumulate for f in (np.maximum, np.minimum, np.fmax, np.fmin)]
SAMPLES = [
    *(Sample(f, (distinct(3, 4, 2), *axis)) for f in RUNNING for axis in ((), (1,), (-1,))),
    *(Sample(f, (distinct(6), 0, np.float64)) for f in RUNNING),
]
EDGES = [
    Edge(
        np.maximum.accumulate,
        (np.array([1.0, 3.0, 3.0, 2.0]),),
        (np.array([1.0, 3.0, 0.0, 0.0]),),
        note="ties",
    ),
    Edge(np.minimum.accumulate, (np.array([2.0, 2.0, 1.0]),), (np.array([2.0, 0.0, 1.0]),), note="ties"),
    Edge(np.maximum.accumulate, (np.array([-0.0, 0.0]),), (np.array([2.0, 0.0]),), note="zeros"),
    Edge(np.maximum.accumulate, (np.array([-inf, -inf, inf]),), (np.array([2.0, 0.0, 1.0]),)),
    Edge(np.maximum.accumulate, (np.array([1.0, nan, 3.0]),), (np.array([1.0, 2.0, 0.0]),), note="nan"),
    Edge(
        np.fmax.accumulate, (np.array([nan, 1.0, nan, 3.0]),), (np.array([1.0, 2.0, 0.0, 1.0]),), note="nan"
    ),
    *(Edge(f, (np.zeros(0),), (np.zeros(0),), note="empty") for f in RUNNING),
    Edge(np.maximum.accumulate, (np.zeros((2, 0)), 1), (np.zeros((2, 0)),), note="empty"),
]
