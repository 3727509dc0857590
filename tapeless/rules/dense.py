"""What a layer of weights computes of rows, in one operation: the transpose is not one of its own."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import forward_rule, general
from tapeless.rules.support import unbroadcast
from tapeless.rules.table import primitive


@primitive
def dense(bias: Array, x: Array, weight: Array) -> Array:
    """`x @ weight.T + bias`: x (rows, in), weight (out, in); the bias is broadcast.

    >>> dense(np.array([0.5]), np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[11.5]])
    """
    return np.matmul(x, weight.T) + bias


@general(dense, shaped=True)
def dense_rule(g: Array, bias: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    return unbroadcast(g, np.shape(bias)), np.matmul(g, weight), np.matmul(np.transpose(g), x)


@forward_rule(dense)
def dense_forward(
    t_bias: Array, t: Array, t_weight: Array, out: Array, bias: Array, x: Array, weight: Array
) -> Array:
    turned = np.matmul(t, np.transpose(weight)) + np.matmul(x, np.transpose(t_weight))
    return np.broadcast_to(t_bias, np.shape(out)) + turned
