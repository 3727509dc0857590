"""Samples of tapeless/rules/decompositions.py."""

import numpy as np

from tapeless.rules.decompositions import (
    adjoint_if,
    gap_reciprocals,
    phase_free,
    reduced_columns,
    tril_half,
    zero_columns_after,
)
from tests.rules.sample import Edge, Sample, array, matrix


def symmetric(n, *lead):
    """Positive definite, with distinct eigenvalues."""
    a = array(*lead, n, n, seed=n)
    return a @ np.swapaxes(a, -1, -2) + np.diag(np.arange(1.0, n + 1.0))


def complex_array(*shape, seed=0):
    return array(*shape, seed=seed) + 1j * array(*shape, seed=seed + 100)


def hermitian(n):
    a = complex_array(n, n, seed=n)
    return a @ a.conj().T + np.diag(np.arange(1.0, n + 1.0))


H, STACK = symmetric(3), symmetric(3, 2)

SAMPLES = [
    Sample(np.linalg.cholesky, (H,)),
    Sample(np.linalg.cholesky, (STACK,)),
    Sample(np.linalg.cholesky, (H,), {"upper": True}),
    Sample(np.linalg.cholesky, (STACK,), {"upper": True}),
    Sample(np.linalg.cholesky, (symmetric(1),)),
    Sample(np.linalg.qr, (matrix(3),)),
    Sample(np.linalg.qr, (array(4, 2),)),
    Sample(np.linalg.qr, (array(2, 4, 3),)),
    Sample(np.linalg.eigh, (H,)),
    Sample(np.linalg.eigh, (STACK,)),
    Sample(np.linalg.eigh, (H, "U")),
    Sample(np.linalg.eigh, (H, "u")),
    Sample(np.linalg.eigh, (symmetric(1),)),
    Sample(np.linalg.eigvalsh, (H,)),
    Sample(np.linalg.eigvalsh, (STACK,)),
    Sample(np.linalg.eigvalsh, (H,), {"UPLO": "U"}),
    Sample(np.linalg.eigvals, (H,), complex=True),
    Sample(np.linalg.eigvals, (STACK,), complex=True),
    Sample(np.linalg.svd, (matrix(3),)),
    Sample(np.linalg.svd, (array(2, 3, 3),)),
    Sample(np.linalg.svd, (matrix(3),), {"full_matrices": False}),
    Sample(np.linalg.svd, (array(4, 2),), {"full_matrices": False}),
    Sample(np.linalg.svd, (array(2, 4),), {"full_matrices": False}),
    Sample(np.linalg.svd, (array(2, 4, 3),), {"full_matrices": False}),
    Sample(np.linalg.svd, (array(4, 3),), {"compute_uv": False}),
    Sample(np.linalg.svdvals, (array(4, 3),)),
    Sample(np.linalg.svdvals, (array(2, 3, 4),)),
    Sample(np.linalg.cholesky, (hermitian(3),), note="hermitian"),
    Sample(np.linalg.cholesky, (hermitian(3),), {"upper": True}, note="hermitian"),
    Sample(np.linalg.qr, (complex_array(3, 3),), note="complex"),
    Sample(np.linalg.qr, (complex_array(4, 2),), note="complex"),
    Sample(np.linalg.eigvalsh, (hermitian(3),), note="hermitian"),
    Sample(np.linalg.eigvalsh, (hermitian(3), "U"), note="hermitian"),
    Sample(np.linalg.svdvals, (complex_array(4, 2),), note="complex"),
    Sample(np.linalg.svd, (complex_array(2, 4),), {"compute_uv": False}, note="complex"),
    Sample(adjoint_if, (complex_array(3, 3), True), note="complex"),
    Sample(adjoint_if, (array(2, 3), False), complex=True),
    Sample(adjoint_if, (array(2, 3, 4), True)),
    Sample(tril_half, (array(2, 3, 3),), complex=True),
    Sample(gap_reciprocals, (np.array([1.0, 3.0, 3.5]),), complex=True),
    Sample(gap_reciprocals, (np.array([[1.0, 3.0, 3.5], [2.0, -1.0, 0.0]]),)),
    Sample(phase_free, (array(3, 3),)),
    Sample(zero_columns_after, (array(2, 3), 5), complex=True),
    Sample(zero_columns_after, (array(4, 2, 3), 3)),
]

ZEROS = np.zeros((2, 2))
ONE_TWO = np.array([1.0, 2.0])
# From NumPy 2.5 on the vectors are always complex, and a random cotangent would depend on their phase.
if np.linalg.eig(np.eye(2)).eigenvectors.dtype.kind == "f":
    SAMPLES += [
        Sample(np.linalg.eig, (H,), note="real"),
        Sample(np.linalg.eig, (STACK + array(2, 3, 3, seed=9) / 10,), note="real"),
    ]

EDGES = [
    Edge(np.linalg.cholesky, (np.array([[4.0]]),), (np.array([[0.25]]),)),
    # Only the triangle that is read: l[1, 0] = a[1, 0] / l[0, 0] and l[1, 1] = sqrt(a[1, 1] - l[1, 0]**2).
    Edge(np.linalg.cholesky, (np.eye(2),), (np.array([[0.5, 0.0], [1.0, 0.5]]),)),
    Edge(np.linalg.cholesky, (np.eye(2),), (np.array([[0.5, 1.0], [0.0, 0.5]]),), {"upper": True}),
    Edge(np.linalg.eigvalsh, (np.eye(2),), (np.eye(2),), note="equal eigenvalues"),
    Edge(np.linalg.eigvalsh, (ZEROS,), (np.eye(2),)),
    Edge(np.linalg.eigvalsh, (np.diag(ONE_TWO),), (np.diag([5.0, 7.0]),), g=np.array([5.0, 7.0])),
    Edge(np.linalg.eigh, (np.eye(2),), (np.eye(2),), g=(np.ones(2), ZEROS), note="equal eigenvalues"),
    Edge(np.linalg.eigh, (ZEROS,), (np.eye(2),), g=(np.ones(2), ZEROS), note="zero"),
    Edge(np.linalg.eigh, (np.zeros((0, 0)),), (np.zeros((0, 0)),)),
    Edge(np.linalg.eig, (np.diag(ONE_TWO),), (np.eye(2),), g=(np.ones(2), ZEROS), note="values alone"),
    Edge(np.linalg.eigvals, (np.diag(ONE_TWO),), (np.eye(2),)),
    # Both eigenvalues are complex; their sum is the trace.
    Edge(np.linalg.eigvals, (np.array([[0.0, -1.0], [1.0, 0.0]]),), (np.eye(2),)),
    Edge(np.linalg.svdvals, (np.eye(2),), (np.eye(2),)),
    Edge(np.linalg.svdvals, (-np.eye(2),), (-np.eye(2),)),
    Edge(np.linalg.svd, (np.eye(2),), (np.eye(2),), g=(ZEROS, np.ones(2), ZEROS)),
    Edge(
        np.linalg.svd, (np.diag([2.0, 0.0]),), (np.diag([1.0, 0.0]),), g=(ZEROS, np.array([1.0, 0.0]), ZEROS)
    ),
    Edge(
        np.linalg.svd,
        (np.array([[3.0], [0.0]]),),
        (np.array([[1.0], [0.0]]),),
        g=(ZEROS, np.ones(1), np.zeros((1, 1))),
        note="full",
    ),
    Edge(np.linalg.svdvals, (np.zeros((0, 3)),), (np.zeros((0, 3)),)),
    Edge(gap_reciprocals, (np.array([1.0, 1.0]),), (np.zeros(2),)),
    Edge(reduced_columns, (np.array([[1.0, 0.0]]), 1), (np.array([[1.0, 0.0]]),)),
]
