"""Methods of arrays, lists, dicts and tuples."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless.source.lower.calls import METHODS, Args, Kwargs, library_call, opaque_method
from tapeless.source.lower.conversions import astype as to_dtype
from tapeless.source.lower.iteration import listed, loop, steps_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.subscripts import append, get_item, runtime, set_item, wrap
from tapeless.source.lower.values import (
    NOTHING,
    Dyn,
    Entries,
    Items,
    Known,
    Ref,
    Runtime,
    Steps,
    Tup,
    Value,
)

Method = Callable[[Machine, Value, Args, Kwargs], Value]

# Methods that are a function of the array and the same further arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argsort": np.argsort,
    "clip": np.clip,
    "compress": np.compress,
    "conj": np.conj,
    "conjugate": np.conjugate,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
    "diagonal": np.diagonal,
    "dot": np.dot,
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "nonzero": np.nonzero,
    "prod": np.prod,
    "ptp": np.ptp,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "round": np.round,
    "searchsorted": np.searchsorted,
    "squeeze": np.squeeze,
    "std": np.std,
    "sum": np.sum,
    "swapaxes": np.swapaxes,
    "take": np.take,
    "trace": np.trace,
    "var": np.var,
}


def method(kind: str, *names: str) -> Callable[[Method], Method]:
    def register(handler: Method) -> Method:
        for name in names:
            METHODS[kind, name] = handler
        return handler

    return register


def _forwarding(function: Callable[..., Any]) -> Method:
    def run(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
        return library_call(m, function, [owner, *args], kwargs)

    return run


for _name, _function in FUNCTIONS.items():
    METHODS["array", _name] = _forwarding(_function)


@method("array", "compress")
def compress(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.compress, [args[0], owner, *args[1:]], kwargs)


@method("array", "reshape")
def reshape(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    shape = args[0] if len(args) == 1 else Tup(tuple(args))
    return library_call(m, np.reshape, [owner, shape], kwargs)


@method("array", "transpose")
def transpose(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return library_call(m, np.transpose, [owner], kwargs)
    return library_call(m, np.transpose, [owner, args[0] if len(args) == 1 else Tup(tuple(args))], kwargs)


@method("array", "copy")
def copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.copy, [owner], {})


@method("array", "flatten")
def flatten(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.copy, [library_call(m, np.ravel, [owner, *args], kwargs)], {})


@method("array", "astype")
def astype(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    dtype = args[0] if args else kwargs["dtype"]
    if (isinstance(dtype, Known) and np.dtype(dtype.value).kind not in "fc") or not m.varies(owner):
        return opaque_if_constant(m, owner, args, kwargs)
    given = zip(("order", "casting", "subok", "copy"), args[1:], strict=False)
    return to_dtype(m, owner, dtype, dict(given) | dict(kwargs))


def opaque_if_constant(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    """A conversion to integers or booleans: nothing flows through it."""
    made = m.let(np.ndarray.astype, [owner, *args], kwargs)
    return Dyn(made.atom, made.fact) if isinstance(made, Dyn) else made


@method("array", "item")
def item(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return get_item(m, library_call(m, np.ravel, [owner], {}), Known(0))
    return get_item(m, owner, args[0] if len(args) == 1 else Tup(tuple(args)))


@method("array", "fill")
def fill(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, owner, Known(Ellipsis), args[0])
    return NOTHING


@method("array", "sort")
def sort(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, owner, Known(Ellipsis), library_call(m, np.sort, [owner, *args], kwargs))
    return NOTHING


@method("array", "view")
def view(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if args or kwargs:
        raise m.refuse("this view", "it reads the memory as another type", "use astype")
    return get_item(m, owner, Known(Ellipsis))


@method("array", "tolist")
def tolist(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.call(m, Known(list), [owner], {})


@method("array", "put")
def put(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    indices = {"indices": "ind", "values": "v"}  # what the function's parameters are called
    return m.call(m, Known(np.put), [owner, *args], {indices.get(k, k): v for k, v in kwargs.items()})


@method("array", "__len__")
def length(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.let(len, [owner])


# Lists -----------------------------------------------------------------------------------------------


@method("list", "append")
def list_append(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    append(m, owner, args[0])
    return NOTHING


@method("list", "extend")
def list_extend(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    items = listed(m, args[0])
    if items is not None:
        for value in items:
            append(m, owner, value)
        return NOTHING
    held: list[Value] = [NOTHING]

    def hold(value: Value) -> None:
        held[0] = value

    loop(m, steps_of(m, args[0]), hold, lambda: append(m, owner, held[0]))
    return NOTHING


def _editing(m: Machine, owner: Value) -> tuple[Ref, Items | None]:
    assert isinstance(owner, Ref)
    content = m.content(owner)
    return owner, content if isinstance(content, Items) and content.atom is None else None


@method("list", "insert")
def insert(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = _editing(m, owner)
    position = args[0]
    if content is not None and isinstance(position, Known):
        items = list(content.items)
        items.insert(position.value, args[1])
        m.store(ref, Items(tuple(items)))
        return NOTHING
    holder = runtime(m, ref, to_write=True)
    m.do(list.insert, [holder, *args])
    m.taint(holder, args[1])
    m.widen(ref, args[1])
    return NOTHING


@method("list", "pop")
def list_pop(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = _editing(m, owner)
    position = args[0] if args else Known(-1)
    if content is not None and isinstance(position, Known):
        items = list(content.items)
        if -len(items) <= position.value < len(items):
            found = items.pop(position.value)
            m.store(ref, Items(tuple(items)))
            return found
    holder = runtime(m, ref, to_write=True)
    value = m.let(list.pop, [holder, *args], effect=True)
    known = holder.fact.item
    if isinstance(value, Dyn):
        value = Dyn(value.atom, known or value.fact, m.varies(holder))
        m.refined(value, value.fact)
    return wrap(m, value)


@method("list", "reverse")
def reverse(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = _editing(m, owner)
    if content is not None:
        m.store(ref, Items(content.items[::-1]))
        return NOTHING
    m.do(list.reverse, [runtime(m, ref, to_write=True)])
    return NOTHING


@method("list", "copy")
def list_copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = _editing(m, owner)
    if content is not None:
        return m.new(Items(content.items))
    copied = m.let(list, [runtime(m, ref)])
    return m.new(Runtime(copied)) if isinstance(copied, Dyn) else copied


@method("list", "clear")
def list_clear(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = _editing(m, owner)
    if content is not None:
        m.store(ref, Items(()))
        return NOTHING
    m.do(list.clear, [runtime(m, ref, to_write=True)])
    return NOTHING


@method("list", "index")
def list_index(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, owner)
    if items is None or not all(isinstance(value, Known) for value in (*items, *args)):
        raise m.refuse(
            "this method of a list", "it compares values that are not known beforehand", "use an array"
        )
    return Known(_values(items).index(_values(args)[0]))


@method("list", "count")
def list_count(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, owner)
    if items is None or not all(isinstance(value, Known) for value in (*items, *args)):
        raise m.refuse(
            "this method of a list", "it compares values that are not known beforehand", "use an array"
        )
    return Known(_values(items).count(_values(args)[0]))


def _values(items: Sequence[Value]) -> list[Any]:
    return [item.value for item in items if isinstance(item, Known)]


@method("list", "sort")
def list_sort(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    ordered = m.call(m, Known(sorted), [owner], kwargs)
    assert isinstance(ordered, Ref)
    content = m.content(owner)
    if isinstance(content, Runtime) or (isinstance(content, Items) and content.atom is not None):
        m.do(operator.setitem, [runtime(m, owner, to_write=True), Known(slice(None)), ordered])
    else:
        m.store(owner, m.content(ordered))
    return NOTHING


# Dicts -----------------------------------------------------------------------------------------------


@method("dict", "items")
def items_(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Entries):
        return Tup(tuple([Tup((Known(key), value)) for key, value in content.entries]))
    assert isinstance(owner, Ref)
    keys = m.let(list, [runtime(m, owner)])
    return Steps(m.let(len, [keys]), lambda k: _pair(m, owner, keys, k))


def _pair(m: Machine, owner: Ref, keys: Value, k: Value) -> Value:
    key = m.let(operator.getitem, [keys, k])
    return Tup((key, get_item(m, owner, key)))


@method("dict", "keys")
def keys_(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Entries):
        return Tup(tuple([Known(key) for key, _ in content.entries]))
    assert isinstance(owner, Ref)
    return m.let(list, [runtime(m, owner)])


@method("dict", "values")
def values_(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Entries):
        return Tup(tuple([value for _, value in content.entries]))
    assert isinstance(owner, Ref)
    keys = m.let(list, [runtime(m, owner)])
    return Steps(m.let(len, [keys]), lambda k: get_item(m, owner, m.let(operator.getitem, [keys, k])))


@method("dict", "get")
def get(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    default = args[1] if len(args) > 1 else NOTHING
    if isinstance(content, Entries) and isinstance(args[0], Known):
        return dict(content.entries).get(args[0].value, default)
    if m.varies(owner) or m.varies(default):
        raise m.refuse(
            "this .get", "whether the key is there is not known beforehand", "test  key in d  first"
        )
    assert isinstance(owner, Ref)
    return opaque_method(m, runtime(m, owner), "get", args, kwargs)


@method("dict", "update")
def dict_update(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    for other in args:
        content = m.content(other) if isinstance(other, Ref) else None
        if not isinstance(content, Entries):
            raise m.refuse("this update", "the keys are not known beforehand", "assign them one by one")
        for key, value in content.entries:
            set_item(m, owner, Known(key), value)
    for name, value in kwargs.items():
        set_item(m, owner, Known(name), value)
    return NOTHING


@method("dict", "setdefault")
def setdefault(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if not isinstance(content, Entries) or not isinstance(args[0], Known):
        raise m.refuse(
            "this setdefault", "whether the key is there is not known beforehand", "test it with `in`"
        )
    found = dict(content.entries)
    if args[0].value in found:
        return found[args[0].value]
    set_item(m, owner, args[0], args[1] if len(args) > 1 else NOTHING)
    return args[1] if len(args) > 1 else NOTHING


@method("dict", "pop")
def dict_pop(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if not isinstance(content, Entries) or not isinstance(args[0], Known) or content.atom is not None:
        raise m.refuse(
            "this pop", "whether the key is there is not known beforehand", "read the item: d[key]"
        )
    entries = dict(content.entries)
    if args[0].value not in entries and len(args) < 2:
        raise m.refuse("this pop", f"the dict has no key {args[0].value!r} here")
    found = entries.pop(args[0].value, args[1] if len(args) > 1 else NOTHING)
    assert isinstance(owner, Ref)
    m.store(owner, Entries(tuple(entries.items())))
    return found


@method("dict", "copy")
def dict_copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Entries):
        return m.new(Entries(content.entries))
    assert isinstance(owner, Ref)
    copied = m.let(dict, [runtime(m, owner)])
    return m.new(Runtime(copied)) if isinstance(copied, Dyn) else copied


# Tuples and text -------------------------------------------------------------------------------------


@method("tuple", "_replace")
def replace(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Tup)
    fields: tuple[str, ...] = owner.cls._fields  # type: ignore[attr-defined]
    return Tup(
        tuple([kwargs.get(name, old) for name, old in zip(fields, owner.items, strict=True)]), owner.cls
    )


@method("tuple", "_asdict")
def asdict(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Tup)
    fields: tuple[str, ...] = owner.cls._fields  # type: ignore[attr-defined]
    return m.new(Entries(tuple(zip(fields, owner.items, strict=True))))


METHODS["tuple", "index"], METHODS["tuple", "count"] = list_index, list_count


@method("str", "join")
def join(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, args[0])
    if items is not None and all(isinstance(part, Known) for part in (*items, owner)):
        assert isinstance(owner, Known)
        return Known(owner.value.join([part.value for part in items if isinstance(part, Known)]))
    return m.let(str.join, [owner, *args])


@method("str", "format")
def format_(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.let(str.format, [owner, *args], kwargs)
