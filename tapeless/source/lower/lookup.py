"""What a name or an attribute stands for: local, of an enclosing function, of the module, built in."""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any

import numpy as np

from tapeless.ir.program import Var
from tapeless.rules.table import meant
from tapeless.source.cache import Attribute
from tapeless.source.facts import Fact, fact_of
from tapeless.source.lower.around import constant_tensor, holds_tensors, is_tensor, tensor_at
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.values import Dyn, Entries, Frame, Items, Known, Poison, Tup, Value

STATIC = (types.ModuleType, type, np.ufunc, np.dtype, str, bytes, bool, type(None), type(Ellipsis), slice)
LONGEST = 16  # longer lists of data are not looked into


def lookup(m: Machine, name: str) -> Value:
    """The value of a name as the function that is being read sees it."""
    frame = m.frame
    while frame is not None:
        if name in frame.local:
            value = m.get(("name", frame.number, name))
            if value is MISSING:
                m.missing(("name", frame.number, name))
                raise m.refuse(f"the name {name}", "it may have no value yet here", "give it one before")
            if isinstance(value, Poison):
                raise m.refuse(f"the name {name}", value.why, "make it one kind of value on every way")
            return value
        if frame.outer is None:
            return external(m, frame, name)
        frame = frame.outer
    raise AssertionError("a frame without a function")


def external(m: Machine, frame: Frame, name: str) -> Value:
    """A name that the function finds outside of itself; a guard notices when it is bound anew."""
    function = frame.function
    code = function.__code__
    if name in code.co_freevars and function.__closure__ is not None:
        position = code.co_freevars.index(name)
        cell = function.__closure__[position]
        try:
            value = cell.cell_contents
        except ValueError:
            raise m.refuse(f"the name {name}", "it has no value yet in the enclosing function") from None
        return classify(m, value, name, ("cell", function, position, name))
    scope = function.__globals__
    if name in scope:
        return classify(m, scope[name], name, ("global", scope, name))
    if hasattr(builtins, name):
        m.found.guards.append(("absent", scope, name))
        return Known(getattr(builtins, name))
    raise m.refuse(f"the name {name}", "it is not defined")


def classify(m: Machine, value: Any, name: str, where: tuple[Any, ...]) -> Value:
    """An object found outside: known as it is, under guard, or data that each call reads again."""
    tensor = tensor_at(m, value, name, where)
    if tensor is not None:
        return tensor
    if holds_tensors(m, value):
        return of_tensors(m, value, name, where)
    if isinstance(value, STATIC) or _is_function(value):
        m.found.guards.append((*where, value))
        return Known(meant(value))
    if isinstance(value, list | tuple | dict) and _holds_functions(value):
        m.found.guards.append((*where, value))
        return _structure(m, value)
    free = free_name(m, name, where, value)
    if is_tensor(m, value):
        m.found.guards.append((*where, value))
        return constant_tensor(m, value, Known(value, Var(free)), name)
    fact = fact_of(value, free)
    if isinstance(value, list | tuple | dict) and len(value) > LONGEST:
        fact = Fact(fact.kind)
    is_data = isinstance(value, int | float | complex | np.ndarray | np.generic | list | tuple | dict)
    if is_data:
        m.facts[free] = fact
        return Dyn(Var(free), fact)
    m.found.guards.append((*where, value))
    return Known(value, Var(free))


def guard_attribute(m: Machine, owner: Any, name: str, value: Any) -> None:
    """Notice when `owner.name` is another object; of a method, which is made anew each time, its function."""
    if isinstance(value, types.MethodType):
        m.found.guards.append(("attribute", Attribute(owner, name), "__func__", value.__func__))
    else:
        m.found.guards.append(("attribute", owner, name, value))


def free_name(m: Machine, name: str, where: tuple[Any, ...], value: Any) -> str:
    """The name under which the generated function finds something of the user's module."""
    for free, (known, _) in m.found.free.items():
        if _same_place(known, where):
            return free
    free = m.names.fresh(name)
    m.found.free[free] = (where, value)
    return free


def _same_place(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(
        a is b or (isinstance(a, str | int) and a == b) for a, b in zip(one, other, strict=True)
    )


def _is_function(value: Any) -> bool:
    kinds = (
        types.FunctionType,
        types.BuiltinFunctionType,
        types.MethodType,
        types.MethodWrapperType,
        types.MethodDescriptorType,
    )
    return isinstance(value, kinds) or (callable(value) and hasattr(value, "__wrapped__"))


def _holds_functions(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else list(value)
    if len(items) > LONGEST * 4:
        return False
    return any(
        callable(item) or (isinstance(item, list | tuple | dict) and _holds_functions(item)) for item in items
    )


def _structure(m: Machine, value: Any) -> Value:
    if isinstance(value, dict):
        return m.new(Entries(tuple([(key, _structure(m, item)) for key, item in value.items()])))
    if isinstance(value, list):
        return m.new(Items(tuple([_structure(m, item) for item in value])))
    if isinstance(value, tuple):
        return Tup(tuple([_structure(m, item) for item in value]), type(value))
    return Known(value)


def of_tensors(m: Machine, value: Any, name: str, where: tuple[Any, ...]) -> Value:
    """A container with Tensors in it: its items are read each for itself."""
    m.found.origins.setdefault(id(value), where)
    m.found.guards.append(("contents", where, value))
    if isinstance(value, dict):
        entries = [
            (key, classify(m, item, key if isinstance(key, str) else name, ("item", value, key)))
            for key, item in value.items()
        ]
        return m.new(Entries(tuple(entries)))
    items = tuple([classify(m, item, name, ("item", value, k)) for k, item in enumerate(value)])
    return m.new(Items(items)) if isinstance(value, list) else Tup(items, type(value))


def module_attribute(m: Machine, owner: Any, name: str) -> Value:
    """`module.name` or `Class.name`."""
    try:
        value = getattr(owner, name)
    except AttributeError:
        raise m.refuse(f"{owner.__name__}.{name}", "there is no such attribute") from None
    if is_library(owner):
        return Known(value)
    if isinstance(value, types.MethodType):
        guard_attribute(m, owner, name, value)
        return Known(value)
    return classify(m, value, name, ("attribute", owner, name))


LIBRARIES = frozenset({"numpy", "scipy", "builtins"} | sys.stdlib_module_names) - {"__main__"}


def is_library(owner: Any) -> bool:
    """Whether a module or function belongs to a library whose functions are known by their rules only."""
    if isinstance(owner, types.FunctionType) and owner.__module__ is None:
        return False  # typed in
    name = owner.__name__ if isinstance(owner, types.ModuleType) else getattr(owner, "__module__", None)
    return str(name or "builtins").partition(".")[0] in LIBRARIES
