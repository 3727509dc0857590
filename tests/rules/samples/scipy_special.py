"""Samples of tapeless/rules/scipy_special.py."""

import math

import numpy as np
import pytest

from tests.rules.sample import Edge, Sample, array, positive

special = pytest.importorskip("scipy.special")
from tapeless.rules.scipy_special import (  # noqa: E402
    exp_below,
    hurwitz_zeta,
    multi_polygamma,
    psi_derivative,
    weights_or_one,
    weights_or_zero,
)

inf = math.inf
x, y = array(2, 3), array(3, seed=1)
p, q = positive(2, 3), positive(3, seed=1)
unit = array(2, 3, low=0.1, high=0.9)

REAL = (
    special.expit, special.log_expit, special.erf, special.erfc, special.erfcx, special.erfi, special.dawsn,
    special.ndtr, special.log_ndtr, special.exprel, special.expm1, special.exp2, special.exp10, special.cosm1,
    special.j0, special.j1, special.i0, special.i1,
)  # fmt: skip
ON_POSITIVE = (
    special.gamma, special.gammaln, special.loggamma, special.psi, special.entr, special.log1p, special.cbrt,
    special.expi, special.exp1, special.y0, special.y1, special.k0, special.k1, special.k0e, special.k1e,
    special.i0e, special.i1e,
)  # fmt: skip
ON_UNIT = (special.logit, special.erfinv, special.erfcinv, special.ndtri)
COMPLEX = (special.erf, special.gamma, special.loggamma, special.erfi, special.expm1, special.log1p)
ORDERED = (special.jv, special.yv, special.iv, special.kv, special.ive, special.kve)

SAMPLES = [
    *[Sample(f, (x,)) for f in REAL],
    *[Sample(f, (p,), rtol=3e-5) for f in ON_POSITIVE],
    *[Sample(f, (unit,)) for f in ON_UNIT],
    *[Sample(f, (0.3,), note=" of a float") for f in (*REAL, *ON_POSITIVE, *ON_UNIT)],
    *[Sample(f, (0.8 + 0.3j * p,), order=1, note=" complex") for f in COMPLEX],
    *[Sample(f, (1.5, p), wrt=(1,)) for f in ORDERED],
    *[Sample(f, (np.array([[0.0], [2.0]]), q), wrt=(1,)) for f in ORDERED],
    *([Sample(special.softplus, (x,))] if hasattr(special, "softplus") else []),
    Sample(special.i0e, (np.array([-2.0, -0.3]),), note=" negative"),
    Sample(special.gammaln, (np.array([-1.5, -0.3]),), note=" negative"),
    Sample(special.expit, (np.array([-30.0, 30.0]),), note=" far"),
    Sample(special.yn, (2, p), wrt=(1,)),
    Sample(special.expn, (3, p), wrt=(1,)),
    Sample(special.polygamma, (1, p), wrt=(1,)),
    Sample(special.polygamma, (2, 0.7), wrt=(1,)),
    Sample(psi_derivative, (p, 2)),
    Sample(hurwitz_zeta, (2.5, p), wrt=(1,)),
    Sample(weights_or_one, (x,)),
    Sample(weights_or_zero, (x, p)),
    Sample(multi_polygamma, (2.0 + p, 3, 0)),
    Sample(special.multigammaln, (2.0 + p, 3)),
    Sample(special.beta, (p, q), wrt=(0, 1)),
    Sample(special.betaln, (p, q), wrt=(0, 1)),
    Sample(special.binom, (3.0 + p, q), wrt=(0, 1)),
    Sample(special.poch, (p, q), wrt=(0, 1)),
    Sample(special.gammainc, (1.7, p), wrt=(1,)),
    Sample(special.gammaincc, (q, p), wrt=(1,)),
    Sample(special.gammaincinv, (1.7, unit), wrt=(1,)),
    Sample(special.betainc, (1.7, q, unit), wrt=(2,)),
    Sample(special.betaincinv, (1.7, q, unit), wrt=(2,)),
    Sample(special.zeta, (2.5, p), wrt=(1,)),
    Sample(special.xlogy, (x, q), wrt=(0, 1)),
    Sample(special.xlog1py, (x, q), wrt=(0, 1)),
    Sample(special.rel_entr, (p, q), wrt=(0, 1)),
    Sample(special.kl_div, (p, q), wrt=(0, 1)),
    Sample(special.hyp1f1, (1.5, 2.5, x), wrt=(2,)),
    Sample(special.exprel, (np.array([-1e-9, 0.0, 1e-9, 3.0]),), note=" near zero"),
    Sample(special.boxcox, (p, np.array([0.5, -0.3, 2.0])), wrt=(0, 1)),
    Sample(special.boxcox, (p, 0.0), wrt=(0, 1), note=" logarithm"),
    Sample(special.boxcox1p, (p, 0.7), wrt=(0, 1)),
    Sample(special.inv_boxcox, (p, np.array([0.5, -0.3, 2.0])), wrt=(0, 1)),
    Sample(special.lambertw, (p,)),
    Sample(special.huber, (0.7, 3.0 * x), wrt=(0, 1)),
    Sample(special.pseudo_huber, (0.7, 3.0 * x), wrt=(0, 1)),
    Sample(exp_below, (x, y), wrt=(0, 1)),
    Sample(special.logsumexp, (x,)),
    Sample(special.logsumexp, (x,), {"axis": 1}),
    Sample(special.logsumexp, (x, -1), {"keepdims": True}),
    Sample(special.logsumexp, (array(2, 3, 2),), {"axis": (0, 2)}),
    Sample(special.logsumexp, (x, 1, p), wrt=(0, 2)),
    Sample(special.logsumexp, (x, 0, q), wrt=(0, 2)),
    Sample(special.softmax, (x,)),
    Sample(special.softmax, (x,), {"axis": 1}),
    Sample(special.log_softmax, (x,)),
    Sample(special.log_softmax, (x,), {"axis": 0}),
]

EDGES = [
    Edge(special.xlogy, (0.0, 0.0), (0.0,), wrt=(1,)),
    Edge(special.xlogy, (0.0, 2.0), (math.log(2.0), 0.0), wrt=(0, 1)),
    Edge(special.xlog1py, (0.0, -1.0), (0.0,), wrt=(1,)),
    Edge(special.exprel, (0.0,), (0.5,)),
    Edge(special.j1, (0.0,), (0.5,)),
    Edge(special.i1, (0.0,), (0.5,)),
    Edge(special.expit, (np.array([inf, -inf]),), (np.zeros(2),)),
    Edge(special.log_expit, (np.array([inf, -800.0]),), (np.array([0.0, 1.0]),)),
    Edge(special.log_ndtr, (np.array([inf, 0.0]),), (np.array([0.0, 2.0 / math.sqrt(2.0 * math.pi)]),)),
    Edge(special.logit, (np.array([0.0, 1.0]),), (np.array([inf, inf]),)),
    Edge(special.logsumexp, (np.array([-inf, -inf]),), (np.zeros(2),)),
    Edge(special.logsumexp, (np.array([0.0, -inf]),), (np.array([1.0, 0.0]),)),
    Edge(special.logsumexp, (np.array([1000.0, 1000.0]),), (np.array([0.5, 0.5]),)),
    Edge(special.softmax, (np.array([1000.0, 0.0]),), (np.zeros(2),)),
    Edge(special.huber, (1.0, 1.0), (0.0, 1.0), wrt=(0, 1)),
]
