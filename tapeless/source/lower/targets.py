"""What stands left of an equals sign."""

from __future__ import annotations

from typing import Any

import gast

from tapeless.source.lower.iteration import length_of, listed, nth, steps_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import set_attribute
from tapeless.source.lower.subscripts import get_item, set_item, wrap
from tapeless.source.lower.values import Closure, Dyn, Frame, Items, Known, Value


def frame_of(m: Machine, name: str) -> Frame:
    """The frame in which an assignment to the name takes place."""
    frame = m.frame
    while frame is not None and name not in frame.local:
        frame = frame.outer
    if frame is None:
        raise m.refuse(
            f"the assignment to {name}",
            "it is a global name, and its change would outlive the function",
            "return the value instead",
        )
    return frame


def bind(m: Machine, target: Any, value: Value) -> None:
    """`target = value`."""
    match target:
        case gast.Name():
            frame = frame_of(m, target.id)
            m.set(("name", frame.number, target.id), m.called(value, target.id))
        case gast.Tuple() | gast.List():
            _unpack(m, target, value)
        case gast.Subscript():
            set_item(m, m.evaluate(target.value), m.evaluate(target.slice), value)
        case gast.Attribute():
            set_attribute(m, m.evaluate(target.value), target.attr, value)
        case gast.Starred():
            bind(m, target.value, value)
        case _:
            raise m.refuse(
                "this target", "nothing can be assigned to it", "assign to a name, an item or an attribute"
            )


def _unpack(m: Machine, target: Any, value: Value) -> None:
    wanted = target.elts
    stars = [k for k, element in enumerate(wanted) if isinstance(element, gast.Starred)]
    items = _several(m, value, wanted, bool(stars))
    if items is None:
        items = listed(m, value)
    lead, tail = (stars[0], len(wanted) - stars[0] - 1) if stars else (0, 0)
    if items is None:
        items = _around_star(m, value, lead, tail) if stars else _by_position(m, value, len(wanted))
    elif stars:
        if len(items) < lead + tail:
            raise m.refuse("this unpacking", f"there are {len(items)} values for {lead + tail} names")
        middle = m.new(Items(tuple(items[lead : len(items) - tail])))
        items = (*items[:lead], middle, *items[len(items) - tail :])
    if len(items) != len(wanted):
        raise m.refuse("this unpacking", f"there are {len(items)} values for {len(wanted)} names")
    for element, item in zip(wanted, items, strict=True):
        bind(m, element, item)


def _several(m: Machine, value: Value, wanted: list[Any], starred: bool) -> tuple[Value, ...] | None:
    """Unpacking of a tuple that the program computes, in one statement, under the names wanted."""
    if not isinstance(value, Dyn) or value.fact.kind in ("array", "numeric") or m.varies(value) or starred:
        return None
    if not all(isinstance(element, gast.Name) for element in wanted):
        return None
    items = value.fact.items
    facts = list(items or ()) if items is not None and len(items) == len(wanted) else None
    return m.unpacked(value, [element.id for element in wanted], facts)


def _by_position(m: Machine, value: Value, count: int) -> tuple[Value, ...]:
    """Rows of an array: as many as there are names, which the running program checks."""
    steps = steps_of(m, value)
    if steps.opaque is not None:
        return tuple([wrap(m, get_item(m, steps.opaque, Known(k))) for k in range(count)])
    length_of(m, steps)
    return tuple([nth(m, steps, Known(k)) for k in range(count)])


def _around_star(m: Machine, value: Value, lead: int, tail: int) -> tuple[Value, ...]:
    """The first and last items, and a list of those between, whose number only the running program knows."""
    first = [get_item(m, value, Known(k)) for k in range(lead)]
    last = [get_item(m, value, Known(k - tail)) for k in range(tail)]
    middle = get_item(m, value, Known(slice(lead, -tail if tail else None)))
    return (*first, m.call(m, Known(list), [middle], {}), *last)


def closure(m: Machine, tree: gast.Lambda | gast.FunctionDef) -> Closure:
    """A function made here, with the defaults that it has now."""
    assert m.frame is not None
    defaults = tuple([m.evaluate(default) for default in tree.args.defaults])
    keywords = tuple(
        [
            (arg.id, m.evaluate(default))
            for arg, default in zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)
            if default is not None
        ]
    )
    return Closure(tree, m.frame, defaults, keywords)
