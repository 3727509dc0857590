"""Steps whose derivative is zero, not absent: the graph records them.  And what has a step for its slope."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import elementwise
from tapeless.rules.table import primitive


@primitive
def sign(x: Array) -> Array:
    """-1, 0 or 1; 0 for nan."""
    return np.where(np.isnan(x), 0, np.sign(x)).astype(x.dtype)[()]


@primitive
def floor(x: Array) -> Array:
    """The largest whole number that is not above."""
    return np.floor(x)


@primitive
def ceil(x: Array) -> Array:
    """The smallest whole number that is not below."""
    return np.ceil(x)


@primitive
def trunc(x: Array) -> Array:
    """The whole part."""
    return np.trunc(x)


@primitive
def fraction(x: Array) -> Array:
    """What is left without the whole part."""
    return x - np.trunc(x)


@primitive
def rounded(x: Array, decimals: int) -> Array:
    """The nearest number of so many decimals, even ones for halves."""
    return np.round(x, decimals)


@primitive
def magnitude(x: Array) -> Array:
    """The absolute value of real numbers; its slope is `sign`, zero also at nan."""
    return np.absolute(x)


elementwise(sign, lambda out, x: 0.0)
elementwise(floor, lambda out, x: 0.0)
elementwise(ceil, lambda out, x: 0.0)
elementwise(trunc, lambda out, x: 0.0)
elementwise(fraction, lambda out, x: 1.0)
elementwise(rounded, lambda out, x, decimals: (0.0, None))
elementwise(magnitude, lambda out, x: sign(x))
