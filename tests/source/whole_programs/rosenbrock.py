"""Rosenbrock's valley, written in three ways, and some steps of descent into it with a line search."""

import numpy as np

from tests.source.programs.registry import Program


def by_slices(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def by_pairs(x):
    return sum(100.0 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def slope_by_hand(x):
    g = np.zeros_like(x)
    g[:-1] += -400.0 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200.0 * (x[1:] - x[:-1] ** 2)
    return g


def after_descent(x, iterations=3):
    for _ in range(iterations):
        g = slope_by_hand(x)
        step, value = 0.1, by_slices(x)
        while by_slices(x - step * g) > value - 0.25 * step * (g @ g):
            step *= 0.5
            if step < 1e-12:
                break
        x = x - step * g
    return by_slices(x)


start = np.array([-1.2, 1.0, 0.8, 0.7])
PROGRAMS = [
    Program("rosenbrock_by_slices", by_slices, (start,)),
    Program("rosenbrock_by_loop", by_loop, (start,)),
    Program("rosenbrock_by_pairs", by_pairs, (start,)),
    Program("rosenbrock_descent", after_descent, (start,)),
]
