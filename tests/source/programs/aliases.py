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


# Names that a branch chooses -------------------------------------------------------------------------


@program(V, W, wrt=(0, 1))
def chosen_and_written(x, y):
    a, b = x * 1.0, y * 2.0
    target = a if x[0] > 0 else b
    other = b if x[0] > 0 else a
    target[0] = other[1] ** 2
    other *= target
    return np.sum(a * x) + np.sum(b * y) + target[2]


@program(V)
def chosen_then_the_old_name_written(x):
    a, b = x * 1.0, x * 2.0
    c = a if x[0] < 0 else b
    b[1] = x[2] ** 2
    a[0] = b[0] * 3
    return np.sum(c * c) + a[0]


@program(V)
def chosen_of_three(x):
    a, b, d = x * 1.0, x * 2.0, x * 3.0
    if x[0] > 1:
        c = a
    elif x[1] < 0:
        c = b
    else:
        c = d
    c[1] = x[0] ** 2
    b *= x
    return np.sum(a * b * d) + np.sum(c)


@program(V)
def chosen_or_new(x):
    a = x * 1.0
    if x[0] > 1:
        c = a
    elif x[1] > 0:
        c = x * 5.0
    else:
        c = np.sin(a)
        c[0] += 1.0
    c[1] = x[0] ** 2
    a[2] = c[1] * c[0]
    return np.sum(a * c)


@program(np.array([0.7, -1.3, 2.1, 0.4]))
def chosen_parts(x):
    a, b = x * 1.0, x * 2.0
    k = 1 if x[0] > 0 else 0
    if x[1] < 0:
        c = a[1:]
    else:
        c = b[k : k + 3][::-1]
    d = a[::-1][:3] if x[2] > 0 else c
    c[0] = d[1] ** 2
    d *= x[1]
    return np.sum(a * b) + np.sum(c * d)


@program(V)
def chosen_of_what_was_chosen(x):
    a, b, d = x * 1.0, x * 2.0, x * 3.0
    c = a if x[0] > 0 else b
    e = c if x[1] > 0 else d
    e[0] = x[2]
    c[1] += e[0] * e[1]
    return np.sum(a * b) + np.sum(d * e)


@program(V)
def two_names_for_one_of_two(x):
    a, b = x * 1.0, x * 2.0
    if x[0] > 0:
        p, q = a, a
    else:
        p, q = b, x * 3.0
    p[0] = x[1] ** 2
    return np.sum(p * q)


@program(V)
def two_names_for_what_a_branch_makes(x):
    a, b = x * 1.0, x * 2.0
    p, q = a, b
    if x[0] > 0:
        p = x * 3.0
        q = p
    p[0] = x[1] ** 2
    return np.sum(p * q) + np.sum(a)


@program(V, W, wrt=(0, 1))
def buffers_by_parity(x, y):
    a, b = x * 1.0, y * 1.0
    for k in range(4):
        if k % 2 == 0:
            source, target = a, b
        else:
            source, target = b, a
        target[1:] = source[:-1] * source[1:] + x[0]
        target[0] = y[k % 3]
    return np.sum(a * b)


@program(V)
def chosen_by_what_the_loop_computes(x):
    a, b = x * 1.0, x * 0.5
    for k in range(3):
        larger = a if np.sum(a) > np.sum(b) else b
        larger[k] *= 0.5
        larger -= b[0]
    return np.sum(a * b)


@program(V)
def chosen_in_a_loop_and_kept(x):
    a, b = x * 1.0, x * 0.5
    total = 0.0
    for k in range(3):
        if a[k] > b[k]:
            best = a
        elif k == 1:
            best = b
        else:
            best = a * 2.0
        best[0] += x[k] ** 2
        total += np.sum(best * a)
    return total + np.sum(b)


@program(V)
def chosen_while_it_lasts(x):
    a, b = x * 1.0, x * 2.0
    steps = 0
    while steps < 4 and a[0] < 5:
        c = a if steps % 2 else b
        c += x * a[0]
        steps += 1
    return np.sum(a * b)


def pick(flag, one, other):
    if flag:
        return one
    return other


def bump(values, amount):
    values[0] += amount
    return values


@program(V, W, wrt=(0, 1))
def chosen_by_a_helper(x, y):
    a, b = x * 1.0, y * 1.0
    c = bump(pick(x[0] > 0, a, b), x[1])
    c *= y
    d = bump(pick(x[0] > 1, a[1:], b[:2]), c[0] ** 2)
    return np.sum(a * b) + np.sum(c) * d[1]


@program(V)
def chosen_of_an_argument(x):
    y = x if x[0] > 0 else x * 2.0
    y[0] = x[1] ** 2
    y[1] *= x[0]
    return np.sum(y * np.arange(1, 4)) + x[0] * x[1]


@program(V)
def part_of_what_was_chosen(x):
    a, b = np.outer(x, x), np.outer(x, x**2)
    c = a if x[0] > 0 else b
    row = c[1]
    row[0] = x[2]
    c[1, 2] = row[0] ** 2
    return np.sum(a * b) + np.sum(row)


@program(V)
def chosen_unless_there_is_none(x):
    a = x * 1.0
    if x[0] > 0:
        c = a
    if x[0] > 0.5:
        c[1] = x[0] ** 3
        c *= a
    return np.sum(a)


# Buffers in turn -------------------------------------------------------------------------------------


@program(V)
def two_buffers(x):
    u, v = x * 1.0, np.zeros_like(x)
    for k in range(3):
        v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        v[0], v[-1] = u[0] ** 2, x[k]
        u, v = v, u
    return np.sum(u * v)


@program(V)
def three_buffers(x):
    old, now, new = x * 1.0, x * 1.1, np.zeros_like(x)
    for k in range(4):
        new[:] = 2 * now - old + 0.1 * now**2
        new[0] = x[k % 3]
        old, now, new = now, new, old
    return np.sum(now * old) + new[1]


@program(np.array([0.7, -1.3, 2.1, 0.4]), tape=False)
def rows_of_one_array_as_buffers(x):
    u = np.zeros((2, 4))
    now, new = u[0], u[1]
    now[:] = x
    for k in range(3):
        new[1:] = now[:-1] ** 2 + x[1:]
        new[0] = x[k]
        now, new = new, now
    return np.sum(now * new)


@program(np.array([0.7, -1.3, 2.1, 0.4]))
def halves_of_one_array_as_buffers(x):
    u = np.concatenate([x, x * 2.0])
    now, new = u[:4], u[4:]
    for k in range(3):
        new *= now[::-1]
        new[k] = x[0] ** 2
        now, new = new, now
    return np.sum(now) * new[1]


@program(V)
def buffers_swapped_when_needed(x):
    a, b = x * 1.0, x * 2.0
    k = 0
    while k < 3:
        b[k] = a[(k + 1) % 3] ** 2
        if a[0] > 0:
            a, b = b, a
        k += 1
    return np.sum(a * x) + b[0]


@program(V)
def buffer_that_is_the_argument(x):
    u = x
    v = np.empty_like(u)
    for _ in range(3):
        v[1:] = u[:-1] * 0.5
        v[0] = u[-1] ** 2
        u, v = v, u
    return np.sum(u)


def step(source, target):
    target[1:] = source[:-1] ** 2
    target[0] = source[-1]
    return target, source


@program(V, tape=False)
def buffers_swapped_by_a_helper(x):
    u, v = x * 1.0, np.zeros(3)
    for _ in range(3):
        u, v = step(u, v)
    return np.sum(u * v * x)


@program(np.array([0.7, -1.3, 2.1, 0.4]))
def buffers_that_overlap(x):
    u = x * 1.0
    a, b = u[:3], u[1:]
    for k in range(2):
        a[0] = b[1] * x[k]
        a, b = b, a
    return np.sum(a * b)


@program(V)
def buffers_that_begin_as_one(x):
    a = x * 1.0
    b = a
    for k in range(2):
        a[0] = b[1] * x[k]
        b[1] += a[0]
        a, b = b * 1.0, a
    return np.sum(a * b)


@program(V)
def buffers_read_under_their_old_names(x):
    a, b = x * 1.0, x * 2.0
    u, v = a, b
    for k in range(3):
        v[k] = u[0] ** 2
        u, v = v, u
    return np.sum(a * u)


@program(V)
def last_row_of_a_loop(x):
    A = np.outer(x, x)
    for row in A:
        row[0] = x[1] ** 2
    row[1] = 3.0 * x[0]
    return np.sum(A * A)
