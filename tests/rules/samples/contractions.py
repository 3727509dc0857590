"""Samples of tapeless/rules/contractions.py."""

import numpy as np

from tapeless.rules.contractions import (
    cross_to_left,
    cross_to_right,
    dot_to_left,
    dot_to_right,
    inner_to_left,
    inner_to_right,
    kron_to_left,
    kron_to_right,
    matmul_to_left,
    matmul_to_right,
    tensordot_to_left,
    tensordot_to_right,
)
from tests.rules.sample import Edge, Sample, array


def pair(function, shape1, shape2, **kwargs):
    """A sample of a bilinear function on arrays of two shapes, both differentiated."""
    return Sample(
        function, (array(*shape1, seed=1), array(*shape2, seed=2)), kwargs, wrt=(0, 1), complex=True
    )


def transposes(function, to_left, to_right, shape1, shape2, *settings):
    """Samples of both transposes of a bilinear function."""
    x1, x2 = array(*shape1, seed=1), array(*shape2, seed=2)
    c = array(*np.shape(function(x1, x2, *settings)), seed=3)
    return [
        Sample(to_left, (c, x2, shape1, *settings), wrt=(0, 1), complex=True),
        Sample(to_right, (c, x1, shape2, *settings), wrt=(0, 1), complex=True),
    ]


MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3, 4)),
    ((6, 5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((6, 1, 2, 3), (5, 3, 1)),
]
DOT = [
    ((), ()),
    ((), (3,)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((2, 4, 3), (3,)),
    ((3,), (2, 3, 4)),
    ((2, 4, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((2, 4, 3), (5, 3, 2)),
]
INNER = [
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 4, 3), (5, 3)),
]
TENSORDOT = [
    ((2, 3), (4, 5), 0),
    ((2, 3), (3, 4), 1),
    ((2, 3, 4), (3, 4), 2),
    ((2, 3), (2, 3), 2),
    ((2, 3, 4), (4, 2), (0, 1)),
    ((2, 3, 4), (4, 2), (-1, 0)),
    ((2, 3, 4), (4, 5, 3), ((1, 2), (2, 0))),
    ((2, 3, 4), (4, 5, 3), ([2, 1], [0, -1])),
    ((2, 3, 4, 5), (5, 2, 3), ((3, 0, 1), (0, 1, 2))),
    ((2, 3), (4,), ((), ())),
]
KRON = [((2, 3), (3, 2)), ((2,), (3, 2)), ((2, 3), (4,)), ((2,), (3,)), ((2, 3, 2), (2, 2)), ((), (2, 3))]
CROSS = [
    ((3,), (3,), -1, -1, -1),
    ((2, 3), (3,), -1, -1, -1),
    ((3,), (2, 3), -1, -1, 0),
    ((4, 2, 3), (2, 3), -1, -1, -1),
    ((3, 2), (3, 2), 0, 0, 0),
    ((3, 2), (2, 3), 0, 1, 0),
    ((3, 1, 2), (4, 3, 1), 0, 1, 2),
]
VECDOT = [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((4, 1, 3), (2, 3))]

COMPLEX = array(2, 3) - 1j * array(2, 3, seed=1)

SAMPLES = [
    *(pair(np.matmul, *shapes) for shapes in MATMUL),
    *(s for shapes in MATMUL for s in transposes(np.matmul, matmul_to_left, matmul_to_right, *shapes)),
    *(pair(np.dot, *shapes) for shapes in DOT),
    *(s for shapes in DOT for s in transposes(np.dot, dot_to_left, dot_to_right, *shapes)),
    *(pair(np.inner, *shapes) for shapes in INNER),
    *(s for shapes in INNER for s in transposes(np.inner, inner_to_left, inner_to_right, *shapes)),
    *(pair(np.tensordot, a, b, axes=axes) for a, b, axes in TENSORDOT),
    *(
        s
        for case in TENSORDOT
        for s in transposes(np.tensordot, tensordot_to_left, tensordot_to_right, *case)
    ),
    Sample(np.tensordot, (array(2, 3, 4), array(3, 4, seed=1)), wrt=(0, 1)),
    *(pair(np.kron, *shapes) for shapes in KRON),
    *(s for shapes in KRON for s in transposes(np.kron, kron_to_left, kron_to_right, *shapes)),
    *(pair(np.cross, a, b, axisa=i, axisb=j, axisc=k) for a, b, i, j, k in CROSS),
    *(s for case in CROSS for s in transposes(np.cross, cross_to_left, cross_to_right, *case)),
    pair(np.cross, (3, 2), (3, 2), axis=0),
    pair(np.cross, (2, 3), (2, 3)),
    pair(np.outer, (3,), (2,)),
    pair(np.outer, (2, 2), (3, 1, 2)),
    pair(np.outer, (), (3,)),
    Sample(np.vdot, (array(3), array(3, seed=1)), wrt=(0, 1)),
    Sample(np.vdot, (array(2, 3), array(2, 3, seed=1)), wrt=(0, 1)),
    Sample(np.vdot, (array(2, 3), array(6, seed=1)), wrt=(0, 1)),
    Sample(np.vdot, (array(), array(seed=1)), wrt=(0, 1)),
    Sample(np.vdot, (COMPLEX[0], COMPLEX[1]), wrt=(0, 1), note="complex"),
    Sample(np.vecdot, (COMPLEX, COMPLEX[1]), wrt=(0, 1), note="complex"),
    *(Sample(np.vecdot, (array(*a), array(*b, seed=1)), wrt=(0, 1)) for a, b in VECDOT),
    Sample(np.vecdot, (array(3, 2), array(4, 3, 1, seed=1)), {"axis": -2}, wrt=(0, 1)),
    Sample(np.vecdot, (array(3, 2), array(3, 4, 1, seed=1)), {"axis": 0}, wrt=(0, 1)),
    pair(np.linalg.matmul, (5, 2, 3), (3, 4)),
    pair(np.linalg.outer, (3,), (2,)),
    pair(np.linalg.tensordot, (2, 3, 4), (4, 5, 3), axes=((1, 2), (2, 0))),
    pair(np.linalg.cross, (3, 2), (3, 2), axis=0),
    Sample(np.linalg.vecdot, (array(3, 2), array(4, 3, 1, seed=1)), {"axis": -2}, wrt=(0, 1)),
]
if hasattr(np, "matvec"):
    SAMPLES += [
        pair(np.matvec, (2, 3), (3,)),
        pair(np.matvec, (4, 2, 3), (3,)),
        pair(np.matvec, (2, 3), (4, 3)),
        pair(np.matvec, (5, 1, 2, 3), (4, 3)),
        Sample(np.vecmat, (array(3), array(3, 2, seed=1)), wrt=(0, 1)),
        Sample(np.vecmat, (COMPLEX[0], COMPLEX.T), wrt=(0, 1), note="complex"),
        Sample(np.vecmat, (array(4, 3), array(3, 2, seed=1)), wrt=(0, 1)),
        Sample(np.vecmat, (array(3), array(4, 3, 2, seed=1)), wrt=(0, 1)),
        Sample(np.vecmat, (array(5, 1, 3), array(4, 3, 2, seed=1)), wrt=(0, 1)),
    ]

# The product i * (2 + 3i): what conjugates its first argument gives -i * (2 + 3i).
I, Z = np.array([1.0j]), np.array([2.0 + 3.0j])
EMPTY = np.zeros((2, 0))
EDGES = [
    Edge(np.matmul, (I, Z), (Z, I), wrt=(0, 1)),
    Edge(np.vdot, (I, Z), (np.conj(Z), -I), wrt=(0, 1)),
    Edge(np.vdot, (I, Z), (-1.0j * np.conj(Z), np.array([1.0])), wrt=(0, 1), g=np.array(1.0j)),
    Edge(np.vecdot, (I, Z), (-1.0j * np.conj(Z), np.array([1.0])), wrt=(0, 1), g=np.array(1.0j)),
    Edge(np.matmul, (EMPTY, np.zeros((0, 3))), (EMPTY, np.zeros((0, 3))), wrt=(0, 1)),
    Edge(
        np.matmul, (np.zeros((0, 4, 2)), np.ones((2, 3))), (np.zeros((0, 4, 2)), np.zeros((2, 3))), wrt=(0, 1)
    ),
    Edge(
        np.matmul, (np.zeros((3, 4, 0)), np.ones((0, 2))), (np.zeros((3, 4, 0)), np.zeros((0, 2))), wrt=(0, 1)
    ),
    Edge(np.dot, (np.zeros(0), np.zeros(0)), (np.zeros(0), np.zeros(0)), wrt=(0, 1)),
    Edge(np.dot, (EMPTY, np.zeros((0, 3))), (EMPTY, np.zeros((0, 3))), wrt=(0, 1)),
    Edge(np.dot, (np.array(2.0), np.array([1.0, 3.0])), (np.array(4.0), np.array([2.0, 2.0])), wrt=(0, 1)),
    Edge(np.inner, (EMPTY, np.zeros((3, 0))), (EMPTY, np.zeros((3, 0))), wrt=(0, 1)),
    Edge(np.outer, (np.zeros(0), np.ones(2)), (np.zeros(0), np.zeros(2)), wrt=(0, 1)),
    Edge(np.kron, (np.zeros((0, 2)), np.ones((2, 2))), (np.zeros((0, 2)), np.zeros((2, 2))), wrt=(0, 1)),
    Edge(np.tensordot, (EMPTY, np.zeros((0, 3))), (EMPTY, np.zeros((0, 3))), {"axes": 1}, wrt=(0, 1)),
    Edge(np.cross, (np.zeros((0, 3)), np.ones(3)), (np.zeros((0, 3)), np.zeros(3)), wrt=(0, 1)),
    Edge(
        np.cross,
        (np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])),
        (np.array([1.0, 0.0, -1.0]), np.array([0.0, 1.0, -1.0])),
        wrt=(0, 1),
    ),
]
if hasattr(np, "matvec"):
    EDGES.append(
        Edge(
            np.vecmat,
            (I, Z[:, None]),
            (-1.0j * np.conj(Z), np.array([[1.0]])),
            wrt=(0, 1),
            g=np.array([1.0j]),
        )
    )
