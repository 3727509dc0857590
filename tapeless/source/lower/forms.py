"""What is known of the items of containers: facts, and forms where they are objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tapeless.errors import LoweringError
from tapeless.ir.program import Const
from tapeless.source.facts import NEVER, UNKNOWN, Fact, join, known_of
from tapeless.source.lower.values import Form, Known, Ref, Tup, Value

Path = tuple[Value, ...]
CONTAINERS = ("list", "dict")
DATA = (bool, int, float, complex, str, bytes, type(None))


class FormError(LoweringError):
    """Items that have no common form."""


AnyForm = Form | Known | None


def joined_form(fact: Fact, old: AnyForm, path: Path, new_fact: Fact, new: AnyForm) -> AnyForm:
    """The form of a container that takes in another item at the end of a path."""
    if fact == NEVER:
        return new if not path else old
    if not path:
        return common_form(fact, old, new_fact, new)
    part = form_inside(old, path[0])
    within = joined_form(inside(fact, path[0]), part, path[1:], new_fact, new)
    if within == part:
        return old
    form = old if isinstance(old, Form) else Form()
    names = _keys(fact)
    if names and isinstance(path[0], Known) and path[0].value in names:
        parts = list(form.parts or (None,) * len(names))
        parts[names.index(path[0].value)] = within
        return replace(form, names=names, parts=tuple(parts))
    if names and form.parts:
        raise FormError("its dicts have other keys")
    if fact.kind != "tuple":
        return replace(form, item=within)
    parts = list(form.parts or (None,) * len(fact.items or ()))
    if not isinstance(path[0], Known):
        raise FormError("which item of a tuple it changes is not known beforehand")
    parts[path[0].value] = within
    return replace(form, parts=tuple(parts))


def common_form(fact: Fact, form: AnyForm, other_fact: Fact, other: AnyForm) -> AnyForm:
    """What two items are in common, where that is more than data; of containers what their items are."""
    if fact == NEVER or form == other:
        return other
    if other_fact == NEVER:
        return form
    if fact.kind == other_fact.kind == "dict" and _keys(fact) == _keys(other_fact) != ():
        names = _keys(fact)
        keys = [Known(name) for name in names]
        parts = tuple([_common_at(fact, form, other_fact, other, key) for key in keys])
        return Form(names=names, parts=parts) if any(part is not None for part in parts) else None
    is_dict = "dict" in (fact.kind, other_fact.kind)
    if is_dict and (getattr(form, "names", ()) or getattr(other, "names", ())):
        raise FormError("its dicts have other keys")
    if fact.kind == other_fact.kind and fact.kind in CONTAINERS:
        places = (
            inside(fact, None),
            form_inside(form, None),
            inside(other_fact, None),
            form_inside(other, None),
        )
        item = common_form(*places)
        return None if item is None else Form(item=item)
    one, two = form or Form(), other or Form()
    if isinstance(one, Form) and isinstance(two, Form) and one.cls is two.cls and one.names == two.names:
        parts = _common_parts(fact, one, other_fact, two)
        if parts is not None:
            return replace(one, parts=parts)
    raise FormError("its items are of different kinds, or objects whose attributes or settings differ")


def _keys(fact: Fact) -> tuple[str, ...]:
    """The keys of a dict whose values are known one by one."""
    if fact.kind != "dict" or fact.items is None:
        return ()
    return tuple([key.value for key in fact.items[::2] if isinstance(key, Const)])


def _common_at(fact: Fact, form: AnyForm, other_fact: Fact, other: AnyForm, key: Value) -> AnyForm:
    return common_form(
        inside(fact, key), form_inside(form, key), inside(other_fact, key), form_inside(other, key)
    )


def _common_parts(fact: Fact, form: Form, other_fact: Fact, other: Form) -> tuple[AnyForm, ...] | None:
    """The same for the parts of two tuples or objects."""
    if fact.kind != "tuple" or other_fact.kind != "tuple" or fact.items is None or other_fact.items is None:
        return None
    if len(fact.items) != len(other_fact.items):
        return None
    keys = [Known(k) for k in range(len(fact.items))]
    return tuple([_common_at(fact, form, other_fact, other, k) for k in keys])


def is_setting(value: Value) -> bool:
    """Whether a value is a function, a class or another object, which all objects of a list share."""
    return isinstance(value, Known) and not isinstance(value.value, DATA)


def refs_in(value: Value) -> Iterator[Ref]:
    """The containers that a value is, or that stand in a tuple."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Tup):
        for item in value.items:
            yield from refs_in(item)


def loosened(fact: Fact) -> Fact:
    """What stays true of a container when it changes: what its items are, but not how many."""
    if fact.items is not None and fact.kind == "tuple":
        items = [loosened(one) if isinstance(one, Fact) else loosened(known_of(one)) for one in fact.items]
        return replace(fact, items=tuple(items))
    if fact.kind not in CONTAINERS or fact.items is None:
        return fact
    if fact.kind == "dict" and all(
        isinstance(key, Const) and type(key.value) is str for key in fact.items[::2]
    ):
        items = [one if k % 2 == 0 else loosened(known_of(one)) for k, one in enumerate(fact.items)]
        return replace(fact, items=tuple(items))
    return common(fact)


def common(fact: Fact) -> Fact:
    """What is known of a container by what all of its items have in common."""
    if fact.items is None:
        return fact
    item = NEVER
    for one in fact.items[1::2] if fact.kind == "dict" else fact.items:
        item = join(item, loosened(known_of(one)), "item")
    return replace(fact, items=None, item=item)


def _position(fact: Fact, key: Value | None) -> int | None:
    """Where in its items the value of a dict under a key is."""
    keys = [one.value for one in (fact.items or ())[::2] if isinstance(one, Const)]
    known = key.value if isinstance(key, Known) and isinstance(key.value, str) else None
    return 2 * keys.index(known) + 1 if fact.kind == "dict" and known in keys else None


def holds(fact: Fact, form: AnyForm) -> bool:
    """Whether there are containers in a tuple."""
    parts = form.parts if isinstance(form, Form) else ()
    return any(part is not None for part in parts) or any(
        isinstance(item, Fact) and (item.kind in CONTAINERS or holds(item, None)) for item in fact.items or ()
    )


def inside(fact: Fact, key: Value | None) -> Fact:
    """What is known of an item of a container."""
    if fact.kind == "tuple" and fact.items is not None:
        position = key.value if isinstance(key, Known) else None
        if not isinstance(position, int) or not -len(fact.items) <= position < len(fact.items):
            return UNKNOWN
        return known_of(fact.items[position])
    if fact.items is not None and (place := _position(fact, key)) is not None:
        return known_of(fact.items[place])
    fact = common(fact) if fact.kind in CONTAINERS else fact
    return fact.item if fact.item is not None else UNKNOWN


def form_inside(form: AnyForm, key: Value | None) -> AnyForm:
    """What an item is, where it is more than data."""
    if not isinstance(form, Form):
        return None
    if form.parts and isinstance(key, Known) and isinstance(key.value, int):
        return form.parts[key.value]
    if form.cls is None and isinstance(key, Known) and key.value in form.names:
        return form.parts[form.names.index(key.value)]
    return form.item


def widened(fact: Fact, path: Path, item: Fact) -> Fact:
    """What is known of a container that takes in another item at the end of a path."""
    if not path:
        return join(fact, loosened(item), "item")
    inner = widened(inside(fact, path[0]), path[1:], item)
    if fact.kind == "tuple" and fact.items is not None:
        if not isinstance(path[0], Known):
            return replace(fact, items=None)
        items = list(fact.items)
        items[path[0].value] = inner
        return replace(fact, items=tuple(items))
    if fact.items is not None and (place := _position(fact, path[0])) is not None:
        items = list(fact.items)
        items[place] = inner
        return replace(fact, items=tuple(items))
    if fact.kind not in CONTAINERS:
        return fact
    if fact.items is not None:
        inner = join(_common_item(fact), inner, "item")
    return replace(fact, item=inner, items=None)


def _common_item(fact: Fact) -> Fact:
    return common(fact).item or UNKNOWN


def may_meet(one: Path, other: Path) -> bool:
    """Whether two paths may be the same."""
    return all(may_equal(a, b) for a, b in zip(one, other, strict=True))


def may_equal(a: Value, b: Value) -> bool:
    if not isinstance(a, Known) or not isinstance(b, Known):
        return True
    x, y = a.value, b.value
    return x == y or (isinstance(x, int) and isinstance(y, int) and (x < 0) != (y < 0))
