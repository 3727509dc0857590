"""Samples of tapeless/rules/puts.py."""

import numpy as np

from tapeless.rules.puts import last_put, put_into
from tests.rules.sample import Edge, Sample, array

# shape, places, shape of the values, mode
PUTS = [
    ((5,), [0, 3], (2,)),
    ((5,), 2, ()),
    ((5,), [0, 3, 0], (3,)),
    ((5,), [4, -1, 1, 1], ()),
    ((2, 3), [[0, 5], [-2, 3]], (2, 2)),
    ((5,), [0, 1, 2, 3, 4], (2,)),
    ((5,), [1, 1, 1], (2,)),
    ((5,), [2], (3,)),
    ((5,), [], (3,)),
    ((5,), [7, -9], (2,), "wrap"),
    ((5,), [7, 9, 1], (3,), "clip"),
]


def put(value_shape, shape, places, *mode):
    return Sample(
        put_into, (array(*value_shape), shape, places, *mode), complex=True, note=f" {places} {mode}"
    )


def taken(shape, places, value_shape, *mode):
    return Sample(
        last_put, (array(*shape), places, value_shape, *mode), complex=True, note=f" {places} {mode}"
    )


SAMPLES = [
    *[put(value_shape, shape, places, *mode) for shape, places, value_shape, *mode in PUTS],
    *[taken(shape, places, value_shape, *mode) for shape, places, value_shape, *mode in PUTS],
]

EDGES: list[Edge] = [
    Edge(put_into, (np.zeros(0), (3,), [0, 1]), (np.zeros(0),), note=" nothing to put"),
    Edge(last_put, (np.arange(3.0), [0, 1], (0,)), (np.zeros(3),), note=" nothing to put"),
    Edge(
        put_into,
        (np.zeros(2, np.float32), (4,), [0, 1, 2, 0]),
        (np.array([4.0, 3.0], np.float32),),
        g=np.array([1.0, 2.0, 4.0, 8.0], np.float32),
        note=" the last write wins, and each value is written in its turn",
    ),
]
