"""Samples of tapeless/rules/polynomials.py."""

import numpy as np

from tapeless.rules.polynomials import polyder_transposed, polyint_transposed, vander_derivative
from tests.rules.sample import Edge, Sample, array

BOTH = (0, 1)
P, Q = array(4), array(3, seed=1)

SAMPLES = [
    *(
        Sample(np.vander, (array(3), n), {"increasing": increasing}, complex=True)
        for n in (None, 1, 2, 5)
        for increasing in (False, True)
    ),
    *(Sample(vander_derivative, (array(3), 5, increasing, 2), complex=True) for increasing in (False, True)),
    *(Sample(np.polyval, (P, x), wrt=BOTH, complex=True) for x in (array(5), array(2, 3), np.array(0.7))),
    *(Sample(np.polyval, (P, array(5)), wrt=wrt) for wrt in ((0,), (1,))),
    Sample(np.polyval, (P[:1], array(5)), wrt=BOTH, note="constant"),
    *(Sample(f, (P, m), complex=True) for f in (np.polyder, np.polyint) for m in (1, 2, 3)),
    Sample(np.polyder, (P,)),
    Sample(np.polyint, (P,)),
    Sample(polyder_transposed, (Q, 5, 2)),
    Sample(polyint_transposed, (array(5), 2)),
    *(
        Sample(f, (a, b), wrt=BOTH, complex=True)
        for f in (np.polyadd, np.polysub, np.polymul)
        for a, b in ((P, Q), (Q, P), (P, array(4, seed=2)), (P, array(1)))
    ),
    *(Sample(f, (P, Q), wrt=wrt) for f in (np.polyadd, np.polysub, np.polymul) for wrt in ((0,), (1,))),
    *(Sample(f, (P, np.array(0.7)), wrt=BOTH) for f in (np.polyadd, np.polysub, np.polymul)),
]

EDGES = [
    Edge(np.vander, (np.zeros(2), 3), (np.ones(2),), note="zeros"),
    Edge(np.vander, (np.zeros(0), 3), (np.zeros(0),), note="empty"),
    Edge(np.vander, (np.ones(2), 0), (np.zeros(2),), note="no columns"),
    Edge(
        np.polyval,
        (np.array([3.0, 2.0, 1.0]), np.array([0.0, 2.0])),
        (np.array([4.0, 2.0, 2.0]), np.array([2.0, 14.0])),
        wrt=BOTH,
    ),
    Edge(np.polyval, (np.array([5.0]), 2.0), (np.array([1.0]), 0.0), wrt=BOTH, note="constant"),
    Edge(np.polyval, (np.zeros(0), np.ones(2)), (np.zeros(0), np.zeros(2)), wrt=BOTH, note="no coefficients"),
    Edge(np.polyder, (np.array([5.0, 1.0]), 3), (np.zeros(2),), note="more often than its degree"),
    Edge(np.polyder, (np.array([5.0, 1.0, 7.0]),), (np.array([2.0, 1.0, 0.0]),)),
    Edge(np.polyint, (np.array([5.0, 1.0]),), (np.array([0.5, 1.0]),)),
    Edge(np.polyadd, (np.array([5.0, 1.0]), 2.0), (np.ones(2), 1.0), wrt=BOTH),
    # (0 x + 2)(3 x + 4) = 6 x + 8: its first coefficient would change the square's, which is left out.
    Edge(
        np.polymul,
        (np.array([0.0, 2.0]), np.array([3.0, 4.0])),
        (np.array([4.0, 7.0]), np.array([2.0, 2.0])),
        wrt=BOTH,
        note="a leading zero",
    ),
]
