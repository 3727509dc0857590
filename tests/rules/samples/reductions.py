"""Samples of tapeless/rules/reductions.py."""

import numpy as np

from tapeless.rules.reductions import gather_weights, log_share, spread_weights
from tapeless.rules.support import (
    conjugate,
    divide_or_zero,
    filled,
    masked,
    merge_axes,
    restore_axes,
    split_axes,
)
from tests.rules.sample import Edge, Sample, array, positive

nan, inf = np.nan, np.inf
CUBE = array(2, 3, 4)
SCALAR = np.array(0.7)
MASK = array(2, 3, 4, seed=5) > -0.4
MASK[0, 0] = MASK[1, :, 0] = True  # something is left along every axis
ROW_MASK = np.array([True, False, True, True])
HOLES = np.where(MASK, CUBE, nan)
NONE = np.zeros((0, 3))
F64 = np.dtype(np.float64)

AXES = [
    {},
    {"axis": 0},
    {"axis": -1},
    {"axis": (0, 2)},
    {"axis": (-1, 0)},
    {"axis": ()},
    {"axis": 1, "keepdims": True},
    {"axis": (2, 1), "keepdims": True},
    {"axis": None, "keepdims": True},
    {"axis": 1, "where": MASK},
    {"axis": (0, 2), "where": ROW_MASK},
    {"axis": None, "where": MASK, "keepdims": True},
]


def on_axes(function, **options):
    """Every form of `axis`, on three axes, on one and on none."""
    return [
        *(Sample(function, (CUBE,), axes, **options) for axes in AXES),
        Sample(function, (array(5),), {"axis": 0}, **options),
        Sample(function, (SCALAR,), {"axis": None}, **options),
    ]


DISPERSIONS = [
    {},
    {"axis": 0},
    {"axis": (0, -1), "ddof": 1},
    {"axis": 1, "keepdims": True, "correction": 0.5},
]
DISPERSIONS += [{"axis": 2, "where": MASK, "ddof": 0.5}, {"where": MASK}, {"axis": (1, 2), "where": ROW_MASK}]
NAN_FREE = (np.nansum, np.nanmean, np.nanprod, np.nanvar, np.nanstd)
WEIGHTS = [
    ((CUBE,), {}),
    ((CUBE, 1), {}),
    ((CUBE, (0, 2)), {"keepdims": True}),
    ((CUBE, None, positive(2, 3, 4)), {}),
    ((CUBE, -2, positive(3)), {}),
    ((CUBE, 1, positive(2, 3, 4)), {"keepdims": True}),
    ((CUBE, (2, 0), positive(4, 2)), {}),
    ((CUBE, (0, 2), positive(2, 4)), {"keepdims": True}),
    ((CUBE, (0, 1), positive(2, 3, 4)), {}),
]

SAMPLES = [
    *on_axes(np.sum, complex=True),
    *on_axes(np.mean, complex=True),
    *on_axes(np.prod, complex=True),
    *on_axes(np.add.reduce, complex=True),
    *on_axes(np.multiply.reduce, complex=True),
    *on_axes(np.logaddexp.reduce),
    *on_axes(np.logaddexp2.reduce),
    *on_axes(np.nansum),
    *on_axes(np.nanmean),
    *on_axes(np.nanprod),
    *(Sample(f, (CUBE,), {"dtype": np.float64}) for f in (np.sum, np.mean, np.prod, np.nansum, np.nanprod)),
    *(Sample(f, (CUBE, 1, np.float64), {}) for f in (np.sum, np.mean, np.var, np.add.reduce)),
    *(Sample(f, (CUBE, 1, None, None, True), {}) for f in (np.sum, np.mean, np.prod, np.multiply.reduce)),
    *(Sample(f, (SCALAR,), {"axis": axis}) for f in (np.sum, np.prod) for axis in (0, -1)),
    *(Sample(f, (CUBE,), one) for f in (np.var, np.std, np.nanvar, np.nanstd) for one in DISPERSIONS),
    *(Sample(f, (CUBE, (0, 1), None, None, 1), {}) for f in (np.var, np.std, np.nanvar, np.nanstd)),
    *(Sample(f, (array(5) + 1j * array(5, seed=1),), {"ddof": 1}, note="complex") for f in (np.var, np.std)),
    *(Sample(f, (HOLES,), {"axis": 1}, note="with nan") for f in NAN_FREE),
    *(Sample(np.average, args, kwargs, complex=True) for args, kwargs in WEIGHTS),
    *(Sample(np.average, args, kwargs, wrt=(0, 2)) for args, kwargs in WEIGHTS if len(args) == 3),
    Sample(np.average, (CUBE, -2, positive(3)), wrt=(2,)),
    Sample(spread_weights, (positive(4, 2), (2, 3, 4), (2, 0), F64)),
    Sample(spread_weights, (positive(3), (2, 3, 4), 1, F64)),
    Sample(gather_weights, (CUBE, (4, 2), (2, 0))),
    Sample(gather_weights, (CUBE, (2, 3, 4), 1)),
    Sample(log_share, (array(2, 3), array(2, 1, seed=1)), wrt=(0, 1)),
    Sample(restore_axes, (array(3), (2, 3, 4), (0, 2), False)),
    Sample(restore_axes, (array(2, 4), (2, 3, 4), -2, False), complex=True),
    Sample(restore_axes, (array(2, 1, 4), (2, 3, 4), 1, True)),
    *(Sample(merge_axes, (CUBE, axis), complex=True) for axis in (None, 1, -1, (0, 1), (2, 0), (-1, 0, 1))),
    Sample(split_axes, (array(3, 8), (2, 3, 4), (2, 0)), complex=True),
    Sample(split_axes, (array(24), (2, 3, 4), None)),
    Sample(split_axes, (array(2, 4, 3), (2, 3, 4), 1)),
    Sample(masked, (CUBE, MASK), complex=True),
    Sample(masked, (CUBE, True)),
    Sample(masked, (array(2, 1, 4), MASK), note="stretched"),
    Sample(filled, (CUBE, MASK, 1.0), complex=True),
    Sample(filled, (CUBE, True, 1.0)),
    Sample(divide_or_zero, (array(2, 3), positive(3)), wrt=(0, 1), complex=True),
    Sample(conjugate, (array(3),)),
    Sample(conjugate, (array(3) + 1j * array(3, seed=1),), note="complex"),
]

ZEROS = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [2.0, 5.0, 3.0]])
OTHERS = np.array([[0.0, 6.0, 0.0], [0.0, 0.0, 0.0], [15.0, 6.0, 10.0]])
EDGES = [
    Edge(np.sum, (NONE,), (NONE,)),
    Edge(np.sum, (NONE,), (NONE,), {"axis": 0}),
    Edge(np.sum, (np.array([[inf, nan]]),), (np.ones((1, 2)),)),
    Edge(np.sum, (np.array([1.0, 2.0]),), (np.array([0.0, inf]),), {"where": np.array([False, True])}, g=inf),
    Edge(
        np.sum,
        (np.array([1.0, 2.0], np.float32),),
        (np.array([1.0, 1.0], np.float32),),
        {"dtype": np.float64},
    ),
    Edge(np.nansum, (np.array([1.0, nan, inf]),), (np.array([1.0, 0.0, 1.0]),)),
    Edge(np.nansum, (np.array([[nan], [2.0]]),), (np.array([[0.0], [1.0]]),), {"axis": 1}),
    Edge(np.nanmean, (np.array([1.0, nan, 3.0]),), (np.array([0.5, 0.0, 0.5]),)),
    Edge(np.nanprod, (np.array([2.0, nan, 3.0, 0.0]),), (np.array([0.0, 0.0, 0.0, 6.0]),)),
    Edge(np.prod, (ZEROS,), (OTHERS,), {"axis": 1}),
    Edge(np.prod, (ZEROS.T,), (OTHERS.T,), {"axis": 0, "keepdims": True}),
    Edge(np.prod, (NONE,), (NONE,)),
    Edge(np.prod, (np.zeros((2, 0)),), (np.zeros((2, 0)),), {"axis": 1}),
    Edge(np.prod, (np.array([5.0]),), (np.array([1.0]),)),
    Edge(np.multiply.reduce, (ZEROS.T,), (OTHERS.T,)),
    Edge(np.prod, (ZEROS[0],), (np.array([3.0, 0.0, 2.0]),), {"where": np.array([True, False, True])}),
    Edge(np.std, (np.full((2, 3), 4.0),), (np.zeros((2, 3)),), {"axis": 1}),
    Edge(np.var, (np.full((2, 3), 4.0),), (np.zeros((2, 3)),)),
    Edge(np.std, (np.array(4.0),), (np.array(0.0),)),
    Edge(np.std, (np.array([1.0, 3.0]),), (np.array([-0.5, 0.5]),)),
    Edge(np.var, (np.array([1.0, 3.0]),), (np.array([-2.0, 2.0]),), {"ddof": 1}),
    Edge(np.var, (np.array([1.0]),), (np.array([nan]),), {"ddof": 1}, note="one value"),
    Edge(np.var, (np.array([1.0, 2.0]),), (np.array([-inf, inf]),), {"ddof": 3}),
    Edge(np.mean, (NONE,), (NONE,), g=1.0),
    Edge(np.nanvar, (np.array([1.0, nan, 3.0]),), (np.array([-1.0, 0.0, 1.0]),)),
    Edge(np.nanstd, (np.array([1.0, nan, 3.0]),), (np.array([-0.5, 0.0, 0.5]),)),
    Edge(np.nanstd, (np.array([1.0, nan, 1.0]),), (np.zeros(3),)),
    Edge(np.average, (np.array([1.0, 3.0]),), (np.array([0.25, 0.75]),), {"weights": np.array([1, 3])}),
    Edge(np.logaddexp.reduce, (np.array([-inf, -inf]),), (np.zeros(2),)),
    Edge(np.logaddexp.reduce, (np.array([-inf, 0.0]),), (np.array([0.0, 1.0]),)),
    Edge(np.logaddexp.reduce, (np.array([inf, 0.0]),), (np.array([1.0, 0.0]),)),
    Edge(np.logaddexp.reduce, (np.array([1000.0, 1000.0]),), (np.array([0.5, 0.5]),)),
    Edge(np.logaddexp2.reduce, (np.array([-inf, -inf]),), (np.zeros(2),)),
    Edge(divide_or_zero, (np.array([1.0, 6.0]), np.array([0.0, 3.0])), (np.array([0.0, 1 / 3]),)),
    *(Edge(np.mean, (NONE,), (NONE,), kwargs) for kwargs in ({}, {"axis": 0}, {"axis": 1})),
    *(Edge(f, (NONE,), (NONE,), {"axis": 1}) for f in (np.var, np.std, np.nanmean, np.nansum, np.nanvar)),
    Edge(np.mean, (ZEROS[0],), (np.zeros(3),), {"where": np.zeros(3, bool)}, note="masked whole"),
]
