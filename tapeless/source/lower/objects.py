"""Objects of the user's classes: their attributes are names like any other, their methods are read."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.source.facts import Fact, fact_of
from tapeless.source.lower.around import constant_tensor, holds_tensors, is_tensor, tensor_at
from tapeless.source.lower.forms import is_setting
from tapeless.source.lower.lookup import (
    STATIC,
    classify,
    guard_attribute,
    is_library,
    module_attribute,
    of_tensors,
)
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.subscripts import set_item, set_item_of
from tapeless.source.lower.values import Bound, Dyn, Fields, Items, Known, Part, Ref, Super, Tup, Value
from tapeless.source.wrappers import Transparent

Run = Callable[[Machine, Any, Sequence[Value], Mapping[str, Value]], Value]
METHODS = types.FunctionType | functools._lru_cache_wrapper | Transparent  # of a class, bound to its objects
DATA = (np.ndarray, np.generic, int, float, complex)


def class_attribute(m: Machine, owner: Value, name: str) -> Value:
    """`owner.name` found on the owner's class."""
    cls = owner_class(m, owner)
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, staticmethod | classmethod | METHODS):
        # A method may be hidden by an attribute of the object itself.
        place = owner.value if isinstance(owner, Known) and not name.startswith("__") else cls
        guard_attribute(m, place, name, getattr(place, name))
    if isinstance(found, staticmethod):
        return Known(found.__func__)
    if isinstance(found, classmethod):
        return Bound(Known(cls), name, Known(found.__func__))
    if isinstance(found, METHODS):
        return Bound(owner, name, Known(found))
    if found is None:
        raise m.refuse(f"the attribute {name}", f"{cls.__name__} objects do not have it here")
    return module_attribute(m, cls, name)


def super_attribute(m: Machine, found: Super, name: str) -> Value:
    """`super().name`: what the classes after `cls` have."""
    order = owner_class(m, found.owner).__mro__
    for cls in order[order.index(found.cls) + 1 :]:
        if name in vars(cls):
            value = vars(cls)[name]
            guard_attribute(m, cls, name, getattr(cls, name))
            if name == "__init__" and cls is object:
                return Known(_nothing)
            if isinstance(value, types.FunctionType):
                return Bound(found.owner, name, Known(value))
            if isinstance(value, property) and value.fget is not None:
                return m.call(m, Known(value.fget), [found.owner], {})
            break
    raise m.refuse(f"super().{name}", "it is not a method of a parent class", "call Parent.method(self, ...)")


def _nothing() -> None:
    """object.__init__."""


def owner_class(m: Machine, owner: Value) -> type:
    if isinstance(owner, Ref):
        content = m.content(owner)
        assert isinstance(content, Fields)
        return content.cls
    assert isinstance(owner, Known)
    return type(owner.value)


def find_property(m: Machine, owner: Value, name: str) -> Callable[..., Any] | None:
    """The getter, if the attribute is a property of the class."""
    cls = owner_class(m, owner)
    found = inspect.getattr_static(cls, name, None)
    if not isinstance(found, property | functools.cached_property):
        return None
    guard_attribute(m, cls, name, found)
    return found.fget if isinstance(found, property) else found.func


def instance_attribute(m: Machine, owner: Known, name: str) -> Value:
    """An attribute of an object that was there before: data is read when the program runs."""
    try:
        value = inspect.getattr_static(owner.value, name)
    except AttributeError:
        try:
            value = getattr(owner.value, name)
        except AttributeError:
            raise m.refuse(
                f"the attribute {name}", f"{type(owner.value).__name__} objects do not have it"
            ) from None
    in_object = name in getattr(owner.value, "__dict__", {}) or hasattr(value, "__get__") is False
    if not in_object and not isinstance(value, types.MemberDescriptorType):
        return class_attribute(m, owner, name)
    value = getattr(owner.value, name)
    where = ("attribute", owner.value, name)
    tensor = tensor_at(m, value, name, where)
    if tensor is not None:
        return tensor
    if holds_tensors(m, value):
        return of_tensors(m, value, name, where)
    if isinstance(value, (*STATIC, types.FunctionType, types.MethodType)):
        guard_attribute(m, owner.value, name, value)
        return Known(value)
    read = m.let(getattr, [owner, Known(name)], hint=name)
    assert isinstance(read, Dyn)
    if is_tensor(m, value):
        m.found.guards.append((*where, value))
        return constant_tensor(m, value, read, name)
    if isinstance(value, DATA) or (isinstance(value, list | tuple | dict) and not _holds_objects(value)):
        size = f"{name} of {id(owner.value)}"  # lengths are those of this object's array
        fact = fact_of(value, size) if not isinstance(value, dict) else Fact("dict")
        m.found.guards.append(("attribute fact", owner.value, name, value))
        return m.refined(read, fact)
    m.found.guards.append(("attribute", owner.value, name, value))
    return _held(m, value, read, where)


def _held(m: Machine, value: Any, read: Dyn, where: tuple[Any, ...]) -> Value:
    """An object, or a container of objects, that hangs on another object."""
    m.found.origins.setdefault(id(value), where)
    if isinstance(value, list | tuple):
        parts = [_held(m, item, read, ("item", value, k)) for k, item in enumerate(value)]
        m.found.guards.append(("items", value, tuple(value)))
        return Tup(tuple(parts)) if isinstance(value, tuple) else m.new(Items(tuple(parts)))
    if isinstance(value, DATA):
        return classify(m, value, "constant", ("object", value))
    return Known(value)


def _holds_objects(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else list(value)
    return any(
        _holds_objects(item)
        if isinstance(item, list | tuple | dict)
        else not isinstance(item, (*DATA, str, type(None)))
        for item in items
    )


def instantiate(
    m: Machine, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value], run: Run, opaque: Run
) -> Value:
    """`cls(*args)`: the object exists only while reading; its `__init__` is read."""
    if issubclass(cls, BaseException):
        made = m.let(cls, args, kwargs, effect=True)
        return Dyn(made.atom) if isinstance(made, Dyn) else made
    if is_library(cls):
        return opaque(m, cls, args, kwargs)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _named_tuple(m, cls, args, kwargs)
    if cls.__new__ is not object.__new__ or type(cls) is not type:
        return opaque(m, cls, args, kwargs)
    made = m.new(Fields(cls, ()))
    init = cls.__init__
    guard_attribute(m, cls, "__init__", init)
    if dataclasses.is_dataclass(cls) and not _has_source(init):
        _bind_fields(m, cls, made, args, kwargs, run)
    elif isinstance(init, types.FunctionType):
        run(m, init, [made, *args], kwargs)
    elif args or kwargs:
        raise m.refuse(f"{cls.__name__}()", "its class takes no arguments")
    return made


def _has_source(init: Any) -> bool:
    code = getattr(init, "__code__", None)
    return (
        code is not None
        and not code.co_filename.startswith("<string>")
        and "__create_fn__" not in init.__qualname__
    )


def _named_tuple(m: Machine, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    given = dict(zip(cls._fields, args, strict=False)) | dict(kwargs)
    for name, value in cls._field_defaults.items():
        given.setdefault(name, Known(value))
    missing = [name for name in cls._fields if name not in given]
    if missing:
        raise m.refuse("this call", f"{cls.__name__}() is missing its argument {missing[0]!r}")
    return Tup(tuple([given[name] for name in cls._fields]), cls)


def _bind_fields(
    m: Machine, cls: Any, made: Ref, args: Sequence[Value], kwargs: Mapping[str, Value], run: Run
) -> None:
    fields = dataclasses.fields(cls)
    given = dict(zip([field.name for field in fields if field.init], args, strict=False)) | dict(kwargs)
    for field in fields:
        if field.name in given:
            continue
        if field.default is not dataclasses.MISSING:
            given[field.name] = Known(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            given[field.name] = _made(m, field.default_factory, run)
        elif field.init:
            raise m.refuse("this call", f"{cls.__name__}() is missing its argument {field.name!r}")
    ordered = tuple([(field.name, given[field.name]) for field in fields if field.name in given])
    m.store(made, Fields(cls, ordered))
    after = getattr(cls, "__post_init__", None)
    if after is not None:
        run(m, after, [made], {})


def _made(m: Machine, factory: Any, run: Run) -> Value:
    if factory is list:
        return m.new(Items(()))
    return run(m, factory, [], {})


def _setter(m: Machine, owner: Value, name: str) -> Callable[..., Any] | None:
    if isinstance(owner, Ref) and not isinstance(m.content(owner), Fields):
        return None
    found = inspect.getattr_static(owner_class(m, owner), name, None)
    return found.fset if isinstance(found, property) else None


def _set_in_container(m: Machine, owner: Ref, names: list[str], name: str, value: Value) -> None:
    """An attribute of an object that stands in a list."""
    if name not in names or is_setting(value):
        raise m.refuse(
            f"the assignment to .{name}",
            "the object stands in a list, whose objects have the attributes that they came with",
            "set it before the object is put there",
        )
    set_item_of(m, owner, Known(names.index(name)), value)


def set_attribute(m: Machine, owner: Value, name: str, value: Value) -> None:
    """`owner.name = value`."""
    if isinstance(owner, Dyn) and name in ("real", "imag"):
        set_item(m, m.let(np.real if name == "real" else np.imag, [owner]), Known(Ellipsis), value)
        return
    if isinstance(owner, Ref | Known) and (setter := _setter(m, owner, name)) is not None:
        m.call(m, Known(setter), [owner, value], {})
        return
    if isinstance(owner, Ref) and isinstance(content := m.content(owner), Fields):
        m.allow(owner)
        fields = dict(content.fields) | {name: value}
        if isinstance(m.raw(owner), Part):
            _set_in_container(m, owner, [old for old, _ in content.fields], name, value)
            return
        if content.atom is not None:
            m.do(setattr, [Dyn(content.atom), Known(name), value])
        m.store(owner, Fields(content.cls, tuple(fields.items()), content.atom))
        return
    if m.varies(value):
        raise m.refuse(
            f"the assignment to .{name}",
            "a differentiated value would be kept in an object that outlives the function",
            "return the value instead",
        )
    if not isinstance(owner, Known | Dyn):
        raise m.refuse(
            f"the assignment to .{name}",
            "what stands before the dot has no attributes",
            "use an object or a dict",
        )
    m.do(setattr, [owner, Known(name), value])
