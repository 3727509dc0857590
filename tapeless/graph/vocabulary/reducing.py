"""Sums and other reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, method, op
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary.dims import axes_of, numpy_words
from tapeless.graph.vocabulary.dtypes import dtype_from, scalar_name


def _reduce(ufunc: np.ufunc) -> Any:
    """The ufunc's reduce on bound values: a shorter way than through NumPy's wrappers."""

    def compute(a: Any, axis: Any, dtype: Any, keepdims: bool, where: Any) -> Any:
        return ufunc.reduce(a, axis, dtype, None, keepdims, where=where)

    return compute


def _mean(a: Any, axis: Any, dtype: Any, keepdims: bool, where: Any) -> Any:
    if a.dtype.itemsize == 2 or dtype is not None or where is not True:  # NumPy adds up float16 in float32
        return np.mean(a, axis, dtype, keepdims=keepdims, where=where)
    total = np.add.reduce(a, axis, None, None, keepdims)
    count = a.size // total.size if total.size else 1
    return total / count if count else total * np.nan


_sum = op(np.sum, "Sum", compute=_reduce(np.add))
_sum_dim = Op(_sum.rule, Tensor, "Sum1", compute=_reduce(np.add))
_mean_all = op(np.mean, "Mean", compute=_mean)
_mean_dim = Op(_mean_all.rule, Tensor, "Mean1", compute=_mean)
_prod = op(np.prod, "Prod", compute=_reduce(np.multiply))
_prod_dim = Op(_prod.rule, Tensor, "Prod1", compute=_reduce(np.multiply))


def _widened(input: Any, dtype: Any) -> Any:
    """What is summed: whole numbers and booleans as int64."""
    if dtype is not None:
        return cast(input, dtype_from(dtype))
    return cast(input, np.dtype(np.int64)) if input._data.dtype.kind in "biu" else input


@method()
@numpy_words
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Any:
    """The sum over all dimensions, or those in `dim`."""
    x = _widened(input, dtype)
    axes = axes_of(dim, x._data.ndim)
    return apply(_sum if dim is None else _sum_dim, (x, axes, None, keepdim, True))


@method()
@numpy_words
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Any:
    """The mean over all dimensions, or those in `dim`; RuntimeError for whole numbers."""
    x = input if dtype is None else cast(input, dtype_from(dtype))
    if x._data.dtype.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            "complex dtype. "
            f"Got: {scalar_name(x._data.dtype)}"
        )
    axes = axes_of(dim, x._data.ndim)
    return apply(_mean_all if dim is None else _mean_dim, (x, axes, None, keepdim, True))


@method()
@numpy_words
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: None = None) -> Any:
    """The product of all elements, or along `dim`."""
    x = _widened(input, dtype)
    axes = axes_of(dim, x._data.ndim)
    return apply(_prod if dim is None else _prod_dim, (x, axes, None, keepdim, True))
