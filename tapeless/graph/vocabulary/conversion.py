"""Copies, other dtypes, and what can be asked of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import apply
from tapeless.graph.messages import type_name
from tapeless.graph.ops import cast, method, op, tensors
from tapeless.graph.tensor import Size, Tensor
from tapeless.graph.variable import INFERENCE, Variable
from tapeless.graph.vocabulary import dtypes
from tapeless.graph.vocabulary.creating import check_device, fresh
from tapeless.graph.vocabulary.devices import CPU
from tapeless.graph.vocabulary.dims import one_dim

_clone = op(np.copy, "Clone")


@method()
def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy, at its own place in the graph."""
    return apply(_clone, (input, "K", False))


@method()
def contiguous(self: Any, memory_format: Any = None) -> Any:
    """The tensor itself if its elements stand one after the other in memory, else a copy."""
    if self._array().flags.c_contiguous:
        return self
    return apply(_clone, (self, "C", False))


@method()
def to(
    self: Any, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **others: Any
) -> Any:
    """The tensor in another dtype: `to(dtype)`, `to(other)`, `to("cpu")`; itself if nothing changes."""
    for arg in args:
        if isinstance(arg, Variable):
            dtype = arg._data.dtype
        elif isinstance(arg, np.dtype | type):
            dtype = arg
        elif isinstance(arg, bool) or arg is None:
            continue
        else:
            device = arg
    check_device(device)
    found = self if dtype is None else cast(self, dtypes.dtype_from(dtype))
    return clone(self) if copy and found is self else found


def _to(name: str, dtype: np.dtype[Any]) -> None:
    def convert(self: Any) -> Any:
        return cast(self, dtype)

    convert.__doc__ = f"The tensor in {dtype.name}."
    convert.__name__ = convert.__qualname__ = name
    method(name)(convert)


for _name in ("float", "double", "half", "long", "int", "short", "bool", "cfloat", "cdouble"):
    _to(_name, getattr(dtypes, _name))
_to("byte", dtypes.uint8)
_to("char", dtypes.int8)


@method("type")
def type_of(self: Any, dtype: Any = None) -> Any:
    """The name of the tensor's type, or the tensor in another dtype."""
    return type_name(self._data) if dtype is None else cast(self, dtypes.dtype_from(dtype))


@method()
@tensors
def type_as(self: Any, other: Any) -> Any:
    """The tensor in the dtype of `other`."""
    return cast(self, other._data.dtype)


@method("cpu")
def cpu(self: Any) -> Any:
    """The tensor itself: all of them live in memory that NumPy can reach."""
    return self


@method()
def size(self: Any, dim: Any = None) -> Any:
    """The shape, or one length of it."""
    return Size(self._data.shape) if dim is None else self._data.shape[one_dim(dim, self._data.ndim)]


@method()
def stride(self: Any, dim: Any = None) -> Any:
    """How many elements apart in memory neighbours stand, along each dimension or one."""
    array = self._array()
    strides = tuple([n // array.itemsize for n in array.strides])
    return strides if dim is None else strides[one_dim(dim, array.ndim)]


@method("dim", "ndimension")
def dim(self: Any) -> int:
    """The number of dimensions."""
    return self._data.ndim


@tensors
@method("numel", "nelement")
def numel(input: Any) -> int:
    """The number of elements."""
    return int(input._data.size)


@method()
def element_size(self: Any) -> int:
    """Bytes in an element."""
    return self._data.dtype.itemsize


@method()
def data_ptr(self: Any) -> int:
    """The address of the first element."""
    return self._array().ctypes.data


@method()
def storage_offset(self: Any) -> int:
    """How many elements after its base's first one a view begins."""
    base = self._array().base
    while isinstance(base, np.ndarray) and isinstance(base.base, np.ndarray):
        base = base.base
    if not isinstance(base, np.ndarray):
        return 0
    return (self._array().ctypes.data - base.ctypes.data) // self._data.itemsize


@method()
def is_contiguous(self: Any, memory_format: Any = None) -> bool:
    """Whether the elements stand one after the other in memory."""
    return bool(self._array().flags.c_contiguous)


@tensors
@method()
def is_floating_point(input: Any) -> bool:
    """Whether the elements are real floating point numbers."""
    return input._data.dtype.kind == "f"


@tensors
@method()
def is_complex(input: Any) -> bool:
    """Whether the elements are complex numbers."""
    return input._data.dtype.kind == "c"


@method()
def is_nonzero(input: Any) -> bool:
    """Whether the one element is not zero."""
    return bool(input)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Variable)


@tensors
def is_inference(input: Any) -> bool:
    """Whether a tensor was made in inference mode."""
    return input._counter is INFERENCE


@method()
@tensors
def is_same_size(input: Any, other: Any) -> bool:
    """Whether both have the same shape."""
    return input._data.shape == other._data.shape


@method()
@tensors
def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and elements."""
    return bool(np.array_equal(input._data, other._data))


@method()
@tensors
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether no element is further from the other's than `atol + rtol * abs(other)`."""
    return bool(np.allclose(input._data, other._data, rtol, atol, equal_nan))


@method()
@tensors
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Which elements are no further from the other's than `atol + rtol * abs(other)`."""
    return fresh(np.isclose(input._data, other._data, rtol, atol, equal_nan))


@method()
def get_device(self: Any) -> int:
    """-1: no device but the processor."""
    return -1


Tensor.device = property(lambda self: CPU)  # type: ignore[attr-defined]
Tensor.is_cuda = property(lambda self: False)  # type: ignore[attr-defined]
Tensor.itemsize = property(element_size)  # type: ignore[attr-defined]
Tensor.nbytes = property(lambda self: int(self._data.nbytes))  # type: ignore[attr-defined]
