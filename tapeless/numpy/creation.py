"""Arrays made of values, also of Arrays in lists; in a function that is traced they are ready for writes."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tapeless.graph.array import Array, _is_tracing
from tapeless.graph.modes import NO_GRAD, NORMAL, current
from tapeless.graph.variable import Variable, wrap
from tapeless.numpy.names import stands_for

Function = Callable[..., Any]

is_tracing = _is_tracing.get
LISTS = (list, tuple)
NUMBERS = frozenset({float, int, bool, complex, np.float64, np.int64, np.bool, str})


def variable_in(value: Any) -> Any:
    """A variable, or one within nested lists and tuples; None if there is none."""
    if isinstance(value, Variable):
        return value
    if type(value) not in LISTS:
        return None
    kinds = set(map(type, value))
    if kinds <= NUMBERS:
        return None
    return next((found for item in value if (found := variable_in(item)) is not None), None)


def with_arrays(value: Any) -> Any:
    """Nested lists that hold Arrays as one Array; anything else as it is."""
    if type(value) not in LISTS or (like := variable_in(value)) is None:
        return value
    return np.array(value, like=like)


def watched(found: Any) -> Any:
    """In a function that is traced, an Array on the memory of a new ndarray: writes into it are recorded."""
    if is_tracing() and type(found) is np.ndarray and found.dtype.kind in "fc":
        return wrap(Array, found)
    return found


def _of_data(function: Function) -> Function:
    """Made of data alone, or of an Array's shape."""

    @stands_for(function)
    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        return watched(found) if is_tracing() else found

    return make


arange = _of_data(np.arange)
empty = _of_data(np.empty)
empty_like = _of_data(np.empty_like)
eye = _of_data(np.eye)
identity = _of_data(np.identity)
linspace = _of_data(np.linspace)
ones = _of_data(np.ones)
ones_like = _of_data(np.ones_like)
tri = _of_data(np.tri)
zeros = _of_data(np.zeros)
zeros_like = _of_data(np.zeros_like)


@stands_for(np.full)
@functools.wraps(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **kwargs: Any) -> Any:
    value = fill_value if type(fill_value) in NUMBERS else with_arrays(fill_value)
    if not isinstance(value, Variable):
        return watched(np.full(shape, fill_value, dtype, order, **kwargs))
    model = np.empty(shape, value._data.dtype if dtype is None else dtype, order)
    return np.full_like(wrap(value._face, model), value)  # type: ignore[call-overload]


@stands_for(np.full_like)
@functools.wraps(np.full_like)
def full_like(a: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    value = fill_value if type(fill_value) in NUMBERS else with_arrays(fill_value)
    if not isinstance(value, Variable) or isinstance(a, Variable):
        return watched(np.full_like(a, value, *args, **kwargs))
    model = np.empty_like(a, *args, **kwargs)
    return np.full_like(wrap(value._face, model), value)  # type: ignore[call-overload]


# Of values ------------------------------------------------------------------------------------------------


def _of_values(function: Function, is_done: Callable[[Any], bool]) -> Function:
    """Made of what may be or hold Arrays; one for which `is_done` stays what it is, unless it is copied.

    Outside of what is traced NumPy is asked first: an Array that must not be lost then raises RuntimeError.
    """
    copies = function in (np.array, np.copy)

    @stands_for(function)
    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else None
        if type(first) is np.ndarray or not args:
            found = function(*args, **kwargs)
            return watched(found) if copies and is_tracing() else found
        if isinstance(first, Variable):
            is_same = is_done(first._data) and _asks_nothing(first._data.dtype, copies, *args[1:], **kwargs)
            return first if is_same else function(*args, **_like(function, first, kwargs))
        if not is_tracing() and (current() is NORMAL or current() is NO_GRAD):
            try:
                return function(*args, **kwargs)
            except RuntimeError:
                pass
        like = variable_in(first)
        if like is not None:
            return (np.array if copies else function)(*args, **{"like": like, **kwargs})
        found = function(*args, **kwargs)
        return watched(found) if isinstance(first, list | tuple | float | complex) else found

    return make


def _asks_nothing(own: Any, copies: bool, dtype: Any = None, **options: Any) -> bool:
    """Whether an array of the dtype `own` would be given back as it is."""
    copy = options.pop("copy", copies)
    return not copy and not options and (dtype is None or np.dtype(dtype) == own)


def _like(function: Function, like: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keywords by which NumPy hands over to the Array; what it may copy or not, it copies."""
    if function is np.copy:
        return kwargs
    kwargs = {name: value for name, value in kwargs.items() if name != "copy" or value is not None}
    return {"like": like, **kwargs}


def _is_array(data: Any) -> bool:
    return type(data) is np.ndarray


array = _of_values(np.array, _is_array)
asanyarray = _of_values(np.asanyarray, _is_array)
asarray = _of_values(np.asarray, _is_array)
ascontiguousarray = _of_values(np.ascontiguousarray, lambda data: data.ndim > 0 and data.flags.c_contiguous)
asfortranarray = _of_values(np.asfortranarray, lambda data: data.ndim > 0 and data.flags.f_contiguous)
copy = _of_values(np.copy, lambda data: False)


@stands_for(np.fromiter)
@functools.wraps(np.fromiter)
def fromiter(iter: Iterable[Any], dtype: Any, count: int = -1, **kwargs: Any) -> Any:
    if not isinstance(iter, list | tuple) and not is_tracing():
        return np.fromiter(iter, dtype, count, **kwargs)
    items = list(iter if count < 0 else itertools.islice(iter, count))
    if variable_in(items) is None:
        return watched(np.fromiter(items, dtype, count, **kwargs))
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)} items.")
    return array(items, dtype)


@stands_for(np.isscalar)
@functools.wraps(np.isscalar)
def isscalar(element: Any) -> bool:
    return np.isscalar(element._data if isinstance(element, Variable) else element)
