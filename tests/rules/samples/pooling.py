"""Samples of tapeless/rules/pooling.py."""

import math

import numpy as np

from tapeless.rules.pooling import (
    adaptive_average_pool,
    adaptive_average_pool_transposed,
    adaptive_places,
    average_pool,
    average_pool_transposed,
    pool_places,
    put_pooled,
    take_pooled,
)
from tests.rules.sample import Edge, Sample, array, distinct

NAN, INF = math.nan, math.inf

# the input's shape; axes, size, stride, padding, ceil_mode, count_include_pad, divisor
AVERAGES = [
    ((2, 3, 7), 1, 2, None, 0, False, True, None),
    ((2, 7), 1, (3,), (2,), (1,), True, False, None),
    ((7,), 1, 3, 1, 1, False, True, None),
    ((2, 3, 6, 6), 2, 2, None, 0, False, True, None),
    ((2, 1, 7, 5), 2, (3, 2), (2, 1), (1, 0), False, True, None),
    ((2, 1, 7, 5), 2, (3, 2), (2, 2), 1, True, False, None),
    ((1, 6, 7), 2, 3, 2, (0, 1), True, True, None),
    ((1, 2, 5, 5), 2, [2, 2], [3, 3], 0, False, False, 3),
]
# the input's shape, axes, and how many windows
ADAPTIVE = [
    ((2, 3, 7), 1, (3,)),
    ((2, 6), 1, 3),
    ((2, 3, 6, 4), 2, (3, 2)),
    ((1, 5, 7), 2, (3, 4)),
    ((2, 3), 1, 5),
    ((2, 3, 4), 2, (None, 3)),
]
# the input's shape; axes, size, stride, padding, dilation, ceil_mode
MAXIMA = [
    ((2, 3, 7), 1, (2,), None, (0,), 1, False),
    ((2, 7), 1, 3, 2, 1, 2, True),
    ((2, 2, 6, 6), 2, 2, None, 0, 1, False),
    ((1, 2, 7, 5), 2, (3, 2), (1, 2), 1, 1, False),
    ((2, 7, 6), 2, 3, 2, 1, (2, 1), True),
]


def means(case):
    return array(*average_pool(np.zeros(case[0]), *case[1:]).shape, seed=3)


def adaptive_means(case):
    return array(*adaptive_average_pool(np.zeros(case[0]), *case[1:]).shape, seed=3)


def places(case):
    return pool_places(distinct(*case[0]), *case[1:])


SAMPLES = [
    *(Sample(average_pool, (array(*shape), *options), complex=True) for shape, *options in AVERAGES),
    *(Sample(average_pool_transposed, (means(case), *case)) for case in AVERAGES),
    *(Sample(adaptive_average_pool, (array(*shape), *counts), complex=True) for shape, *counts in ADAPTIVE),
    *(Sample(adaptive_average_pool_transposed, (adaptive_means(case), *case)) for case in ADAPTIVE),
    *(Sample(take_pooled, (array(*case[0]), places(case), case[1])) for case in MAXIMA),
    *(Sample(put_pooled, (array(*places(case).shape), places(case), case[0], case[1])) for case in MAXIMA),
    Sample(take_pooled, (array(2, 5, 6), adaptive_places(distinct(2, 5, 6), 2, (2, 3)), 2), note="adaptive"),
]

EDGES = [
    # both windows have taken the middle: two cotangents meet there
    Edge(
        take_pooled,
        (np.array([1.0, 5.0, 2.0]), np.array([1, 1]), 1),
        (np.array([0.0, 2.0, 0.0]),),
    ),
    Edge(take_pooled, (np.array([NAN, INF]), np.array([0, 1]), 1), (np.array([1.0, 1.0]),)),
    Edge(
        take_pooled, (np.zeros((0, 4)), np.zeros((0, 2), np.int64), 1), (np.zeros((0, 4)),), note="no planes"
    ),
    # the last window has one number of its own: half of 1, and the padding's half is lost
    Edge(
        average_pool,
        (np.array([1.0, 2.0, 3.0]), 1, 2, 2, 1, False, True, None),
        (np.array([0.5, 0.5, 0.5]),),
    ),
    Edge(
        average_pool,
        (np.array([1.0, 2.0, 3.0]), 1, 2, 2, 1, False, False, None),
        (np.array([1.0, 0.5, 0.5]),),
        note="without the padding",
    ),
    Edge(
        average_pool,
        (np.zeros((0, 4)), 1, 2, None, 0, False, True, None),
        (np.zeros((0, 4)),),
        note="nothing",
    ),
    Edge(adaptive_average_pool, (np.zeros((2, 5)), 1, 0), (np.zeros((2, 5)),), note="no windows"),
]
