"""np.put, np.fill_diagonal, np.place and their like, and `ufunc.at`."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([1.2, 0.4, 0.9])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])
T = np.arange(1.0, 9.0).reshape(4, 2) / 4


@program(S)
def diagonal_of_a_number(A):
    B = A * A
    np.fill_diagonal(B, A[0, 1] ** 2)
    np.fill_diagonal(B[1:], 3.0)
    return np.sum(B * A)


@program(T, V)
def diagonal_of_a_tall_matrix(A, x):
    B = A * 2
    np.fill_diagonal(B, A[0])
    C = A * 2
    np.fill_diagonal(C, A[1], wrap=True)
    return np.sum(B * C * A)


@program(V, tape=False)
def diagonal_with_values_in_turn(x):
    A = np.ones((5, 5))
    np.fill_diagonal(A, x)
    B = np.ones((2, 4))
    np.fill_diagonal(B, val=x**2)
    return np.sum(A @ A) + np.sum(B**3)


@program(V, tape=False)
def diagonal_of_a_cube(x):
    A = np.zeros((3, 3, 3))
    np.fill_diagonal(A, x**2)
    A[0, 0, 0] *= x[1]
    np.fill_diagonal(A[1], x[2])
    return np.sum(A**2)


@program(V, tape=False)
def diagonal_of_a_list(x):
    A = np.zeros((2, 2))
    np.fill_diagonal(A, [x[0] ** 2, x[1]])
    return np.sum(A @ A)


@program(S)
def diagonal_in_a_loop(A):
    B = A * 1.0
    for k in range(3):
        np.fill_diagonal(B, np.diag(B) * A[k])
        B[k, 0] += B[k, k] ** 2
    return np.sum(B)


@program(V)
def diagonal_that_is_read_before(x):
    A = np.outer(x, x)
    before = np.trace(A) * A[1, 1]
    if x[0] > 0:
        np.fill_diagonal(A, x)
    return before * np.sum(A**2)


@program(V)
def put_with_repeats(x):
    y = x * 2
    np.put(y, [0, 2, 0], x**2)
    return np.sum(y * x) + y[0] ** 2


@program(M)
def put_into_a_matrix(A):
    B = A * 2
    np.put(B, [[0, 5], [-2, 3]], A[0, :2] ** 2)
    B.put(1, A[1, 1] * 3)
    return np.sum(B * B)


@program(V, tape=False)
def put_with_modes(x):
    y = x * 2
    np.put(y, [4, -1], [x[0] ** 2, 3.0], mode="wrap")
    y.put(9, x[1], mode="clip")
    return np.sum(y**2)


@program(V, tape=False)
def put_too_many_and_too_few(x):
    y = x * 2
    np.put(y, [1], x**2)
    np.put(a=y, ind=[0, 2], v=x[1])
    return np.sum(y**2)


@program(V)
def put_nothing(x):
    y = x * 2
    np.put(y, [0, 1], x[3:])
    return np.sum(y**2)


@program(np.array([0.7, -1.3, 2.1, 0.3]), np.array([2, 0]))
def put_at_indices_of_an_argument(x, where):
    y = x * 1.0
    for k in range(2):
        np.put(y, where + k, y[:2] * x[k])
    return np.sum(y**2)


@program(M)
def put_along_rows_with_repeats(A):
    B = A * 1.0
    order = np.array([[0, 0, 2], [1, 2, 1]])
    np.put_along_axis(B, order, A**2, axis=-1)
    return np.sum(B * A)


@program(M)
def put_along_columns(A):
    B = A * 2
    np.put_along_axis(B, np.argmin(A, axis=0, keepdims=True), A[:1] ** 2, 0)
    np.put_along_axis(B, np.array([5, 1]), A[1, :2], None)
    return np.sum(B * B)


@program(M, tape=False)
def put_along_axis_one_value(A):
    B = A * 2
    np.put_along_axis(B, np.argsort(A, axis=1)[:, :2], A[0, 0], axis=1)
    np.put_along_axis(B, np.array([[1]]), 0.5, axis=1)
    return np.sum(B**2 * A)


@program(V, tape=False)
def place_and_putmask(x):
    y = x * 2
    np.place(y, y > 0, x**2)
    z = x * 3
    np.putmask(z, x < 0, y)
    np.putmask(z, [True, False, False], 0.5)
    return np.sum(y * z)


@program(M, tape=False)
def putmask_in_turn(A):
    B = A * 1.0
    np.putmask(B, A > 0, A[0, :2] ** 2)
    np.place(B, A < -1, [A[1, 0], 2.0])
    return np.sum(B * B)


@program(M, tape=False)
def place_by_a_mask_of_another_shape(A):
    B = A * 1.0
    np.place(B, (A > 0).ravel(), A[1] * 2)
    np.putmask(B, (A[::-1] < 0).reshape(-1), A * A)
    return np.sum(B * B)


@program(V, tape=False)
def multiply_at_with_repeats(x):
    y = x * 2
    np.multiply.at(y, [0, 2, 0, 0], np.array([x[1], x[0], 3.0, x[2] ** 2]))
    return np.sum(y * x)


@program(V, tape=False)
def multiply_at_by_zero(x):
    y = x * 2
    np.multiply.at(y, np.array([1, 1, 0]), np.stack([x[0] - 0.7, x[1], x[2] - 2.1]))
    return np.sum(y * np.arange(1, 4))


@program(V, tape=False)
def divide_at(x):
    y = x * 2
    np.divide.at(y, [1, 1], x[0])
    np.true_divide.at(y, slice(0, 2), x[1:])
    return np.sum(y**2)


@program(V, tape=False)
def maximum_and_minimum_at(x):
    y = x * 2
    np.maximum.at(y, [0, 1, 1], x**2)
    np.minimum.at(y, x > 0, x[1])
    return np.sum(y * x)


@program(V, tape=False)
def power_and_negative_at(x):
    y = x**2 + 1
    np.power.at(y, [0, 0, 2], 1.5)
    np.negative.at(y, [1, 1, 2])
    np.sin.at(y, 0)
    return np.sum(y * x)


@program(M, tape=False)
def multiply_at_in_two_dimensions(A):
    B = A * 1.0
    np.multiply.at(B, (np.array([0, 1, 0]), np.array([2, 0, 2])), A[0])
    np.multiply.at(B, [1, 1], A[:, :1])
    np.multiply.at(B, [0, 0], A[0])
    return np.sum(B)


@program(V, np.array([0, 2, 0]), tape=False)
def multiply_at_in_a_loop(x, where):
    y = x * 1.0
    for k in range(2):
        np.multiply.at(y, where, x + k)
        y[1] += y[0] * y[2]
    return np.sum(y)


def scatter(target, places, values):
    np.put(target, places, values)
    np.multiply.at(target, places, 2.0)


@program(M)
def put_into_a_row_by_a_helper(A):
    B = A * 1.0
    for row in range(2):
        scatter(B[row], [0, 2], A[row, 1:])
    return np.sum(B * B)


@program(V, tape=False)
def put_into_what_does_not_vary(x):
    w = np.arange(3.0)
    np.put(w, [0, 1], [2.0, 3.0])
    y = w * x**2
    np.putmask(w, w > 2, 5.0)
    np.place(w, w < 0, [1.0])
    np.multiply.at(w, [0, 0], 2.0)
    np.fill_diagonal(np.outer(w, w), 1.0)
    return np.sum(y * w)
