"""Samples of tapeless/rules/statistics.py."""

import numpy as np

from tapeless.rules.statistics import variables, variables_transposed
from tests.rules.sample import Edge, Sample, array

BOTH = (0, 1)
M, ROW = array(3, 5), array(5, seed=1)
Z = M + 1j * array(3, 5, seed=2)

SAMPLES = [
    *(Sample(f, (M,)) for f in (np.cov, np.corrcoef)),
    *(Sample(f, (M, ROW), wrt=wrt) for f in (np.cov, np.corrcoef) for wrt in (BOTH, (0,), (1,))),
    *(Sample(f, (M, array(2, 5, seed=3)), wrt=BOTH) for f in (np.cov, np.corrcoef)),
    *(Sample(f, (M.T,), {"rowvar": False}) for f in (np.cov, np.corrcoef)),
    *(Sample(f, (M.T, ROW), {"rowvar": False}, wrt=BOTH) for f in (np.cov, np.corrcoef)),
    *(Sample(f, (M.T, array(5, 2)), {"rowvar": False}, wrt=BOTH) for f in (np.cov, np.corrcoef)),
    *(Sample(f, (M.T, array(1, 5)), {"rowvar": False}, wrt=BOTH) for f in (np.cov, np.corrcoef)),
    *(
        Sample(f, (ROW, array(5)), {"rowvar": rowvar}, wrt=BOTH)
        for f in (np.cov,)
        for rowvar in (True, False)
    ),
    *(Sample(f, (Z,), note="complex") for f in (np.cov, np.corrcoef)),
    *(Sample(f, (Z, ROW), wrt=BOTH, note="complex") for f in (np.cov, np.corrcoef)),
    Sample(np.cov, (ROW,)),
    Sample(np.cov, (array(1, 5),)),
    Sample(np.cov, (M,), {"bias": True}),
    Sample(np.cov, (M,), {"ddof": 2}),
    Sample(np.corrcoef, (ROW,)),
    Sample(variables, (M, 4, True, True)),
    Sample(variables, (M.T, 4, False, False)),
    Sample(variables_transposed, (M, (2, 5), True, True)),
    Sample(variables_transposed, (M, (5, 2), False, False)),
]

EDGES = [
    # The variances of (0, 2) and (1, 1) and twice their covariance: 2, 0, 0.
    Edge(np.cov, (np.array([[0.0, 2.0], [1.0, 1.0]]),), (np.array([[-2.0, 2.0], [-2.0, 2.0]]),)),
    Edge(np.cov, (np.array([0.0, 2.0]),), (np.array([-2.0, 2.0]),)),
    Edge(np.cov, (np.array([0.0, 2.0], np.float32),), (np.array([-2.0, 2.0], np.float32),), note="float32"),
    Edge(np.corrcoef, (np.array([[0.0, 2.0], [3.0, 1.0]]),), (np.zeros((2, 2)),), note="opposite"),
]
