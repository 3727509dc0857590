"""Sums and other reductions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, method, op
from tapeless.graph.promote import default_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary import linalg
from tapeless.graph.vocabulary.creating import fresh
from tapeless.graph.vocabulary.dims import axes_of, numpy_words, one_dim
from tapeless.graph.vocabulary.dtypes import dtype_from, scalar_name
from tapeless.rules import activations, table


def _reduce(ufunc: Any) -> Any:
    """The ufunc's reduce on bound values: a shorter way than through NumPy's wrappers."""

    def compute(a: Any, axis: Any, dtype: Any, keepdims: bool, where: Any) -> Any:
        return ufunc.reduce(a, axis, dtype, None, keepdims, where=where)

    return compute


def _mean(a: Any, axis: Any, dtype: Any, keepdims: bool, where: Any) -> Any:
    if a.dtype.itemsize == 2 or dtype is not None or where is not True:  # NumPy adds up float16 in float32
        return np.mean(a, axis, dtype, keepdims=keepdims, where=where)
    total = np.add.reduce(a, axis=axis, keepdims=keepdims)
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


# Spread -----------------------------------------------------------------------------------------------


def _spread(function: Any) -> Any:
    rule = table.lookup(function)

    def compute(*values: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of one element: nan, without ado
            return rule.call(values)

    return compute


_var = op(np.var, "Var", compute=_spread(np.var))
_std = op(np.std, "Std", compute=_spread(np.std))


def _bind_spread(
    name: str, input: Any, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> tuple[Any, ...]:
    if isinstance(dim, bool):  # var(x, unbiased)
        dim, unbiased = None, dim
    if input._data.dtype.kind not in "fc":
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    return input, axes_of(dim, input._data.ndim), None, correction, keepdim, True, None


@method()
@numpy_words
def var(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """The variance; unbiased (over n - 1) unless told otherwise."""
    return apply(_var, _bind_spread("std and var", input, dim, unbiased, keepdim, correction))


@method()
@numpy_words
def std(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """The standard deviation; unbiased (over n - 1) unless told otherwise."""
    return apply(_std, _bind_spread("std and var", input, dim, unbiased, keepdim, correction))


@numpy_words
def var_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The variance and the mean."""
    spread = var(input, dim, unbiased, keepdim, correction=correction)
    return spread, mean(input, None if isinstance(dim, bool) else dim, keepdim)


@numpy_words
def std_mean(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> tuple[Any, Any]:
    """The standard deviation and the mean."""
    spread = std(input, dim, unbiased, keepdim, correction=correction)
    return spread, mean(input, None if isinstance(dim, bool) else dim, keepdim)


_nansum = op(np.nansum, "Nansum")
_nanmean = op(np.nanmean, "Nanmean")


@method()
@numpy_words
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of what is not nan."""
    x = _widened(input, dtype)
    return apply(_nansum, (x, axes_of(dim, x._data.ndim), None, keepdim, True))


@method()
@numpy_words
def nanmean(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The mean of what is not nan."""
    return apply(_nanmean, (input, axes_of(dim, input._data.ndim), None, keepdim, True))


# Sums of exponentials ---------------------------------------------------------------------------------

_logsumexp = op(activations.logsumexp, "Logsumexp")
_softmax = op(activations.softmax, "Softmax")
_log_softmax = op(activations.log_softmax, "LogSoftmax")


def _floating(input: Any, dtype: Any = None) -> Any:
    if dtype is not None:
        return cast(input, dtype_from(dtype))
    return cast(input, default_dtype()) if input._data.dtype.kind in "biu" else input


@method()
@numpy_words
def logsumexp(input: Any, dim: Any, keepdim: bool = False, *, out: None = None) -> Any:
    """log(sum(exp(x))) along `dim`, safe against overflow."""
    x = _floating(input)
    return apply(_logsumexp, (x, axes_of(dim, x._data.ndim), keepdim))


@method()
@numpy_words
def softmax(input: Any, dim: Any, dtype: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `dim`."""
    x = _floating(input, dtype)
    return apply(_softmax, (x, one_dim(dim, x._data.ndim)))


@method()
@numpy_words
def log_softmax(input: Any, dim: Any, dtype: Any = None) -> Any:
    """The logarithm of `softmax`, safe against underflow."""
    x = _floating(input, dtype)
    return apply(_log_softmax, (x, one_dim(dim, x._data.ndim)))


# Running sums and products ----------------------------------------------------------------------------

_cumsum = op(np.cumsum, "Cumsum")
_cumprod = op(np.cumprod, "Cumprod")


@method()
@numpy_words
def cumsum(input: Any, dim: int, *, dtype: Any = None, out: None = None) -> Any:
    """The sums of the first 1, 2, ... elements along `dim`."""
    x = _widened(input, dtype)
    return apply(_cumsum, (x, one_dim(dim, x._data.ndim), None)) if x._data.ndim else x.clone()


@method()
@numpy_words
def cumprod(input: Any, dim: int, *, dtype: Any = None, out: None = None) -> Any:
    """The products of the first 1, 2, ... elements along `dim`."""
    x = _widened(input, dtype)
    return apply(_cumprod, (x, one_dim(dim, x._data.ndim), None)) if x._data.ndim else x.clone()


_diff = op(np.diff, "Sub")


@method()
@numpy_words
def diff(input: Any, n: int = 1, dim: int = -1) -> Any:
    """Each element minus the one before along `dim`, `n` times."""
    return apply(_diff, (input, n, one_dim(dim, input._data.ndim)))


# Truth ------------------------------------------------------------------------------------------------


def _truth(function: Any, name: str) -> Any:
    made = op(function, name.title())

    @numpy_words
    def run(input: Any, dim: Any = None, keepdim: bool = False, *, out: None = None) -> Any:
        x = cast(input, np.dtype(np.bool_))
        return apply(made, (x, axes_of(dim, x._data.ndim), None, keepdim))

    run.__name__ = run.__qualname__ = name
    return method(name)(run)


any = _truth(np.any, "any")
all = _truth(np.all, "all")


@method()
@numpy_words
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not zero."""
    return fresh(np.asarray(np.count_nonzero(input._data, axes_of(dim, input._data.ndim))))


@method()
@numpy_words
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The vector norm of order `p` over all dimensions, or those in `dim`; `p="nuc"` is a matrix norm."""
    x = input if dtype is None else cast(input, dtype_from(dtype))
    if p == "nuc":
        return linalg.matrix_norm(x, p, (-2, -1) if dim is None else dim, keepdim)
    return linalg.vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


@method()
def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The norm of the difference."""
    return linalg.vector_norm(input - other, p)
