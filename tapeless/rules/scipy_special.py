"""scipy.special: read by the table when the first of its functions is met.

Formulas are those of the NIST Digital Library of Mathematical Functions (dlmf.nist.gov), chapters 5 to 11.
A parameter whose derivative has no closed form (the `a` of gammainc, the order of a Bessel function) has none
here: to differentiate by it is refused.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from tapeless._types import Array, Axis
from tapeless.rules.elementwise import is_within
from tapeless.rules.kinds import constant, elementwise, forward_rule, general
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import restore_axes
from tapeless.rules.table import primitive

special: Any = importlib.import_module("scipy.special")

expit, log_expit = special.expit, special.log_expit
psi, gammaln = special.psi, special.gammaln
betaln, xlogy, xlog1py = special.betaln, special.xlogy, special.xlog1py
hyp1f1, expn = special.hyp1f1, special.expn
jv, yv, yn, iv, kv, ive, kve = (
    special.jv,
    special.yv,
    special.yn,
    special.iv,
    special.kv,
    special.ive,
    special.kve,
)
j0, j1, y0, y1 = special.j0, special.j1, special.y0, special.y1
i0, i1, i0e, i1e = special.i0, special.i1, special.i0e, special.i1e
k0, k1, k0e, k1e = special.k0, special.k1, special.k0e, special.k1e

ROOT_PI = math.sqrt(math.pi)
ROOT_TAU = math.sqrt(2.0 * math.pi)

# Logistic ---------------------------------------------------------------------------------------------------

elementwise(expit, lambda out, x: out * expit(-x))
elementwise(log_expit, lambda out, x: expit(-x))
elementwise(special.logit, lambda out, x: np.divide(1.0, x * (1.0 - x)))
if hasattr(special, "softplus"):  # from SciPy 1.15 on
    elementwise(special.softplus, lambda out, x: expit(x))

# Error functions, the normal distribution -------------------------------------------------------------------

elementwise(special.erf, lambda out, z: np.exp(-(z * z)) * (2.0 / ROOT_PI))
elementwise(special.erfc, lambda out, x: np.exp(-(x * x)) * (-2.0 / ROOT_PI))
elementwise(special.erfcx, lambda out, x: 2.0 * x * out - 2.0 / ROOT_PI)
elementwise(special.erfi, lambda out, z: np.exp(z * z) * (2.0 / ROOT_PI))
elementwise(special.dawsn, lambda out, x: 1.0 - 2.0 * x * out)
elementwise(special.erfinv, lambda out, y: np.exp(out * out) * (0.5 * ROOT_PI))
elementwise(special.erfcinv, lambda out, y: np.exp(out * out) * (-0.5 * ROOT_PI))
elementwise(special.ndtr, lambda out, x: np.exp(-0.5 * x * x) / ROOT_TAU)
elementwise(special.log_ndtr, lambda out, x: np.exp(-0.5 * x * x - out) / ROOT_TAU)
elementwise(special.ndtri, lambda out, y: np.exp(0.5 * out * out) * ROOT_TAU)

# What is no ufunc does not know variables: rules call these in its place.


@primitive
def psi_derivative(x: Array, n: int) -> Array:
    """The derivative of order n of the digamma function, in x's dtype."""
    return np.asarray(special.polygamma(n, x), np.result_type(np.asarray(x), np.float32))[()]


@primitive
def hurwitz_zeta(x: Array, q: Array) -> Array:
    """The sum of (k + q) ** -x over k = 0, 1, 2..."""
    return special.zeta(x, q)


elementwise(psi_derivative, lambda out, x, n: (psi_derivative(x, n + 1), None))
elementwise(hurwitz_zeta, lambda out, x, q: (None, -x * hurwitz_zeta(x + 1.0, q)))

# Gamma and beta ---------------------------------------------------------------------------------------------

elementwise(special.gamma, lambda out, z: out * psi(z))
elementwise(gammaln, lambda out, x: psi(x))
elementwise(special.loggamma, lambda out, z: psi(z))
elementwise(psi, lambda out, z: psi_derivative(z, 1))
elementwise(special.polygamma, lambda out, n, x: (None, psi_derivative(x, n + 1)))
elementwise(special.beta, lambda out, a, b: (out * (psi(a) - psi(a + b)), out * (psi(b) - psi(a + b))))
elementwise(betaln, lambda out, a, b: (psi(a) - psi(a + b), psi(b) - psi(a + b)))
elementwise(
    special.binom,
    lambda out, x, y: (out * (psi(x + 1.0) - psi(x - y + 1.0)), out * (psi(x - y + 1.0) - psi(y + 1.0))),
)
elementwise(special.poch, lambda out, z, m: (out * (psi(z + m) - psi(z)), out * psi(z + m)))
elementwise(special.gammainc, lambda out, a, x: (None, np.exp(xlogy(a - 1.0, x) - x - gammaln(a))))
elementwise(special.gammaincc, lambda out, a, x: (None, -np.exp(xlogy(a - 1.0, x) - x - gammaln(a))))
elementwise(special.gammaincinv, lambda out, a, y: (None, np.exp(gammaln(a) + out - xlogy(a - 1.0, out))))
elementwise(
    special.betainc,
    lambda out, a, b, x: (None, None, np.exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b))),
)
elementwise(
    special.betaincinv,
    lambda out, a, b, y: (None, None, np.exp(betaln(a, b) - xlogy(a - 1.0, out) - xlog1py(b - 1.0, -out))),
)
elementwise(special.zeta, lambda out, x, q=None: (None, -x * hurwitz_zeta(x + 1.0, q)))


@primitive
def multi_polygamma(a: Array, d: int, k: int) -> Array:
    """The derivative of order k + 1 of the logarithm of the multivariate gamma function."""
    total: Any = 0.0
    for j in range(d):
        total = total + psi_derivative(a - 0.5 * j, k)
    return total


elementwise(multi_polygamma, lambda out, a, d, k: (multi_polygamma(a, d, k + 1), None, None))
elementwise(special.multigammaln, lambda out, a, d: (multi_polygamma(a, d, 0), None))

# Exponentials, logarithms, powers; at zero the factor before an infinite logarithm decides ------------------

elementwise(
    xlogy,
    lambda out, x, y: (np.log(y), x / np.where(np.equal(x, 0.0) & np.equal(y, 0.0), 1.0, y)),
)
elementwise(
    xlog1py,
    lambda out, x, y: (np.log1p(y), x / np.where(np.equal(x, 0.0) & np.equal(y, -1.0), 1.0, 1.0 + y)),
)
elementwise(special.entr, lambda out, x: -np.log(x) - 1.0)
elementwise(special.rel_entr, lambda out, x, y: (np.log(x / y) + 1.0, -(x / y)))
elementwise(special.kl_div, lambda out, x, y: (np.log(x / y), 1.0 - x / y))
elementwise(special.exprel, lambda out, x: 0.5 * hyp1f1(2.0, 3.0, x))
elementwise(hyp1f1, lambda out, a, b, x: (None, None, a / b * hyp1f1(a + 1.0, b + 1.0, x)))
elementwise(special.expm1, lambda out, x: out + 1.0)
elementwise(special.log1p, lambda out, x: np.divide(1.0, 1.0 + x))
elementwise(special.exp2, lambda out, x: out * math.log(2.0))
elementwise(special.exp10, lambda out, x: out * math.log(10.0))
elementwise(special.cbrt, lambda out, x: 1.0 / (3.0 * out * out))
elementwise(special.cosm1, lambda out, x: -np.sin(x))
elementwise(special.expi, lambda out, x: np.exp(x) / x)
elementwise(special.exp1, lambda out, z: -np.exp(-z) / z)
elementwise(expn, lambda out, n, x: (None, -expn(n - 1, x)))
elementwise(
    special.boxcox,
    lambda out, x, lmbda: (
        power_derivative(x, lmbda - 1.0, 0, 0),
        0.5 * np.log(x) * np.log(x) * hyp1f1(2.0, 3.0, lmbda * np.log(x)),
    ),
)
elementwise(
    special.boxcox1p,
    lambda out, x, lmbda: (
        power_derivative(1.0 + x, lmbda - 1.0, 0, 0),
        0.5 * np.log1p(x) * np.log1p(x) * hyp1f1(2.0, 3.0, lmbda * np.log1p(x)),
    ),
)
elementwise(
    special.inv_boxcox,
    lambda out, y, lmbda: (
        np.power(out, 1.0 - lmbda),
        -0.5 * np.log(out) * np.log(out) * hyp1f1(2.0, 3.0, lmbda * np.log(out)) * np.power(out, 1.0 - lmbda),
    ),
)
elementwise(special.lambertw, lambda out, z, k=0, tol=1e-8: (np.exp(-out) / (1.0 + out), None, None))
elementwise(
    special.huber,
    lambda out, delta, r: (
        np.where(is_within(r, -delta, delta), 0.0, np.abs(r) - delta),
        np.clip(r, -delta, delta),
    ),
)
elementwise(
    special.pseudo_huber,
    lambda out, delta, r: (
        2.0 * out / delta - r * r / (delta * np.sqrt(1.0 + (r / delta) * (r / delta))),
        r / np.sqrt(1.0 + (r / delta) * (r / delta)),
    ),
)

# Bessel functions -------------------------------------------------------------------------------------------

elementwise(j0, lambda out, x: -j1(x))
elementwise(j1, lambda out, x: 0.5 * (j0(x) - jv(2.0, x)))
elementwise(jv, lambda out, v, z: (None, 0.5 * (jv(v - 1.0, z) - jv(v + 1.0, z))))
elementwise(y0, lambda out, x: -y1(x))
elementwise(y1, lambda out, x: 0.5 * (y0(x) - yv(2.0, x)))
elementwise(yn, lambda out, n, x: (None, 0.5 * (yn(n - 1, x) - yn(n + 1, x))))
elementwise(yv, lambda out, v, z: (None, 0.5 * (yv(v - 1.0, z) - yv(v + 1.0, z))))
elementwise(i0, lambda out, x: i1(x))
elementwise(i1, lambda out, x: 0.5 * (i0(x) + iv(2.0, x)))
elementwise(iv, lambda out, v, z: (None, 0.5 * (iv(v - 1.0, z) + iv(v + 1.0, z))))
elementwise(k0, lambda out, x: -k1(x))
elementwise(k1, lambda out, x: -0.5 * (k0(x) + kv(2.0, x)))
elementwise(kv, lambda out, v, z: (None, -0.5 * (kv(v - 1.0, z) + kv(v + 1.0, z))))
elementwise(i0e, lambda out, x: i1e(x) - np.sign(x) * out)
elementwise(i1e, lambda out, x: 0.5 * (i0e(x) + ive(2.0, x)) - np.sign(x) * out)
elementwise(k0e, lambda out, x: out - k1e(x))
elementwise(k1e, lambda out, x: out - 0.5 * (k0e(x) + kve(2.0, x)))
elementwise(kve, lambda out, v, z: (None, out - 0.5 * (kve(v - 1.0, z) + kve(v + 1.0, z))))
elementwise(
    ive, lambda out, v, z: (None, 0.5 * (ive(v - 1.0, z) + ive(v + 1.0, z)) - np.sign(np.real(z)) * out)
)

# Sums of exponentials ---------------------------------------------------------------------------------------


@primitive
def exp_below(a: Array, top: Array) -> Array:
    """exp(a - top), and 0 where both are -inf."""
    with np.errstate(invalid="ignore"):
        return np.exp(np.where(np.isneginf(a), -math.inf, a - top))


elementwise(exp_below, lambda out, a, top: (out, -out))


@primitive
def joint_shape(a: Array, b: Array) -> tuple[int, ...]:
    """The shape in which two arrays broadcast; None for the second is none."""
    return np.shape(a) if b is None else np.broadcast_shapes(np.shape(a), np.shape(b))


constant(joint_shape)


@primitive
def weights_or_one(b: Array) -> Array:
    """The weights; 1 if there are none."""
    return 1.0 if b is None else b


elementwise(weights_or_one, lambda out, b: 1.0)


@primitive
def weights_or_zero(t: Array, b: Array) -> Array:
    """The tangent of the weights; 0 if there are none."""
    return 0.0 if b is None else t


elementwise(weights_or_zero, lambda out, t, b: (1.0, 0.0))


@general(special.logsumexp)
def logsumexp(
    g: Array, out: Array, a: Array, axis: Axis = None, b: Array = None, keepdims: bool = False
) -> tuple[Array, None, Array]:
    shape = joint_shape(a, b)
    share = exp_below(a, restore_axes(out, shape, axis, keepdims)) * restore_axes(g, shape, axis, keepdims)
    return share * weights_or_one(b), None, share


@forward_rule(special.logsumexp)
def logsumexp_forward(
    t: Array,
    t_axis: Any,
    t_b: Array,
    out: Array,
    a: Array,
    axis: Axis = None,
    b: Array = None,
    keepdims: bool = False,
) -> Array:
    share = exp_below(a, restore_axes(out, joint_shape(a, b), axis, keepdims))
    along = t * weights_or_one(b) + weights_or_zero(t_b, b)
    return np.sum(share * along, axis=axis, keepdims=keepdims)


@general(special.softmax)
def softmax(g: Array, out: Array, x: Array, axis: Axis = None) -> Array:
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@forward_rule(special.softmax)
def softmax_forward(t: Array, out: Array, x: Array, axis: Axis = None) -> Array:
    return out * (t - np.sum(t * out, axis=axis, keepdims=True))


@general(special.log_softmax)
def log_softmax(g: Array, out: Array, x: Array, axis: Axis = None) -> Array:
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


@forward_rule(special.log_softmax)
def log_softmax_forward(t: Array, out: Array, x: Array, axis: Axis = None) -> Array:
    return t - np.sum(np.exp(out) * t, axis=axis, keepdims=True)
