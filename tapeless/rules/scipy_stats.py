"""scipy.stats: densities and distribution functions; read by the table when the first of them is met.

Their rows stand under the distribution and the method's name, as methods are made anew on each access.
A parameter of shape whose derivative has no closed form has none here: to differentiate by it is refused.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import elementwise
from tapeless.rules.table import primitive

# Those of several variables are beside this file.
importlib.import_module("tapeless.rules.scipy_joint")

stats: Any = importlib.import_module("scipy.stats")
special: Any = importlib.import_module("scipy.special")

psi = special.psi


# Densities that rules call: SciPy's methods do not know variables -----------------------------------------


@primitive
def normal_density(z: Array) -> Array:
    """exp(-z z / 2) / sqrt(2 pi)."""
    return np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


@primitive
def t_density(z: Array, df: Array) -> Array:
    return stats.t.pdf(z, df)


@primitive
def gamma_density(z: Array, a: Array) -> Array:
    return stats.gamma.pdf(z, a)


@primitive
def beta_density(z: Array, a: Array, b: Array) -> Array:
    return stats.beta.pdf(z, a, b)


@primitive
def poisson_mass(k: Array, mu: Array) -> Array:
    """The probability of the whole number k; 0 of one below zero."""
    return np.where(k < 0.0, 0.0, stats.poisson.pmf(np.floor(k), mu))


def t_by_df(z: Array, df: Array) -> Array:
    """The derivative of the logarithm of Student's density by the degrees of freedom."""
    share = z * z / (df + z * z)
    return 0.5 * (
        psi(0.5 * (df + 1.0)) - psi(0.5 * df) - 1.0 / df - np.log1p(z * z / df) + (df + 1.0) / df * share
    )


def t_by_z(z: Array, df: Array) -> Array:
    return -(df + 1.0) * z / (df + z * z)


def gamma_by_z(z: Array, a: Array) -> Array:
    return (a - 1.0) / z - 1.0


def beta_by_z(z: Array, a: Array, b: Array) -> Array:
    return (a - 1.0) / z - (b - 1.0) / (1.0 - z)


elementwise(normal_density, lambda out, z: -z * out)
elementwise(t_density, lambda out, z, df: (out * t_by_z(z, df), out * t_by_df(z, df)))
elementwise(gamma_density, lambda out, z, a: (out * gamma_by_z(z, a), out * (np.log(z) - psi(a))))
elementwise(
    beta_density,
    lambda out, z, a, b: (
        out * beta_by_z(z, a, b),
        out * (np.log(z) - psi(a) + psi(a + b)),
        out * (np.log1p(-z) - psi(b) + psi(a + b)),
    ),
)
elementwise(poisson_mass, lambda out, k, mu: (None, poisson_mass(k - 1.0, mu) - out))

# Normal -----------------------------------------------------------------------------------------------------

norm = stats.norm


def norm_logpdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    return -z / scale, z / scale, (z * z - 1.0) / scale


def norm_pdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    return out * -z / scale, out * z / scale, out * (z * z - 1.0) / scale


def norm_cdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = normal_density(z) / scale
    return d, -d, -z * d


def norm_sf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = normal_density(z) / scale
    return -d, d, z * d


def norm_logcdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-0.5 * z * z - out) / (scale * math.sqrt(2.0 * math.pi))
    return d, -d, -z * d


def norm_logsf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-0.5 * z * z - out) / (scale * math.sqrt(2.0 * math.pi))
    return -d, d, z * d


def norm_ppf(out: Array, q: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (out - loc) / scale
    return scale / normal_density(z), 1.0, z


elementwise(norm.logpdf, norm_logpdf)
elementwise(norm.pdf, norm_pdf)
elementwise(norm.cdf, norm_cdf)
elementwise(norm.sf, norm_sf)
elementwise(norm.logcdf, norm_logcdf)
elementwise(norm.logsf, norm_logsf)
elementwise(norm.ppf, norm_ppf)

# Student's t ------------------------------------------------------------------------------------------------


def t_logpdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_by_z(z, df)
    return d / scale, t_by_df(z, df), -(d / scale), -((z * d + 1.0) / scale)


def t_pdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_by_z(z, df)
    return out * d / scale, out * (t_by_df(z, df)), -(out * d / scale), -(out * (z * d + 1.0) / scale)


def t_cdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_density(z, df) / scale
    return d, None, -d, -z * d


def t_sf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_density(z, df) / scale
    return -d, None, d, z * d


def t_logcdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_density(z, df) / (scale * np.exp(out))
    return d, None, -d, -z * d


def t_logsf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = t_density(z, df) / (scale * np.exp(out))
    return -d, None, d, z * d


elementwise(stats.t.logpdf, t_logpdf)
elementwise(stats.t.pdf, t_pdf)
elementwise(stats.t.cdf, t_cdf)
elementwise(stats.t.sf, t_sf)
elementwise(stats.t.logcdf, t_logcdf)
elementwise(stats.t.logsf, t_logsf)

# Gamma ------------------------------------------------------------------------------------------------------


def gamma_logpdf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_by_z(z, a)
    return d / scale, np.log(z) - psi(a), -(d / scale), -((z * d + 1.0) / scale)


def gamma_pdf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_by_z(z, a)
    return out * d / scale, out * (np.log(z) - psi(a)), -(out * d / scale), -(out * (z * d + 1.0) / scale)


def gamma_cdf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_density(z, a) / scale
    return d, None, -d, -z * d


def gamma_sf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_density(z, a) / scale
    return -d, None, d, z * d


def gamma_logcdf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_density(z, a) / (scale * np.exp(out))
    return d, None, -d, -z * d


def gamma_logsf(out: Array, x: Array, a: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = gamma_density(z, a) / (scale * np.exp(out))
    return -d, None, d, z * d


elementwise(stats.gamma.logpdf, gamma_logpdf)
elementwise(stats.gamma.pdf, gamma_pdf)
elementwise(stats.gamma.cdf, gamma_cdf)
elementwise(stats.gamma.sf, gamma_sf)
elementwise(stats.gamma.logcdf, gamma_logcdf)
elementwise(stats.gamma.logsf, gamma_logsf)

# Beta -------------------------------------------------------------------------------------------------------


def beta_logpdf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_by_z(z, a, b)
    return (
        d / scale,
        np.log(z) - psi(a) + psi(a + b),
        np.log1p(-z) - psi(b) + psi(a + b),
        -(d / scale),
        -((z * d + 1.0) / scale),
    )


def beta_pdf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_by_z(z, a, b)
    return (
        out * d / scale,
        out * (np.log(z) - psi(a) + psi(a + b)),
        out * (np.log1p(-z) - psi(b) + psi(a + b)),
        -(out * d / scale),
        -(out * (z * d + 1.0) / scale),
    )


def beta_cdf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_density(z, a, b) / scale
    return d, None, None, -d, -z * d


def beta_sf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_density(z, a, b) / scale
    return -d, None, None, d, z * d


def beta_logcdf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_density(z, a, b) / (scale * np.exp(out))
    return d, None, None, -d, -z * d


def beta_logsf(out: Array, x: Array, a: Array, b: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = beta_density(z, a, b) / (scale * np.exp(out))
    return -d, None, None, d, z * d


elementwise(stats.beta.logpdf, beta_logpdf)
elementwise(stats.beta.pdf, beta_pdf)
elementwise(stats.beta.cdf, beta_cdf)
elementwise(stats.beta.sf, beta_sf)
elementwise(stats.beta.logcdf, beta_logcdf)
elementwise(stats.beta.logsf, beta_logsf)

# Chi-squared ------------------------------------------------------------------------------------------------


def chi2_logpdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_by_z(0.5 * z, 0.5 * df)
    return d / scale, 0.5 * (np.log(0.5 * z) - psi(0.5 * df)), -(d / scale), -((z * d + 1.0) / scale)


def chi2_pdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_by_z(0.5 * z, 0.5 * df)
    return (
        out * d / scale,
        out * (0.5 * (np.log(0.5 * z) - psi(0.5 * df))),
        -(out * d / scale),
        -(out * (z * d + 1.0) / scale),
    )


def chi2_cdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_density(0.5 * z, 0.5 * df) / scale
    return d, None, -d, -z * d


def chi2_sf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_density(0.5 * z, 0.5 * df) / scale
    return -d, None, d, z * d


def chi2_logcdf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_density(0.5 * z, 0.5 * df) / (scale * np.exp(out))
    return d, None, -d, -z * d


def chi2_logsf(out: Array, x: Array, df: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = 0.5 * gamma_density(0.5 * z, 0.5 * df) / (scale * np.exp(out))
    return -d, None, d, z * d


elementwise(stats.chi2.logpdf, chi2_logpdf)
elementwise(stats.chi2.pdf, chi2_pdf)
elementwise(stats.chi2.cdf, chi2_cdf)
elementwise(stats.chi2.sf, chi2_sf)
elementwise(stats.chi2.logcdf, chi2_logcdf)
elementwise(stats.chi2.logsf, chi2_logsf)

# Exponential ------------------------------------------------------------------------------------------------


def expon_logpdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = -1.0
    return d / scale, -(d / scale), -((z * d + 1.0) / scale)


def expon_pdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = -1.0
    return out * d / scale, -(out * d / scale), -(out * (z * d + 1.0) / scale)


def expon_cdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-z) / scale
    return d, -d, -z * d


def expon_sf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-z) / scale
    return -d, d, z * d


def expon_logcdf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-z) / (scale * np.exp(out))
    return d, -d, -z * d


def expon_logsf(out: Array, x: Array, loc: Array = 0, scale: Array = 1) -> Any:
    z = (x - loc) / scale
    d = np.exp(-z) / (scale * np.exp(out))
    return -d, d, z * d


elementwise(stats.expon.logpdf, expon_logpdf)
elementwise(stats.expon.pdf, expon_pdf)
elementwise(stats.expon.cdf, expon_cdf)
elementwise(stats.expon.sf, expon_sf)
elementwise(stats.expon.logcdf, expon_logcdf)
elementwise(stats.expon.logsf, expon_logsf)

# Poisson ----------------------------------------------------------------------------------------------------


def poisson_logpmf(out: Array, k: Array, mu: Array, loc: Array = 0) -> Any:
    return None, (k - loc) / mu - 1.0, None


def poisson_pmf(out: Array, k: Array, mu: Array, loc: Array = 0) -> Any:
    return None, poisson_mass(k - loc - 1.0, mu) - out, None


def poisson_cdf(out: Array, k: Array, mu: Array, loc: Array = 0) -> Any:
    return None, -poisson_mass(k - loc, mu), None


def poisson_sf(out: Array, k: Array, mu: Array, loc: Array = 0) -> Any:
    return None, poisson_mass(k - loc, mu), None


def poisson_logcdf(out: Array, k: Array, mu: Array, loc: Array = 0) -> Any:
    return None, -poisson_mass(k - loc, mu) / np.exp(out), None


elementwise(stats.poisson.logpmf, poisson_logpmf)
elementwise(stats.poisson.pmf, poisson_pmf)
elementwise(stats.poisson.cdf, poisson_cdf)
elementwise(stats.poisson.sf, poisson_sf)
elementwise(stats.poisson.logcdf, poisson_logcdf)
