"""Making tensors: from data, filled, and at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.modes import current
from tapeless.graph.ops import method, tensors
from tapeless.graph.promote import default_complex, default_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import INFERENCE, Variable, wrap
from tapeless.graph.vocabulary.dims import sizes_of
from tapeless.graph.vocabulary.dtypes import dtype_from
from tapeless.graph.within import begun_anew


def fresh(data: Any, requires_grad: bool = False) -> Any:
    """A leaf that holds `data`; RuntimeError if it cannot require grad."""
    if requires_grad and data.dtype.kind not in "fc":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    out = wrap(Tensor, data, requires_grad)
    if current().inference:
        out._counter = INFERENCE
    return out


def check_device(device: Any) -> None:
    if device is not None and str(device).split(":")[0] != "cpu":
        raise RuntimeError(f"tensors live in memory that NumPy can reach: device 'cpu', not {str(device)!r}")


# From data ------------------------------------------------------------------------------------------------


def array_from(data: Any, dtype: Any = None) -> np.ndarray:
    """The array that `tensor(data)` holds, perhaps not a copy: Python floats in the default dtype."""
    if isinstance(data, Variable):
        data = data._array()
    wanted = None if dtype is None else dtype_from(dtype)
    if isinstance(data, np.ndarray | np.generic):
        return np.asarray(data, wanted)
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    plain = _without_tensors(data)
    try:
        array = np.asarray(plain)
    except ValueError as error:
        raise ValueError(_ragged(plain)) from error
    if array.dtype == object:
        raise TypeError(f"a tensor cannot be made of {type(_first(plain)).__name__} values")
    if wanted is not None:
        return array.astype(wanted, copy=False)
    if isinstance(_first(plain), np.generic | np.ndarray):
        return array
    if array.dtype.kind == "f":
        return array.astype(default_dtype())
    return array.astype(default_complex()) if array.dtype.kind == "c" else array


def _without_tensors(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return [_without_tensors(item) for item in data]
    return data._array() if isinstance(data, Variable) else data


def _first(data: Any) -> Any:
    while isinstance(data, list) and data:
        data = data[0]
    return 0.0 if isinstance(data, list) else data


def _ragged(data: Any, depth: int = 0) -> str:
    lengths = [len(item) if isinstance(item, list) else -1 for item in data]
    for length in lengths:
        if length != lengths[0]:
            return f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
    return _ragged(data[0], depth + 1) if data and isinstance(data[0], list) else "a tensor cannot be ragged"


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """A new tensor with a copy of `data`: Python floats become float32, arrays keep their dtype.

    >>> tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    check_device(device)
    within = begun_anew(data, Tensor, None if dtype is None else dtype_from(dtype), requires_grad)
    if within is not None:
        return within
    array = np.array(array_from(data, dtype))
    return fresh(array if array.ndim else array[()], requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """`data` as a tensor on the same memory where the dtype allows; a tensor itself stays in its graph."""
    check_device(device)
    if isinstance(data, Variable):
        return data if dtype is None else data.to(dtype_from(dtype))  # type: ignore[attr-defined]
    return fresh(array_from(data, dtype))


asarray = as_tensor


def from_numpy(ndarray: np.ndarray) -> Any:
    """A tensor on the memory of an array: writes to either are seen by both."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return fresh(ndarray)


def _typed(name: str, dtype: Any) -> Callable[..., Any]:
    fixed = np.dtype(dtype)

    def construct(*data: Any) -> Any:
        if len(data) == 1 and not isinstance(data[0], int):
            return fresh(np.array(array_from(data[0], fixed)))
        return fresh(np.empty(sizes_of(data), fixed))

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"A {fixed.name} tensor of the given data, or uninitialised of the given sizes."
    return construct


FloatTensor = _typed("FloatTensor", np.float32)
DoubleTensor = _typed("DoubleTensor", np.float64)
HalfTensor = _typed("HalfTensor", np.float16)
LongTensor = _typed("LongTensor", np.int64)
IntTensor = _typed("IntTensor", np.int32)
ShortTensor = _typed("ShortTensor", np.int16)
CharTensor = _typed("CharTensor", np.int8)
ByteTensor = _typed("ByteTensor", np.uint8)
BoolTensor = _typed("BoolTensor", np.bool_)


# Filled ---------------------------------------------------------------------------------------------------


def _float_or(dtype: Any) -> np.dtype[Any]:
    return default_dtype() if dtype is None else dtype_from(dtype)


def _size_from(size: tuple[Any, ...], keyword: Any) -> tuple[int, ...]:
    return sizes_of(size if keyword is None else (keyword,))


def zeros(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    check_device(device)
    return fresh(np.zeros(_size_from(shape, size), _float_or(dtype)), requires_grad)


def ones(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Ones: `ones(2, 3)` or `ones((2, 3))`."""
    check_device(device)
    return fresh(np.ones(_size_from(shape, size), _float_or(dtype)), requires_grad)


def empty(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A tensor whose elements are whatever the memory holds."""
    check_device(device)
    return fresh(np.empty(_size_from(shape, size), _float_or(dtype)), requires_grad)


def full(
    size: Any, fill_value: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A tensor of one value; its dtype is that of `tensor(fill_value)`."""
    check_device(device)
    return fresh(np.full(sizes_of((size,)), array_from(fill_value, dtype)), requires_grad)


def eye(
    n: int, m: int | None = None, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Ones on the diagonal, zeros elsewhere."""
    check_device(device)
    return fresh(np.eye(n, m, dtype=_float_or(dtype)), requires_grad)


def _number(value: Any) -> Any:
    data = value._data if isinstance(value, Variable) else value
    return data.item() if isinstance(data, np.ndarray | np.generic) else data


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Numbers from `start` up to but without `end`: integers unless an argument is a float."""
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(value, int) for value in (start, end, step))
    count = max(math.ceil((end - start) / step), 0)
    wanted = (np.dtype(np.int64) if whole else default_dtype()) if dtype is None else dtype_from(dtype)
    return fresh((start + step * np.arange(count)).astype(wanted), requires_grad)


def linspace(
    start: Any, end: Any, steps: int, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """`steps` numbers from `start` to `end`, both included, at equal distances."""
    check_device(device)
    array = np.linspace(_number(start), _number(end), steps)
    return fresh(array.astype(_float_or(dtype)), requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`base` raised to `steps` numbers from `start` to `end`."""
    check_device(device)
    array = np.logspace(_number(start), _number(end), steps, base=base)
    return fresh(array.astype(_float_or(dtype)), requires_grad)


def _like(input: Any, dtype: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    data = input._data
    return data.shape, data.dtype if dtype is None else dtype_from(dtype)


@tensors
def zeros_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Zeros in the shape and dtype of `input`."""
    check_device(device)
    return fresh(np.zeros(*_like(input, dtype)), requires_grad)


@tensors
def ones_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Ones in the shape and dtype of `input`."""
    check_device(device)
    return fresh(np.ones(*_like(input, dtype)), requires_grad)


@tensors
def empty_like(input: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Whatever the memory holds, in the shape and dtype of `input`."""
    check_device(device)
    return fresh(np.empty(*_like(input, dtype)), requires_grad)


def full_like(
    input: Any, fill_value: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """One value, in the shape and dtype of `input`."""
    check_device(device)
    shape, wanted = _like(input, dtype)
    return fresh(np.full(shape, _number(fill_value), wanted), requires_grad)


# In the dtype of another tensor -----------------------------------------------------------------------


@method()
def new_tensor(
    self: Any, data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A new tensor of `data` in this one's dtype."""
    return tensor(data, self._data.dtype if dtype is None else dtype, device, requires_grad)


@method()
def new_zeros(
    self: Any, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Zeros of another shape in this tensor's dtype."""
    return zeros(*size, dtype=dtype or self._data.dtype, device=device, requires_grad=requires_grad)


@method()
def new_ones(
    self: Any, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Ones of another shape in this tensor's dtype."""
    return ones(*size, dtype=dtype or self._data.dtype, device=device, requires_grad=requires_grad)


@method("new_empty", "new")
def new_empty(
    self: Any, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Whatever the memory holds, of another shape, in this tensor's dtype."""
    if len(size) == 1 and not isinstance(size[0], int | tuple):
        return new_tensor(self, size[0], dtype, device, requires_grad)
    return empty(*size, dtype=dtype or self._data.dtype, device=device, requires_grad=requires_grad)


@method()
def new_full(
    self: Any, size: Any, fill_value: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """One value, of another shape, in this tensor's dtype."""
    return full(size, fill_value, dtype or self._data.dtype, device, requires_grad)
