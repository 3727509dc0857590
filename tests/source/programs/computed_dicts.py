"""Dicts whose keys are computed."""

import copy
from collections import Counter, defaultdict

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(V)
def dicts_joined(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v
    e = {**d, 1: x[0] * 3, "k": x[2]}
    d[0] = x[1]
    return e[0] * e[1] + e["k"] * d[0]


@program(V)
def votes_by_key(x):
    votes = {"a": [], "b": []}
    for i, v in enumerate(x):
        votes["a" if i % 2 else "b"].append(v**2)
    scores = {k: sum(v) / max(len(v), 1) for k, v in votes.items()}
    w = max(scores, key=scores.get)
    return scores[w] * 2 + scores["a"]


@program(V)
def groups_by_setdefault(x):
    g = {}
    for i, v in enumerate(x):
        g.setdefault(i % 2, []).append(v)
    return sum(g[0]) * sum(g[1])


@program(V)
def default_dict_of_floats(x):
    d = defaultdict(float)
    for i, v in enumerate(x):
        d[i % 2] += v * v
    return d[0] * d[1] + d[7]


@program(V)
def default_dict_that_counts(x):
    c = defaultdict(int)
    for k in [1, 2, 1]:
        c[k] += 1
    return x[0] ** 2 * c[1] + x[1] * c[2]


@program(V)
def sums_by_get(x):
    d = {}
    for i, v in enumerate(x):
        k = i % 2
        d[k] = d.get(k, 0.0) + v * v
    return d[0] * d[1]


@program(V)
def sorted_items(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v
    t = 0.0
    for k, (key, v) in enumerate(sorted(d.items(), key=lambda kv: -kv[1])):
        t = t + (k + 1) * v * v * (key + 1)
    return t


@program(V)
def loop_over_a_dict(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v * v
    t = 0.0
    for k in d:
        t = t + d[k] * (k + 1)
    return t + max(d.values())


@program(V)
def items_deleted(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v * v
    del d[1]
    p = d.pop(0)
    return sum(d.values()) * p + len(d)


@program(V)
def items_popped(x):
    d = {}
    for i, v in enumerate(x):
        d[i] = v * v
    return d.pop(9, x[0]) * d.pop(1, 0.0)


@program(V)
def dict_of_pairs(x):
    d = dict(zip(["a", "b", "c"], x))
    e = dict([(k, v) for k, v in d.items()])
    return d["a"] * e["c"]


@program(V)
def counted_letters(x):
    c = Counter("aab")
    return x[0] ** 2 * c["a"] + x[1] * c["b"]


@program(V)
def deep_and_shallow_copies(x):
    rows = [[v] for v in x]
    a = copy.deepcopy(rows)
    a[0][0] = x[2]
    b = copy.copy(x[0:1])
    return rows[0][0] * a[0][0] + b[0]
