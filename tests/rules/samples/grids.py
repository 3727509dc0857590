"""Samples of tapeless/rules/grids.py."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tapeless.rules.grids import add_windows, gradients, gradients_transposed, in_one_array, in_parts
from tapeless.rules.support import layout_of
from tests.rules.sample import Edge, Sample, array, positive

CUBE = array(3, 4, 5)
PLACES = np.array([0.0, 0.5, 2.0, 2.5])
BOTH = (0, 1)
ENDS = [
    (np.array(0.7), np.array(2.5)),
    (positive(3), np.array(2.5)),
    (positive(3), positive(2, 1, seed=1)),
]
OPTIONS = [{}, {"num": 1}, {"num": 4, "endpoint": False}, {"num": 3, "axis": -1}]
SPACED = (np.linspace, np.geomspace, np.logspace)

SAMPLES = [
    *(
        Sample(f, ends, {"num": 5} | options, wrt=BOTH, complex=f is not np.logspace)
        for f in SPACED
        for ends in ENDS
        for options in OPTIONS
    ),
    *(Sample(f, ENDS[1], {"num": 5}, wrt=wrt) for f in SPACED for wrt in ((0,), (1,))),
    Sample(np.geomspace, (-positive(3), -positive(3, seed=1)), {"num": 4}, wrt=BOTH, note="negative"),
    Sample(np.logspace, ENDS[1], {"num": 4, "base": 2.0}, wrt=BOTH),
    Sample(np.logspace, ENDS[1], {"num": 4, "base": positive(3, seed=2) + 1.0}, wrt=BOTH, note="bases"),
    *(
        Sample(np.gradient, (array(n), *spacing), {"edge_order": edge_order}, complex=True)
        for n, edge_order in ((2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (7, 2))
        for spacing in ((), (0.5,), (np.sort(positive(n)),))
    ),
    *(
        Sample(
            np.gradient, (CUBE, *spacing), {"axis": axis, "edge_order": edge_order}, note=f"{len(spacing)}"
        )
        for edge_order in (1, 2)
        for axis, spacing in (
            (None, ()),
            (None, (0.5,)),
            (None, (0.5, PLACES, 2.0)),
            (1, ()),
            (-2, (PLACES,)),
            ((2, 0), (0.5, 2.0)),
            ((1,), (0.5,)),
        )
    ),
    *(Sample(gradients, (array(3, 4), *options)) for options in (((), None, 1), ((0.5,), 1, 2))),
    *(
        Sample(gradients_transposed, (array(n, 3, 4), spacings, axis, 1))
        for n, spacings, axis in ((2, (0.5, PLACES), None), (1, (), 0), (2, (0.5, 2.0), (1, 0)))
    ),
    *(Sample(in_one_array, (parts, (3, 4))) for parts in ([array(3, 4), array(3, 4, seed=1)], array(3, 4))),
    *(Sample(in_parts, (array(n, 3), layout_of([array(3)] * n))) for n in (1, 2)),
    Sample(in_parts, (array(1, 3), layout_of(array(3))), note="one"),
    *(
        Sample(sliding_window_view, (CUBE, window, axis), complex=True)
        for window, axis in (
            ((2, 3, 1), None),
            (2, 1),
            (4, -1),
            ((2, 3), (2, 0)),
            ((2, 2), (1, 1)),
        )
    ),
    Sample(sliding_window_view, (array(5), 2)),
    Sample(add_windows, (array(4, 2), (5,), 2, None)),
    Sample(add_windows, (array(3, 3, 2), (3, 4), (2,), (1,))),
]

EDGES = [
    Edge(np.linspace, (1.0, 2.0, 3), (1.5, 1.5), wrt=BOTH),
    Edge(np.linspace, (1.0, 2.0, 1), (1.0, 0.0), wrt=BOTH, note="the start alone"),
    Edge(np.linspace, (1.0, 2.0, 0), (0.0, 0.0), wrt=BOTH, note="no points"),
    Edge(np.linspace, (np.zeros(0), 2.0, 3), (np.zeros(0), 0.0), wrt=BOTH, note="no starts"),
    Edge(np.linspace, (np.float32(1.0), np.float32(2.0), 2), (1.0, 1.0), wrt=BOTH, note="float32"),
    # 1, 2, 4 of start and stop: s, sqrt(s t), t.
    Edge(np.geomspace, (1.0, 4.0, 3), (2.0, 1.25), wrt=BOTH),
    Edge(np.logspace, (0.0, 0.0, 2, True, np.e), (1.0, 1.0), wrt=BOTH),
    Edge(np.gradient, (np.array([1.0, 4.0, 9.0]),), (np.array([-1.5, 0.0, 1.5]),)),
    Edge(np.gradient, (np.array([1.0, 4.0]), 0.5), (np.array([-4.0, 4.0]),)),
    Edge(np.gradient, (np.ones((0, 2)),), (np.ones((0, 2)),), {"axis": 1}, note="empty"),
    Edge(sliding_window_view, (np.arange(4.0), 2), (np.array([1.0, 2.0, 2.0, 1.0]),)),
    Edge(sliding_window_view, (np.arange(3.0), 3), (np.ones(3),), note="one window"),
    Edge(sliding_window_view, (np.ones((0, 3)), 2, 1), (np.ones((0, 3)),), note="empty"),
]
