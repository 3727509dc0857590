"""`value.name`: of modules, arrays, containers, and objects of the user's classes."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import PYTHON_NUMBERS
from tapeless.source.infer import infer
from tapeless.source.lower.calls import METHODS, call, kind_of
from tapeless.source.lower.control import branch
from tapeless.source.lower.lookup import is_library, module_attribute
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import class_attribute, find_property, instance_attribute, super_attribute
from tapeless.source.lower.values import (
    Bound,
    Choice,
    Dyn,
    Fields,
    Known,
    Ref,
    Super,
    Tup,
    Value,
)

# Attributes of arrays that are functions of them.
OF_ARRAYS: dict[str, Callable[..., Any]] = {
    "T": np.transpose,
    "real": np.real,
    "imag": np.imag,
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
}


def get_attribute(m: Machine, owner: Value, name: str) -> Value:
    match owner:
        case Known():
            return _of_known(m, owner, name)
        case Dyn():
            return _of_dyn(m, owner, name)
        case Tup():
            fields = getattr(owner.cls, "_fields", ())
            if name in fields:
                return owner.items[fields.index(name)]
            if ("tuple", name) in METHODS or not fields:
                return Bound(owner, name)
            found = getattr(owner.cls, name, None)
            return (
                Bound(owner, name, Known(found))
                if isinstance(found, types.FunctionType)
                else Bound(owner, name)
            )
        case Ref():
            content = m.content(owner)
            if not isinstance(content, Fields):
                return Bound(owner, name)
            own = dict(content.fields)
            if name in own:
                return own[name]
            return _of_class(m, owner, name)
        case Super():
            return super_attribute(m, owner, name)
        case Choice():
            key = m.temporary()
            branch(
                m,
                Dyn(owner.test),
                lambda: m.set(key, get_attribute(m, owner.then, name)),
                lambda: m.set(key, get_attribute(m, owner.orelse, name)),
            )
            return m.take(key)
        case _:
            raise m.refuse(
                f"the attribute {name}",
                "what stands before the dot has no attributes here",
                "use an array or an object",
            )


def _of_class(m: Machine, owner: Value, name: str) -> Value:
    getter = find_property(m, owner, name)
    if getter is not None:
        return call(m, Known(getter), [owner], {})
    return class_attribute(m, owner, name)


def _of_known(m: Machine, owner: Known, name: str) -> Value:
    value = owner.value
    if isinstance(value, types.ModuleType | type):
        return module_attribute(m, value, name)
    if isinstance(value, np.ufunc | np.dtype) or (callable(value) and is_library(value)):
        return Known(getattr(value, name))
    if isinstance(
        value, str | bytes | tuple | list | dict | set | frozenset | range | slice | types.FunctionType
    ):
        found = getattr(value, name, None)
        return Bound(owner, name) if callable(found) else Known(found)
    if isinstance(value, int | float | complex | None):
        return Known(getattr(value, name)) if not callable(getattr(value, name, None)) else Bound(owner, name)
    if is_library(type(value)):
        return (
            Bound(owner, name)
            if callable(getattr(value, name, None))
            else m.let(getattr, [owner, Known(name)])
        )
    if find_property(m, owner, name) is not None:
        return _of_class(m, owner, name)
    return instance_attribute(m, owner, name)


def _of_dyn(m: Machine, owner: Dyn, name: str) -> Value:
    if kind_of(m, owner) == "array":
        if name in OF_ARRAYS:
            return _array_attribute(m, owner, name)
        if name == "flat":
            return m.let(np.ravel, [owner])
        if name == "mT":
            return m.let(np.swapaxes, [owner, Known(-1), Known(-2)])
        if name in ("itemsize", "nbytes"):
            read = m.let(getattr, [owner, Known(name)], hint=name)
            return m.refined(Dyn(read.atom), PYTHON_NUMBERS[int]) if isinstance(read, Dyn) else read
        if name == "dtype":
            dtype = owner.fact.dtype
            weak = owner.fact.weak
            return Known(dtype) if dtype is not None and not weak else m.let(getattr, [owner, Known(name)])
        return Bound(owner, name)
    if name in OF_ARRAYS and owner.fact.kind == "object":
        return m.let(getattr, [owner, Known(name)], hint=name)
    if owner.fact.kind in ("list", "tuple", "dict", "object"):
        return Bound(owner, name) if _is_method_call(m) else m.let(getattr, [owner, Known(name)], hint=name)
    return m.let(getattr, [owner, Known(name)], hint=name)


def _array_attribute(m: Machine, owner: Dyn, name: str) -> Value:
    op = OF_ARRAYS[name]
    fact = infer(op, [owner.fact], {})
    if name == "ndim" and owner.fact.dims is not None:
        return Known(len(owner.fact.dims))
    if name == "shape" and not isinstance(fact, tuple) and fact.items is not None and not fact.items:
        return Tup(())
    return m.let(op, [owner], hint=name if name not in ("T", "real", "imag") else "t")


def _is_method_call(m: Machine) -> bool:
    """Whether the attribute that is being read is called at once."""
    return m.calling
