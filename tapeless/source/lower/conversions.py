"""Arrays made of other values: the array itself where NumPy copies nothing, else a copy.

y = np.asarray(x)                 =>   y is x, and a write into it is one into x
y = x.astype(float, copy=False)   =>   the same, if x is known to be of floats
y = np.array(x)                   =>   a copy
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import same
from tapeless.source.lower.calls import Args, Kwargs, handles, library_call
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import NOTHING, Dyn, Known, Value


def as_array(m: Machine, function: Callable[..., Any], args: Args, kwargs: Kwargs) -> Value:
    """`function` is np.asarray or its like: what it is given, unless that has another dtype."""
    value, *rest = args
    if not isinstance(value, Dyn) or value.fact.kind == "scalar":
        return library_call(m, np.array, args, kwargs)
    others = dict(kwargs)
    dtype = rest[0] if rest else others.pop("dtype", NOTHING)
    if len(rest) > 1 or any(option != NOTHING for option in others.values()) or value.fact.kind != "array":
        return library_call(m, function, args, kwargs)
    if dtype == NOTHING:
        return m.let(same, [value])
    if not isinstance(dtype, Known) or value.fact.dtype is None or value.fact.weak is not False:
        return library_call(m, function, args, kwargs)
    if np.dtype(dtype.value) == value.fact.dtype:
        return m.let(same, [value])
    return library_call(m, np.array, [value], {"dtype": dtype})


@handles(np.asarray)
def asarray(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return as_array(m, np.asarray, args, kwargs)


@handles(np.asanyarray)
def asanyarray(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return as_array(m, np.asanyarray, args, kwargs)


@handles(np.ascontiguousarray)
def ascontiguousarray(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    is_array = isinstance(args[0], Dyn) and args[0].fact.kind != "scalar"
    return library_call(m, np.ascontiguousarray if is_array else np.array, args, kwargs)


@handles(np.array)
def array(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    rest = dict(kwargs)
    copy = rest.pop("copy", Known(True))
    if copy == Known(True):
        return library_call(m, np.array, args, rest)
    if set(rest) <= {"dtype"}:
        return as_array(m, np.asarray, args, rest)
    return library_call(m, np.array, args, kwargs)


def astype(m: Machine, owner: Value, dtype: Value, rest: Kwargs) -> Value:
    """`owner.astype(dtype, **rest)` of what is differentiated, to floats or complex numbers."""
    copy = rest.get("copy", Known(True))
    if copy == Known(True):
        return library_call(m, np.array, [owner], {"dtype": dtype})
    if copy == Known(False):
        return as_array(m, np.asarray, [owner, dtype], {})
    raise m.refuse("this copy=", "whether the array is copied is not known", "leave copy= out")
