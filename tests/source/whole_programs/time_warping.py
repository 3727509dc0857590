"""Dynamic time warping with a soft minimum: a table filled cell by cell."""

import numpy as np

from tests.source.programs.registry import Program


def soft_min(values, gamma):
    low = min(values)
    total = 0.0
    for v in values:
        total += np.exp(-(v - low) / gamma)
    return low - gamma * np.log(total)


def soft_dtw(x, y, gamma=0.3):
    n, m = len(x), len(y)
    R = np.full((n + 1, m + 1), 1e6)
    R[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost = (x[i] - y[j]) ** 2
            R[i + 1, j + 1] = cost + soft_min([R[i, j], R[i, j + 1], R[i + 1, j]], gamma)
    return R[n, m]


def barycentre_loss(centre, series, weights):
    return sum(w * soft_dtw(centre, s) for w, s in zip(weights, series))


CENTRE = np.array([0.1, 0.8, 0.5])
SERIES = [np.array([0.1, 0.9, 0.4]), np.array([0.2, 0.7, 0.8, 0.3])]
PROGRAMS = [
    Program("time_warping", soft_dtw, (np.array([0.1, 0.5, 0.9, 0.4]), SERIES[0]), wrt=(0, 1), tape=False),
    Program(
        "time_warping_barycentre",
        barycentre_loss,
        (np.array([0.1, 0.8, 0.5]), SERIES, [0.4, 0.6]),
        tape=False,
    ),
]
