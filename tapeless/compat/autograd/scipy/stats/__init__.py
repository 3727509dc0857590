"""`scipy.stats`; the distributions that have a module here also take what is traced."""

# ruff: noqa: F401

from tapeless.compat.autograd.scipy.lending import lent
from tapeless.compat.autograd.scipy.stats import (
    beta,
    chi2,
    dirichlet,
    gamma,
    multivariate_normal,
    norm,
    poisson,
    t,
)

__getattr__ = lent(__name__, "scipy.stats")
