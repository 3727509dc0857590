"""Products that keep a zero: what np.where did not choose must not come back as nan.

A cotangent of zero that comes out of np.where says that a branch was not taken.  Multiplied by the infinite
slope that the branch may have there, it would become nan; these helpers leave it zero.
"""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import forward_rule, general
from tapeless.rules.support import dtype_of
from tapeless.rules.table import primitive


@primitive
def shielded_product(x: Array, factor: Array) -> Array:
    """`x * factor`, zero where `x` is zero.

    >>> shielded_product(np.array([0.0, 2.0]), np.array([np.inf, 3.0]))
    array([0., 6.])
    """
    return x * np.where(x == 0.0, 0.0, _unwidening(factor, x))[()]


@primitive
def shielded_quotient(x: Array, divisor: Array) -> Array:
    """`x / divisor`, zero where `x` is zero."""
    return np.divide(x, np.where(x == 0.0, 1.0, _unwidening(divisor, x)))


def _unwidening(number: Array, x: Array) -> Array:
    """A Python number in the dtype of `x`: np.where would make float64 of it."""
    return np.asarray(number, dtype_of(x)) if type(number) in (int, float) else number


@general(shielded_product)
def shielded_product_rule(g: Array, x: Array, factor: Array) -> tuple[Array, Array]:
    return shielded_product(g, factor), shielded_product(x, g)


@forward_rule(shielded_product)
def shielded_product_forward(t_x: Array, t_factor: Array, out: Array, x: Array, factor: Array) -> Array:
    return shielded_product(t_x, factor) + shielded_product(x, t_factor)


@general(shielded_quotient)
def shielded_quotient_rule(g: Array, out: Array, x: Array, divisor: Array) -> tuple[Array, Array]:
    return shielded_quotient(g, divisor), -shielded_quotient(shielded_product(out, g), divisor)


@forward_rule(shielded_quotient)
def shielded_quotient_forward(t_x: Array, t_divisor: Array, out: Array, x: Array, divisor: Array) -> Array:
    return shielded_quotient(t_x - shielded_product(out, t_divisor), divisor)
