"""Arrays that are the same array or a copy, by what is asked for; and code that is not read, which writes."""

import heapq
import operator
import random

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])


@program(V, tape=False)
def astype_without_a_copy(x):
    a = x * 2.0
    b = a.astype(float, copy=False)
    b[0] = x[1] ** 2
    c = a.astype(float)
    c[1] = x[0]
    return np.sum(a * b * c)


@program(V, tape=False)
def asarray_with_a_dtype(x):
    a = x * 2.0
    b = np.asarray(a, dtype=float)
    b[0] = x[1] ** 2
    c = np.asarray(a, dtype=complex)
    c[1] = 3.0
    return np.sum(a * b) * np.real(c[1] * c[2])


@program(V, tape=False)
def array_without_a_copy(x):
    a = x * 2.0
    b = np.array(a, copy=None)
    b[0] = x[1] ** 2
    c = np.array(b, copy=False)
    c *= x
    d = np.array(c, copy=True)
    d[2] = 1.0
    return np.sum(a * b * d)


@program(V, tape=False)
def nan_to_num_in_place(x):
    a = x * 2.0
    b = np.nan_to_num(a, copy=False)
    b[0] = x[1] ** 2
    c = np.nan_to_num(a, nan=1.0)
    c[1] = 5.0
    return np.sum(a * b * c)


@program(S, tape=False)
def contiguous_copy_of_a_transpose(A):
    B = A * 2.0
    C = np.ascontiguousarray(B.T)
    return np.sum(C @ A)


@program(V)
def plus_by_name(x):
    return np.sum(operator.pos(x) ** 3)


@program(np.asfortranarray(S), tape=False)
def reshaped_in_another_layout(A):
    B = A + np.ones((3, 3))
    flat = B.reshape(-1)
    flat[1] = A[1, 2] ** 2
    return np.sum(B * A)


@program(S, tape=False)
def reshaped_sum_of_two_layouts(A):
    B = A.T * 2.0
    C = B + A
    C.reshape(-1)[2] = A[1, 2] ** 2
    B.ravel()[1] = A[0, 0] ** 3
    return np.sum(B * C)


@program(V, tape=False)
def method_that_sorts_partly(x):
    w = np.array([3.0, 1.0, 2.0])
    y = w * x**2
    w.partition(0)
    return np.sum(y * w)


@program(V, tape=False)
def generator_that_shuffles(x):
    w = np.array([3.0, 1.0, 2.0])
    y = w * x**2
    np.random.default_rng(1).shuffle(w)
    return np.sum(y * w)


@program(V, tape=False)
def generator_that_fills(x):
    w = np.array([3.0, 1.0, 2.0])
    y = w * x**2
    np.random.default_rng(1).standard_normal(out=w)
    return np.sum(y * w)


@program(V, tape=False)
def list_that_is_shuffled(x):
    w = [3.0, 1.0, 2.0]
    y = np.array(w) * x**2
    random.Random(1).shuffle(w)
    return np.sum(y * np.array(w))


@program(V, tape=False)
def heap_of_numbers(x):
    heap = [3, 1, 2]
    heapq.heapify(heap)
    least = heapq.heappop(heap)
    return np.sum(x**2 * least) + heap[0] * x[0] ** 2 + len(heap) * x[1]


def set_first(a):
    try:
        a[0] = 7.0
    except ValueError:
        pass


@program(V, tape=False)
def helper_that_is_not_read(x):
    w = np.array([3.0, 1.0, 2.0])
    y = w * x**2
    set_first(w)
    return np.sum(y * w)


@program(V, tape=False)
def view_for_a_helper_that_is_not_read(x):
    w = np.array([3.0, 1.0, 2.0])
    y = w * x**2
    for _ in range(2):
        y = y * w
        set_first(w[1:])
    return np.sum(y)


@program(V, tape=False)
def block_that_is_not_read(x):
    w = np.ones(3)
    y = x * w * x
    try:
        w[0] = 5.0
    except ValueError:
        pass
    return np.sum(y * w)


def swap(items, named):
    try:
        items[0], items[1] = items[1], items[0]
        named["a"] = items
        items.append(9.0)
    except ValueError:
        pass


@program(V, tape=False)
def containers_for_a_helper_that_is_not_read(x):
    items, named = [1.0, 2.0, 3.0], {"a": 5}
    swap(items, named)
    s = 0.0
    for v in items:
        s += v * x[0] ** 2
    return s * len(named["a"])


@program(V, tape=False)
def list_in_a_list_for_a_block_that_is_not_read(x):
    rows = [[1.0, 2.0], [3.0]]
    first = rows[0]
    try:
        rows[0][0] = 7.0
    except ValueError:
        pass
    return first[0] * x[0] ** 2 + np.sum(x)


class Schedule:
    def __init__(self):
        self.weights = np.array([1.0, 2.0, 3.0])
        self.scale = 2.0

    def begin(self):
        self.weights = np.array([1.0, 2.0, 3.0])
        self.scale = 2.0

    def step(self):
        try:
            self.weights[0] += 1
            self.scale += 1
        except ValueError:
            pass


@program(V, Schedule(), tape=False)
def method_that_is_not_read(x, schedule):
    begin = schedule.begin
    begin()
    y = x * schedule.weights * schedule.scale
    schedule.step()
    return np.sum(y * y * schedule.weights) * schedule.scale


@program(V, tape=False)
def containers_in_containers_round_a_loop(x):
    state = [[x * 1.0], [x * 2.0]]
    total = 0.0
    for k in range(3):
        old = state
        state = [[old[1][0] * x], [old[0][0] + k]]
        total += np.sum(old[0][0] * state[0][0])
    return total


# Parts of complex arrays -----------------------------------------------------------------------------


@program(V, tape=False)
def parts_written_whole(x):
    z = np.zeros(3, dtype=complex)
    z.real = x**2
    z.imag[...] = x * 3
    z.real[1] = x[0]
    z.imag[2] -= x[1] ** 2
    z.imag *= x
    z.real += 1.0
    return np.sum(np.abs(z) ** 2 * np.arange(1, 4)) + np.real(np.prod(z))


@program(np.array([0.3 + 1.2j, -0.7 + 0.1j, 1.1 - 0.4j]), tape=False)
def parts_of_a_complex_argument(z):
    w = z * 1.0
    w.imag[1:] = w.real[:2] ** 2
    w.real[0] *= np.abs(z[1])
    w.imag[[0, 0]] = np.stack([z.real[0], z.imag[0]])
    return np.real(np.sum(w**2 * z))


@program(V, tape=False)
def parts_in_a_loop(x):
    z = x * (1.0 + 2.0j)
    for k in range(3):
        z.imag[k] = np.real(z[k - 1]) * x[k]
        z.real[k] += z.imag[k] ** 2
    return np.sum(np.abs(z))


@program(V, tape=False)
def view_of_the_real_part(x):
    z = x * (1.0 + 2.0j)
    r = z.real
    r[0] = x[1] ** 2
    z *= 1j
    return np.sum(r * x) + np.sum(np.abs(z) ** 2)


@program(V, tape=False)
def real_part_of_real_numbers(x):
    y = x * 2.0
    y.real[1] = x[0] ** 2
    y.real *= x
    return np.sum(y)


@program(V, tape=False)
def parts_in_a_branch(x):
    z = x + 0j
    if x[0] > 0:
        z.imag = x**2
    else:
        z.real = 0.0
    return np.sum(np.abs(z) ** 2)
