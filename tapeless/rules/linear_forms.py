"""A matrix product and a sum in one: what a linear layer computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.contractions import matmul_to_left, matmul_to_right
from tapeless.rules.kinds import constant, forward_rule, general, linear
from tapeless.rules.support import unbroadcast
from tapeless.rules.table import primitive


@primitive
def lies_turned(x: Array) -> bool:
    """Whether a matrix lies in memory column by column, as `w.T` does."""
    return x.ndim == 2 and x.flags.f_contiguous and not x.flags.c_contiguous


@primitive
def laid_out_to_right(c: Array, x1: Array, shape: tuple[int, ...], turned: bool) -> Array:
    """`matmul_to_right`; of matrices, in memory column by column if that is wanted."""
    if turned and np.ndim(x1) == 2 and np.ndim(c) == 2:
        return c.T.dot(x1).T
    return matmul_to_right(c, x1, shape)


constant(lies_turned)


@linear(laid_out_to_right, shaped=True)
def laid_out_to_right_rule(g: Array, c: Array, x1: Array, shape: tuple[int, ...], turned: bool) -> Any:
    return np.matmul(x1, g), matmul_to_left(c, g, np.shape(x1))


@primitive
def affine(bias: Array, x1: Array, x2: Array) -> Array:
    """`x1 @ x2 + bias`; the bias is broadcast."""
    return np.matmul(x1, x2) + bias


@general(affine)
def affine_rule(g: Array, bias: Array, x1: Array, x2: Array) -> tuple[Array, Array, Array]:
    return (
        unbroadcast(g, np.shape(bias)),
        matmul_to_left(g, x2, np.shape(x1)),
        laid_out_to_right(g, x1, np.shape(x2), lies_turned(x2)),
    )


@forward_rule(affine)
def affine_forward(
    t_bias: Array, t1: Array, t2: Array, out: Array, bias: Array, x1: Array, x2: Array
) -> Array:
    return np.broadcast_to(t_bias, np.shape(out)) + np.matmul(t1, x2) + np.matmul(x1, t2)
