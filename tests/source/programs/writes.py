"""Writing into arrays: elements, slices, masks, views, `out=`, in-place operators and helpers."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([1.2, 0.4, 0.9])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])


@program(V, tape=False)
def fill_elements(x):
    y = np.zeros(3)
    y[0] = x[1] ** 2
    y[1] = x[0] * x[2]
    y[2] = 5.0
    return np.sum(y * np.arange(1, 4))


@program(V)
def fill_elements_like(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = np.sin(x[i]) * i
    return np.sum(y * x)


@program(V, tape=False)
def recurrence_in_an_array(x):
    a = np.empty(5)
    a[0] = x[0]
    for i in range(1, 5):
        a[i] = a[i - 1] * x[1] + x[2]
    return a[4] + a[2]


@program(V)
def overwrite_after_use(x):
    y = x * 2
    z = y * y
    y[0] = 10.0
    return np.sum(z) + np.sum(y)


@program(V)
def overwrite_twice(x):
    y = x.copy()
    y[0] = x[1] * 3
    y[0] = x[2] ** 2
    return np.sum(y**2)


@program(V)
def overwrite_by_itself(x):
    y = x.copy()
    for i in range(1, 3):
        y[i] = y[i - 1] * y[i]
    return y[2] * y[0]


@program(V)
def slice_assignment(x):
    y = np.ones_like(x)
    y[1:] = x[:2] ** 2
    y[:1] = x[2]
    return np.prod(y)


@program(M, tape=False)
def column_assignment(A):
    B = np.zeros((2, 3))
    B[:, 0] = A[:, 1] * 2
    B[0, 1:] = A[1, 1:]
    B[1] += A[0]
    return np.sum(B**2)


@program(V)
def broadcast_assignment(x):
    y = np.zeros_like(x)
    y[:] = x[0]
    y[1:] = x[1] * 2
    return np.sum(y**2)


@program(V, tape=False)
def broadcast_row_into_matrix(x):
    A = np.ones((2, 3))
    A[:] = x
    A[1] *= 2
    return np.sum(A**2)


@program(V)
def mask_assignment(x):
    y = x * 1.5
    y[y < 0] = 0
    return np.sum(y**2) + y[1]


@program(V)
def mask_assignment_of_values(x):
    y = x.copy()
    bad = x < 0
    y[bad] = x[bad] ** 2
    y[~bad] *= 3
    return np.sum(y * x)


@program(V)
def fancy_assignment(x):
    y = np.zeros_like(x)
    y[[2, 0]] = x[:2] * 2
    return np.sum(y * x) + y[2] ** 2


@program(V)
def swap_elements(x):
    y = x.copy()
    y[0], y[2] = y[2], y[0]
    return y[0] ** 2 + y[2] * 3


@program(M)
def swap_rows(A):
    B = A * 1.0
    B[[0, 1]] = B[[1, 0]]
    return np.sum(B[0] ** 2) + B[1, 0]


@program(V)
def add_to_elements(x):
    y = np.zeros_like(x)
    for i in range(3):
        y[i % 2] += x[i] ** 2
    return y[0] * y[1]


@program(V)
def every_augmented_write(x):
    y = x + 3
    y[0] += x[1]
    y[1] -= x[0] * 2
    y[2] *= x[2]
    y[0] /= x[2]
    y[1:] **= 2
    return np.sum(y)


@program(V)
def array_in_place_operators(x):
    y = x * 2
    y += x
    y *= x
    y -= 1.0
    y /= 1 + x**2
    return np.sum(y)


@program(V)
def in_place_on_alias(x):
    y = x * 2
    z = y
    z += x
    return np.sum(y * z)


@program(V)
def in_place_on_the_argument(x):
    x *= 2
    x[0] += 1.0
    return np.sum(x**2)


@program(V)
def argument_overwritten(x):
    for i in range(1, len(x)):
        x[i] = x[i] + 0.5 * x[i - 1] ** 2
    return x[-1]


@program(V, W, wrt=(0, 1))
def second_argument_overwritten(x, state):
    state[:] = np.tanh(state + x)
    return np.sum(state**2)


@program(0.7)
def augmented_number(x):
    s = x
    t = s
    s += x**2
    s *= 3
    s -= t
    s **= 2
    s /= t
    return s


@program(7.7)
def augmented_remainders(x):
    y = x * 2
    y %= 4.0
    z = x
    z //= 2.0
    return y**2 + z * x


@program(S)
def augmented_matmul(A):
    B = A * 1.0
    B = B @ A
    C = B.copy()
    C @= A
    return np.trace(C)


@program(V)
def write_through_a_view(x):
    y = np.zeros_like(x)
    tail = y[1:]
    tail[0] = x[0] ** 2
    tail += x[2]
    return np.sum(y * x)


@program(M)
def write_through_a_row(A):
    B = A * 2
    row = B[1]
    row[0] = A[0, 0] ** 2
    row *= A[0]
    return np.sum(B * A)


@program(M)
def write_through_transpose(A):
    B = A * 1.0
    B.T[0] = A[:, 1] ** 2
    return np.sum(B * B)


@program(M)
def write_through_reshape(A):
    B = A + 1
    flat = B.reshape(-1)
    flat[2:4] = A[0, :2] * 3
    return np.sum(B * A)


@program(M)
def write_through_ravel(A):
    B = A * 2
    B.ravel()[::2] *= A[0]
    return np.sum(B**2)


@program(M)
def write_while_iterating_rows(A):
    B = A * 1.0
    for row in B:
        row -= np.mean(row)
    return np.sum(B**2 * np.arange(3))


@program(M)
def write_rows_by_index(A):
    B = np.zeros_like(A)
    for i, row in enumerate(A):
        B[i] = row / np.sum(row**2)
    return np.sum(B * A * np.arange(3))


@program(V)
def read_through_a_view_after_write(x):
    y = x * 1.0
    view = y[:2]
    y[0] = x[2] ** 2
    return view[0] * view[1]


@program(V)
def two_overlapping_views(x):
    y = x * 1.0
    a, b = y[:2], y[1:]
    a *= 2
    b += x[0]
    return np.sum(a * b)


@program(V)
def overlapping_slices(x):
    y = x.copy()
    y[1:] = y[:-1] * x[1:]
    y[:-1] += y[1:]
    return np.sum(y**2)


@program(V)
def copy_is_no_view(x):
    y = x * 1.0
    kept = y.copy()
    y[0] = 0.0
    return np.sum(kept * y) + kept[0] ** 2


@program(V)
def out_argument(x):
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    np.sin(y, out=y)
    return np.sum(y)


@program(V, tape=False)
def out_argument_of_reductions(x):
    y = np.zeros(3)
    np.cumsum(x**2, out=y)
    np.add(y, x, y)
    total = np.zeros(())
    np.sum(y * x, out=total)
    return total * 2 + y[0]


@program(S, V, wrt=(0, 1))
def out_of_matmul(A, b):
    r = np.zeros_like(b)
    np.dot(A, b, out=r)
    np.matmul(A, r * 1.0, out=r)
    return r @ b


@program(V)
def add_at_with_repeats(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 2], x)
    return np.sum(y**2)


@program(np.array([0.5, 1.5, -0.3, 0.8]), np.array([0, 1, 0, 2]), tape=False)
def histogram_of_weights(weights, bins):
    h = np.zeros(3)
    np.add.at(h, bins, weights)
    return np.sum(h**2)


@program(V)
def subtract_at(x):
    y = x * 2
    np.subtract.at(y, [1, 1], x[:2])
    np.multiply.at(y, [0], x[2])
    return np.sum(y * x)


@program(V)
def copyto(x):
    y = np.ones_like(x)
    np.copyto(y, x**2)
    np.copyto(y, x, where=x > 0)
    return np.sum(y * x)


@program(M)
def put_along_axis(A):
    B = A * 1.0
    where = np.argmax(A, axis=1)[:, None]
    np.put_along_axis(B, where, A[:, :1] ** 2, axis=1)
    return np.sum(B * A)


@program(S)
def fill_the_diagonal(A):
    B = A * 2
    np.fill_diagonal(B, A[0])
    return np.sum(B * A)


@program(V, tape=False)
def diagonal_of_zeros(x):
    A = np.zeros((3, 3))
    np.fill_diagonal(A, x)
    A[0, 1] = x[2]
    return np.sum(A @ A @ x)


@program(V)
def method_fill_and_put(x):
    y = x * 1.0
    y.fill(2.0)
    y.put([0, 2], x[:2] ** 2)
    return np.sum(y * x)


@program(V)
def sort_in_place(x):
    y = x * 1.0
    y.sort()
    return np.sum(y * np.arange(3)) ** 2


def relu_in_place(a):
    a[a < 0] = 0.0


def normalise_in_place(a):
    a -= a.mean()
    a /= np.sqrt(np.sum(a**2))
    return a


@program(V)
def helper_that_writes(x):
    y = x * 2
    relu_in_place(y)
    return np.sum(y**3)


@program(V)
def helper_that_writes_and_returns(x):
    y = x * 2
    z = normalise_in_place(y)
    return y[0] * z[1] + z[2]


@program(M)
def helper_that_writes_into_a_row(A):
    B = A * 1.0
    normalise_in_place(B[0])
    relu_in_place(B[1, 1:])
    return np.sum(B * A)


@program(V)
def helper_that_writes_into_the_argument(x):
    relu_in_place(x)
    return np.sum(x**2) + x[1]


@program(V, tape=False)
def buffer_used_again(x):
    buffer = np.zeros(3)
    total = 0.0
    for k in range(3):
        buffer[:] = x * (k + 1)
        buffer[k] = x[k] ** 2
        total += np.prod(buffer)
    return total


@program(V)
def write_in_a_branch(x):
    y = x.copy()
    if x[0] > 0:
        y[0] = x[1] ** 2
    else:
        y[1] = x[0]
    return np.sum(y**2)


@program(V)
def write_in_a_while(x):
    y = x.copy()
    i = 0
    while y[0] < 5 and i < 10:
        y[0] = y[0] * 1.5 + x[2]
        i += 1
    return y[0] * y[1]


@program(np.array([0.1, 0.5, 0.9, 0.5, 0.1]))
def heat_equation(u):
    u = u.copy()
    for _ in range(3):
        u[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


@program(np.array([0.1, 0.5, 0.9, 0.5, 0.1]))
def gauss_seidel(u):
    v = u * 1.0
    for _ in range(2):
        for i in range(1, 4):
            v[i] = 0.5 * (v[i - 1] + v[i + 1]) + 0.1 * np.sin(v[i])
    return np.sum(v**2)


@program(np.array([0.5, 0.2, 0.8]), tape=False)
def prefix_sums(x):
    n = len(x)
    s = np.zeros(n + 1)
    for i in range(n):
        s[i + 1] = s[i] + x[i]
    return np.sum(s**2)


@program(V, W, wrt=(0, 1), tape=False)
def dynamic_programming_table(x, y):
    n, m = len(x), len(y)
    D = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (x[i - 1] - y[j - 1]) ** 2
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@program(S, tape=False)
def cholesky_by_hand(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return np.sum(L * np.arange(9).reshape(3, 3))


@program(S, V, wrt=(0, 1))
def gaussian_elimination(A, b):
    A = A.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.zeros_like(b)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return np.sum(x**2)


@program(S)
def lu_in_place(A):
    n = len(A)
    for k in range(n - 1):
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= np.outer(A[k + 1 :, k], A[k, k + 1 :])
    return np.prod(np.diag(A))


@program(V)
def bubble_sort(x):
    a = x.copy()
    n = len(a)
    for i in range(n):
        for j in range(n - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a[0] + 2 * a[1] ** 2 + 3 * a[2]


@program(np.array([0.3, -0.2, 0.5, 0.9]), tape=False)
def convolution_by_loops(x):
    kernel = np.array([0.25, 0.5, 0.25])
    out = np.zeros(len(x) - 2)
    for i in range(len(out)):
        for k in range(3):
            out[i] += x[i + k] * kernel[k]
    return np.sum(out**2)


@program(V)
def accumulate_gradient_by_hand(x):
    w = np.zeros_like(x)
    velocity = np.zeros_like(x)
    for _ in range(3):
        g = 2 * (w - x)
        velocity *= 0.9
        velocity -= 0.1 * g
        w += velocity
    return np.sum(w**2)


@program(V)
def array_in_a_list_written(x):
    rows = [x * 1.0, x * 2.0]
    rows[0][1] = x[2] ** 2
    rows[1] += rows[0]
    return np.sum(rows[0] * rows[1])


@program(V)
def array_in_a_dict_written(x):
    state = {"pos": x * 1.0, "vel": np.zeros_like(x)}
    for _ in range(2):
        state["vel"] -= 0.1 * state["pos"]
        state["pos"] += state["vel"]
    return np.sum(state["pos"] ** 2)


@program({"w": V, "b": W})
def update_of_arguments_in_a_dict(params):
    params["w"] -= 0.1 * params["b"] ** 2
    params["b"][0] = params["w"][1]
    return np.sum(params["w"] * params["b"])


@program(M)
def flip_written_through(A):
    B = A * 1.0
    B[:, ::-1][0] = A[1] ** 2
    np.flip(B, 0)[0] += A[0]
    return np.sum(B * A)


@program(V)
def nested_view_of_view(x):
    y = np.concatenate([x, x])
    z = y[1:5][::2]
    z *= x[:2]
    return np.sum(y**2)


@program(V)
def swapaxes_view(x):
    A = np.outer(x, x)
    B = np.swapaxes(A, 0, 1)
    B[0] = x * 5
    return np.sum(A * np.arange(9).reshape(3, 3))


@program(V, tape=False)
def stored_in_constant_matrix(x):
    rot = np.eye(3)
    rot[0, 0] = np.cos(x[0])
    rot[0, 1] = -np.sin(x[0])
    rot[1, 0] = np.sin(x[0])
    rot[1, 1] = np.cos(x[0])
    return np.sum(rot @ x * np.arange(1, 4))


@program(V, tape=False)
def write_into_full_and_arange(x):
    a = np.full(3, 2.0)
    b = np.arange(3.0)
    a[1] *= x[0]
    b[1:] += x[1:] ** 2
    return np.sum(a * b)


@program(V)
def write_of_a_constant_ends_dependence(x):
    y = x**2
    y[:] = 1.0
    y += x
    return np.sum(y**2)


@program(M)
def augmented_mask_of_matrix(A):
    B = A.copy()
    B[B > 0] *= 2
    B[A < -1] -= A[1, 0]
    return np.sum(B**2)


@program(V)
def augmented_fancy_without_repeats_adding(x):
    y = x * 1.0
    y[[0, 0, 1]] += 1.0
    y[[2, 0]] *= x[:2]
    return np.sum(y**2)


@program(V)
def real_part_written(x):
    z = x + 0j
    z.imag = x**2
    z.real *= 2
    return np.sum(np.abs(z) ** 2)


@program(V)
def squeeze_and_expand_views(x):
    y = np.expand_dims(x * 1.0, 0)
    np.squeeze(y)[0] = x[2] * 2
    y[0, 1] += x[0]
    return np.sum(y**2)


@program(V, [])
def record_in_callers_list(x, log):
    log.append("start")
    y = x**2
    log.append(len(y))
    log.append("end")
    return np.sum(y)


@program(V, np.zeros(3, dtype=int))
def integer_counts_written(x, counts):
    for i, v in enumerate(x):
        if v > 0:
            counts[i] += 1
    return np.sum(x * counts) ** 2


@program(V)
def zero_dimensional_write(x):
    s = np.sum(x, keepdims=True).reshape(())
    s = s * np.ones(())
    return s * x[0]


@program(V)
def delete_a_name(x):
    y = x * 2
    z = y + 1
    del y
    return np.sum(z**2)


@program(V)
def written_after_the_loop_that_made_it(x):
    y = x
    for k in range(2):
        y = np.tanh(y * np.cos(x))
    y[0] *= 0.5
    return np.sum(y)


@program(V)
def written_in_the_round_after_it_was_made(x):
    y = np.tanh(x)
    for k in range(3):
        y[0] *= 0.5
        y = np.tanh(y * np.cos(x))
    return np.sum(y)


@program(V)
def written_before_what_it_was_made_as_is_made_again(x):
    y = np.sin(x)
    y[-1] = np.sin(np.sum(y * y))
    return np.sum(y * np.cos(x)) + np.sum(np.sin(x) * x)


@program(M)
def last_item_of_the_row_that_is_gone_through_is_written(a):
    b = a.copy()
    for item in b[1]:
        b[1, -1] -= np.tanh(0.4 + item)
    return np.sum(np.sin(b))


@program(V, M, tape=False)
def view_of_a_view_written_in_a_loop(x, a):
    b = np.cos(a)
    for i in range(2):
        b = np.tanh(b)
        b[::-1][0] *= np.tanh(x)
    return np.sum(np.sin(b))


@program(V, tape=False)
def returned_after_a_view_of_a_view_was_written(x):
    y = np.zeros((2, 3))
    y[::-1][0] += x * x
    return y


@program(V)
def written_through_a_view_in_one_branch(x):
    y = np.sin(x) if x[0] > 0 else x * 1.0
    if x[1] < 0:
        y[::-1][:2] *= x[0]
    return y
