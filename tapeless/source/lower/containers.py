"""Built-in functions that make containers or go through them."""

from __future__ import annotations

import collections
import copy
import dataclasses
from dataclasses import replace as rebuilt
from typing import Any

import numpy as np

from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import Args, Kwargs, call, handles, kind_of, library_call, opaque_call
from tapeless.source.lower.control import branch
from tapeless.source.lower.iteration import (
    backwards,
    enumerated,
    length_of,
    listed,
    loop,
    mapped,
    steps_of,
    zipped,
)
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import class_attribute
from tapeless.source.lower.subscripts import append, copied, get_item, runtime, set_item
from tapeless.source.lower.values import (
    NOTHING,
    Bound,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
)


@handles(range)
def range_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 1:
        return Span(Known(0), args[0], Known(1))
    return Span(args[0], args[1], args[2] if len(args) > 2 else Known(1))


@handles(len)
def len_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Ref) and isinstance(m.content(value), Fields):
        return call(m, class_attribute(m, value, "__len__"), [], {})
    if isinstance(value, Known):
        return Known(len(value.value))
    window = getattr(m.raw(value), "window", None) if isinstance(value, Ref) else None
    if window is not None:
        return m.let(len, [window.positions], hint="n")
    if isinstance(value, Dyn) or (isinstance(value, Ref) and isinstance(m.content(value), Runtime)):
        return m.let(len, [value], hint="n")
    return length_of(m, steps_of(m, value))


@handles(enumerate)
def enumerate_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", Known(0))
    return enumerated(m, steps_of(m, args[0]), start)


@handles(zip)
def zip_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return zipped(m, [steps_of(m, arg) for arg in args])


@handles(reversed)
def reversed_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return backwards(m, steps_of(m, args[0]))


@handles(map)
def map_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 2:
        return mapped(m, steps_of(m, args[1]), lambda item: call(m, args[0], [item], {}))
    rows = zipped(m, [steps_of(m, arg) for arg in args[1:]])

    def run(row: Value) -> Value:
        assert isinstance(row, Tup)
        return call(m, args[0], row.items, {})

    return mapped(m, rows, run)


@handles(filter)
def filter_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    made = m.new(Items(()))
    held: list[Value] = [NOTHING]

    def keep() -> None:
        test = held[0] if args[0] == NOTHING else call(m, args[0], [held[0]], {})
        branch(m, test, lambda: append(m, made, held[0]), lambda: None)

    loop(m, steps_of(m, args[1]), lambda item: held.__setitem__(0, item), keep)
    return made


@handles(list, iter)
def list_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return m.new(Items(())) if not args else as_list(m, args[0])


def as_list(m: Machine, value: Value) -> Ref:
    items = listed(m, value)
    if items is not None:
        return m.new(Items(items))
    if isinstance(value, Ref) and kind_of(m, value) == "list":
        found = copied(m, value, m.let(list, [runtime(m, value)]))
        assert isinstance(found, Ref)
        return found
    made = m.new(Items(()))
    held: list[Value] = [NOTHING]
    loop(m, steps_of(m, value), lambda item: held.__setitem__(0, item), lambda: append(m, made, held[0]))
    return made


@handles(tuple)
def tuple_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return Tup(())
    items = listed(m, args[0])
    if items is not None:
        return Tup(items)
    return m.let(tuple, [as_list(m, args[0])])


@handles(dict)
def dict_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    made = m.new(Entries(()))
    source = args[0] if args else NOTHING
    if isinstance(source, Ref) and kind_of(m, source) == "dict":
        made = m.call(m, Bound(source, "copy"), [], {})
    elif args:
        held: list[Value] = [NOTHING]

        def put() -> None:
            key = get_item(m, held[0], Known(0))
            set_item(m, made, key, get_item(m, held[0], Known(1)))

        loop(m, steps_of(m, source), lambda pair: held.__setitem__(0, pair), put)
    for name, value in kwargs.items():
        set_item(m, made, Known(name), value)
    return made


@handles(dataclasses.replace)
def replace(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    owner = args[0]
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Fields):
        return m.new(Fields(content.cls, tuple((dict(content.fields) | dict(kwargs)).items())))
    assert isinstance(owner, Known)
    names = [field.name for field in dataclasses.fields(owner.value)]
    fields = {name: get_attribute(m, owner, name) for name in names} | dict(kwargs)
    return m.new(Fields(type(owner.value), tuple(fields.items())))


@handles(collections.OrderedDict)
def ordered_dict(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return dict_(m, args, kwargs)


@handles(collections.defaultdict)
def default_dict(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    made = dict_(m, args[1:], kwargs)
    assert isinstance(made, Ref)
    content = m.raw(made)
    if not isinstance(content, Entries | Runtime):
        raise m.refuse("this defaultdict", "it is another kind of object", "make it of a dict")
    m.store(made, rebuilt(content, missing=args[0] if args else None, **_without_atom(content)))
    return made


def _without_atom(content: Entries | Runtime) -> dict[str, Any]:
    return {"atom": None} if isinstance(content, Entries) else {}


@handles(copy.copy)
def copy_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Ref) and isinstance(content := m.content(value), Fields):
        return m.new(Fields(content.cls, content.fields))
    if isinstance(value, Ref):
        return m.call(m, Bound(value, "copy"), [], {})
    if isinstance(value, Dyn) and kind_of(m, value) == "array":
        return library_call(m, np.copy, [value], {}) if value.fact.kind != "scalar" else value
    return value if isinstance(value, Tup) else opaque_call(m, copy.copy, args, kwargs)


@handles(copy.deepcopy)
def deep_copy(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    content = m.content(value) if isinstance(value, Ref) else None
    match content:
        case Items():
            return m.new(Items(tuple([deep_copy(m, [item], {}) for item in content.items])))
        case Entries():
            pairs = [(key, deep_copy(m, [item], {})) for key, item in content.entries]
            return m.new(Entries(tuple(pairs), None, content.missing))
        case Fields():
            return m.new(Fields(content.cls, tuple([(k, deep_copy(m, [v], {})) for k, v in content.fields])))
        case Runtime():
            return _deep_copy_of(m, value, content.value.fact.kind)
        case None:
            pass
    if isinstance(value, Tup):
        return Tup(tuple([deep_copy(m, [item], {}) for item in value.items]), value.cls)
    return copy_(m, [value], {})


def _deep_copy_of(m: Machine, value: Value, kind: str) -> Value:
    """A list or dict whose structure only the running program knows."""
    made = m.new(Items(()) if kind == "list" else Entries(()))
    held: list[Value] = [NOTHING]

    def put() -> None:
        if kind == "list":
            append(m, made, deep_copy(m, held, {}))
        else:
            set_item(m, made, held[0], deep_copy(m, [get_item(m, value, held[0])], {}))

    loop(m, steps_of(m, value), lambda item: held.__setitem__(0, item), put)
    return made
