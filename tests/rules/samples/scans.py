"""Samples of tapeless/rules/scans.py."""

import numpy as np

from tapeless.rules.scans import (
    diff_transposed,
    products_before,
    recurrence_down,
    recurrence_up,
    shifted_down,
    shifted_up,
)
from tests.rules.sample import Edge, Sample, array

nan = np.nan
CUBE = array(2, 3, 4)
SCANS = [np.cumsum, np.cumprod, np.nancumsum, np.nancumprod]
CUMULATIVE = [
    getattr(np, name) for name in ("cumulative_sum", "cumulative_prod") if hasattr(np, name)
]  # NumPy 2.1
SAMPLES = [
    *(Sample(f, (CUBE,), {"axis": axis}, complex=True) for f in SCANS for axis in (None, 0, 1, -1)),
    *(Sample(f, (np.array(0.7),), {"axis": axis}) for f in SCANS for axis in (None, 0)),
    *(Sample(f, (CUBE, 1, np.float64), {}) for f in SCANS),
    *(Sample(f, (CUBE, *axis)) for f in (np.add.accumulate, np.multiply.accumulate) for axis in ((), (-1,))),
    *(Sample(f, (array(5),)) for f in (np.add.accumulate, np.multiply.accumulate)),
    *(Sample(f, (CUBE,), {"axis": -2}) for f in CUMULATIVE),
    *(Sample(f, (array(5),)) for f in CUMULATIVE),
    *(Sample(np.diff, (CUBE, n), {"axis": axis}, complex=True) for n in (0, 1, 2, 3) for axis in (-1, 1, 0)),
    Sample(diff_transposed, (array(2, 1, 4), (2, 3, 4), 2, 1)),
    *(Sample(f, (array(2, n),), complex=True) for f in (shifted_up, shifted_down) for n in (1, 4)),
    *(Sample(products_before, (array(2, n),), complex=True) for n in (1, 2, 5, 9)),
    *(
        Sample(f, (array(2, n), array(2, n, seed=1)), wrt=(0, 1), complex=True)
        for f in (recurrence_up, recurrence_down)
        for n in (1, 2, 5, 9)
    ),
]

EDGES = [
    Edge(np.cumprod, (np.array([2.0, 0.0, 3.0]),), (np.array([1.0, 8.0, 0.0]),)),
    Edge(np.cumprod, (np.array([0.0, 0.0, 3.0]),), (np.array([1.0, 0.0, 0.0]),)),
    Edge(np.cumprod, (np.array([0.0, 2.0, 3.0]),), (np.array([9.0, 0.0, 0.0]),)),
    Edge(np.nancumprod, (np.array([2.0, nan, 3.0]),), (np.array([5.0, 0.0, 2.0]),)),
    Edge(np.nancumsum, (np.array([2.0, nan, 3.0]),), (np.array([3.0, 0.0, 1.0]),)),
    Edge(
        np.cumsum,
        (np.array([1.0, 2.0, 3.0]),),
        (np.array([321.0, 320.0, 300.0]),),
        g=np.array([1.0, 20.0, 300.0]),
    ),
    Edge(np.diff, (np.array([1.0, 2.0, 4.0]),), (np.array([-1.0, 0.0, 1.0]),)),
    Edge(np.diff, (np.array([1.0, 2.0]), 3), (np.zeros(2),), note="of nothing"),
    *(Edge(f, (np.zeros((2, 0)),), (np.zeros((2, 0)),), {"axis": 1}) for f in (*SCANS, np.diff)),
    *(Edge(f, (np.zeros((0, 2)),), (np.zeros((0, 2)),), {"axis": 1}) for f in (*SCANS, np.diff)),
]
