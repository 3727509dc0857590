"""Methods of lists, and statements that change them.

values.append(v)       in place, where the running program holds the list
values.insert(i, v)    values = values[:i] + [v] + values[i:]: whoever knows the list under another name knows
del values[i:j]        it by the place where its content stands, so it may be another list from then on
values.sort()
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tapeless.ir.inside import pop_at
from tapeless.ir.program import build_list
from tapeless.rules.lists import all_but, bounds_of
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.lower.calls import Args, Kwargs
from tapeless.source.lower.iteration import listed, loop, steps_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.methods import method
from tapeless.source.lower.subscripts import append, copied, external, put_foreign, runtime, set_item
from tapeless.source.lower.values import (
    NOTHING,
    Dyn,
    Items,
    Known,
    Part,
    Ref,
    Runtime,
    Span,
    Steps,
    Tup,
    Value,
)


def edited(m: Machine, owner: Value) -> tuple[Ref, Items | None]:
    """A list that is about to change, and its items if they are known."""
    assert isinstance(owner, Ref)
    m.allow(owner)
    m.note_size(owner)
    content = m.raw(owner)
    return owner, content if isinstance(content, Items) else None


def set_items(m: Machine, ref: Ref, old: Items, items: Sequence[Value], op: Any, args: list[Value]) -> None:
    """Known items in the place of others; the caller's own list is changed in the same way."""
    external(m, old, op, args)
    m.store(ref, Items(tuple(items), old.atom))


def is_foreign(m: Machine, ref: Ref) -> bool:
    """Whether others may know a list that the running program holds: it is changed in place."""
    content = m.raw(ref)
    return isinstance(content, Runtime) and not content.own


def renew(m: Machine, ref: Ref, value: Dyn) -> None:
    """Items of a list in another order, or fewer or more of them, are its items from now on."""
    content = m.raw(ref)
    m.lose_within(ref)
    if isinstance(content, Part):
        root, path = m.place(content)
        m.put(root, path, m.refined(value, m.fact_at(root, path)), m.form_at(root, path))
        return
    assert isinstance(content, Runtime)
    if not content.own:
        m.do(operator.setitem, [content.value, Known(slice(None)), value])
        m.taint(content.value, value)
        return
    fact = Fact("list", item=content.value.fact.item)
    m.store(ref, replace(content, value=m.refined(replace(value, varies=m.varies(value)), fact)))


def _between(m: Machine, holder: Dyn, start: Value, stop: Value) -> Value:
    bounds = [start, stop]
    if all(isinstance(bound, Known) for bound in bounds):
        part: Value = Known(slice(*[bound.value for bound in bounds if isinstance(bound, Known)]))
    else:
        part = m.let(slice, [*bounds, NOTHING])
    return m.let(operator.getitem, [holder, part])


def joined(m: Machine, *parts: Value) -> Dyn:
    """Lists of the running program, one after the other."""
    whole = parts[0]
    for part in parts[1:]:
        whole = m.let(operator.add, [whole, part])
    assert isinstance(whole, Dyn)
    return whole


def position_of(m: Machine, holder: Dyn, index: Value) -> Value:
    """An index counted from the front."""
    if isinstance(index, Known) and index.value >= 0:
        return index
    return m.let(operator.getitem, [Span(Known(0), m.let(len, [holder], hint="n"), Known(1)), index])


@method("list", "append")
def list_append(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    append(m, owner, args[0])
    return NOTHING


@method("list", "extend")
def extend(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    items = listed(m, args[0])
    if items is not None:
        for value in items:
            append(m, owner, value)
        return NOTHING
    held: list[Value] = [NOTHING]

    def hold(value: Value) -> None:
        held[0] = value

    steps = steps_of(m, args[0])
    loop(m, replace(steps, source=None), hold, lambda: append(m, owner, held[0]))
    return NOTHING


@method("list", "insert")
def insert(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = edited(m, owner)
    position, value = args
    if content is not None and isinstance(position, Known):
        items = list(content.items)
        items.insert(position.value, value)
        set_items(m, ref, content, items, list.insert, [position, value])
        return NOTHING
    holder = runtime(m, ref, to_write=True)
    if is_foreign(m, ref):
        put_foreign(m, ref, holder, list.insert, [position], value)
        return NOTHING
    m.lose_within(ref)
    entered = _entered(m, ref, value)
    is_plain = isinstance(position, Known) and position.value >= 0 and isinstance(m.raw(ref), Runtime)
    holder = runtime(m, ref)
    if is_plain:
        m.do(list.insert, [holder, position, entered])
        m.taint(holder, entered)
        return NOTHING
    one = m.let(build_list, [entered])
    before = _between(m, holder, NOTHING, position)
    renew(m, ref, joined(m, before, one, _between(m, holder, position, NOTHING)))
    return NOTHING


def _entered(m: Machine, ref: Ref, value: Value) -> Value:
    """A value that comes into a list, one does not say where."""
    content = m.raw(ref)
    root, path = m.place(content) if isinstance(content, Part) else (ref, ())
    form = m.form_of(value)
    entered = m.enter(value, ref, (Known(0),))
    m.lose_within(ref)
    m.widen(root, (*path, Known(0)), m.known(entered), form)
    return entered


@method("list", "pop")
def pop(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = edited(m, owner)
    position = args[0] if args else Known(-1)
    if content is not None and isinstance(position, Known):
        items = list(content.items)
        if -len(items) <= position.value < len(items):
            found = items.pop(position.value)
            set_items(m, ref, content, items, list.pop, list(args))
            return found
    holder = runtime(m, ref, to_write=True)
    if is_foreign(m, ref):
        return _pop_foreign(m, ref, holder, args)
    m.lose_within(ref)
    content = m.raw(ref)
    root, path = m.place(content) if isinstance(content, Part) else (ref, ())
    fact, form = m.fact_at(root, (*path, Known(0))), m.form_at(root, (*path, Known(0)))
    if path and position == Known(-1):
        value = m.let(pop_at, [m.root(root).value, *path], effect=True)
    elif not path and isinstance(position, Known) and position.value >= -1:
        value = m.let(list.pop, [holder, *args], effect=True)
    else:
        place = position_of(m, holder, position)
        value = m.let(operator.getitem, [holder, place])
        _leave_out(m, ref, holder, place)
    assert isinstance(value, Dyn)
    return m.released(replace(value, varies=m.varies(holder)), fact, form, shared=m.is_kept_within(root))


def _leave_out(m: Machine, ref: Ref, holder: Dyn, place: Value) -> None:
    """The list without one item; `place` counts from the front."""
    after = Known(place.value + 1) if isinstance(place, Known) else m.let(operator.add, [place, Known(1)])
    rest = _between(m, holder, after, NOTHING)
    renew(
        m, ref, joined(m, _between(m, holder, NOTHING, place), rest) if place != Known(0) else joined(m, rest)
    )


def _pop_foreign(m: Machine, ref: Ref, holder: Dyn, args: Args) -> Value:
    value = m.let(list.pop, [holder, *args], effect=True)
    known = holder.fact.item
    if isinstance(value, Dyn):
        value = Dyn(value.atom, known or value.fact, m.varies(holder))
        m.refined(value, value.fact)
    if isinstance(value, Dyn) and value.fact.kind in ("list", "dict"):
        return m.new(Runtime(value))
    return value


@method("list", "remove")
def remove(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    place = list_index(m, owner, args, {})
    if isinstance(place, Known):
        pop(m, owner, [place], {})
    else:
        delete(m, owner, place)
    return NOTHING


@method("list", "reverse")
def reverse(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = edited(m, owner)
    if content is not None:
        set_items(m, ref, content, content.items[::-1], list.reverse, [])
        return NOTHING
    holder = runtime(m, ref, to_write=True)
    m.lose_within(ref)
    if isinstance(m.raw(ref), Runtime):
        m.do(list.reverse, [holder])
    else:
        renew(m, ref, joined(m, m.let(operator.getitem, [holder, Known(slice(None, None, -1))])))
    return NOTHING


@method("list", "copy")
def copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    content = m.raw(owner)
    if isinstance(content, Items):
        return m.new(Items(content.items))
    return copied(m, owner, m.let(list, [runtime(m, owner)]))


@method("list", "clear")
def clear(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = edited(m, owner)
    if content is not None:
        set_items(m, ref, content, (), list.clear, [])
    elif is_foreign(m, ref):
        m.do(list.clear, [runtime(m, ref, to_write=True)])
    else:
        made = m.let(build_list, [])
        assert isinstance(made, Dyn)
        renew(m, ref, made)
    return NOTHING


@method("list", "index")
@method("tuple", "index")
def list_index(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    known = _known_items(m, owner, args)
    if known is not None:
        return Known(known[0].index(known[1]))
    return m.let(list.index, [_holder(m, owner), *args], hint="k")


@method("list", "count")
@method("tuple", "count")
def count(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    known = _known_items(m, owner, args)
    if known is not None:
        return Known(known[0].count(known[1]))
    return m.let(list.count, [_holder(m, owner), *args], hint="n")


def _known_items(m: Machine, owner: Value, args: Args) -> tuple[list[Any], Any] | None:
    items = listed(m, owner)
    if items is None or len(args) != 1 or not all(isinstance(value, Known) for value in (*items, *args)):
        return None
    values = [value.value for value in (*items, *args) if isinstance(value, Known)]
    return values[:-1], values[-1]


def _holder(m: Machine, owner: Value) -> Value:
    """A list or tuple as the running program's own, to look something up in it."""
    if isinstance(owner, Ref) and not isinstance(m.raw(owner), Items):
        return runtime(m, owner)
    items = owner.items if isinstance(owner, Tup) else m.parts(owner) if isinstance(owner, Ref) else ()
    if not isinstance(owner, Ref | Tup):
        return m.let(list, [owner])
    return m.let(build_list, items)


# Parts of lists ---------------------------------------------------------------------------------------


def delete(m: Machine, owner: Value, index: Value) -> None:
    """`del owner[index]`."""
    ref, content = edited(m, owner)
    if content is not None and isinstance(index, Known):
        items = list(content.items)
        try:
            del items[index.value]
        except IndexError as error:
            raise m.refuse("this del", f"IndexError: {error}", "delete an item that is there") from None
        set_items(m, ref, content, items, operator.delitem, [index])
        return
    holder = runtime(m, ref, to_write=True)
    if is_foreign(m, ref):
        m.do(operator.delitem, [holder, index])
        return
    m.lose_within(ref)
    if not is_slice(index):
        _leave_out(m, ref, holder, position_of(m, holder, index))
        return
    kept = m.let(all_but, [m.let(len, [holder], hint="n"), index])
    renew(m, ref, permuted(m, ref, kept))


@method("list", "__delitem__")
def delete_item(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    delete(m, owner, args[0])
    return NOTHING


def is_slice(index: Value) -> bool:
    """Whether an index names several items."""
    known = isinstance(index, Known) and isinstance(index.value, slice)
    return known or (isinstance(index, Dyn) and index.fact.kind == "slice")


def replace_slice(m: Machine, owner: Ref, index: Value, value: Value) -> None:
    """`owner[i:j] = value`."""
    ref, content = edited(m, owner)
    new = listed(m, value)
    if content is not None and isinstance(index, Known) and new is not None:
        items = list(content.items)
        try:
            items[index.value] = new
        except ValueError as error:
            raise m.refuse("this assignment", f"ValueError: {error}", "give as many items") from None
        set_items(m, ref, content, items, operator.setitem, [index, Tup(new)])
        return
    holder = runtime(m, ref, to_write=True)
    if not _has_step(m, index):
        raise m.refuse("this assignment", "it replaces items that do not stand side by side", "use a loop")
    other = m.call(m, Known(list), [value], {})
    assert isinstance(other, Ref)
    if is_foreign(m, ref):
        put_foreign(m, ref, holder, operator.setitem, [index], m.as_runtime(m.content(other), None).value)
        return
    m.lose_within(ref)
    middle = _taken_in(m, ref, other)
    start, stop = _bounds(m, holder, index)
    parts = [_between(m, holder, NOTHING, start)] if start != Known(0) else []
    parts.append(middle)
    if stop != NOTHING:
        parts.append(_between(m, holder, stop, NOTHING))
    renew(m, ref, joined(m, *parts))


def _has_step(m: Machine, index: Value) -> bool:
    """Whether a slice takes items side by side."""
    if isinstance(index, Known):
        return index.value.step in (None, 1)
    items = index.fact.items if isinstance(index, Dyn) else None
    step = items[2] if items is not None else None
    return getattr(step, "value", 0) in (None, 1)


def _taken_in(m: Machine, ref: Ref, other: Ref) -> Dyn:
    """The items of a list that was made for it, which come into another list."""
    content = m.raw(ref)
    root, path = m.place(content) if isinstance(content, Part) else (ref, ())
    fact, form = m.summary((other,))
    found = m.as_runtime(m.raw(other), other)
    m.widen(root, (*path, Known(0)), fact.item or UNKNOWN, getattr(form, "item", None))
    if m.is_kept_within(other):
        m.keep_within(ref)
    m.store(other, found)
    return found.value


def _bounds(m: Machine, holder: Dyn, index: Value) -> tuple[Value, Value]:
    """Where a slice begins and ends, counted from the front."""
    if isinstance(index, Known):
        start, stop = index.value.start or 0, index.value.stop
        if start >= 0 and (stop is None or stop >= 0):
            return Known(start), NOTHING if stop is None else Known(max(start, stop))
    found = m.let(bounds_of, [m.let(len, [holder], hint="n"), index])
    assert isinstance(found, Tup)
    return found.items[0], found.items[1]


def permuted(m: Machine, ref: Ref, order: Value) -> Dyn:
    """Items of a list by their positions in it."""
    holder = runtime(m, ref)
    fact = holder.fact.item if holder.fact.item is not None else UNKNOWN
    made = m.new(Items(()))
    held: list[Value] = [NOTHING]

    def bind(k: Value) -> None:
        item = m.let(operator.getitem, [holder, k])
        if isinstance(item, Dyn) and fact != UNKNOWN:
            item = m.refined(item, fact)
        held[0] = item

    assert isinstance(order, Dyn)
    steps = Steps(m.let(len, [order], hint="n"), lambda k: m.let(operator.getitem, [order, k], hint="k"))
    loop(m, steps, bind, lambda: append(m, made, held[0]))
    return runtime(m, made)


Sort = Callable[[Machine, Ref, Value, Value], Value | None]
SORTERS: list[Sort] = []  # how the order of a list is found


@method("list", "sort")
def sort(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    ref, content = edited(m, owner)
    order = SORTERS[0](m, ref, kwargs.get("key", NOTHING), kwargs.get("reverse", Known(False)))
    if isinstance(order, Known) and content is not None:
        if content.atom is not None:
            m.do(operator.setitem, [Dyn(content.atom), Known(slice(None)), Tup(_picked(content, order))])
        m.store(ref, Items(_picked(content, order), content.atom))
        return NOTHING
    assert order is not None
    runtime(m, ref, to_write=True)
    renew(m, ref, permuted(m, ref, order))
    return NOTHING


def _picked(content: Items, order: Known) -> tuple[Value, ...]:
    return tuple([content.items[k] for k in order.value])


@method("list", "__setitem__")
def set_slice(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    if is_slice(args[0]):
        replace_slice(m, owner, args[0], args[1])
    else:
        set_item(m, owner, args[0], args[1])
    return NOTHING
