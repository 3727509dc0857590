"""The dtypes under PyTorch's names: they are NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless.graph.messages import TYPE_NAMES

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
complex64 = cfloat = np.dtype(np.complex64)
complex128 = cdouble = np.dtype(np.complex128)
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)

finfo = np.finfo
iinfo = np.iinfo
pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
newaxis = None

SCALARS = {"float16": "Half", "float32": "Float", "float64": "Double", "complex64": "ComplexFloat"}
SCALARS |= {"complex128": "ComplexDouble", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int"}
SCALARS |= {"int64": "Long", "bool": "Bool"}

_by_type = {f"torch.{name}": np.dtype(dtype) for dtype, name in TYPE_NAMES.items()}


def dtype_from(value: Any) -> np.dtype[Any]:
    """A dtype from a dtype, a Python type, or the name of a tensor type ("torch.DoubleTensor")."""
    if isinstance(value, str) and value in _by_type:
        return _by_type[value]
    return np.dtype(value)


C_NAMES = {
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "int64": "long int",
    "int32": "int",
}
C_NAMES |= {"int16": "short int", "int8": "signed char", "uint8": "unsigned char", "bool": "bool"}


def c_name(dtype: np.dtype[Any]) -> str:
    """What some of PyTorch's messages call a dtype: the name in C++."""
    return C_NAMES.get(dtype.name, f"c10::complex<{'float' if dtype.itemsize == 8 else 'double'}>")


def scalar_name(dtype: np.dtype[Any]) -> str:
    """What PyTorch's messages call a dtype: Float, Long."""
    return SCALARS.get(dtype.name, dtype.name)
