"""Samples of tapeless/rules/extremes.py."""

import numpy as np

from tapeless.rules.extremes import share_ties, ties_of
from tests.rules.sample import Edge, Sample, array, distinct

nan, inf = np.nan, np.inf
CUBE = distinct(2, 3, 4)
MASK = distinct(2, 3, 4, seed=5) > -0.3
TIED = np.array([[3.0, 1.0, 3.0], [3.0, 2.0, 1.0]])
AXES = [
    {},
    {"axis": 0},
    {"axis": -1},
    {"axis": (0, 2)},
    {"axis": 1, "keepdims": True},
    {"axis": None, "keepdims": True},
    {"axis": (-1, 0), "keepdims": True},
]
MASKED = [{"axis": 1, "where": MASK}, {"axis": (0, 2), "keepdims": True, "where": MASK}]
HIGHEST = [np.max, np.amax, np.nanmax, np.maximum.reduce, np.fmax.reduce]
LOWEST = [np.min, np.amin, np.nanmin, np.minimum.reduce, np.fmin.reduce]
MIDDLE = [np.median, np.nanmedian]
QUANTILES = [(np.quantile, 0.3), (np.nanquantile, 0.7), (np.quantile, np.array([[0.0, 0.55, 1.0]]))]
QUANTILES += [(np.percentile, 30.0), (np.nanpercentile, np.array([10.0, 90.0]))]

SAMPLES = [
    *(Sample(f, (CUBE,), kwargs) for f in (*HIGHEST, *LOWEST, *MIDDLE, np.ptp) for kwargs in AXES),
    *(Sample(f, (CUBE,), kwargs | {"initial": -9.0}) for f in HIGHEST for kwargs in MASKED),
    *(Sample(f, (CUBE,), kwargs | {"initial": 9.0}) for f in LOWEST for kwargs in MASKED),
    *(Sample(f, (CUBE, 1, None, True, 0.1), {}) for f in (np.max, np.min)),
    Sample(share_ties, (array(2, 1, 4), ties_of(CUBE, CUBE.max(1, keepdims=True), 1)), complex=True),
    Sample(
        share_ties, (array(2, 1, 4), ties_of(CUBE, CUBE.max(1, keepdims=True), 1, 0.1, MASK)), note="masked"
    ),
    Sample(share_ties, (array(2, 1), ties_of(TIED, TIED.max(1, keepdims=True), 1)), note="ties"),
    *(Sample(f, (np.array(0.7),), {"axis": None}) for f in (*HIGHEST, *LOWEST, *MIDDLE, np.ptp)),
    *(Sample(f, (np.array(0.7),), {"axis": 0}) for f in (np.max, np.ptp)),
    *(Sample(f, (distinct(5),), {}) for f in MIDDLE),
    *(Sample(f, (distinct(3, 2, 3), [0, 2]), {}) for f in MIDDLE),
    *(Sample(f, (CUBE, q), kwargs) for f, q in QUANTILES for kwargs in AXES),
    *(Sample(f, (np.array(0.7), q)) for f, q in QUANTILES),
    Sample(np.quantile, (CUBE, 0.3, [0, 2])),
]

TIES = np.array([3.0, 1.0, 3.0, 1.0])
ROWS = np.array([[3.0, 1.0], [3.0, 3.0]])
WITH_NAN = np.array([1.0, nan, nan])
NONE = np.zeros((2, 0))
PLACES = np.array([3.0, 1.0, 3.0])
EDGES = [
    *(Edge(f, (TIES,), (np.array([0.5, 0.0, 0.5, 0.0]),)) for f in HIGHEST),
    *(Edge(f, (TIES,), (np.array([0.0, 0.5, 0.0, 0.5]),)) for f in LOWEST),
    Edge(np.max, (ROWS,), (np.array([[2.0, 0.0], [1.5, 1.5]]),), {"axis": 1}, g=np.array([2.0, 3.0])),
    Edge(np.max, (ROWS.T,), (np.array([[2.0, 1.5], [0.0, 1.5]]),), {"axis": 0}, g=np.array([2.0, 3.0])),
    Edge(np.max, (ROWS.astype(np.float32),), (np.array([[1.0, 0.0], [0.5, 0.5]], np.float32),), {"axis": 1}),
    Edge(np.max, (WITH_NAN,), (np.array([0.0, 0.5, 0.5]),)),
    Edge(np.min, (WITH_NAN,), (np.array([0.0, 0.5, 0.5]),)),
    Edge(np.nanmax, (WITH_NAN,), (np.array([1.0, 0.0, 0.0]),)),
    Edge(np.fmin.reduce, (WITH_NAN,), (np.array([1.0, 0.0, 0.0]),)),
    Edge(np.max, (np.array([1.0, inf, -inf]),), (np.array([0.0, 1.0, 0.0]),)),
    Edge(np.max, (np.array([1.0, 2.0]),), (np.array([0.0, inf]),), g=inf),
    Edge(np.max, (TIES,), (np.zeros(4),), {"initial": 5.0}),
    Edge(np.max, (TIES,), (np.array([1 / 3, 0.0, 1 / 3, 0.0]),), {"initial": 3.0}),
    Edge(np.max, (NONE,), (NONE,), {"axis": 1, "initial": 3.0}),
    Edge(np.min, (np.zeros((0, 2)),), (np.zeros((0, 2)),), {"axis": 1}),
    Edge(np.max, (TIES,), (np.array([0.0, 0.0, 0.0, 1.0]),), {"initial": -1.0, "where": np.arange(4) == 3}),
    Edge(np.ptp, (TIES,), (np.array([0.5, -0.5, 0.5, -0.5]),)),
    Edge(np.ptp, (np.array([2.0, 2.0]),), (np.zeros(2),)),
    Edge(np.median, (np.array([1.0, 3.0, 3.0]),), (np.array([0.0, 0.5, 0.5]),)),
    Edge(np.median, (TIES,), (np.full(4, 0.25),)),
    Edge(np.median, (np.array([4.0, 1.0, 2.0, 9.0]),), (np.array([0.5, 0.0, 0.5, 0.0]),)),
    Edge(np.nanmedian, (np.array([4.0, nan, 1.0]),), (np.array([0.5, 0.0, 0.5]),)),
    Edge(np.nanmedian, (np.array([4.0, nan, 1.0, 9.0]),), (np.array([1.0, 0.0, 0.0, 0.0]),)),
    Edge(np.median, (np.array([4.0, nan, 1.0]),), (np.array([0.0, 1.0, 0.0]),)),
    Edge(np.quantile, (TIES, 0.25), (np.array([0.0, 0.5, 0.0, 0.5]),)),
    Edge(np.quantile, (np.array([4.0, 0.0, 2.0]), 0.25), (np.array([0.0, 0.5, 0.5]),)),
    Edge(np.percentile, (np.array([4.0, 0.0, 2.0]), [0, 50, 75]), (np.array([1.5, 3.0, 2.5]),), g=PLACES),
    Edge(np.quantile, (np.array([4.0, nan]), 0.0), (np.array([0.0, 1.0]),)),
    Edge(np.nanquantile, (np.array([4.0, nan, 2.0]), 0.25), (np.array([0.25, 0.0, 0.75]),)),
    Edge(
        np.nanpercentile,
        (np.array([4.0, nan, 2.0], np.float32), 100),
        (np.array([1.0, 0.0, 0.0], np.float32),),
    ),
]
