"""Built-in functions that ask what a value is, read its attributes, or bind arguments."""

from __future__ import annotations

import functools
import operator
from typing import Any, get_args

import numpy as np

from tapeless.source.facts import NUMERIC
from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import Args, Kwargs, handles, opaque_call
from tapeless.source.lower.control import is_data
from tapeless.source.lower.lookup import lookup
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import set_attribute
from tapeless.source.lower.trees import parameters
from tapeless.source.lower.values import (
    NOTHING,
    Bound,
    Closure,
    Dyn,
    Fields,
    Items,
    Known,
    Partial,
    Ref,
    Runtime,
    Super,
    Tup,
    Value,
)

# What a name may hold that is known to be numeric.
NUMBERS = (np.ndarray, np.generic, np.bool_, np.int64, np.float64, np.complex128, int, float, complex)


@handles(isinstance)
def isinstance_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    classes = args[1]
    if isinstance(classes, Tup):
        wanted: Any = tuple([item.value for item in classes.items if isinstance(item, Known)])
    else:
        assert isinstance(classes, Known)
        wanted = classes.value
    known = type_of(m, args[0])
    if known is not None:
        return Known(issubclass(known, wanted))
    if isinstance(args[0], Dyn) and args[0].fact.kind in NUMERIC and _is_no_number(wanted):
        return Known(False)
    return m.let(isinstance, [args[0], Known(wanted)])


def _is_no_number(wanted: Any) -> bool:
    """Whether neither arrays nor numbers can be instances of a class, or of any of several."""
    several: tuple[Any, ...] = wanted if isinstance(wanted, tuple) else get_args(wanted)
    if several:
        return all([_is_no_number(one) for one in several])
    return not any([_overlap(kind, wanted) for kind in NUMBERS])


def _overlap(kind: type, other: Any) -> bool:
    return issubclass(kind, other) or issubclass(other, kind)


def type_of(m: Machine, value: Value) -> type | None:
    """The class of a value, if it is known."""
    match value:
        case Known():
            return type(value.value)
        case Tup():
            return value.cls
        case Ref():
            content = m.content(value)
            if isinstance(content, Fields):
                return content.cls
            if isinstance(content, Runtime):
                return {"list": list, "dict": dict}.get(content.value.fact.kind)
            return list if isinstance(content, Items) else dict
        case Dyn():
            fact = value.fact
            if fact.kind == "array":
                return np.ndarray
            if fact.kind == "scalar" and fact.dtype is not None:
                if not fact.weak:
                    return fact.dtype.type
                return {"b": bool, "i": int, "f": float, "c": complex}.get(fact.dtype.kind)
            return None
        case Closure():
            return type(type_of)
        case _:
            return None


@handles(type)
def type_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    known = type_of(m, args[0])
    return Known(known) if known is not None else m.let(type, [args[0]])


@handles(callable)
def callable_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    return Known(callable(value.value) if isinstance(value, Known) else not is_data(value))


@handles(hasattr)
def hasattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    owner, name = args
    assert isinstance(name, Known)
    if isinstance(owner, Known):
        return Known(hasattr(owner.value, name.value))
    if isinstance(owner, Ref) and isinstance(content := m.content(owner), Fields):
        return Known(name.value in dict(content.fields) or hasattr(content.cls, name.value))
    known = type_of(m, owner)
    return Known(hasattr(known, name.value)) if known is not None else m.let(hasattr, [owner, name])


@handles(getattr)
def getattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not isinstance(args[1], Known):
        raise m.refuse("this getattr", "the name is not known beforehand", "write owner.name")
    if len(args) > 2 and hasattr_(m, args[:2], {}) == Known(False):
        return args[2]
    return get_attribute(m, args[0], args[1].value)


@handles(setattr)
def setattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not isinstance(args[1], Known):
        raise m.refuse("this setattr", "the name is not known beforehand", "write owner.name = value")
    set_attribute(m, args[0], args[1].value, args[2])
    return NOTHING


@handles(print)
def print_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    m.do(print, args, kwargs)
    return NOTHING


@handles(functools.partial)
def partial(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


@handles(super)
def super_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    frame = m.frame
    assert frame is not None
    if args:
        cls, owner = args
        assert isinstance(cls, Known)
        return Super(owner, cls.value)
    first = parameters(frame.source.tree)[0]
    cls = lookup(m, "__class__")
    assert isinstance(cls, Known)
    return Super(lookup(m, first), cls.value)


@handles(operator.itemgetter)
def itemgetter(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Bound(args[0], "itemgetter", Known(_get_item))


def _get_item(index: Any, value: Any) -> Any:
    return value[index]


@handles(eval, exec, locals, globals, compile)
def by_text(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    raise m.refuse(
        "this call",
        "it reads names that only the running program knows",
        "write the expression itself, or pass what it needs as arguments",
    )


@handles(vars)
def vars_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return by_text(m, args, kwargs)
    return opaque_call(m, vars, args, kwargs)
