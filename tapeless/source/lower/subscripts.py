"""`x[i]` and `x[i] = v`: of containers known while reading, of arrays and lists that the program holds."""

from __future__ import annotations

import operator
from typing import Any

from tapeless.ir.program import Var, set_imag
from tapeless.source.facts import Fact
from tapeless.source.lower.control import as_runtime
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Dyn, Entries, Fields, Items, Known, Ref, Runtime, Tup, Value


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
            return m.let(operator.getitem, [base, index])
        case Dyn():
            return wrap(m, m.let(operator.getitem, [base, index]))
        case _:
            raise m.refuse(
                "this index", "what stands before it has no items", "index an array, list, tuple or dict"
            )


def _item_of(m: Machine, base: Ref, index: Value) -> Value:
    content = m.content(base)
    if isinstance(content, Fields):
        return m.call(m, m.method(base, "__getitem__"), [index], {})
    index = as_key(index) if isinstance(content, Entries) else index
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
    holder = runtime(m, base)
    fact = holder.fact.item
    value = wrap(m, m.let(operator.getitem, [holder, index]))
    if isinstance(value, Dyn) and fact is not None and value.fact == Fact():
        value = wrap(m, m.refined(value, fact))
    return value


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
        content = m.content(base)
        if isinstance(content, Fields):
            m.call(m, m.method(base, "__setitem__"), [index, value], {})
            return
        index = as_key(index) if isinstance(content, Entries) else index
        position = index.value if isinstance(index, Known) else None
        if isinstance(content, Items) and isinstance(position, int) and _within(content, position):
            items = list(content.items)
            items[position] = value
            _external(m, content, operator.setitem, [index, value])
            m.store(base, Items(tuple(items), content.atom))
            return
        if isinstance(content, Entries) and isinstance(index, Known):
            entries = dict(content.entries) | {index.value: value}
            _external(m, content, operator.setitem, [index, value])
            m.store(base, Entries(tuple(entries.items()), content.atom, content.missing))
            return
        holder = runtime(m, base, to_write=True)
        m.do(operator.setitem, [holder, index, value])
        m.taint(holder, value)
        m.widen(base, value)
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


def imaginary_of(m: Machine, part: Value) -> Dyn | None:
    """The array of which a value is the imaginary part."""
    name = part.atom.name if isinstance(part, Dyn) and isinstance(part.atom, Var) else ""
    whole = m.memory.imaginary.get(name)
    return None if whole is None else Dyn(Var(whole), m.facts[whole], True)


def _external(m: Machine, content: Items | Entries, op: Any, args: list[Value]) -> None:
    """The caller's own container is changed when the program runs, too."""
    if content.atom is not None:
        m.do(op, [Dyn(content.atom), *args])


def runtime(m: Machine, base: Ref, *, to_write: bool = False) -> Dyn:
    """The container as the running program's own, from here on."""
    content = m.content(base)
    if to_write and isinstance(content, Items | Entries) and content.atom is not None and m.varies(base):
        raise m.refuse(
            "this change of an argument",
            "which item of the caller's container it changes is not known beforehand",
            "change a copy: xs = list(xs)",
        )
    if isinstance(content, Runtime):
        return content.value
    if not isinstance(content, Items | Entries):
        raise m.refuse("this object", "it is used as a container", "use a list or a dict")
    made = as_runtime(m, content)
    m.store(base, Runtime(made))
    return made


def wrap(m: Machine, value: Value) -> Value:
    """A list or dict that the program computes, as a container that can change."""
    if isinstance(value, Dyn) and value.fact.kind in ("list", "dict"):
        return m.new(Runtime(value))
    return value


def append(m: Machine, base: Ref, value: Value) -> None:
    """`base.append(value)`."""
    content = m.content(base)
    if isinstance(content, Items):
        _external(m, content, list.append, [value])
        m.store(base, Items((*content.items, value), content.atom))
        return
    holder = runtime(m, base, to_write=True)
    m.do(list.append, [holder, value])
    m.taint(holder, value)
    m.widen(base, value)
