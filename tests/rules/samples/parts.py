"""Samples of tapeless/rules/parts.py and linear_forms.py."""

import math

import numpy as np

from tapeless.rules.linear_forms import affine, laid_out_to_right
from tapeless.rules.parts import add_at, diagonal_view, fill_where, middle, nan_middle, picked, pieces, rows
from tests.rules.sample import Edge, Sample, array, distinct

MASK = np.array([[True, False, True], [False, False, True]])
TWICE = (np.array([0, 0, 1]),)

SAMPLES = [
    Sample(diagonal_view, (array(3, 4), 0, 0, 1), complex=True),
    Sample(diagonal_view, (array(2, 3, 4), 1, 1, 2), complex=True),
    Sample(pieces, (array(5, 2), (2, 3), 0), complex=True),
    Sample(pieces, (array(2, 5), (1, 0, 4), 1), complex=True),
    Sample(rows, (array(2, 3), 0), complex=True),
    Sample(rows, (array(2, 3), 1), complex=True),
    Sample(rows, (array(3), 0), complex=True, note="numbers"),
    Sample(picked, (array(2, 3), np.array([1, 0, 1]), 0, False), complex=True),
    Sample(picked, (array(2, 3), np.array([[2], [0]]), 1, True), complex=True),
    Sample(add_at, (array(3, 2), TWICE, array(3, 2, seed=1)), wrt=(0, 2), complex=True),
    Sample(add_at, (array(3, 2), TWICE, 0.5), wrt=(0, 2), note="number"),
    Sample(middle, (distinct(5),)),
    Sample(middle, (distinct(2, 3),)),
    Sample(nan_middle, (distinct(4),)),
    Sample(fill_where, (array(2, 3), MASK, 2.5)),
    Sample(fill_where, (array(2, 3), MASK, array()), wrt=(0, 2)),
    Sample(affine, (array(2), array(4, 3), array(3, 2, seed=1)), wrt=(0, 1, 2), complex=True),
    Sample(affine, (array(2), array(4, 3), array(2, 3, seed=1).T), wrt=(0, 1, 2), note="turned"),
    Sample(laid_out_to_right, (array(4, 2), array(4, 3), (3, 2), True), wrt=(0, 1), complex=True),
    Sample(laid_out_to_right, (array(4, 2), array(4, 3), (3, 2), False), wrt=(0, 1), note="as it comes"),
    Sample(affine, (array(4, 2), array(4, 3), array(3, 2, seed=1)), wrt=(0, 1, 2), complex=True),
]

EDGES = [
    # equal elements share the median's cotangent
    Edge(middle, (np.array([1.0, 3.0, 3.0]),), (np.array([0.0, 0.5, 0.5]),)),
    # of four the lower of the two in the middle
    Edge(middle, (np.array([4.0, 1.0, 3.0, 2.0]),), (np.array([0.0, 0.0, 0.0, 1.0]),)),
    Edge(nan_middle, (np.array([math.nan, 1.0, 2.0]),), (np.array([0.0, 1.0, 0.0]),)),
    # both writes to element 0 add up
    Edge(
        add_at,
        (np.zeros(2), TWICE, np.array([1.0, 2.0, 3.0])),
        (np.array([5.0, 7.0]), np.array([5.0, 5.0, 7.0])),
        wrt=(0, 2),
        g=np.array([5.0, 7.0]),
    ),
    Edge(fill_where, (np.full((2, 3), math.nan), MASK, 0.0), (np.where(MASK, 0.0, 1.0),)),
    Edge(pieces, (np.zeros((0, 2)), (0, 0), 0), (np.zeros((0, 2)),)),
]
