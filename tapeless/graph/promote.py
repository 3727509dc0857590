"""PyTorch's promotion: categories of dtypes outrank; numbers and 0-d tensors do not widen."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.variable import Variable

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_default = [np.dtype(np.float32)]


def default_dtype() -> np.dtype[Any]:
    """The dtype of floats made from Python numbers."""
    return _default[0]


def set_default_dtype(dtype: Any) -> None:
    """Make `dtype` (float32, float64, float16) the dtype of tensors made from Python floats."""
    wanted = np.dtype(dtype)
    if wanted.kind != "f":
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = wanted


def default_complex() -> np.dtype[Any]:
    return np.dtype(np.complex128 if _default[0] == np.float64 else np.complex64)


def result_dtype(*values: Any) -> np.dtype[Any]:
    """The dtype in which PyTorch would compute with these tensors and numbers."""
    groups: list[list[np.dtype[Any]]] = [[], [], []]  # with dimensions, 0-d, Python numbers
    for value in values:
        if isinstance(value, Variable):
            groups[0 if value._data.shape else 1].append(value._data.dtype)
        elif isinstance(value, np.ndarray):
            groups[0 if value.shape else 1].append(value.dtype)
        else:
            groups[2].append(_number_dtype(value))
    found: np.dtype[Any] | None = None
    for group in groups:
        if not group:
            continue
        here = _widest(group)
        if found is None:
            found = here
        elif _RANK[here.kind] > _RANK[found.kind]:
            found = _complex_of(here, found) if here.kind == "c" else here
    assert found is not None
    return found


def _widest(group: list[np.dtype[Any]]) -> np.dtype[Any]:
    """Of the highest category alone: an int64 does not widen a float32."""
    if len(group) == 1:
        return group[0]
    kinds = {dtype.kind for dtype in group}
    if "c" in kinds:
        return np.result_type(*[dtype for dtype in group if dtype.kind in "fc"], np.complex64)
    return np.result_type(*[dtype for dtype in group if dtype.kind == "f"] or group)


def _complex_of(here: np.dtype[Any], found: np.dtype[Any]) -> np.dtype[Any]:
    """A complex number or 0-d tensor takes the precision of the floats that it meets."""
    return np.result_type(np.complex64, found) if found.kind == "f" else here


def _number_dtype(value: Any) -> np.dtype[Any]:
    if isinstance(value, bool | np.bool_):
        return np.dtype(np.bool_)
    if isinstance(value, int | np.integer):
        return np.dtype(np.int64)
    if isinstance(value, complex | np.complexfloating):
        return default_complex()
    return default_dtype()


def get_default_dtype() -> np.dtype[Any]:
    """The dtype of floats made from Python numbers; see `set_default_dtype`."""
    return _default[0]


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The smallest dtype that both can be cast to without a change of category downwards."""
    return _widest([np.dtype(type1), np.dtype(type2)])


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """The dtype in which an operation on these two would compute."""
    return result_dtype(tensor1, tensor2)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a cast stays in its category or goes up: floats cannot become integers."""
    return bool(np.can_cast(from_, to, "same_kind"))
