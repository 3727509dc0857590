"""Built-in functions that make containers or go through them."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import Args, Kwargs, call, handles
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
from tapeless.source.lower.subscripts import append, get_item
from tapeless.source.lower.values import (
    NOTHING,
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
    entries: dict[Any, Value] = {}
    if args:
        content = m.content(args[0]) if isinstance(args[0], Ref) else None
        if isinstance(content, Entries):
            entries.update(content.entries)
        else:
            pairs = listed(m, args[0])
            if pairs is None:
                raise m.refuse(
                    "this dict",
                    "its items are not known beforehand",
                    "assign them one by one: d[key] = value",
                )
            for pair in pairs:
                key, value = get_item(m, pair, Known(0)), get_item(m, pair, Known(1))
                if not isinstance(key, Known):
                    raise m.refuse(
                        "this dict",
                        "its keys are not known beforehand",
                        "assign its items one by one: d[key] = value",
                    )
                entries[key.value] = value
    return m.new(Entries(tuple((entries | dict(kwargs)).items())))


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
    content = m.content(made) if isinstance(made, Ref) else None
    assert isinstance(content, Entries)
    return m.new(Entries(content.entries, None, args[0] if args else None))
