"""Lists that are sorted, cut, joined and repeated, of a length that only a run can tell."""

import heapq
import random

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(V)
def shuffled(x):
    idx = [0, 1, 2]
    random.Random(1).shuffle(idx)
    return x[idx[0]] ** 2 * x[idx[1]]


@program(V)
def heap_of_constants(x):
    h = []
    for k in (3, 1, 2):
        heapq.heappush(h, k)
    return x[h[0]] * x[0]


@program(V)
def default_arg(x):
    def f(v, acc=[]):
        acc.append(v)
        return sum(acc)

    return f(x[0]) * f(x[1])


@program(V)
def list_of_zeros(x):
    n = len(x)
    best = [0.0] * n
    for i in range(n):
        best[i] = x[i] ** 2 + (best[i - 1] if i else 0.0)
    return best[-1] * best[0]


@program(V)
def repeated(x):
    n = len(x)
    r = [x[0], x[1]] * n
    return sum(r) * r[-1]


@program(V)
def star_tuple(x):
    values = [*x, 1.0]
    pair = (*values[:2], x[2])
    return values[0] * values[3] + pair[2] ** 2 * pair[1]


@program(V)
def star_list(x):
    a = [v * 2 for v in x]
    b = [v * v for v in x]
    c = [*a, x[0], *b]
    return c[0] * c[3] * c[-1] + len(c)


@program(V)
def star_call(x):
    def f(*terms):
        t = 0.0
        for k, v in enumerate(terms):
            t = t + v * (k + 1)
        return t * terms[0]

    xs = [v * v for v in x]
    return f(*xs) + f(x[0], *xs)


@program(V)
def star_call_names(x):
    def f(a, b, c=2.0):
        return a * b + c

    xs = [v * v for v in x]
    return f(*xs)


@program(V)
def star_more(x):
    def f(a, *rest):
        return a * sum(rest)

    xs = [v * v for v in x]
    return f(*xs) + f(x[1], *xs, x[2])


@program(V)
def edits_in_a_row(x):
    v = [a * a for a in x]
    v[:1] = [x[0], x[1]]
    v[1:3] = [x[2]]
    del v[0]
    v.insert(1, x[0] * 3)
    v.remove(v[0])
    v.reverse()
    w = v.copy()
    v.clear()
    v.append(x[1])
    return w[0] * w[-1] * v[0] * len(w)


@program(V)
def edits_in_a_loop(x):
    v = [a for a in x]
    for i in range(3):
        v.insert(i // 2, x[i] * 2)
        if x[i] > 0:
            del v[-1]
        v[i : i + 1] = [x[0], v[i]]
    return sum([k * a for k, a in enumerate(v)])


@program(V)
def pops_in_a_loop(x):
    q = [a for a in x]
    t = 0.0
    while q:
        a = q.pop(0)
        t = t * 0.5 + a * a
        if len(q) > 1:
            t = t + q.pop(1)
    return t


@program(V)
def sorts_of_all_kinds(x):
    v = [a * a for a in x]
    v.sort()
    w = sorted(v, reverse=True)
    u = [(a, k) for k, a in enumerate(x)]
    u.sort(key=lambda p: p[0], reverse=True)
    z = sorted([x[0], x[1], x[2]])
    return v[0] * w[0] + u[0][0] * z[1] ** 2 + u[2][1]


@program(V)
def sort_tuple_key(x):
    u = [(k % 2, a) for k, a in enumerate(x)]
    u.sort()
    w = sorted(u, key=lambda p: (-p[0], p[1]))
    return u[0][1] * w[0][1] ** 2


@program(V)
def sort_ties(x):
    u = [(0.0, a) for a in x]
    u.sort(key=lambda p: p[0], reverse=True)
    return u[0][1] ** 2 * u[1][1]


@program(V)
def loop_over_a_list_that_grows(x):
    q = [x[0]]
    for v in q:
        if len(q) < 4:
            q.append(v * x[1])
    return sum(q)


@program(V)
def breadth_first(x):
    adj = [[1, 2], [0], [0]]
    order = [0]
    seen = {0: x[0]}
    i = 0
    while i < len(order):
        u = order[i]
        i += 1
        for w in adj[u]:
            if w not in seen:
                seen[w] = seen[u] * x[w]
                order.append(w)
    return seen[2] * seen[1]


@program(V)
def transposed(x):
    rows = [[x[0], x[1]], [x[2], x[0] * 2]]
    cols = list(zip(*rows))
    return cols[0][1] * cols[1][0]


@program(V)
def while_grow(x):
    h = [x[0]]
    while len(h) < 5:
        h.append(h[-1] * x[1] + h[0])
    return h[-1]


@program(V)
def bubble_sort(x):
    v = [a * a for a in x]
    for i in range(len(v) - 1):
        for j in range(len(v) - 1 - i):
            if v[j] > v[j + 1]:
                v[j], v[j + 1] = v[j + 1], v[j]
    return v[0] + 2 * v[1] + 3 * v[2]


@program(V)
def remove_while(x):
    v = [a for a in x]
    while len(v) > 1:
        v.remove(max(v))
    return v[0] ** 2


@program(V)
def index_of(x):
    v = [a for a in x]
    i = v.index(max(v))
    return v[i] ** 2 + v.count(v[0]) * x[1]
