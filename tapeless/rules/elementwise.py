"""Elementwise functions: the partial derivative for each input.

Where a partial is np.where(choice, 1.0, 0.0) the kind selects from the cotangent instead of multiplying it,
so that an infinite cotangent of what was not chosen leaves no nan behind.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from tapeless._types import Array, Constant
from tapeless.errors import MissingRuleError
from tapeless.rules.kinds import constant, elementwise, forward_rule, general, linear
from tapeless.rules.smooth import bessel_i, exp_share, power_derivative, sinc_derivative
from tapeless.rules.support import as_dtype, conjugate, dtype_of, of_imaginary, unbroadcast
from tapeless.rules.table import Call, primitive

Pair: TypeAlias = tuple[Array, Array]

# Arithmetic -------------------------------------------------------------------------------------------

elementwise(np.add, lambda out, x1, x2: (1.0, 1.0))
elementwise(np.subtract, lambda out, x1, x2: (1.0, -1.0))
elementwise(np.multiply, lambda out, x1, x2: (x2, x1))
elementwise(np.true_divide, lambda out, x1, x2: (1.0 / x2, -(out / x2)))
elementwise(np.negative, lambda out, x: -1.0)
elementwise(np.positive, lambda out, x: 1.0)
elementwise(np.reciprocal, lambda out, x: -(out * out))
elementwise(np.square, lambda out, x: 2.0 * x)
elementwise(np.power, lambda out, x1, x2: (power_derivative(x1, x2, 1, 0), power_derivative(x1, x2, 0, 1)))
elementwise(
    np.float_power, lambda out, x1, x2: (power_derivative(x1, x2, 1, 0), power_derivative(x1, x2, 0, 1))
)
# The quotient that fmod truncates is whole, but only after rounding the division away.
elementwise(np.fmod, lambda out, x1, x2: (1.0, -np.rint((x1 - out) / x2)))
elementwise(np.remainder, lambda out, x1, x2: (1.0, -np.floor_divide(x1, x2)))

# Exponentials and logarithms; np.divide, because a Python float of 0.0 must give inf, not an exception --

elementwise(np.exp, lambda out, x: out)
elementwise(np.exp2, lambda out, x: out * math.log(2.0))
elementwise(np.expm1, lambda out, x: out + 1.0)
elementwise(np.log, lambda out, x: np.divide(1.0, x))
elementwise(np.log2, lambda out, x: np.divide(1.0, x * math.log(2.0)))
elementwise(np.log10, lambda out, x: np.divide(1.0, x * math.log(10.0)))
elementwise(np.log1p, lambda out, x: np.divide(1.0, 1.0 + x))
elementwise(np.logaddexp, lambda out, x1, x2: (exp_share(x1, x2), exp_share(x2, x1)))
elementwise(
    np.logaddexp2,
    lambda out, x1, x2: (
        exp_share(x1 * math.log(2.0), x2 * math.log(2.0)),
        exp_share(x2 * math.log(2.0), x1 * math.log(2.0)),
    ),
)
elementwise(np.sqrt, lambda out, x: 1.0 / (2.0 * out))
elementwise(np.cbrt, lambda out, x: 1.0 / (3.0 * out * out))

# Trigonometry; (1 - x) * (1 + x) keeps the digits that 1 - x * x loses near the ends ----------------------

elementwise(np.sin, lambda out, x: np.cos(x))
elementwise(np.cos, lambda out, x: -np.sin(x))
elementwise(np.tan, lambda out, x: 1.0 + out * out)
elementwise(np.arcsin, lambda out, x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)))
elementwise(np.arccos, lambda out, x: -(1.0 / np.sqrt((1.0 - x) * (1.0 + x))))
elementwise(np.arctan, lambda out, x: 1.0 / (1.0 + x * x))
elementwise(np.sinh, lambda out, x: np.cosh(x))
elementwise(np.cosh, lambda out, x: np.sinh(x))
elementwise(np.tanh, lambda out, x: 1.0 - out * out)
elementwise(np.arcsinh, lambda out, x: 1.0 / np.sqrt(1.0 + x * x))
# Two roots: the root of the product has the wrong sign in half of the complex plane.
elementwise(np.arccosh, lambda out, x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))
elementwise(np.arctanh, lambda out, x: np.divide(1.0, (1.0 - x) * (1.0 + x)))
elementwise(np.deg2rad, lambda out, x: math.pi / 180.0)
elementwise(np.radians, lambda out, x: math.pi / 180.0)
elementwise(np.rad2deg, lambda out, x: 180.0 / math.pi)
elementwise(np.degrees, lambda out, x: 180.0 / math.pi)
elementwise(np.sinc, lambda out, x: sinc_derivative(x, 1))
elementwise(np.i0, lambda out, x: bessel_i(x, 1))

# Dividing by inf at the origin gives the zero of the conventions, at every order.
elementwise(
    np.hypot,
    lambda out, x1, x2: (
        x1 / np.where(out == 0.0, math.inf, out),
        x2 / np.where(out == 0.0, math.inf, out),
    ),
)


def arctan2_partials(out: Array, x1: Array, x2: Array) -> Pair:
    radius = np.hypot(x1, x2)  # the square of it would overflow or vanish too early
    safe = np.where(radius == 0.0, math.inf, radius)
    return x2 / safe / safe, -(x1 / safe / safe)


elementwise(np.arctan2, arctan2_partials)

# Choices ----------------------------------------------------------------------------------------------

elementwise(
    np.where,
    lambda out, condition, x, y: (
        0.0,
        np.where(condition, 1.0, 0.0),
        np.where(condition, 0.0, 1.0),
    ),
)
elementwise(
    np.maximum,
    lambda out, x1, x2: (
        np.where(x1 == x2, 0.5, np.where(x1 < x2, 0.0, 1.0)),
        np.where(x1 == x2, 0.5, np.where(x2 < x1, 0.0, 1.0)),
    ),
)
elementwise(
    np.minimum,
    lambda out, x1, x2: (
        np.where(x1 == x2, 0.5, np.where(x1 > x2, 0.0, 1.0)),
        np.where(x1 == x2, 0.5, np.where(x2 > x1, 0.0, 1.0)),
    ),
)
elementwise(
    np.fmax,
    lambda out, x1, x2: (
        np.where(x1 == x2, 0.5, np.where((x1 > x2) | np.isnan(x2), 1.0, 0.0)),
        np.where(x1 == x2, 0.5, np.where((x2 > x1) | np.isnan(x1), 1.0, 0.0)),
    ),
)
elementwise(
    np.fmin,
    lambda out, x1, x2: (
        np.where(x1 == x2, 0.5, np.where((x1 < x2) | np.isnan(x2), 1.0, 0.0)),
        np.where(x1 == x2, 0.5, np.where((x2 < x1) | np.isnan(x1), 1.0, 0.0)),
    ),
)
elementwise(np.heaviside, lambda out, x1, x2: (0.0, np.where(x1 == 0.0, 1.0, 0.0)))
elementwise(np.nextafter, lambda out, x1, x2: (1.0, 0.0))
elementwise(np.fabs, lambda out, x: np.sign(x))
elementwise(np.copysign, lambda out, x1, x2: (np.copysign(1.0, x2) * np.sign(x1), 0.0))


@primitive
def is_within(a: Array, a_min: Array, a_max: Array) -> Array:
    """Where clipping leaves `a` as it is; no bound is None."""
    above = True if a_min is None else a_min <= a
    below = True if a_max is None else a <= a_max
    return np.logical_and(above, below)


@primitive
def is_raised(a: Array, a_min: Array, a_max: Array) -> Array:
    """Where clipping gives the lower bound; it gives the upper one if they are crossed."""
    return np.logical_and(a < a_min, True if a_max is None else a_min <= a_max)


@primitive
def is_lowered(a: Array, a_min: Array, a_max: Array) -> Array:
    """Where clipping gives the upper bound."""
    return np.logical_or(a > a_max, False if a_min is None else a_min > a_max)


constant(is_within, is_raised, is_lowered)


def bounds_of_clip(
    a: Array,
    a_min: Array = None,
    a_max: Array = None,
    *rest: Any,
    min: Array = None,
    max: Array = None,
    **others: Any,
) -> Call:
    return (a, a_min if min is None else min, a_max if max is None else max, *rest), others


elementwise(
    np.clip,
    lambda out, a, a_min, a_max: (
        np.where(is_within(a, a_min, a_max), 1.0, 0.0),
        np.where(is_raised(a, a_min, a_max), 1.0, 0.0),
        np.where(is_lowered(a, a_min, a_max), 1.0, 0.0),
    ),
    prepare=bounds_of_clip,
)


def only_real(x: Array, *args: Any, **kwargs: Any) -> Call:
    """nan_to_num fills the parts of a complex number one by one: no number is the partial of that."""
    if dtype_of(x).kind == "c":
        raise MissingRuleError(
            "no derivative rule for np.nan_to_num of complex numbers: call it on their parts, real and imag"
        )
    return (x, *args), kwargs


elementwise(
    np.nan_to_num,
    lambda out, x, nan=0.0, posinf=None, neginf=None: (
        np.where(np.isfinite(x), 1.0, 0.0),
        np.where(np.isnan(x), 1.0, 0.0),
        np.where(np.isposinf(x), 1.0, 0.0),
        np.where(np.isneginf(x), 1.0, 0.0),
    ),
    prepare=only_real,
)

# Complex numbers and their parts --------------------------------------------------------------------------


@linear(np.conjugate)
def conjugate_rule(g: Array, x: Array) -> Array:
    return conjugate(g)


@linear(np.real)
def real(g: Array, val: Array) -> Array:
    return g


@linear(np.imag)
def imag(g: Array, val: Array) -> Array:
    return of_imaginary(g, dtype_of(val))


@general(np.real_if_close)
def real_if_close(g: Array, a: Array, tol: float = 100) -> Array:
    return g


@forward_rule(np.real_if_close)
def real_if_close_tangent(t: Array, out: Array, a: Array, tol: float = 100) -> Array:
    return as_dtype(t, dtype_of(out))


def absolute_tangent(t: Array, out: Array, x: Array) -> Array:
    return np.real(t * conjugate(np.sign(x)))


elementwise(np.absolute, lambda out, x: conjugate(np.sign(x)), forward=absolute_tangent)


def angle_partial(out: Array, z: Array, deg: bool = False) -> Array:
    if dtype_of(z).kind != "c":
        return np.zeros_like(out)
    turn = -180j / math.pi if deg else -1j
    return turn / np.where(z == 0.0, math.inf, z)


def angle_tangent(t: Array, out: Array, z: Array, deg: bool = False) -> Array:
    return np.real(t * angle_partial(out, z, deg))


elementwise(np.angle, angle_partial, forward=angle_tangent)


@general(np.sign)
def sign(g: Array, out: Array, x: Array) -> Array:
    if dtype_of(x).kind != "c":
        return np.zeros_like(g)
    across = g - np.real(g * out) * conjugate(out)
    return across / np.where(x == 0.0, math.inf, np.absolute(x))


@forward_rule(np.sign)
def sign_tangent(t: Array, out: Array, x: Array) -> Array:
    if dtype_of(x).kind != "c":
        return np.zeros_like(t)
    across = t - np.real(conjugate(out) * t) * out
    return across / np.where(x == 0.0, math.inf, np.absolute(x))


# Several results, and exponents of two -------------------------------------------------------------------


@general(np.divmod)
def divmod_rule(g: Pair, out: Pair, x1: Array, x2: Array) -> Pair:
    return g[1], -g[1] * out[0]


@forward_rule(np.divmod)
def divmod_tangent(t1: Array, t2: Array, out: Pair, x1: Array, x2: Array) -> Pair:
    return np.zeros_like(out[0]), t1 - t2 * out[0]


@general(np.modf)
def modf(g: Pair, x: Array) -> Array:
    return g[0]


@forward_rule(np.modf)
def modf_tangent(t: Array, out: Pair, x: Array) -> Pair:
    return t, np.zeros_like(t)


@general(np.frexp)
def frexp(g: Pair, out: Pair, x: Array) -> Array:
    return np.ldexp(g[0], -out[1])


@forward_rule(np.frexp)
def frexp_tangent(t: Array, out: Pair, x: Array) -> Pair:
    return np.ldexp(t, -out[1]), np.zeros_like(out[1])


@linear(np.ldexp)
def ldexp(g: Array, x1: Array, x2: Array) -> Array:
    return unbroadcast(np.ldexp(g, x2), np.shape(x1))


@linear(np.full_like)
def full_like(g: Array, a: Constant, fill_value: Array) -> tuple[None, Array]:
    return None, unbroadcast(g, np.shape(fill_value))
