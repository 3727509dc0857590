"""What the cotangents that users' rules give must be like."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import linear
from tapeless.rules.support import Layout, as_dtype, dtype_of
from tapeless.rules.table import primitive


@primitive
def own_cotangent(x: Array, layout: Layout, whose: str) -> Array:
    """`x` as the cotangent of an argument of that shape and dtype; zeros for None.

    ValueError, in the name of the function `whose` rule gave it, for another shape.
    """
    if x is None:
        return np.zeros(layout.shape, layout.dtype)[()]
    if np.shape(x) != layout.shape:
        raise ValueError(
            f"the backward half of {whose} gave a cotangent of shape {np.shape(x)} for an argument of shape "
            f"{layout.shape}"
        )
    return as_dtype(x, layout.dtype)


@linear(own_cotangent)
def own_cotangent_rule(g: Array, x: Array, layout: Layout, whose: str) -> Array:
    return as_dtype(g, dtype_of(x))
