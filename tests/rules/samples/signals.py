"""Samples of tapeless/rules/signals.py."""

import numpy as np

from tapeless.rules.signals import (
    put_in_full,
    steps,
    steps_transposed,
    sums_of_neighbours,
    sums_of_neighbours_transposed,
    take_of_full,
)
from tests.rules.sample import Edge, Sample, array

CUBE = array(2, 3, 4)
PLACES = np.array([0.0, 0.5, 2.0, 2.5])
SIZES = [(5, 3), (3, 5), (6, 4), (4, 6), (1, 4), (4, 1), (3, 3), (4, 4)]
MODES = ["full", "same", "valid"]
KNOTS = np.array([0.0, 1.0, 3.0, 4.0])
VALUES = np.array([1.0, 5.0, 3.0, 4.0])
POINTS = np.array([[-1.0, 0.3, 2.2], [3.9, 0.6, 7.0]])
ALL = (0, 1, 2)

SAMPLES = [
    *(
        Sample(np.convolve, (array(n), array(m, seed=1), mode), wrt=(0, 1), complex=True)
        for n, m in SIZES
        for mode in MODES
    ),
    *(
        Sample(np.correlate, (array(n), array(m, seed=1), mode), wrt=(0, 1))
        for n, m in SIZES
        for mode in MODES
    ),
    *(
        Sample(np.correlate, (array(n) + 1j, array(m, seed=1) + 0.5j, mode), wrt=(0, 1), note="complex")
        for n, m in ((5, 2), (2, 4))
        for mode in MODES
    ),
    Sample(np.convolve, (array(5), np.array(0.7)), wrt=(0, 1)),
    Sample(np.convolve, (array(5), array(3)), wrt=(1,)),
    Sample(np.correlate, (array(5), array(3)), wrt=(0,)),
    *(
        Sample(put_in_full, (array(n), 4, 2, mode, False))
        for mode, n in (("full", 5), ("same", 4), ("valid", 3))
    ),
    *(Sample(take_of_full, (array(5), 2, 4, mode, True)) for mode in MODES),
    Sample(np.interp, (POINTS, KNOTS, VALUES), wrt=ALL),
    Sample(np.interp, (POINTS, KNOTS, VALUES, 7.0, 8.0), wrt=ALL),
    Sample(np.interp, (POINTS, KNOTS, VALUES), {"right": 8.0}, wrt=ALL),
    Sample(np.interp, (np.array(0.3), KNOTS, VALUES), wrt=ALL),
    Sample(np.interp, (POINTS, KNOTS, VALUES + 1j * KNOTS), wrt=(0, 2), note="complex"),
    Sample(np.interp, (POINTS, KNOTS[:1], VALUES[:1]), wrt=(2,), note="one knot"),
    *(Sample(np.trapezoid, (CUBE,), {"axis": axis, "dx": 0.3}) for axis in (0, 1, -1)),
    Sample(np.trapezoid, (array(4),)),
    Sample(np.trapezoid, (CUBE, PLACES), wrt=(0, 1)),
    Sample(np.trapezoid, (CUBE, PLACES[:3], 1.0, 1), wrt=(0, 1)),
    Sample(np.trapezoid, (CUBE, array(2, 3, 4, seed=1)), {"axis": 1}, wrt=(0, 1)),
    Sample(np.trapezoid, (array(4), PLACES), wrt=(0, 1), complex=True),
    *(Sample(sums_of_neighbours, (CUBE, axis)) for axis in (0, -1)),
    Sample(sums_of_neighbours_transposed, (array(2, 2, 4), (2, 3, 4), 1)),
    Sample(sums_of_neighbours_transposed, (array(2, 1, 4), (2, 3, 4), 1), note="stretched"),
    Sample(steps, (PLACES[:3], 1.0, 3, 1)),
    Sample(steps, (CUBE, 1.0, 3, 1)),
    Sample(steps_transposed, (array(2, 2, 4), (3,), 1)),
    Sample(steps_transposed, (array(2, 2, 4), (2, 3, 4), 1)),
]

EDGES = [
    Edge(
        np.convolve,
        (np.array([1.0, 2.0]), np.array([3.0, 0.0])),
        (np.array([3.0, 3.0]), np.array([3.0, 3.0])),
        wrt=(0, 1),
    ),
    Edge(
        np.interp, (KNOTS, KNOTS, VALUES), (np.array([4.0, -1.0, 1.0, 1.0]),), note="the slope on the right"
    ),
    Edge(
        np.interp,
        (np.array([-1.0, 9.0]), KNOTS, VALUES),
        (np.zeros(2), np.array([1.0, 0, 0, 1.0])),
        wrt=(0, 2),
    ),
    Edge(np.interp, (np.array([-1.0, 9.0]), KNOTS, VALUES, 0.0, 0.0), (np.zeros(4),), wrt=(2,)),
    Edge(np.interp, (np.array([]), KNOTS, VALUES), (np.array([]), np.zeros(4)), wrt=(0, 2)),
    Edge(
        np.interp,
        (np.array([0.5], np.float32), list(KNOTS), VALUES),
        (np.array([4.0], np.float32),),
        note="knots in a list",
    ),
    Edge(np.trapezoid, (np.array([1.0, 2.0, 4.0]),), (np.array([0.5, 1.0, 0.5]),)),
    Edge(np.trapezoid, (np.array([1.0]),), (np.zeros(1),)),
]
