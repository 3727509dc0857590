"""Samples of tapeless/rules/einsum.py."""

import numpy as np

from tapeless.rules.einsum import einsum_to
from tests.rules.sample import Edge, Sample, array

CASES = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("i->i", (3,)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->ij", (3, 3, 2)),
    ("ijij->j", (3, 2, 3, 2)),
    ("iii->i", (2, 2, 2)),
    ("ii,i->i", (3, 3), (3,)),
    ("ii,jj->ij", (2, 2), (3, 3)),
    ("ij,k->i", (2, 3), (4,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)),
    (",->", (), ()),
    (",ij->ji", (), (2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("i,i,i,i->i", (3,), (3,), (3,), (3,)),
    ("a,b,c->abc", (2,), (3,), (2,)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk->...ik", (2, 3), (5, 3, 4)),
    ("...ij,...jk", (6, 1, 2, 3), (5, 3, 4)),
    ("i...,i...->...", (3, 2), (3, 4, 1)),
    ("...,...", (2, 3), (3,)),
    ("i...i->...", (3, 2, 3)),
    ("...i->i...", (4, 2, 3)),
    ("ij,jk->ik", (2, 1), (3, 4)),
    ("ij,jk->k", (2, 3), (1, 4)),
    (" i j , j k -> k i ", (2, 3), (3, 4)),
]


def arrays(shapes):
    return tuple(array(*shape, seed=seed) for seed, shape in enumerate(shapes))


def transposes(subscripts, *shapes):
    """Samples of the transposes of one einsum with respect to each operand."""
    xs = arrays(shapes)
    c = array(*np.shape(np.einsum(subscripts, *xs)), seed=9)
    return [
        Sample(einsum_to, (subscripts, i, shape, False, c, *xs[:i], *xs[i + 1 :]), wrt=(4,), complex=True)
        for i, shape in enumerate(shapes)
    ]


A, B = array(2, 3), array(3, 4, seed=1)
SAMPLES = [
    *(
        Sample(np.einsum, (case[0], *arrays(case[1:])), wrt=(1,), complex=True, note=case[0])
        for case in CASES
    ),
    *(sample for case in CASES for sample in transposes(*case)),
    Sample(
        np.einsum, ("ij,jk,kl->il", A, B, array(4, 2, seed=2)), {"optimize": True}, wrt=(1,), complex=True
    ),
    Sample(np.einsum, ("ij,jk->ik", A, B), {"optimize": "greedy"}, wrt=(1,)),
    Sample(np.einsum, (A, [0, 1], B, [1, 2], [0, 2]), wrt=(1,), complex=True, note="sublists"),
    Sample(np.einsum, (A, [0, 1], B, [1, 2]), wrt=(1,), note="sublists"),
    Sample(np.einsum, (A, [30, 2]), wrt=(1,), note="sublists"),
    Sample(np.einsum, (array(5, 3, 3), [Ellipsis, 0, 0], [Ellipsis, 0]), wrt=(1,), note="sublists"),
]
EDGES = [
    Edge(
        np.einsum,
        ("ij,jk->ik", np.zeros((2, 0)), np.zeros((0, 3))),
        (np.zeros((2, 0)), np.zeros((0, 3))),
        wrt=(1,),
    ),
    Edge(np.einsum, ("ij->j", np.zeros((0, 3))), (np.zeros((0, 3)),), wrt=(1,)),
    Edge(np.einsum, ("ii", np.ones((2, 2))), (np.array([[1.0, 0.0], [0.0, 1.0]]),), wrt=(1,)),
    Edge(
        np.einsum,
        ("i,j->j", np.array([1.0, 2.0]), np.array([3.0])),
        (np.full(2, 3.0), np.full(1, 3.0)),
        wrt=(1,),
    ),
]
