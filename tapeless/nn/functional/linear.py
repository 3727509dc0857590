"""Sums of products with weights, with PyTorch's names and messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary import linear as products


def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """`input @ weight.T + bias`.

    Input (..., in), weight (out, in) or (in,), bias (out,) or (); result (..., out). RuntimeError (of
    arrays ValueError) where the lengths do not fit.  As `torch.nn.functional.linear`.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([0.5, 0.0]))
    array([[11.5,  2. ]])
    """
    if input.ndim > 2 and weight.ndim == 2:  # one product, not one for each matrix
        rows = np.reshape(input, (-1, np.shape(input)[-1]))
        return np.reshape(linear(rows, weight, bias), (*np.shape(input)[:-1], np.shape(weight)[0]))
    if isinstance(input, Tensor) and isinstance(weight, Tensor):
        return _of_tensors(input, weight, bias)
    out = np.matmul(input, weight.T)
    return out if bias is None else out + bias


def _of_tensors(input: Any, weight: Any, bias: Any) -> Any:
    """The same operations as PyTorch's, so that graphs look alike."""
    turned = weight.t()
    if bias is None:
        return products.matmul(input, turned)
    if input.ndim == 2 and weight.ndim == 2:
        return products.addmm(bias, input, turned)
    return products.matmul(input, turned) + bias


def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Array:
    """`input1 @ weight[k] @ input2 + bias[k]` for each k.

    `input1` (..., in1), `input2` (..., in2) with the same first axes, weight (out, in1, in2), bias (out,);
    result (..., out).  As `torch.nn.functional.bilinear`.

    >>> bilinear(np.array([1.0, 2.0]), np.array([3.0]), np.ones((1, 2, 1)))
    array([9.])
    """
    rows, columns = np.shape(input1), np.shape(input2)
    if rows[:-1] != columns[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {rows[:-1]} and {columns[:-1]}"
        )
    if (rows[-1], columns[-1]) != np.shape(weight)[1:]:
        number, got, wanted = 2, columns[-1], np.shape(weight)[2]
        if rows[-1] != np.shape(weight)[1]:
            number, got, wanted = 1, rows[-1], np.shape(weight)[1]
        raise RuntimeError(
            f"bilinear(): input{number} size does not match weight size: got {got} but expected {wanted}"
        )
    out = np.einsum("...i,kij,...j->...k", input1, weight, input2)
    return out if bias is None else out + bias
