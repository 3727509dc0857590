"""Samples of tapeless/rules/sorting.py."""

import numpy as np

from tests.rules.sample import Edge, Sample, distinct

CUBE = distinct(3, 4, 5)
WEIGHTS = np.array([1.0, 20.0, 300.0])
nan = np.nan
MANY = distinct(300)

SAMPLES = [
    *(Sample(np.sort, (CUBE,), {"axis": axis}) for axis in (-1, 0, 1, None)),
    Sample(np.sort, (CUBE, 1, "heapsort")),
    Sample(np.sort, (CUBE,), {"stable": True}),
    Sample(np.sort, (distinct(6),)),
    Sample(np.sort, (distinct(5) + 1j * distinct(5, seed=1),), note="complex"),
    *(Sample(np.partition, (CUBE, 2), {"axis": axis}) for axis in (-1, 0, 1, None)),
    Sample(np.partition, (CUBE, (1, 3)), {"axis": 2}),
    *(Sample(np.partition, (MANY, kth)) for kth in (0, 7, 150, 299)),
]

EDGES = [
    Edge(np.sort, (np.array([1.0, 1.0, 0.0]),), (np.array([20.0, 300.0, 1.0]),), g=WEIGHTS, note="ties"),
    Edge(np.sort, (np.array([1.0, 1.0, 0.0]), -1, "heapsort"), (np.array([20.0, 300.0, 1.0]),), g=WEIGHTS),
    Edge(np.sort, (np.array([nan, np.inf, 0.0]),), (np.array([300.0, 20.0, 1.0]),), g=WEIGHTS),
    Edge(np.sort, (np.zeros((0, 3)),), (np.zeros((0, 3)),), {"axis": 0}),
    Edge(np.sort, (np.zeros((0, 3)),), (np.zeros((0, 3)),), {"axis": None}, g=np.zeros(0)),
    Edge(np.partition, (np.array([1.0, 1.0, 0.0]), 0), (np.array([20.0, 300.0, 1.0]),), g=WEIGHTS),
]
