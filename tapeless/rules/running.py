"""Running extremes: the first element that attains an extreme has its whole cotangent."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.indexing import add_along_axis
from tapeless.rules.kinds import constant, forward_rule, general, same_as
from tapeless.rules.table import primitive


@primitive
def first_attained(extremes: Array, axis: int) -> Array:
    """Where along `axis` each running extreme came up first: where it last changed.

    >>> first_attained(np.array([1.0, 3.0, 3.0, 4.0]), 0)
    array([0, 1, 1, 3])
    """
    rows = np.moveaxis(np.asarray(extremes), axis, -1)
    before, after = rows[..., :-1], rows[..., 1:]
    is_new = np.logical_and(before != after, ~(np.isnan(before) & np.isnan(after)))
    places = np.zeros(rows.shape, np.intp)
    places[..., 1:] = np.where(is_new, np.arange(1, rows.shape[-1]), 0)
    return np.moveaxis(np.maximum.accumulate(places, axis=-1), -1, axis)


constant(first_attained)


@general(np.maximum.accumulate)
def maximum_accumulate(g: Array, out: Array, a: Array, axis: int = 0, dtype: object = None) -> Array:
    return add_along_axis(g, np.shape(a), first_attained(out, axis), axis)


@forward_rule(np.maximum.accumulate)
def maximum_accumulate_forward(t: Array, out: Array, a: Array, axis: int = 0, dtype: object = None) -> Array:
    return np.take_along_axis(t, first_attained(out, axis), axis)


same_as(np.maximum.accumulate, np.minimum.accumulate, np.fmax.accumulate, np.fmin.accumulate)
