"""Functions through which nothing flows: integers, booleans, text, steps."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array, Constant
from tapeless.rules.kinds import constant, linear

constant(
    # comparisons
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.isclose, np.allclose, np.array_equal, np.array_equiv,
    # logic
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.all, np.any, np.logical_and.reduce, np.logical_or.reduce,
    # what kind of number it is
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.isreal, np.iscomplex, np.isnat, np.signbit,
    # steps
    np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around, np.floor_divide, np.spacing,
    # bits and whole numbers
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count,
    np.gcd, np.lcm,
)  # fmt: skip

constant(
    # where something is
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort, np.argwhere,
    np.nonzero, np.flatnonzero, np.searchsorted, np.digitize,
    np.unravel_index, np.ravel_multi_index, np.indices,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from,
    # how many there are
    np.count_nonzero,
    # membership
    np.isin,
    # arrays that only look like their argument
    np.zeros_like, np.ones_like, np.empty_like,
    # types and memory
    np.result_type, np.common_type, np.can_cast, np.min_scalar_type,
    np.isrealobj, np.iscomplexobj, np.isscalar, np.iterable, np.shares_memory, np.may_share_memory,
    # text
    np.array2string, np.array_repr, np.array_str,
)  # fmt: skip


@linear(np.bincount)
def bincount(g: Array, x: Constant, weights: Array = None, minlength: int = 0) -> tuple[None, Array]:
    """Nothing flows through what is counted, but through the weights of the count."""
    return None, g[x]
