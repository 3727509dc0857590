"""Samples of tapeless/rules/norms.py."""

import numpy as np

from tapeless.rules.norms import polar, power_or_zero
from tests.rules.sample import Edge, Sample, array, positive

INF = np.inf
V, M, T = array(5), array(3, 4), array(2, 3, 4)
VECTOR_ORDERS = [None, 2, 1, 0, INF, -INF, 3, 2.5, 0.5, -1, -2]
MATRIX_ORDERS = ["fro", "nuc", 1, -1, 2, -2, INF, -INF]
COMPLEX = M - 1j * array(3, 4, seed=1)

SAMPLES = [
    Sample(np.linalg.norm, (M,)),
    Sample(np.linalg.norm, (T,)),
    Sample(np.linalg.norm, (T,), {"keepdims": True}),
    Sample(np.linalg.norm, (array(),)),
    *(Sample(np.linalg.norm, (V, order), note="vector") for order in VECTOR_ORDERS),
    *(Sample(np.linalg.norm, (T, order, 1), note="axis=1") for order in VECTOR_ORDERS),
    *(Sample(np.linalg.norm, (T, order), {"axis": -1, "keepdims": True}) for order in VECTOR_ORDERS),
    *(Sample(np.linalg.norm, (M, order), note="matrix") for order in MATRIX_ORDERS),
    *(Sample(np.linalg.norm, (M, order), {"keepdims": True}, note="matrix") for order in MATRIX_ORDERS),
    *(Sample(np.linalg.norm, (T, order), {"axis": (0, 2)}) for order in [None, *MATRIX_ORDERS]),
    *(Sample(np.linalg.norm, (T, order), {"axis": (-1, 0), "keepdims": True}) for order in MATRIX_ORDERS),
    *(Sample(np.linalg.vector_norm, (T,), {"ord": order}) for order in VECTOR_ORDERS[1:]),
    *(Sample(np.linalg.vector_norm, (T,), {"ord": order, "axis": (0, -1)}) for order in VECTOR_ORDERS[1:]),
    Sample(np.linalg.vector_norm, (M,)),
    Sample(np.linalg.vector_norm, (T,), {"axis": 1, "keepdims": True}),
    Sample(np.linalg.vector_norm, (T,), {"keepdims": True}),
    *(Sample(np.linalg.matrix_norm, (T,), {"ord": order}) for order in MATRIX_ORDERS),
    *(Sample(np.linalg.matrix_norm, (T,), {"ord": order, "keepdims": True}) for order in MATRIX_ORDERS),
    *(Sample(np.linalg.norm, (COMPLEX[0], order), note="complex") for order in [None, 1, INF, -INF, 3, 0.5]),
    *(Sample(np.linalg.norm, (COMPLEX, order), note="complex") for order in [None, *MATRIX_ORDERS]),
    Sample(polar, (COMPLEX,), note="complex"),
    Sample(polar, (COMPLEX.T,), note="complex"),
    Sample(polar, (COMPLEX[:, :3],), note="complex"),
    Sample(polar, (array(3, 3),)),
    Sample(polar, (array(2, 4, 3),)),
    Sample(polar, (array(2, 4),)),
    Sample(polar, (2.0 * np.eye(3),), order=1, note="equal singular values"),
    Sample(power_or_zero, (positive(3), 1.5)),
    Sample(power_or_zero, (positive(3), -0.5)),
]

ZERO, ZEROS = np.zeros(3), np.zeros((2, 2))
EDGES = [
    *(
        Edge(np.linalg.norm, (ZERO, order), (ZERO,), note=str(order))
        for order in [None, 2, 1, INF, 3, 1.5, 0]
    ),
    *(Edge(np.linalg.norm, (ZEROS, order), (ZEROS,), note=str(order)) for order in [None, *MATRIX_ORDERS]),
    *(Edge(np.linalg.vector_norm, (ZEROS,), (ZEROS,), {"ord": order}) for order in [2, 1, INF, 3]),
    *(Edge(np.linalg.matrix_norm, (ZEROS,), (ZEROS,), {"ord": order}) for order in MATRIX_ORDERS),
    Edge(np.linalg.norm, (np.array(0.0),), (np.array(0.0),)),
    Edge(
        np.linalg.norm,
        (np.array([[0.0, 0.0], [3.0, 4.0]]),),
        (np.array([[0.0, 0.0], [0.6, 0.8]]),),
        {"axis": 1},
    ),
    Edge(np.linalg.norm, (np.array([3.0, -3.0, 1.0]), INF), (np.array([0.5, -0.5, 0.0]),)),
    Edge(np.linalg.norm, (np.array([1.0, -1.0, 2.0]), -INF), (np.array([0.5, -0.5, 0.0]),)),
    Edge(np.linalg.norm, (np.array([2.0, 0.0, -5.0]), 1), (np.array([1.0, 0.0, -1.0]),)),
    Edge(np.linalg.norm, (np.array([2.0, 0.0]), 3), (np.array([1.0, 0.0]),)),
    Edge(np.linalg.norm, (np.array([[1.0, -1.0], [2.0, 2.0]]), 1), (np.array([[0.5, -0.5], [0.5, 0.5]]),)),
    Edge(np.linalg.norm, (np.eye(2), 2), (np.eye(2) / 2,)),
    Edge(np.linalg.norm, (np.eye(2), -2), (np.eye(2) / 2,)),
    Edge(np.linalg.norm, (np.eye(2), "nuc"), (np.eye(2),)),
    Edge(np.linalg.norm, (np.diag([3.0, 0.0]), "nuc"), (np.diag([1.0, 0.0]),)),
    Edge(np.linalg.norm, (np.array([3.0j, 4.0]),), (np.array([-0.6j, 0.8]),)),
    Edge(np.linalg.norm, (np.array([3.0j, 4.0]), 1), (np.array([-1.0j, 1.0]),)),
    Edge(np.linalg.norm, (np.array([INF, 1.0]), 1), (np.array([1.0, 1.0]),)),
    Edge(np.linalg.norm, (np.array([np.nan, 1.0]), INF), (np.array([np.nan, np.nan]),)),
    Edge(np.linalg.norm, (np.zeros(0),), (np.zeros(0),)),
    Edge(np.linalg.norm, (np.zeros((0, 3)),), (np.zeros((0, 3)),), {"axis": 1}),
    Edge(polar, (ZEROS,), (ZEROS,)),
    Edge(power_or_zero, (np.array([0.0, 4.0]), 0.5), (np.array([0.0, 0.25]),)),
]
