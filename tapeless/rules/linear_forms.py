"""A matrix product and a sum in one: what a linear layer computes."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.contractions import matmul_to_left, matmul_to_right
from tapeless.rules.kinds import forward_rule, general
from tapeless.rules.support import unbroadcast
from tapeless.rules.table import primitive


@primitive
def affine(bias: Array, x1: Array, x2: Array) -> Array:
    """`x1 @ x2 + bias`; the bias is broadcast."""
    return np.matmul(x1, x2) + bias


@general(affine)
def affine_rule(g: Array, bias: Array, x1: Array, x2: Array) -> tuple[Array, Array, Array]:
    return (
        unbroadcast(g, np.shape(bias)),
        matmul_to_left(g, x2, np.shape(x1)),
        matmul_to_right(g, x1, np.shape(x2)),
    )


@forward_rule(affine)
def affine_forward(
    t_bias: Array, t1: Array, t2: Array, out: Array, bias: Array, x1: Array, x2: Array
) -> Array:
    return np.broadcast_to(t_bias, np.shape(out)) + np.matmul(t1, x2) + np.matmul(x1, t2)
