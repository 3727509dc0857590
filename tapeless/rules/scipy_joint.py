"""scipy.stats: distributions of several variables.

The derivative by a covariance matrix is symmetric, as if both triangles were read.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import elementwise, forward_rule, general, linear, same_as
from tapeless.rules.table import primitive

stats: Any = importlib.import_module("scipy.stats")
special: Any = importlib.import_module("scipy.special")

psi = special.psi


@primitive
def whole_points(x: Array, shape: tuple[int, ...]) -> Array:
    """`x`, of which each point must have its last coordinate: SciPy would fill it in."""
    if np.shape(x)[0] != shape[0]:
        raise MissingRuleError(
            "no derivative rule for scipy.stats.dirichlet of points without their last coordinate: append "
            "1 - np.sum(x, axis=0)"
        )
    return x


@linear(whole_points)
def whole_points_rule(g: Array, x: Array, shape: tuple[int, ...]) -> Array:
    return g


def column(alpha: Array, x: Array) -> Array:
    """One of `alpha` for each row of x."""
    return np.reshape(alpha, (np.shape(alpha)[0],) + (1,) * (np.ndim(x) - 1))


def dirichlet_partials(x: Array, alpha: Array) -> Any:
    """The derivatives of the logarithm of the density by points and by alpha, for each coordinate."""
    points = whole_points(x, np.shape(alpha))
    each = np.log(points) - column(psi(alpha) - psi(np.sum(alpha)), x)
    return (column(alpha, x) - 1.0) / points, each


@general(stats.dirichlet.logpdf)
def dirichlet_logpdf(g: Array, x: Array, alpha: Array) -> Any:
    by_x, each = dirichlet_partials(x, alpha)
    wide = np.broadcast_to(g, np.shape(x))
    return wide * by_x, np.sum(np.reshape(wide * each, (np.shape(alpha)[0], -1)), axis=1)


@forward_rule(stats.dirichlet.logpdf)
def dirichlet_logpdf_forward(t_x: Array, t_alpha: Array, out: Array, x: Array, alpha: Array) -> Array:
    by_x, each = dirichlet_partials(x, alpha)
    return np.sum(t_x * by_x + column(t_alpha, x) * each, axis=0)


@general(stats.dirichlet.pdf)
def dirichlet_pdf(g: Array, out: Array, x: Array, alpha: Array) -> Any:
    by_x, each = dirichlet_partials(x, alpha)
    wide = np.broadcast_to(g * out, np.shape(x))
    return wide * by_x, np.sum(np.reshape(wide * each, (np.shape(alpha)[0], -1)), axis=1)


@forward_rule(stats.dirichlet.pdf)
def dirichlet_pdf_forward(t_x: Array, t_alpha: Array, out: Array, x: Array, alpha: Array) -> Array:
    by_x, each = dirichlet_partials(x, alpha)
    return out * np.sum(t_x * by_x + column(t_alpha, x) * each, axis=0)


# An argument that is None is what SciPy takes for zeros, and for the identity.


@primitive
def centred(x: Array, mean: Array) -> Array:
    """The points from their mean."""
    return x if mean is None else x - mean


@primitive
def with_mean(t: Array, mean: Array) -> Array:
    """The tangent of a mean; 0 where there is none."""
    return 0.0 if mean is None else t


@primitive
def inverse_of(cov: Array) -> Array:
    """The inverse of a covariance matrix; of numbers and variances there is no derivative."""
    if np.ndim(cov) != 2:
        raise TypeError(
            "no derivative rule for scipy.stats.multivariate_normal without a covariance matrix: give cov "
            "as an array of two axes (variances by np.diag)"
        )
    return np.linalg.inv(cov)


elementwise(centred, lambda out, x, mean: (1.0, -1.0))
elementwise(with_mean, lambda out, t, mean: (1.0, 0.0))
same_as(np.linalg.inv, inverse_of)


def normal_share(x: Array, mean: Array, cov: Array) -> Any:
    """The inverse of the covariance, and its product with the points from their mean."""
    inverse = inverse_of(cov)
    return inverse, centred(x, mean) @ inverse


def normal_cotangents(g: Array, x: Array, mean: Array, cov: Array) -> Any:
    inverse, pulled = normal_share(x, mean, cov)
    each = np.expand_dims(g, -1) * pulled
    rows = (-1, np.shape(cov)[0])
    squares = np.transpose(np.reshape(each, rows)) @ np.reshape(pulled, rows)
    return -each, each, 0.5 * (squares - np.sum(g) * inverse)


def normal_tangent(t_x: Array, t_mean: Array, t_cov: Array, x: Array, mean: Array, cov: Array) -> Array:
    inverse, pulled = normal_share(x, mean, cov)
    moving = 0.5 * (pulled @ t_cov) - (t_x - with_mean(t_mean, mean))
    return np.sum(pulled * moving, axis=-1) - 0.5 * np.sum(inverse * t_cov)


@general(stats.multivariate_normal.logpdf)
def multivariate_normal_logpdf(g: Array, x: Array, mean: Array = None, cov: Array = 1) -> Any:
    by_x, by_mean, by_cov = normal_cotangents(g, x, mean, cov)
    return by_x, by_mean, by_cov


@forward_rule(stats.multivariate_normal.logpdf)
def multivariate_normal_logpdf_forward(
    t_x: Array, t_mean: Array, t_cov: Array, out: Array, x: Array, mean: Array = None, cov: Array = 1
) -> Array:
    return normal_tangent(t_x, t_mean, t_cov, x, mean, cov)


@general(stats.multivariate_normal.pdf)
def multivariate_normal_pdf(g: Array, out: Array, x: Array, mean: Array = None, cov: Array = 1) -> Any:
    by_x, by_mean, by_cov = normal_cotangents(g * out, x, mean, cov)
    return by_x, by_mean, by_cov


@forward_rule(stats.multivariate_normal.pdf)
def multivariate_normal_pdf_forward(
    t_x: Array, t_mean: Array, t_cov: Array, out: Array, x: Array, mean: Array = None, cov: Array = 1
) -> Array:
    return out * normal_tangent(t_x, t_mean, t_cov, x, mean, cov)
