"""Methods of dicts, of known keys and of keys that only the running program knows.

d.setdefault(k, []).append(v)      if k not in d:
                              =>       d[k] = []
                                   append_at(d, v, k)
"""

from __future__ import annotations

import operator
from typing import Any

from tapeless.rules import lists
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.lower.calls import Args, Kwargs
from tapeless.source.lower.control import branch
from tapeless.source.lower.iteration import loop
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.methods import method
from tapeless.source.lower.subscripts import as_key, copied, external, get_item, runtime, set_item
from tapeless.source.lower.values import NOTHING, Dyn, Entries, Known, Part, Ref, Runtime, Steps, Tup, Value


def entries_of(m: Machine, owner: Value) -> Entries | None:
    """The keys and values, if they are known."""
    content = m.raw(owner) if isinstance(owner, Ref) else None
    return content if isinstance(content, Entries) else None


def keys_of(m: Machine, owner: Value) -> Dyn:
    """The keys that a dict of the running program has now."""
    assert isinstance(owner, Ref)
    keys = m.let(lists.keys_of, [runtime(m, owner)], hint="keys")
    assert isinstance(keys, Dyn)
    return keys


def steps_over(m: Machine, keys: Dyn, item: Any) -> Steps:
    """For each of the keys what it gives."""
    return Steps(m.let(len, [keys], hint="n"), lambda k: item(m.let(operator.getitem, [keys, k], hint="key")))


@method("dict", "items")
def items(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    known = entries_of(m, owner)
    if known is not None:
        return Tup(tuple([Tup((Known(key), value)) for key, value in known.entries]))
    return steps_over(m, keys_of(m, owner), lambda key: Tup((key, get_item(m, owner, key))))


@method("dict", "keys")
def keys(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    known = entries_of(m, owner)
    return keys_of(m, owner) if known is None else Tup(tuple([Known(key) for key, _ in known.entries]))


@method("dict", "values")
def values(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    known = entries_of(m, owner)
    if known is not None:
        return Tup(tuple([value for _, value in known.entries]))
    return steps_over(m, keys_of(m, owner), lambda key: get_item(m, owner, key))


def has_key(m: Machine, owner: Ref, key: Value) -> Value:
    """`key in owner`."""
    known = entries_of(m, owner)
    if known is not None and isinstance(key, Known):
        return Known(key.value in dict(known.entries))
    return m.let(operator.contains, [runtime(m, owner), key])


@method("dict", "get")
def get(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    key, default = as_key(args[0]), args[1] if len(args) > 1 else NOTHING
    place = m.temporary()
    branch(
        m,
        has_key(m, owner, key),
        lambda: m.set(place, get_item(m, owner, key)),
        lambda: m.set(place, default),
    )
    return m.take(place)


@method("dict", "update")
def update(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    for other in args:
        if not isinstance(other, Ref):
            raise m.refuse("this update", "the keys are not known beforehand", "assign them one by one")
        take_in(m, owner, other)
    for name, value in kwargs.items():
        set_item(m, owner, Known(name), value)
    return NOTHING


def take_in(m: Machine, owner: Ref, other: Ref) -> None:
    """`owner.update(other)`."""
    known = entries_of(m, other)
    if known is not None:
        for key, value in known.entries:
            set_item(m, owner, Known(key), value)
        return
    held: list[Value] = [NOTHING]
    steps = steps_over(m, keys_of(m, other), lambda key: key)
    loop(
        m,
        steps,
        lambda key: held.__setitem__(0, key),
        lambda: set_item(m, owner, held[0], get_item(m, other, held[0])),
    )


@method("dict", "setdefault")
def setdefault(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    key, default = as_key(args[0]), args[1] if len(args) > 1 else NOTHING
    branch(m, has_key(m, owner, key), lambda: None, lambda: set_item(m, owner, key, default))
    return get_item(m, owner, key)


@method("dict", "pop")
def pop(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    m.allow(owner)
    key = as_key(args[0])
    found = has_key(m, owner, key)
    if found == Known(False) and len(args) < 2:
        raise m.refuse("this pop", f"the dict has no key {getattr(key, 'value', '')!r} here")
    if found == Known(True) or len(args) < 2:
        return _taken(m, owner, key)
    place = m.temporary()
    branch(m, found, lambda: m.set(place, _taken(m, owner, key)), lambda: m.set(place, args[1]))
    return m.take(place)


def _taken(m: Machine, owner: Ref, key: Value) -> Value:
    known = entries_of(m, owner)
    if known is not None and isinstance(key, Known):
        value = dict(known.entries)[key.value]
        delete(m, owner, key)
        return value
    holder = runtime(m, owner)
    content = m.raw(owner)
    value = m.let(operator.getitem, [holder, key])
    fact, form, shared = holder.fact.item or UNKNOWN, None, True
    if isinstance(content, Part) or (isinstance(content, Runtime) and content.own):
        root, path = m.place(content) if isinstance(content, Part) else (owner, ())
        fact, form = m.fact_at(root, (*path, key)), m.form_at(root, (*path, key))
        shared = m.is_kept_within(root)
    delete(m, owner, key)
    return m.released(value, fact, form, shared=shared) if isinstance(value, Dyn) else value


def delete(m: Machine, owner: Ref, key: Value) -> None:
    """`del owner[key]`."""
    m.allow(owner)
    key = as_key(key)
    known = entries_of(m, owner)
    if known is not None and isinstance(key, Known):
        if key.value not in dict(known.entries):
            raise m.refuse("this del", f"the dict has no key {key.value!r} here")
        external(m, known, operator.delitem, [key])
        kept = tuple([entry for entry in known.entries if entry[0] != key.value])
        m.store(owner, Entries(kept, known.atom, known.missing))
        return
    holder = runtime(m, owner, to_write=True)
    for lost in m.slots(owner, key):
        m.lose(lost)
    if not isinstance(m.raw(owner), Part):
        m.do(operator.delitem, [holder, key])
        return
    changed = m.let(dict, [holder])
    assert isinstance(changed, Dyn)
    m.do(operator.delitem, [changed, key])
    m.store(owner, Runtime(m.refined(changed, Fact("dict", item=holder.fact.item)), own=True))


@method("dict", "copy")
def copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    known = entries_of(m, owner)
    if known is not None:
        return m.new(Entries(known.entries, None, known.missing))
    return copied(m, owner, m.let(dict, [runtime(m, owner)]))


@method("dict", "clear")
def clear(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    m.allow(owner)
    known = entries_of(m, owner)
    if known is None or known.atom is not None:
        raise m.refuse("this clear", "others may know the dict", "make a new dict: d = {}")
    m.store(owner, Entries((), None, known.missing))
    return NOTHING


@method("dict", "__setitem__")
def put(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, owner, args[0], args[1])
    return NOTHING


@method("dict", "__delitem__")
def delete_item(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Ref)
    delete(m, owner, args[0])
    return NOTHING
