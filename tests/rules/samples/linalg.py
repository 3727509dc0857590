"""Samples of tapeless/rules/linalg.py."""

import numpy as np

from tapeless.rules.linalg import as_columns, cofactors, cofactors_change, from_columns
from tests.rules.sample import Edge, Sample, array, matrix


def stack(*shape, n=3):
    """Well-conditioned matrices with leading axes."""
    return array(*shape, n, n, seed=len(shape)) + 2.0 * np.eye(n)


A, B = matrix(3), matrix(3, seed=1)
COMPLEX = array(2, 4, 3) - 1j * array(2, 4, 3, seed=1)
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 1.0, 1.0]])

SAMPLES = [
    Sample(np.linalg.solve, (A, array(3)), wrt=(0, 1), complex=True),
    Sample(np.linalg.solve, (A, array(3, 2)), wrt=(0, 1), complex=True),
    Sample(np.linalg.solve, (stack(2), array(2, 3, 4)), wrt=(0, 1), complex=True),
    Sample(np.linalg.solve, (stack(3), array(3)), wrt=(0, 1), complex=True),
    Sample(np.linalg.solve, (stack(3), array(3, 3)), wrt=(0, 1), complex=True),
    Sample(np.linalg.solve, (A, array(2, 3, 4)), wrt=(0, 1)),
    Sample(np.linalg.solve, (stack(2, 1), array(4, 3, 2)), wrt=(0, 1)),
    Sample(np.linalg.solve, (stack(1), array(4, 3, 2)), wrt=(0, 1)),
    Sample(as_columns, (array(2, 3), 1), complex=True),
    Sample(as_columns, (array(2, 3), 2)),
    Sample(from_columns, (array(2, 3, 1), 1), complex=True),
    Sample(from_columns, (array(2, 3), 2)),
    Sample(np.linalg.inv, (A,), complex=True),
    Sample(np.linalg.inv, (stack(2),), complex=True),
    Sample(np.linalg.inv, (matrix(1),)),
    Sample(np.linalg.pinv, (array(3, 3),)),
    Sample(np.linalg.pinv, (array(4, 2),)),
    Sample(np.linalg.pinv, (array(2, 4),)),
    Sample(np.linalg.pinv, (array(2, 4, 3),)),
    Sample(np.linalg.pinv, (array(4, 2),), {"rcond": 1e-10}),
    Sample(np.linalg.pinv, (COMPLEX,), note="complex"),
    Sample(np.linalg.pinv, (COMPLEX[0].T,), note="complex"),
    Sample(np.linalg.slogdet, (COMPLEX[:, :3],), note="complex"),
    Sample(np.linalg.det, (A,), complex=True),
    Sample(np.linalg.det, (array(3, 3),), complex=True, note="negative"),
    Sample(np.linalg.det, (array(4, 4, seed=3)[[1, 0, 2, 3]],), complex=True),
    Sample(np.linalg.det, (stack(2, 2),), complex=True),
    Sample(np.linalg.det, (matrix(1),), complex=True),
    Sample(np.linalg.det, (matrix(2),), complex=True),
    Sample(np.linalg.det, (SINGULAR,), note="singular"),
    Sample(np.linalg.det, (np.zeros((2, 2)),), note="zero"),
    Sample(np.linalg.det, (np.eye(3),), note="equal singular values"),
    Sample(cofactors, (A,), complex=True),
    Sample(cofactors, (array(2, 4, 4),), complex=True),
    Sample(cofactors, (SINGULAR,), order=1, note="singular"),
    Sample(cofactors, (np.zeros((3, 3)),), order=1, note="zero"),
    Sample(cofactors, (np.eye(3),)),
    Sample(cofactors, (matrix(1),)),
    Sample(cofactors_change, (B, A), wrt=(0, 1), complex=True),
    Sample(cofactors_change, (array(2, 4, 4), stack(2, n=4)), wrt=(0, 1), complex=True),
    Sample(cofactors_change, (array(2, 2), matrix(2)), wrt=(0, 1)),
    Sample(cofactors_change, (B, SINGULAR), wrt=(0,)),
    Sample(np.linalg.slogdet, (A,)),
    Sample(np.linalg.slogdet, (-stack(2),)),
    Sample(np.linalg.matrix_power, (A, 0)),
    Sample(np.linalg.matrix_power, (A, 1), complex=True),
    Sample(np.linalg.matrix_power, (A, 2), complex=True),
    Sample(np.linalg.matrix_power, (A, 3), complex=True),
    Sample(np.linalg.matrix_power, (A, 7), complex=True),
    Sample(np.linalg.matrix_power, (A, -1), complex=True),
    Sample(np.linalg.matrix_power, (A, -3), complex=True),
    Sample(np.linalg.matrix_power, (stack(2), 3)),
    Sample(np.linalg.matrix_power, (stack(2), -2)),
    Sample(np.linalg.multi_dot, ([array(2, 3), array(3, 4)],), complex=True),
    Sample(np.linalg.multi_dot, ([array(2, 3), array(3, 4), array(4, 2)],), complex=True),
    Sample(np.linalg.multi_dot, ([array(2, 3), array(3, 4), array(4, 2), array(2, 5)],), complex=True),
    Sample(np.linalg.multi_dot, ([array(3), array(3, 4), array(4, 2)],)),
    Sample(np.linalg.multi_dot, ([array(2, 3), array(3, 4), array(4)],)),
    Sample(np.linalg.multi_dot, ([array(3), array(3, 4), array(4)],)),
    Sample(np.linalg.diagonal, (array(2, 3, 4),), complex=True),
    Sample(np.linalg.diagonal, (array(2, 3, 4),), {"offset": -1}),
    Sample(np.linalg.trace, (array(2, 3, 4),), complex=True),
    Sample(np.linalg.trace, (array(3, 3),), {"offset": 1}),
    Sample(np.linalg.matrix_transpose, (array(4, 2, 3),), complex=True),
]

EDGES = [
    Edge(np.linalg.det, (np.zeros((1, 1)),), (np.ones((1, 1)),)),
    Edge(np.linalg.det, (np.array([[1.0, 2.0], [2.0, 4.0]]),), (np.array([[4.0, -2.0], [-2.0, 1.0]]),)),
    Edge(np.linalg.det, (np.zeros((2, 2)),), (np.zeros((2, 2)),)),
    Edge(np.linalg.det, (np.zeros((3, 3)),), (np.zeros((3, 3)),)),
    Edge(np.linalg.det, (np.diag([2.0, 3.0, 0.0]),), (np.diag([0.0, 0.0, 6.0]),)),
    Edge(np.linalg.det, (np.diag([0.0, 0.0, 5.0]),), (np.zeros((3, 3)),)),
    Edge(np.linalg.det, (np.zeros((0, 0)),), (np.zeros((0, 0)),)),
    Edge(np.linalg.det, (np.zeros((0, 2, 2)),), (np.zeros((0, 2, 2)),)),
    # The second derivative of ad - bc, along the identity.
    Edge(cofactors, (np.zeros((2, 2)),), (np.eye(2),), g=np.eye(2)),
    # Two zeros on the diagonal: det = 5 (xy - zw) to second order; with three, nothing is left.
    Edge(cofactors, (np.diag([0.0, 0.0, 5.0]),), (np.diag([0.0, 5.0, 0.0]),), g=np.diag([1.0, 0.0, 0.0])),
    Edge(cofactors, (np.diag([2.0, 0.0, 5.0]),), (np.diag([0.0, 5.0, 0.0]),), g=np.diag([1.0, 0.0, 0.0])),
    Edge(cofactors, (np.zeros((3, 3)),), (np.zeros((3, 3)),), g=np.ones((3, 3))),
    Edge(np.linalg.inv, (np.array([[2.0]]),), (np.array([[-0.25]]),)),
    Edge(np.linalg.inv, (np.array([[1.0j]]),), (np.array([[1.0 + 0.0j]]),)),
    Edge(np.linalg.inv, (np.zeros((0, 0)),), (np.zeros((0, 0)),)),
    Edge(
        np.linalg.solve,
        (np.array([[2.0]]), np.array([6.0])),
        (np.array([[-1.5]]), np.array([0.5])),
        wrt=(0, 1),
    ),
    # One unknown, 3x = 6 and 4x = 8: x = (3 * 6 + 4 * 8) / 25, nothing remains, and the singular value is 5.
    Edge(
        np.linalg.lstsq,
        (np.array([[3.0], [4.0]]), np.array([6.0, 8.0])),
        (np.array([[-0.24], [-0.32]]), np.array([0.12, 0.16])),
        wrt=(0, 1),
        g=(np.ones(1), np.zeros(1), np.array(0.0), np.zeros(1)),
    ),
    Edge(np.linalg.matrix_power, (np.zeros((2, 2)), 1), (np.ones((2, 2)),)),
    Edge(np.linalg.matrix_power, (np.zeros((2, 2)), 0), (np.zeros((2, 2)),)),
    Edge(np.linalg.pinv, (np.zeros((2, 3)),), (np.zeros((2, 3)),)),
    Edge(np.linalg.pinv, (np.array([[2.0], [0.0]]),), (np.array([[-0.25], [0.25]]),)),
    Edge(
        np.linalg.slogdet,
        (np.array([[-2.0]]),),
        (np.array([[-0.5]]),),
        g=(np.array(7.0), np.array(1.0)),
    ),
]
