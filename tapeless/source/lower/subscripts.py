"""`x[i]` and `x[i] = v`: of containers known while reading, of arrays and lists that the program holds."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.inside import append_at
from tapeless.ir.program import Var, set_imag
from tapeless.source.facts import UNKNOWN, Fact, fact_of_constant
from tapeless.source.lower.control import branch, negate
from tapeless.source.lower.forms import CONTAINERS, refs_in
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import (
    Bound,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Part,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
    Window,
)


def as_key(index: Value) -> Value:
    """A tuple of known items is known."""
    if isinstance(index, Tup) and index.cls is tuple:
        parts = [as_key(item) for item in index.items]
        if all(isinstance(part, Known) and part.atom is None for part in parts):
            return Known(tuple([part.value for part in parts if isinstance(part, Known)]))
    return index


def get_item(m: Machine, base: Value, index: Value) -> Value:
    match base:
        case Tup():
            if isinstance(index, Known):
                return _pick(m, base.items, index.value, base)
            return wrap(m, m.let(operator.getitem, [base, index]))
        case Ref():
            return _item_of(m, base, index)
        case Known():
            if isinstance(index, Known):
                try:
                    return Known(base.value[index.value])
                except (TypeError, KeyError, IndexError) as error:
                    raise m.refuse("this index", f"{type(error).__name__}: {error}") from None
            if m.varies(index):
                return _joined(m, base, index)
            return m.let(operator.getitem, [base, index])
        case Dyn():
            return wrap(m, m.let(operator.getitem, [base, index]))
        case _:
            raise m.refuse(
                "this index", "what stands before it has no items", "index an array, list, tuple or dict"
            )


def _joined(m: Machine, base: Known, index: Value) -> Value:
    """`np.r_[...]` and `np.c_[...]`: what stands in the brackets in one array."""
    join = next((join for owner, join in JOINERS if base.value is owner), None)
    parts = list(index.items) if isinstance(index, Tup) else [index]
    if join is None or any(isinstance(part, Known) and isinstance(part.value, str) for part in parts):
        raise m.refuse(
            "this index",
            "what it means is not known here",
            "write np.concatenate, np.stack or an index of an array",
        )
    for number, part in enumerate(parts):
        if isinstance(part, Known) and isinstance(part.value, slice):
            parts[number] = Known(np.r_[part.value])
    return m.call(m, Known(join), [Tup(tuple(parts))], {})


def _rows(parts: Any) -> Any:
    return np.concatenate([np.atleast_1d(part) for part in parts])


def _columns(parts: Any) -> Any:
    return np.concatenate(
        [np.reshape(part, (-1, 1)) if np.ndim(part) < 2 else part for part in parts], axis=-1
    )


JOINERS = ((np.r_, _rows), (np.c_, _columns))


def _item_of(m: Machine, base: Ref, index: Value) -> Value:
    content = m.raw(base)
    if isinstance(content, Part):
        content = m.content(base)
    if isinstance(content, Fields):
        return m.call(m, m.method(base, "__getitem__"), [index], {})
    index = as_key(index)
    if isinstance(content, Items) and isinstance(index, Known) and _within(content, index.value):
        return _pick(m, content.items, index.value, base)
    if isinstance(content, Entries) and isinstance(index, Known):
        found = dict(content.entries)
        if index.value in found:
            return found[index.value]
        if content.missing is not None:
            made = m.call(m, content.missing, [], {})
            set_item(m, base, index, made)
            return made
    return _runtime_item(m, base, index)


def _runtime_item(m: Machine, base: Ref, index: Value) -> Value:
    """An item of a container that the running program holds."""
    content = m.raw(base)
    if isinstance(content, Runtime) and content.window is not None and not _is_slice(m, index):
        position = m.let(operator.getitem, [content.window.positions, index], hint="k")
        return m.read(content.window.owner, (as_integer(m, position),))
    holder = runtime(m, base)
    content = m.raw(base)
    if isinstance(content, Runtime) and content.missing is not None:
        _make_missing(m, base, index, content.missing)
        holder = runtime(m, base)
    if _is_slice(m, index):
        return _slice_of(m, base, holder, index)
    if isinstance(content, Part) or (isinstance(content, Runtime) and content.own):
        return m.read(base, (index,))
    fact = holder.fact.item
    value = wrap(m, m.let(operator.getitem, [holder, index]))
    if isinstance(value, Dyn) and fact is not None and value.fact == UNKNOWN:
        value = wrap(m, m.refined(value, fact))
    return value


def _make_missing(m: Machine, base: Ref, key: Value, factory: Value) -> None:
    """A defaultdict puts in what it lacks."""
    test = m.let(operator.contains, [runtime(m, base), key])
    branch(m, negate(m, test), lambda: set_item(m, base, key, m.call(m, factory, [], {})), lambda: None)


def _is_slice(m: Machine, index: Value) -> bool:
    known = isinstance(index, Known) and isinstance(index.value, slice)
    return known or (isinstance(index, Dyn) and index.fact.kind == "slice")


def _slice_of(m: Machine, base: Ref, holder: Dyn, index: Value) -> Value:
    made = m.let(operator.getitem, [holder, index])
    content = m.raw(base)
    form = content.form if isinstance(content, Runtime) else None
    is_part = isinstance(content, Part) or (isinstance(content, Runtime) and content.own)
    if not is_part or not isinstance(made, Dyn) or holder.fact.kind != "list":
        return copied(m, base, made)
    if isinstance(content, Part):
        form = getattr(m.form_at(*m.place(content)), "item", None)
    if form is None and not may_hold(holder.fact.item or UNKNOWN):
        return copied(m, base, made)
    all_of = Span(Known(0), m.let(len, [holder], hint="n"), Known(1))
    positions = m.let(operator.getitem, [all_of, index], hint="positions")
    assert isinstance(positions, Dyn)
    m.has_windows = True
    value = replace(m.refined(made, Fact("list", item=holder.fact.item)), varies=m.varies(base))
    window = Window(base, positions, index, m.resized.get(base.location, 0))
    return m.new(Runtime(value, own=True, form=form, window=window))


def as_integer(m: Machine, value: Value) -> Value:
    """A number that is known to be a whole one."""
    return m.refined(value, fact_of_constant(0)) if isinstance(value, Dyn) else value


def copied(m: Machine, base: Ref, made: Value) -> Value:
    """A list or dict of its own with items of another."""
    if not isinstance(made, Dyn):
        return made
    content = m.content(base)
    form = content.form if isinstance(content, Runtime) else None
    known = m.known(base)
    fact = known if isinstance(known, Fact) else UNKNOWN
    own = replace(made, fact=Fact(made.fact.kind, item=fact.item), varies=m.varies(base))
    ref = m.new(Runtime(m.refined(own, own.fact), own=True, form=form))
    if form is not None or fact.item is None or may_hold(fact.item):
        m.keep_within(base)
        m.keep_within(ref)
    return ref


def may_hold(fact: Fact) -> bool:
    """Whether a value may be a container, or hold one."""
    if fact.kind == "tuple":
        return fact.items is None or any(isinstance(item, Fact) and may_hold(item) for item in fact.items)
    return fact.kind in CONTAINERS or (fact.kind == "object" and fact.size != -1)


def _within(content: Items, index: Any) -> bool:
    return not isinstance(index, int) or -len(content.items) <= index < len(content.items)


def _pick(m: Machine, items: tuple[Value, ...], index: Any, base: Value) -> Value:
    try:
        found = items[index]
    except (IndexError, TypeError) as error:
        raise m.refuse("this index", f"{type(error).__name__}: {error}") from None
    if not isinstance(index, slice):
        return found
    return Tup(found) if isinstance(base, Tup) else m.new(Items(found))


def set_item(m: Machine, base: Value, index: Value, value: Value) -> None:
    if isinstance(base, Ref):
        _set_item_of(m, base, index, value)
        return
    if not isinstance(base, Dyn):
        raise m.refuse(
            "this assignment", "what stands before the index cannot be written into", "use an array or a list"
        )
    if (whole := imaginary_of(m, base)) is not None:
        m.do(set_imag, [whole, index, value])
    else:
        m.do(operator.setitem, [base, index, value])
    m.taint(base, value)


def _set_item_of(m: Machine, base: Ref, index: Value, value: Value) -> None:
    content = m.raw(base)
    if isinstance(content, Part):
        content = m.content(base)
    if isinstance(content, Fields):
        m.call(m, m.method(base, "__setitem__"), [index, value], {})
        return
    if _is_slice(m, index):
        m.call(m, Bound(base, "__setitem__"), [index, value], {})
        return
    m.allow(base)
    index = as_key(index)
    position = index.value if isinstance(index, Known) else None
    if isinstance(content, Items) and isinstance(position, int) and _within(content, position):
        items = list(content.items)
        items[position] = value
        external(m, content, operator.setitem, [index, value])
        m.store(base, Items(tuple(items), content.atom))
        return
    if isinstance(content, Entries) and isinstance(index, Known):
        entries = dict(content.entries) | {index.value: value}
        external(m, content, operator.setitem, [index, value])
        m.store(base, Entries(tuple(entries.items()), content.atom, content.missing))
        return
    holder = runtime(m, base, to_write=True)
    content = m.raw(base)
    if isinstance(content, Part) or (isinstance(content, Runtime) and content.own):
        set_item_of(m, base, index, value)
        return
    put_foreign(m, base, holder, operator.setitem, [index], value)


def set_item_of(m: Machine, base: Ref, index: Value, value: Value) -> None:
    """`base[index] = value` where the function itself made the container."""
    old = m.slots(base, index)
    form = m.form_of(value)
    entered = m.enter(value, base, (index,))
    for key in old:
        m.lose(key)
    content = m.raw(base)
    root, path = m.place(content) if isinstance(content, Part) else (base, ())
    m.put(root, (*path, index), entered, form)


def put_foreign(m: Machine, base: Ref, holder: Dyn, op: Any, before: list[Value], value: Value) -> None:
    """A write into a container that others know, too."""
    form = m.form_of(value)
    if form is not None:
        raise m.refuse(
            "an object in this container", "others may know the container", "build a new list or dict"
        )
    for ref in refs_in(value):
        m.keep(ref)
    m.do(op, [holder, *before, value])
    m.taint(holder, value)
    m.widen(base, (before[0] if before else Known(0),), m.known(value), None)


def imaginary_of(m: Machine, part: Value) -> Dyn | None:
    """The array of which a value is the imaginary part."""
    name = part.atom.name if isinstance(part, Dyn) and isinstance(part.atom, Var) else ""
    whole = m.memory.imaginary.get(name)
    return None if whole is None else Dyn(Var(whole), m.facts[whole], True)


def external(m: Machine, content: Items | Entries, op: Any, args: list[Value]) -> None:
    """The caller's own container is changed when the program runs, too."""
    if content.atom is not None:
        for arg in args:
            for ref in refs_in(arg):
                m.keep(ref)
        m.do(op, [Dyn(content.atom), *args])


def runtime(m: Machine, base: Ref, *, to_write: bool = False) -> Dyn:
    """The container as the running program's own, from here on."""
    content = m.raw(base)
    if isinstance(content, Part) or (isinstance(content, Runtime) and content.window is not None):
        found = m.content(base)
        assert isinstance(found, Runtime)
        return found.value
    if to_write and isinstance(content, Items | Entries) and content.atom is not None and m.varies(base):
        raise m.refuse(
            "this change of an argument",
            "which item of the caller's container it changes is not known beforehand",
            "change a copy: xs = list(xs)",
        )
    if isinstance(content, Runtime):
        return content.value
    made = m.as_runtime(content, base)
    m.store(base, made)
    return made.value


def wrap(m: Machine, value: Value) -> Value:
    """A list or dict that the program computes, as a container that can change."""
    if isinstance(value, Dyn) and value.fact.kind in CONTAINERS:
        ref = m.new(Runtime(value))
        if getattr(value.atom, "name", None) in m.retaining:
            m.keep(ref)
        return ref
    return value


def append(m: Machine, base: Ref, value: Value) -> None:
    """`base.append(value)`."""
    m.allow(base)
    m.note_size(base)
    content = m.raw(base)
    if isinstance(content, Items):
        external(m, content, list.append, [value])
        m.store(base, Items((*content.items, value), content.atom))
        return
    holder = runtime(m, base, to_write=True)
    if isinstance(content, Runtime) and not content.own:
        put_foreign(m, base, holder, list.append, [], value)
        return
    root, path = m.place(content) if isinstance(content, Part) else (base, ())
    m.settle_ends(root, path)
    form = m.form_of(value)
    length = m.let(len, [runtime(m, base)], hint="n") if any(refs_in(value)) else Known(0)
    entered = m.enter(value, base, (length,))
    m.widen(root, (*path, Known(0)), m.known(entered), form)
    owner = m.root(root).value
    m.do(append_at, [owner, entered, *path]) if path else m.do(list.append, [owner, entered])
    m.taint(owner, entered)
