"""Dimensions as PyTorch takes them: checked, and also under NumPy's keywords."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tapeless.graph.ops import no_tensor
from tapeless.graph.variable import Variable

NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


def numpy_words(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which also takes `axis` for `dim` and `keepdims` for `keepdim`."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {NUMPY_WORDS.get(name, name): value for name, value in kwargs.items()}
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            raise no_tensor(function, args, kwargs, error) from None

    return run


def one_dim(dim: Any, ndim: int) -> int:
    """A dimension counted from the front; IndexError in PyTorch's words.  A 0-d tensor has 0 and -1."""
    size = ndim or 1
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"dim must be an int, not {type(dim).__name__}")
    index = dim.__index__()
    if not -size <= index < size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size - 1}], but got {index})"
        )
    return index % size


def axes_of(dim: Any, ndim: int) -> int | tuple[int, ...] | None:
    """What NumPy takes as `axis` for PyTorch's `dim`: None and () are all of them."""
    if dim is None:
        return None
    if isinstance(dim, tuple | list):
        dims = tuple([one_dim(one, ndim) for one in dim])
        for one in dims:
            if dims.count(one) > 1:
                raise RuntimeError(f"dim {one} appears multiple times in the list of dims")
        return (dims if ndim else ()) or None
    found = one_dim(dim, ndim)
    return found if ndim else None


def sizes_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """`f(2, 3)`, `f((2, 3))` and `f([2, 3])` are the same; 0-d tensors are numbers."""
    if len(size) == 1 and isinstance(size[0], tuple | list):
        size = tuple(size[0])
    for number in size:
        if isinstance(number, float) or not hasattr(number, "__index__"):
            raise TypeError(f"sizes must be ints, not {type(number).__name__}")
    return tuple([number.__index__() for number in size])


def shape_of(value: Any) -> tuple[int, ...]:
    return value._data.shape if isinstance(value, Variable) else ()
