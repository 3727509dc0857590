"""Combinations that bite: aliases that move, values that change kind, writes in loops and branches."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([1.2, 0.4, 0.9])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


@program(V)
def double_buffering(x):
    a = x * 1.0
    b = np.zeros_like(x)
    for _ in range(3):
        for i in range(3):
            b[i] = 0.5 * (a[i] + a[(i + 1) % 3]) ** 2
        a, b = b, a
    return np.sum(a) + b[0]


@program(V, W, wrt=(0, 1))
def alias_chosen_by_condition(x, y):
    a = x * 1.0
    b = y * 1.0
    target = a if x[0] > 0 else b
    target += 1.0
    target[0] *= y[1]
    return np.sum(a * b)


@program(V)
def alias_chosen_in_a_branch(x):
    a = x * 1.0
    b = x * 2.0
    if x[1] > 0:
        c = a
    else:
        c = b
    c[1] = x[0] ** 2
    b *= x
    return np.sum(a * b) + c[1]


@program(V)
def view_taken_before_the_loop(x):
    y = x * 1.0
    tail = y[1:]
    for k in range(3):
        y[0] += tail[0] * 0.1
        tail *= 1.1
        tail[1] -= y[0] ** 2
    return np.sum(y**2)


@program(V)
def alias_carried_by_a_loop(x):
    y = x * 1.0
    current = y
    for k in range(3):
        current[k] *= x[0]
        if k == 1:
            current = current * 1.0
    return np.sum(current * y)


@program(V)
def number_that_becomes_an_array(x):
    total = 0
    for k in range(3):
        total = total + x * k
    return np.sum(total**2)


@program(V)
def none_that_becomes_an_array(x):
    previous = None
    total = 0.0
    for k in range(3):
        current = np.sin(x * (k + 1))
        if previous is not None:
            total += np.sum((current - previous) ** 2)
        previous = current
    return total


@program(V)
def shape_that_grows_in_a_loop(x):
    y = x
    for _ in range(3):
        y = np.concatenate([y, y[-1:] * x[0]])
    return np.sum(y**2) * len(y)


@program(np.array([0.3, 0.9, 0.5, 0.2]))
def shape_that_shrinks_in_a_loop(x):
    while len(x) > 1:
        x = x[::2] * x[1::2] + x[0]
    return x[0]


@program(V)
def constant_that_becomes_active(x):
    a, b, c = 1.0, 2.0, x[0]
    for _ in range(3):
        a, b, c = b, c, a + c**2
    return a * b * c


@program(V)
def active_that_becomes_constant(x):
    y = np.sum(x**2)
    kept = y
    for k in range(4):
        y = 2.0
        kept = kept * y
        y = kept + k
    y = 3.0
    return kept * y


@program(V)
def argument_written_then_read(x):
    total = 0.0
    for i in range(3):
        total += x[i] ** 2
        x[i] = total
    return total + x[0] * x[2]


@program(V)
def argument_rebound_then_written(x):
    x = x * 2
    x[0] = x[1] * x[2]
    return np.sum(x**2)


@program(V)
def chained_element_assignment(x):
    y = np.zeros_like(x)
    z = np.zeros_like(x)
    y[0] = z[1] = x[2] ** 2
    y[1:] = z[:2] = x[1:]
    return np.sum(y * z) + y[0] ** 2


@program(V)
def element_assigned_to_itself(x):
    y = x**2
    y[0] = y[0]
    y[1:] = y[1:]
    y[:] = y
    return np.sum(y * x)


@program(V)
def reversed_into_itself(x):
    y = x * 1.0
    y[:] = y[::-1]
    y[1:] = y[:-1]
    return np.sum(y * np.arange(1, 4)) * y[0]


@program(V)
def out_into_a_view(x):
    y = np.concatenate([x, x])
    np.add(y[:3], x, out=y[3:])
    np.multiply(y[1:4], 2.0, out=y[:3])
    return np.sum(y**2)


@program(V)
def closure_writes_an_outer_array(x):
    y = np.zeros_like(x)

    def store(i, v):
        y[i] = v

    for i in range(3):
        store(i, x[i] ** 2)
        store((i + 1) % 3, y[i] * 0.5)
    return np.sum(y * x)


@program(V)
def closure_reads_after_a_write(x):
    y = x * 1.0

    def total():
        return np.sum(y**2)

    before = total()
    y[0] = x[1] * 3
    return before * total()


def fill(target, depth, value):
    if depth < len(target):
        target[depth] = value
        fill(target, depth + 1, value * target[depth - 1])


@program(V)
def recursion_that_writes(x):
    y = x * 1.0
    fill(y, 0, x[1] ** 2)
    return np.sum(y * x)


def first_half(a):
    return a[: len(a) // 2 + 1]


@program(V)
def helper_that_returns_a_view(x):
    y = x * 1.0
    head = first_half(y)
    head += 1.0
    first_half(y)[0] = x[2] ** 2
    return np.sum(y**2)


def same(a):
    return a


@program(V)
def helper_that_returns_its_argument(x):
    y = x * 1.0
    z = same(y)
    z *= x
    y[0] += 1.0
    return np.sum(y * z)


@program(V)
def zero_trip_loop_with_writes(x):
    y = x * 1.0
    for i in range(0):
        y[i] = 100.0
        z = y
    while y[0] > 50:
        y *= 2
    return np.sum(y**2)


@program(V)
def break_between_writes(x):
    y = x * 1.0
    for i in range(3):
        y[i] *= x[0]
        if y[i] < 0:
            break
        y[i] += 5.0
    return np.sum(y**2)


@program(V)
def continue_between_writes(x):
    y = np.zeros_like(x)
    for i in range(3):
        y[i] += x[i]
        if x[i] < 0:
            continue
        y[i] *= y[0] * x[i]
    return np.sum(y * x)


@program(M)
def rows_of_rows_written(A):
    B = A * 1.0
    for i in range(2):
        row = B[i]
        for j in range(1, 3):
            row[j] += row[j - 1] ** 2
        B[i][0] *= row[2]
    return np.sum(B)


@program(V)
def written_in_both_branches_of_a_loop(x):
    y = x * 1.0
    for i in range(2):
        if y[i] > 0:
            y[i + 1] += y[i] ** 2
        else:
            y[0] -= y[i] * y[2]
    return np.sum(y * np.arange(1, 4))


@program(V)
def loop_with_history_of_an_array_written(x):
    y = x * 1.0
    history = []
    for k in range(3):
        history.append(y)
        y[k] = y[k] ** 2
    return np.sum(history[0] * history[2]) + len(history)


@program(V)
def loop_with_history_of_copies(x):
    y = x * 1.0
    history = []
    for k in range(3):
        history.append(y.copy())
        y[k] = y[k] ** 2
    return np.sum(history[0] * history[2])


@program(V)
def same_array_twice_in_a_list(x):
    y = x * 1.0
    pair = [y, y]
    pair[0][0] = x[2] ** 2
    pair[1] *= 2.0
    return np.sum(pair[0] * pair[1])


@program(V)
def element_read_before_its_overwrite(x):
    y = x * 1.0
    old = y[0]
    y[0] = y[1] * old
    y[1] = old
    return y[0] ** 2 * y[1]


@program(V)
def view_read_before_its_overwrite(x):
    y = x * 1.0
    part = y[:2]
    product = part * x[:2]
    part[0] = 7.0
    return np.sum(product) * np.sum(part * x[1:])


@program(V)
def overwritten_in_every_iteration(x):
    buffer = np.zeros_like(x)
    total = 0.0
    for k in range(3):
        np.multiply(x, k + 1.0, out=buffer)
        np.sin(buffer, out=buffer)
        total += buffer @ buffer * x[k]
    return total


@program(V)
def residual_overwritten_by_a_later_statement(x):
    a = x**2
    b = np.exp(a * 0.1)
    a *= b
    c = a * b
    b += c
    return np.sum(a * b * c)


@program(0.7)
def repeated_squaring_in_place(x):
    y = np.array([1.0, 2.0]) * x
    for _ in range(3):
        y *= y
        y -= 0.1
    return y[0] * y[1]


@program(V)
def loop_carrying_a_tuple(x):
    state = (x[0], x[1])
    for k in range(3):
        state = (state[1], state[0] * state[1] + k)
    return state[0] + state[1] * x[2]


@program(V)
def loop_carrying_a_dict(x):
    state = {"a": x[0], "n": 0}
    while state["n"] < 3:
        state = {"a": state["a"] * x[1] + 1.0, "n": state["n"] + 1}
    return state["a"]


@program(V)
def loop_carrying_a_list_of_fixed_length(x):
    state = [x[0], x[1], 1.0]
    for _ in range(3):
        state = [state[1], state[2], state[0] * x[2] + state[1]]
    return state[0] * state[1] + state[2]


@program(V)
def break_out_with_a_bound_name(x):
    for v in x:
        square = v * v
        if square > 1:
            break
        cube = square * v
    return square + cube


@program(0.4)
def early_return_in_a_nested_while(x):
    for i in range(3):
        k = 0
        while k < 3:
            x = x + 0.2 * x**2
            if x > 0.6 and i > 0:
                return x * (k + 1)
            k += 1
    return x


@program(0.5)
def deep_nesting(x):
    if x > 0:
        for i in range(2):
            if i == 0:
                k = 0
                while k < 2:
                    if k == 1:
                        x = x * np.sin(x + i)
                    else:
                        x = x + k + 1
                    k += 1
            else:
                for j in range(2):
                    x = x * 0.5 if j else x**2
    return x


@program(0.8)
def long_chain_of_branches(x):
    y = x
    if x > 0.1:
        y = y * x
    if y > 0.2:
        z = y + x
    else:
        z = y - x
    if z > 100:
        y = z
    elif z > 1:
        y = z * y
    if y < 0:
        y = -y
    return y * z


@program(0.7)
def conditional_inside_of_calls_and_indices(x):
    table = [x, x**2, x**3]
    i = 1 if x > 0 else 0
    return table[i if x < 1 else 2] * max(table[0], table[2] if x > 2 else table[1])


@program(V)
def sum_of_squares_by_recursion_over_slices(x):
    def go(v):
        return v[0] ** 2 + go(v[1:]) if len(v) else 0.0

    return go(x)


@program(V, W, wrt=(0, 1))
def one_input_not_used_on_this_path(x, y):
    if x[0] > 0:
        z = np.sum(x**2) + y[0]
    else:
        z = np.sum(y**2)
    return z


@program(V)
def gradient_accumulates_over_uses(x):
    a = x[0]
    b = x[:2]
    c = x[[0, 0, 1]]
    d = x[x > 0]
    return a * np.sum(b) + np.sum(c**2) * a + np.sum(d) * b[1] + np.sum(x)


@program(V)
def sum_of_views_of_one_array(x):
    y = np.outer(x, x)
    rows = [y[i] for i in range(3)]
    columns = [y[:, j] for j in range(3)]
    total = 0.0
    for r, c in zip(rows, columns):
        r *= 2.0
        total += r @ c
    return total


@program(V)
def helper_returning_two_views(x):
    def halves(a):
        return a[:2], a[1:]

    y = x * 1.0
    left, right = halves(y)
    left += right
    right[...] = left * x[:2]
    return np.sum(y**2)


@program(V)
def array_inside_of_an_object_and_outside(x):
    class Holder:
        pass

    h = Holder()
    y = x * 1.0
    h.data = y
    y[0] = x[1] ** 2
    h.data *= x
    return np.sum(y * h.data)


@program(V)
def integer_array_drives_the_loop(x):
    order = np.array([2, 0, 1])
    seen = np.zeros(3, dtype=bool)
    y = x * 1.0
    i = 0
    while not seen[i]:
        seen[i] = True
        y[order[i]] *= y[i]
        i = order[i]
    return np.sum(y)


@program(0.9)
def while_with_break_and_else_in_a_function(x):
    def shrink(v):
        n = 0
        while v > 0.1:
            v = v * v
            n += 1
            if n > 5:
                break
        else:
            return v + n, n
        return v, n

    v, n = shrink(x)
    w, m = shrink(x * 0.5)
    return v * (n + 1) + w * (m + 1) + x


@program(V)
def scalar_taken_out_then_array_written(x):
    y = x * 2
    s = y[0]
    t = y.sum()
    y[0] = 0.0
    y[1] = s * t
    return np.sum(y**2) + s


@program(V)
def assignment_from_an_overlapping_expression(x):
    y = x * 1.0
    y[1:] = y[:-1] + y[1:] * y[0]
    y[:-1] = np.sin(y[1:])
    return np.sum(y**2)


@program(V)
def where_guarding_a_division(x):
    safe = np.where(x > 0, x, 1.0)
    return np.sum(np.where(x > 0, 1.0 / safe, x**2))


@program(np.array([-1.0, 2.0]), second=False, tape=False)
def where_guarding_nothing(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(np.where(x > 0, np.log(x) / x, 3.0 * x))


@program(V)
def accumulating_into_a_matrix_by_pairs(x):
    K = np.outer(x, x) * 0.0
    for i in range(3):
        for j in range(i + 1):
            k = np.exp(-((x[i] - x[j]) ** 2))
            K[i, j] = k
            K[j, i] = k
    return np.sum(K @ x)


@program(V)
def value_kept_by_a_default(x):
    functions = []
    y = x * 1.0
    for i in range(3):

        def f(v, i=i, y=y):
            return y[i] * v

        functions.append(f)
    y = y * 100
    return sum([f(x[0]) for f in functions]) + y[0]


@program(V)
def swap_by_fancy_index_in_a_loop(x):
    y = x * 1.0
    for i in range(2):
        y[[i, i + 1]] = y[[i + 1, i]]
        y[i] *= x[i]
    return np.sum(y * np.arange(1, 4))


@program(np.array([3.0, -1.0, 2.0]))
def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a[0] + a[1] ** 2 + a[2] ** 3


@program(V)
def view_and_base_swapped_and_written(x):
    y = x * 1.0
    w = y[::-1]
    for k in range(3):
        y[0] = 0.5
        y, w = w, y
    return np.sum(y * y) + np.sum(w * w)


@program(V)
def two_buffers_swapped_and_written(x):
    u = x * 1.0
    v = np.zeros_like(x)
    for k in range(3):
        v[1:] = u[:-1] * 2
        v[0] = u[-1]
        u, v = v, u
    return np.sum(u * u * np.arange(3.0)) + np.sum(v)


@program(V)
def two_buffers_swapped_in_nested_loops(x):
    u = x * 1.0
    v = np.zeros_like(x)
    for k in range(2):
        for j in range(2):
            v[:] = u * 2 + v
            u, v = v, u
        u[0] *= v[1]
    return np.sum(u * u * np.arange(3.0)) + np.sum(v)


@program(V)
def view_or_base_chosen_and_written(x):
    u = x * 1.0
    v = u[::-1]
    if x[0] > 0:
        a, b = u, v
    else:
        a, b = v, u
    a[0] = x[1] ** 2
    return np.sum(a * b * np.arange(3.0))


@program(V, 0.6)
def written_and_bound_anew_in_inner_branches(x, s):
    x[0] += s
    if s < 0.9:
        if s < 0.5:
            return x.sum()
        if s > 0.11:
            x = np.tanh(x)
    return np.sum(x * x)
