"""What happens to a list, dict or object that is handed over: to a container, to code that is not read.

rows.append(row)       `row` is a part of `rows` from then on
shuffle(order)         `order` is the running program's own: what happens to it only a run can tell
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.program import Const, Var, build_dict, build_list, build_tuple
from tapeless.rules import table
from tapeless.source.facts import NEVER, NUMERIC, UNKNOWN, Fact, join, known_of
from tapeless.source.lower.forms import (
    CONTAINERS,
    AnyForm,
    FormError,
    Path,
    common_form,
    form_inside,
    holds,
    inside,
    is_setting,
    loosened,
    refs_in,
)
from tapeless.source.lower.heap import KEPT, Heap
from tapeless.source.lower.values import (
    Dyn,
    Entries,
    Fields,
    Form,
    Items,
    Known,
    Part,
    Raw,
    Ref,
    Runtime,
    Tup,
    Value,
    parts_of,
)

BUILDERS = (build_tuple, build_list, build_dict)


class Handing(Heap):
    """A heap whose contents are handed over."""

    def as_runtime(self, content: Raw, owner: Ref | None) -> Runtime:
        """A list or dict as an object of the running program; its items are parts of `owner` from now on."""
        if isinstance(content, Runtime):
            return content
        if not isinstance(content, Items | Entries):
            raise self.refuse("this object", "it is used as a container", "use a list or a dict")
        values = parts_of(content)
        keys = list(range(len(values))) if isinstance(content, Items) else [k for k, _ in content.entries]
        own = content.atom is not None and not any(map(self.varies, values))
        holder = None if own else owner
        fact, form = self.summary(values)
        kind = "list" if isinstance(content, Items) else "dict"
        missing = content.missing if isinstance(content, Entries) else None
        if own and content.atom is not None:
            for held in [held for value in values for held in refs_in(value)]:
                self.keep(held)
            return Runtime(self.refined(Dyn(content.atom), Fact(kind, item=fact)), False, form, missing)
        entered = [self.enter(value, holder, (Known(k),)) for k, value in zip(keys, values, strict=True)]
        return Runtime(self._display(keys, entered, Fact(kind, item=fact)), True, form, missing)

    def _display(self, keys: Sequence[Any], values: Sequence[Value], fact: Fact) -> Dyn:
        varies = any(map(self.varies, values))
        if fact.kind == "list":
            made = self.let(build_list, values)
        else:
            flat = [part for key, value in zip(keys, values, strict=True) for part in (Known(key), value)]
            made = self.let(build_dict, flat)
        assert isinstance(made, Dyn)
        return replace(self.refined(made, fact), varies=varies)

    def summary(self, values: Sequence[Value]) -> tuple[Fact, AnyForm]:
        """What is known of each of some items, and what they are where that is more than data."""
        fact, form = NEVER, None
        for value in values:
            own, own_form = self.fact_of(value), self.form_of(value)
            try:
                form = common_form(fact, form, own, own_form)
            except FormError as error:
                raise self.refuse("this container", str(error), "keep items of one kind in it") from None
            fact = join(fact, own, "item")
        return fact, form

    def fact_of(self, value: Value) -> Fact:
        """What is known of a value in a container: of an object, as a tuple of its attributes."""
        content = self.raw(value) if isinstance(value, Ref) else None
        if isinstance(content, Items | Entries | Fields):
            return self.fact_of_content(content)
        if isinstance(value, Tup):
            return Fact("tuple", items=tuple([self.fact_of(item) for item in value.items]))
        return loosened(known_of(self.known(value)))

    def fact_of_content(self, content: Items | Entries | Fields) -> Fact:
        """What is known of a list, dict or object that is handed over."""
        match content:
            case Fields():
                items = [Const(None) if is_setting(v) else self.fact_of(v) for _, v in content.fields]
                return Fact("tuple", items=tuple(items))
            case Items():
                return Fact("list", item=self.summary(content.items)[0])
            case Entries():
                pairs = [(Const(key), self.fact_of(item)) for key, item in content.entries]
                return loosened(Fact("dict", items=tuple([part for pair in pairs for part in pair])))

    def enter(self, value: Value, owner: Ref | None, path: Path) -> Value:
        """What is handed over where a value is put into a container of the running program.

        A list, dict or object is a part of `owner` from then on; without `owner` it may not change any more.
        """
        match value:
            case Tup():
                items = [self.enter(item, owner, (*path, Known(k))) for k, item in enumerate(value.items)]
                return Tup(tuple(items), value.cls)
            case Ref():
                return self._enter(value, owner, path)
            case _:
                return value

    def _enter(self, ref: Ref, owner: Ref | None, path: Path) -> Value:
        content = self.raw(ref)
        is_mine = content.own if isinstance(content, Runtime) else getattr(content, "atom", None) is None
        if isinstance(content, Part) or owner is None or self.is_kept(ref) or not is_mine:
            if isinstance(content, Part) or is_mine or self.varies(ref):
                self.keep(ref)
            if owner is not None:
                self.keep_within(owner)
            return self._handed(content, None, ())
        value = self._handed(content, owner, path)
        if self.get(("kept", ref.location, "within")) is KEPT:
            self.keep_within(owner)
        self.has_parts = True
        self.set(("heap", ref.location, ""), Part(owner, path))
        return value

    def _handed(self, content: Raw, owner: Ref | None, path: Path) -> Value:
        match content:
            case Part():
                root, place = self.place(content)
                return self._value(root, place, self._at(root, place)[0])
            case Runtime():
                return content.value
            case Fields():
                if owner is None or content.atom is not None:
                    raise self.refuse(
                        f"an object of class {content.cls.__name__} in a list or dict",
                        "something else holds it too",
                        "keep its attributes in the list, or a copy of the object",
                    )
                items = [
                    Known(None) if is_setting(value) else self.enter(value, owner, (*path, Known(k)))
                    for k, (_, value) in enumerate(content.fields)
                ]
                return self.let(build_tuple, items)
            case Items() | Entries():
                values = parts_of(content)
                fact = self.fact_of_content(content)
                if content.atom is not None and not any(map(self.varies, values)):
                    return Dyn(content.atom, fact)
                keys = range(len(values)) if isinstance(content, Items) else dict(content.entries)
                pairs = zip(keys, values, strict=True)
                entered = [self.enter(value, owner, (*path, Known(key))) for key, value in pairs]
                return self._display(list(keys), entered, fact)

    def form_of(self, value: Value) -> AnyForm:
        """What a value is, where it is more than data."""
        if is_setting(value):
            assert isinstance(value, Known)
            return value
        if isinstance(value, Tup):
            parts = tuple([self.form_of(item) for item in value.items])
            names = getattr(value.cls, "_fields", ())
            if value.cls is tuple:
                return Form(parts=parts) if any(part is not None for part in parts) else None
            return Form(value.cls, names, parts)
        if not isinstance(value, Ref):
            return None
        content = self.raw(value)
        match content:
            case Part():
                return self._at(*self.place(content))[1]
            case Fields():
                parts = tuple([self.form_of(item) for _, item in content.fields])
                return Form(content.cls, tuple([name for name, _ in content.fields]), parts)
            case Runtime():
                return Form(item=content.form) if content.form is not None else None
            case Entries() if all(type(key) is str for key, _ in content.entries):
                parts = tuple([self.form_of(item) for _, item in content.entries])
                names = tuple([key for key, _ in content.entries])
                return Form(None, names, parts) if any(part is not None for part in parts) else None
            case Items() | Entries():
                form = self.summary(parts_of(content))[1]
                return Form(item=form) if form is not None else None

    def released(self, value: Dyn, fact: Fact, form: AnyForm, *, shared: bool) -> Value:
        """What was taken out of a container: from then on by itself, unless others hold it, too."""
        if isinstance(form, Known):
            return form
        cls = form.cls if form is not None else None
        is_record = cls is not None and issubclass(cls, tuple)
        if fact not in (UNKNOWN, NEVER):
            assert isinstance(value.atom, Var)
            value = replace(self.refined(value, self._anew(fact, value.atom.name)), varies=value.varies)
        if fact.kind in CONTAINERS:
            copy = self.let(list if fact.kind == "list" else dict, [value])
            assert isinstance(copy, Dyn)
            own = replace(self.refined(copy, value.fact), varies=value.varies)
            ref = self.new(Runtime(own, own=True, form=form.item if form is not None else None))
            for what in ("", "within") if shared else ():
                self._mark(ref, what)
            return ref
        if cls is None and not (fact.kind == "tuple" and fact.items is not None and holds(fact, form)):
            return value
        count = len(form.names) if form is not None and form.names else len(fact.items or ())
        items: list[Value] = []
        for k in range(count):
            item = self.let(operator.getitem, [value, Known(k)])
            assert isinstance(item, Dyn)
            inner = inside(fact, Known(k)), form_inside(form, Known(k))
            items.append(self.released(replace(item, varies=value.varies), *inner, shared=shared))
        if cls is None or is_record or form is None:
            return Tup(tuple(items), cls or tuple)
        ref = self.new(Fields(cls, tuple(zip(form.names, items, strict=True))))
        if shared:
            self._mark(ref, "")
        return ref

    def retain(self, op: Any, args: Sequence[Value], result: Any, *, effect: bool) -> bool:
        """Note that the result of an operation may hold containers that it is given."""
        if op in BUILDERS or is_of_numpy(op):
            return False
        facts = result if isinstance(result, tuple) else (result,)
        if not effect and all(fact.kind in (*NUMERIC, "slice") for fact in facts):
            return False
        found = False
        for ref in [ref for arg in args for ref in refs_in(arg)]:
            content = self.raw(ref)
            if not isinstance(content, Runtime) or content.own:
                self.keep(ref)
                found = True
        return found

    def expose(self, args: Sequence[Value]) -> None:
        """Code that is not read is given lists and dicts: it may change them, and keep them."""
        for ref in [ref for arg in args for ref in refs_in(arg)]:
            content = self.raw(ref)
            if isinstance(content, Fields):
                continue
            if isinstance(content, Part):
                root, path = self.place(content)
                self.keep(ref)
                self.widen(root, (*path, Known(0)), UNKNOWN, None)
                continue
            found = self.as_runtime(content, ref)
            fact = Fact(found.value.fact.kind)
            self.store(ref, replace(found, value=self.refined(found.value, fact), own=False))
            if found.own:
                self._mark(ref, "within")
            self.note_size(ref)


def is_of_numpy(op: Any) -> bool:
    """Whether an operation keeps nothing of the lists that it is given."""
    module = str(getattr(op, "__module__", None) or "")
    return isinstance(op, np.ufunc) or module.partition(".")[0] == "numpy" or table.find(op) is not None
