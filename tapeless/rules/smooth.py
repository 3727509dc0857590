"""Derivatives that need care at every order: of powers, sinc, the Bessel functions, logaddexp."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import elementwise
from tapeless.rules.table import primitive

# Powers -------------------------------------------------------------------------------------------------

COMPLEX = (complex, np.complexfloating)
NUMBERS = (int, float, *COMPLEX, np.number)


@primitive
def power_derivative(x: Array, y: Array, m: int, k: int) -> Array:
    """x ** y differentiated m times with respect to x and k times with respect to y.

    Zero where the factor before a power of x vanishes, whatever the power (x ** 0 at 0), and for
    0 ** 0 with respect to the exponent.
    """
    if k == 0 and isinstance(y, NUMBERS):
        return _scaled_power(x, y, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _general_power(x, y, m, k)


elementwise(
    power_derivative,
    lambda out, x, y, m, k: (power_derivative(x, y, m + 1, k), power_derivative(x, y, m, k + 1), None, None),
)


def _scaled_power(x: Array, y: Any, m: int) -> Array:
    """y (y-1) ... (y-m+1) x ** (y-m) for a number y, by the cheapest road."""
    y = complex(y) if isinstance(y, COMPLEX) else float(y)
    factor = y if m else 1.0
    for i in range(1, m):
        factor = factor * (y - i)
    exponent = y - m
    if exponent == 1.0:
        return factor * x
    if factor == 0.0:
        return np.zeros_like(x)
    if exponent == 0.0:
        return np.full_like(x, factor)
    if exponent == 0.5:
        return factor * np.sqrt(x)
    if exponent == 2.0:
        return factor * np.square(x)
    if exponent == -0.5:
        return factor / np.sqrt(x)
    return factor * np.power(x, exponent)


def _general_power(x: Array, y: Array, m: int, k: int) -> Array:
    """The k-th derivative of falling(y) * x ** (y-m) with respect to y, by the product rule."""
    exponent = y - m if m else y
    power = np.power(x, exponent)
    logarithm = np.log(np.asarray(x, power.dtype)) if k else 0.0
    total: Array = 0.0
    for j in range(k + 1):
        coefficients = _falling(m, k - j)
        if not coefficients:
            continue
        factor = math.comb(k, j) * _evaluate(coefficients, y)
        vanishes = np.equal(factor, 0.0)
        if j:
            least = np.real(exponent) >= 0.0 if m == 0 else np.real(exponent) > 0.0
            vanishes = vanishes | (np.equal(x, 0.0) & least)
        total = total + np.where(vanishes, 0.0, factor * power * logarithm**j if j else factor * power)
    return np.asarray(total, power.dtype)[()]


@functools.cache
def _falling(m: int, order: int) -> tuple[float, ...]:
    """The coefficients of y (y-1) ... (y-m+1), differentiated, highest power first; none if it is zero."""
    if order > m:
        return ()
    return tuple(float(c) for c in np.polyder(np.atleast_1d(np.poly(range(m))), order))


def _evaluate(coefficients: tuple[float, ...], y: Array) -> Array:
    value: Array = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * y + coefficient
    return value


# Sinc ---------------------------------------------------------------------------------------------------


@primitive
def sinc_derivative(x: Array, k: int) -> Array:
    """The k-th derivative of sin(pi x) / (pi x), also at and near zero."""
    z = math.pi * np.asarray(x)
    small = np.abs(z) < 1.0 + 0.5 * k
    away = np.where(small, 2.0 + k, z)
    value = np.sin(away) / away
    for order in range(1, k + 1):  # from z f(z) = sin(z), differentiated `order` times
        value = (_turned_sine(away, order) - order * value) / away
    result = np.asarray(value)
    result[small] = _sinc_series(z[small], k)
    return math.pi**k * result[()]


elementwise(sinc_derivative, lambda out, x, k: (sinc_derivative(x, k + 1), None))


def _turned_sine(z: Array, order: int) -> Array:
    """The derivative of sin of the given order."""
    value = np.cos(z) if order % 2 else np.sin(z)
    return -value if order % 4 in (2, 3) else value


def _sinc_series(z: Array, k: int) -> Array:
    """The sum of (-1)^n z^(2n-k) / ((2n-k)! (2n+1)) by Horner's rule."""
    first = (k + 1) // 2
    total = np.zeros_like(z)
    for n in range(first + 12 + k, first - 1, -1):
        total = (-1) ** n / (math.factorial(2 * n - k) * (2 * n + 1)) + z * z * total
    return total * z ** (2 * first - k)


# Modified Bessel functions ---------------------------------------------------------------------------------


@primitive
def bessel_i(x: Array, n: int) -> Array:
    """The modified Bessel function of the first kind and whole order n: np.i0, and its derivative for n = 1.

    >>> float(bessel_i(0.0, 0)), float(bessel_i(0.0, 1))
    (1.0, 0.0)
    """
    n = abs(n)
    x = np.asarray(x)
    wide = np.asarray(x, np.result_type(x, np.float64))
    magnitude = np.abs(wide)
    large = magnitude > max(30.0, n * n)
    result = _bessel_series(np.where(large, 0.0, wide), n)
    result[large] = _bessel_asymptotic(magnitude[large], n) * np.sign(wide[large]) ** n
    return result.astype(x.dtype)[()]


elementwise(bessel_i, lambda out, x, n: (0.5 * (bessel_i(x, n - 1) + bessel_i(x, n + 1)), None))


def _bessel_series(x: Array, n: int) -> Array:
    """(x/2)^n / n! times the sum of (x/2)^(2k) n! / (k! (n+k)!): no term is negative, so nothing cancels."""
    quarter = np.asarray(0.25 * x * x)
    biggest = float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x)))
    total = np.ones_like(quarter)
    for k in range(20 + int(1.5 * biggest), 0, -1):
        total = 1.0 + total * quarter / (k * (n + k))
    return np.asarray(total * (0.5 * x) ** n / math.factorial(n))


def _bessel_asymptotic(x: Array, n: int) -> Array:
    """e^x / sqrt(2 pi x) (1 - (4n^2 - 1) / (8x) + ...); e^x in halves, it overflows before the quotient."""
    total = np.ones_like(x)
    for k in range(24, 0, -1):
        total = 1.0 - total * (4.0 * n * n - (2.0 * k - 1.0) ** 2) / (8.0 * k * x)
    half = np.exp(0.5 * x)
    return half * (half / np.sqrt(2.0 * math.pi * x) * total)


# Shares of a sum of exponentials ----------------------------------------------------------------------------


@primitive
def exp_share(x1: Array, x2: Array) -> Array:
    """exp(x1) / (exp(x1) + exp(x2)); one half where they are equal, infinities too."""
    with np.errstate(invalid="ignore"):
        ahead = np.where(np.equal(x1, x2), 0.0, np.subtract(x1, x2))
    small = np.exp(-np.abs(ahead))
    return np.where(ahead < 0.0, small, 1.0) / (1.0 + small)


elementwise(
    exp_share,
    lambda out, x1, x2: (out * exp_share(x2, x1), -(out * exp_share(x2, x1))),
)
