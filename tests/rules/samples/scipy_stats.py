"""Samples of tapeless/rules/scipy_stats.py."""

import math

import numpy as np
import pytest

from tests.rules.sample import Edge, Sample, array, positive

stats = pytest.importorskip("scipy.stats")
from tapeless.rules.scipy_joint import centred, inverse_of, whole_points, with_mean  # noqa: E402
from tapeless.rules.scipy_stats import (  # noqa: E402
    beta_density,
    gamma_density,
    normal_density,
    poisson_mass,
    t_density,
)

x, y, p, q = array(2, 3), array(3, seed=1), positive(2, 3), positive(3, seed=1)
unit = array(2, 3, low=0.1, high=0.9)
counts = np.array([[0.0, 1.0, 4.0], [2.0, 3.0, 7.0]])
METHODS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")
points = np.array([0.2, 0.3, 0.5])
several = np.array([[0.2, 0.1], [0.3, 0.6], [0.5, 0.3]])
spread = np.array([[2.0, 0.3], [0.3, 1.0]])


def of(distribution, method):
    return getattr(distribution, method)


def by_shape(method, shapes):
    """Only densities have derivatives by parameters of shape."""
    return tuple(range(3 + shapes)) if "pdf" in method else (0, *range(1 + shapes, 3 + shapes))


SAMPLES = [
    *[Sample(of(stats.norm, m), (x, y, p), wrt=(0, 1, 2), note=f" norm.{m}") for m in (*METHODS,)],
    *[Sample(of(stats.norm, m), (x,), note=f" standard norm.{m}") for m in METHODS],
    *[
        Sample(of(stats.norm, m), (0.3,), {"scale": 2.0}, wrt=(0, 2), note=f" norm.{m} of a float")
        for m in METHODS
    ],
    Sample(stats.norm.ppf, (unit, y, p), wrt=(0, 1, 2), note=" norm.ppf"),
    *[Sample(of(stats.t, m), (x, q, y, p), wrt=by_shape(m, 1), note=f" t.{m}") for m in METHODS],
    *[Sample(of(stats.gamma, m), (p, q, -0.1, 1.3), wrt=by_shape(m, 1), note=f" gamma.{m}") for m in METHODS],
    *[
        Sample(of(stats.beta, m), (unit, q, 1.7, 0.05, 1.1), wrt=by_shape(m, 2), note=f" beta.{m}")
        for m in METHODS
    ],
    *[Sample(of(stats.chi2, m), (p, q, -0.1, 1.3), wrt=by_shape(m, 1), note=f" chi2.{m}") for m in METHODS],
    *[Sample(of(stats.expon, m), (p, -0.1, 1.3), wrt=(0, 1, 2), note=f" expon.{m}") for m in METHODS],
    *[
        Sample(of(stats.poisson, m), (counts, q), wrt=(1,), note=f" poisson.{m}")
        for m in ("logpmf", "pmf", "cdf", "sf", "logcdf")
    ],
    Sample(stats.poisson.logpmf, (counts, q, 0), wrt=(1,), note=" poisson.logpmf with loc"),
    *[
        Sample(of(stats.dirichlet, m), (points, q), wrt=(1,), note=f" dirichlet.{m}")
        for m in ("logpdf", "pdf")
    ],
    *[
        Sample(of(stats.dirichlet, m), (several, q), wrt=(1,), note=f" dirichlet.{m} of several")
        for m in ("logpdf", "pdf")
    ],
    *[
        Sample(
            of(stats.multivariate_normal, m),
            (z, np.array([0.1, -0.2]), spread),
            wrt=(0, 1),
            note=f" multivariate_normal.{m}",
        )
        for m in ("logpdf", "pdf")
        for z in (array(2), array(3, 2), array(2, 3, 2))
    ],
    Sample(
        stats.multivariate_normal.logpdf,
        (array(3, 2), None, spread),
        note=" multivariate_normal without mean",
    ),
    Sample(centred, (x, y), wrt=(0, 1)),
    Sample(with_mean, (x, y)),
    Sample(whole_points, (x, (2,))),
    Sample(inverse_of, (spread,)),
    Sample(normal_density, (x,)),
    Sample(t_density, (x, q), wrt=(0, 1)),
    Sample(gamma_density, (p, q), wrt=(0, 1)),
    Sample(beta_density, (unit, q, 1.7), wrt=(0, 1, 2)),
    Sample(poisson_mass, (counts, q), wrt=(1,)),
]

EDGES = [
    Edge(stats.norm.logcdf, (np.array([0.0]),), (np.array([2.0 / math.sqrt(2.0 * math.pi)]),)),
    Edge(stats.norm.cdf, (np.array([np.inf, -np.inf]),), (np.zeros(2),)),
    # the points lie on a simplex, which differences would leave
    Edge(stats.dirichlet.logpdf, (points, np.array([1.0, 2.0, 3.0])), (np.array([0.0, 1.0 / 0.3, 4.0]),)),
    # at the mean; SciPy reads one triangle of the covariance
    Edge(
        stats.multivariate_normal.logpdf,
        (np.zeros(2), None, np.diag([2.0, 4.0])),
        (np.diag([-0.25, -0.125]),),
        wrt=(2,),
    ),
    Edge(stats.poisson.pmf, (np.array([0.0]), 1.0), (-math.exp(-1.0),), wrt=(1,)),
]
