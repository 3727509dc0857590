"""Samples of tapeless/rules/scipy_linalg.py."""

import numpy as np
import pytest

from tests.rules.sample import Edge, Sample, array, matrix

linalg = pytest.importorskip("scipy.linalg")
from tapeless.rules.scipy_linalg import (  # noqa: E402
    corner,
    diagonal_blocks,
    doubled,
    halved,
    in_corner,
    joined_blocks,
    matrix_exp,
    outer_of_columns,
    sylvester,
    transposed_if,
    triangle,
    triangular_solution,
)
from tapeless.rules.support import layout_of  # noqa: E402

a, b, v = matrix(3), array(3, 2, seed=1), array(3, seed=2)
symmetric = matrix(3) @ matrix(3).T
blocks = [array(2, 3), array(2, seed=1), array(1, 1, seed=2)]

SAMPLES = [
    *[
        Sample(
            linalg.solve_triangular,
            (a, right),
            {"trans": trans, "lower": lower, "unit_diagonal": unit},
            wrt=(0, 1),
        )
        for right in (b, v)
        for trans in (0, "T")
        for lower in (False, True)
        for unit in (False, True)
    ],
    Sample(linalg.solve_triangular, (a, b), wrt=(0, 1)),
    *[
        Sample(triangular_solution, (a, right, transposed, lower, False), wrt=(0, 1))
        for right in (b, v)
        for transposed in (False, True)
        for lower in (False, True)
    ],
    Sample(triangle, (a, True, True)),
    Sample(outer_of_columns, (b, array(3, 2, seed=4), True), wrt=(0, 1)),
    Sample(outer_of_columns, (v, array(3, seed=4), False), wrt=(0, 1)),
    Sample(transposed_if, (b, True)),
    Sample(linalg.solve, (a, b), wrt=(0, 1)),
    Sample(linalg.solve, (a, v), wrt=(0, 1)),
    Sample(linalg.inv, (a,)),
    Sample(linalg.det, (a,)),
    Sample(linalg.cholesky, (symmetric,)),
    Sample(linalg.cholesky, (symmetric,), {"lower": True}),
    Sample(linalg.expm, (array(3, 3),)),
    Sample(linalg.expm, (array(2, 2, 2),), note=" stacked"),
    Sample(matrix_exp, (array(3, 3),)),
    Sample(doubled, (a, matrix(3, seed=1)), wrt=(0, 1)),
    Sample(halved, (array(4, 4),)),
    Sample(corner, (array(4, 4),)),
    Sample(in_corner, (a,)),
    Sample(linalg.solve_sylvester, (a, matrix(2, seed=1), b), wrt=(0, 1, 2)),
    Sample(sylvester, (a, matrix(2, seed=1), b), wrt=(0, 1, 2)),
    Sample(linalg.sqrtm, (symmetric,), rtol=1e-4),
    Sample(linalg.block_diag, tuple(blocks), wrt=(0,)),
    Sample(joined_blocks, (blocks,)),
    Sample(diagonal_blocks, (array(4, 6), layout_of(blocks))),
]

EDGES: list[Edge] = [Edge(linalg.det, (np.diag([2.0, 0.0]),), (np.diag([0.0, 2.0]),))]
