"""NumPy's types: called on an Array they convert it, and it is an instance of what its data is one of.

To NumPy each is the type that it stands for: as a dtype, in comparisons, in isinstance and issubclass.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tapeless.graph.variable import Variable
from tapeless.numpy.creation import LISTS, with_arrays
from tapeless.numpy.names import stands_for


class StandIn(type):
    """The class of the classes that stand for one of NumPy's, their `original`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        original = cls.__dict__.get("original")
        if original is None:  # a class that a user derives from one of them
            return type.__call__(cls, *args, **kwargs)
        value = args[0] if len(args) == 1 and not kwargs else None
        if type(value) in LISTS:
            value = with_arrays(value)
        if not isinstance(value, Variable):
            return original(*args, **kwargs)
        return value.astype(original) if issubclass(original, np.inexact) else original(value._data)  # type: ignore[attr-defined]

    def __instancecheck__(cls, instance: Any) -> bool:
        original = cls.__dict__.get("original")
        if original is None:
            return type.__instancecheck__(cls, instance)
        return isinstance(instance._data if isinstance(instance, Variable) else instance, original)

    def __subclasscheck__(cls, subclass: type) -> bool:
        original = cls.__dict__.get("original")
        return type.__subclasscheck__(cls, subclass) if original is None else issubclass(subclass, original)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.__dict__.get("original", cls)

    def __hash__(cls) -> int:
        return hash(cls.__dict__["original"]) if "original" in cls.__dict__ else type.__hash__(cls)


@functools.cache
def _for(original: Any) -> Any:
    doc = f"`numpy.{original.__name__}`, also for Arrays."
    space = {"original": original, "__doc__": doc, "__module__": "tapeless.numpy", "__slots__": ()}
    return stands_for(original)(StandIn(original.__name__, (original,), space))


cdouble = _for(np.cdouble)
clongdouble = _for(np.clongdouble)
complex64 = _for(np.complex64)
complex128 = _for(np.complex128)
complexfloating = _for(np.complexfloating)
csingle = _for(np.csingle)
double = _for(np.double)
float16 = _for(np.float16)
float32 = _for(np.float32)
float64 = _for(np.float64)
floating = _for(np.floating)
generic = _for(np.generic)
half = _for(np.half)
inexact = _for(np.inexact)
int8 = _for(np.int8)
int16 = _for(np.int16)
int32 = _for(np.int32)
int64 = _for(np.int64)
int_ = _for(np.int_)
integer = _for(np.integer)
intp = _for(np.intp)
longdouble = _for(np.longdouble)
ndarray = _for(np.ndarray)
number = _for(np.number)
signedinteger = _for(np.signedinteger)
single = _for(np.single)
uint8 = _for(np.uint8)
uint16 = _for(np.uint16)
uint32 = _for(np.uint32)
uint64 = _for(np.uint64)
unsignedinteger = _for(np.unsignedinteger)
