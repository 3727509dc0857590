"""Arrays with several names while they are written: rows of loops, names that a branch chooses, buffers."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([1.2, 0.4, 0.9])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
C = np.linspace(-1.0, 1.5, 12).reshape(2, 3, 2)


# Rows of loops ---------------------------------------------------------------------------------------


@program(M)
def rows_filled(A):
    B = A * 2.0
    for row in B:
        row[:] = np.sin(row) * A[0]
    return np.sum(B * A)


@program(M)
def rows_scaled_and_summed(A):
    B = A * 1.0
    total = 0.0
    for k, row in enumerate(B):
        row *= k + 2
        row[0] += row[1] ** 2
        total += row[2] * B[0, 1]
    return total * np.sum(B)


@program(M, M[::-1] * 0.5, wrt=(0, 1))
def rows_of_two_arrays(A, Z):
    B, D = A * 1.0, Z * 2.0
    for b, d in zip(B, D):
        b += d
        d[1:] *= b[:2]
    return np.sum(B * D)


@program(M)
def rows_in_reverse_with_the_one_before(A):
    B = A * 1.0
    before = np.zeros(3)
    for row in reversed(B):
        row += before * A[0]
        before = row.copy()
    return np.sum(B * A)


@program(C)
def rows_of_rows(T):
    B = T * 1.0
    for plane in B:
        for row in plane:
            row[1] = row[0] * row[1]
            plane[0] += row[1]
    return np.sum(B * T)


@program(M)
def rows_of_the_argument(A):
    for row in A:
        row -= np.mean(row)
        row /= np.sqrt(np.sum(row**2))
    return np.sum(A * np.arange(6).reshape(2, 3))


@program(M)
def rows_of_a_transpose(A):
    B = A * 1.0
    for column in B.T:
        column[1] *= column[0]
    return np.sum(B**2)


def softmax_in_place(row):
    row -= np.max(row)
    np.exp(row, out=row)
    row /= np.sum(row)


@program(M)
def rows_written_by_a_helper(A):
    B = A * 1.0
    for row in B:
        softmax_in_place(row)
    for i in range(2):
        softmax_in_place(B[i])
    return np.sum(B * A)


@program(np.zeros((0, 3)), V, wrt=1)
def rows_of_nothing(A, x):
    B = A * 1.0
    for row in B:
        row *= x
    return np.sum(B) + np.sum(x**2)


@program(M)
def rows_in_a_branch(A):
    B = A * 1.0
    for row in B:
        if row[0] > 1:
            row *= A[0]
        else:
            row[1:] += row[:2] ** 2
            continue
        row[0] = 2.0
    return np.sum(B**2)


@program(M)
def rows_until_one_fits(A):
    B = A * 1.0
    for row in B:
        row *= 2.0
        if np.sum(row) > 1:
            break
    else:
        B[0, 0] = 7.0
    return np.sum(B**2 * A)
