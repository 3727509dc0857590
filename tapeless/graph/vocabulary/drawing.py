"""Tensors of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.ops import method, tensors
from tapeless.graph.promote import default_dtype
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.creating import check_device, fresh
from tapeless.graph.vocabulary.dims import sizes_of
from tapeless.graph.vocabulary.dtypes import dtype_from
from tapeless.graph.vocabulary.sampling import Generator, numpy_generator


def _uniform(shape: Any, dtype: np.dtype[Any], generator: Generator | None) -> Any:
    drawn = np.float32 if dtype == np.float32 else np.float64  # float16 would round up to one
    array = np.asarray(numpy_generator(generator).random(shape, drawn))
    return array.astype(dtype, copy=False)


def _normal(shape: Any, dtype: np.dtype[Any], generator: Generator | None) -> Any:
    drawn = np.float32 if dtype == np.float32 else np.float64
    source = numpy_generator(generator)
    if dtype.kind == "c":
        parts = source.standard_normal((2, *shape))
        return ((parts[0] + 1j * parts[1]) / np.sqrt(2.0)).astype(dtype)
    return np.asarray(source.standard_normal(shape, drawn)).astype(dtype, copy=False)


def _float_or(dtype: Any) -> np.dtype[Any]:
    return default_dtype() if dtype is None else dtype_from(dtype)


def rand(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Uniform numbers from 0 up to but without 1."""
    check_device(device)
    sizes = sizes_of(shape if size is None else (size,))
    return fresh(_uniform(sizes, _float_or(dtype), generator), requires_grad)


def randn(
    *shape: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Normal numbers of mean 0 and variance 1."""
    check_device(device)
    sizes = sizes_of(shape if size is None else (size,))
    return fresh(_normal(sizes, _float_or(dtype), generator), requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Integers from `low` up to but without `high`: `randint(low, high, size)` or `randint(high, size)`."""
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    array = numpy_generator(generator).integers(low, high, sizes_of((size,)))
    return fresh(array.astype(np.int64 if dtype is None else dtype_from(dtype)), requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The integers from 0 to n - 1 in random order."""
    check_device(device)
    array = numpy_generator(generator).permutation(n)
    return fresh(array.astype(np.int64 if dtype is None else dtype_from(dtype)), requires_grad)


@tensors
def rand_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Uniform numbers in the shape and dtype of `input`."""
    return rand(
        input._data.shape, dtype=dtype or input._data.dtype, device=device, requires_grad=requires_grad
    )


@tensors
def randn_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Normal numbers in the shape and dtype of `input`."""
    return randn(
        input._data.shape, dtype=dtype or input._data.dtype, device=device, requires_grad=requires_grad
    )


def randint_like(
    input: Any, low: int, high: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Integers in the shape and dtype of `input`."""
    low, high = (0, low) if high is None else (low, high)
    shape, wanted = input._data.shape, dtype or input._data.dtype
    return randint(low, high, shape, dtype=wanted, device=device, requires_grad=requires_grad)


def _data(value: Any) -> Any:
    return value._data if isinstance(value, Variable) else value


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None) -> Any:
    """Normal numbers around each of `mean`, as wide as each of `std`; of `size` if both are numbers."""
    low, wide = _data(mean), _data(std)
    if np.any(np.asarray(wide) < 0):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    arrays = [value for value in (low, wide) if isinstance(value, np.ndarray | np.generic)]
    dtype = arrays[0].dtype if arrays else default_dtype()
    shape = np.broadcast_shapes(np.shape(low), np.shape(wide)) if size is None else sizes_of((size,))
    return fresh((low + wide * _normal(shape, dtype, generator)).astype(dtype, copy=False))


@tensors
def bernoulli(input: Any, p: Any = None, *, generator: Generator | None = None) -> Any:
    """Ones with the probabilities in `input` (or `p`), else zeros."""
    chance = input._data if p is None else _data(p)
    if np.any(np.asarray(chance) < 0) or np.any(np.asarray(chance) > 1):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    drawn = numpy_generator(generator).random(input._data.shape) < chance
    return fresh(np.asarray(drawn).astype(input._data.dtype))


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Any:
    """Indices drawn with the weights in `input`, along its last dimension."""
    weights = np.asarray(input._data, np.float64)
    if np.any(weights < 0) or not np.all(np.isfinite(weights)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if np.any(weights.sum(-1) <= 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    source = numpy_generator(generator)
    rows = [
        source.choice(row.size, num_samples, replacement, row / row.sum())
        for row in weights.reshape(-1, weights.shape[-1])
    ]
    return fresh(np.array(rows, np.int64).reshape(*weights.shape[:-1], num_samples))


method("bernoulli")(bernoulli)
method("multinomial")(multinomial)
