"""Lists, dicts and objects while a function is read: where their content is, and what stands within what.

A list whose structure is known is its items; one that the running program holds is a name there.  What is put
into such a list is from then on a part of it: it is read from there and written there, under whatever name.

    rows = []                  list.append(rows, t)
    for v in x:          =>    ...
        row = [v]              item_at(rows, 0, 0)
        rows.append(row)
    rows[0][0]
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast

from tapeless.errors import TransformError
from tapeless.ir.inside import item_at, put_at
from tapeless.ir.program import Const, Var
from tapeless.source.facts import NEVER, UNKNOWN, Fact, Size, known_of
from tapeless.source.lower.forms import (
    CONTAINERS,
    AnyForm,
    FormError,
    Path,
    form_inside,
    holds,
    inside,
    joined_form,
    loosened,
    may_meet,
    refs_in,
    widened,
)
from tapeless.source.lower.notes import Key
from tapeless.source.lower.values import (
    Dyn,
    Entries,
    Fields,
    Form,
    Items,
    Known,
    Part,
    Poison,
    Raw,
    Ref,
    Runtime,
    Tup,
    Value,
    Window,
    parts_of,
)

KEPT = Poison("kept")
ELSEWHERE = "it is known under another name too, or stands in another container"
MOVED = "it was taken out of its container, or moved within it"


class Heap:
    """The contents of containers; `Machine` offers the rest."""

    def __init__(self) -> None:
        self.state: dict[Key, Any] = {}
        self.locations = 0
        self.has_parts = False
        self.has_windows = False
        self.lengths: set[str] = set()  # of the arguments: these are what they are all the time
        self.resized: dict[int, int] = {}  # how often lists were made longer or shorter
        self.joined: set[int] = set()  # which of some lists each of these is, only a run can tell
        self.retaining: set[str] = set()  # values that may hold containers which are known otherwise, too

    def get(self, key: Key) -> Any:
        raise NotImplementedError

    def set(self, key: Key, value: Any) -> None:
        raise NotImplementedError

    def let(
        self,
        op: Callable[..., Any],
        args: Sequence[Value],
        kwargs: Mapping[str, Value] | None = None,
        hint: str = "t",
        *,
        effect: bool = False,
    ) -> Value:
        raise NotImplementedError

    def do(
        self, op: Callable[..., Any], args: Sequence[Value], kwargs: Mapping[str, Value] | None = None
    ) -> None:
        raise NotImplementedError

    def known(self, value: Value) -> Fact | Const:
        raise NotImplementedError

    def varies(self, value: Value) -> bool:
        raise NotImplementedError

    def refined(self, value: Dyn, fact: Fact) -> Dyn:
        raise NotImplementedError

    def taint(self, target: Dyn, value: Value) -> None:
        raise NotImplementedError

    def as_runtime(self, content: Raw, owner: Ref | None) -> Runtime:
        raise NotImplementedError

    def refuse(self, what: str, why: str, rewrite: str = "", node: gast.AST | None = None) -> TransformError:
        raise NotImplementedError

    # Contents ------------------------------------------------------------------------------------

    def new(self, content: Raw) -> Ref:
        """A list, dict or object with this content."""
        self.locations += 1
        ref = Ref(self.locations)
        self.set(("heap", ref.location, ""), content)
        return ref

    def raw(self, ref: Ref) -> Raw:
        """Its content, or of which container it is a part."""
        found = self.state["heap", ref.location, ""]
        if isinstance(found, Poison):
            raise self.refuse("this container", found.why, "keep a copy of it")
        return found

    def content(self, ref: Ref) -> Items | Entries | Fields | Runtime:
        """Its content as it is now; of a part of another container, as it is read from there."""
        found = self.raw(ref)
        if isinstance(found, Runtime) and found.window is not None:
            return self.settled(ref, found, found.window)
        if not isinstance(found, Part):
            return found
        root, path = self.place(found)
        fact, form = self._at(root, path)
        if isinstance(form, Form) and form.cls is not None:
            fields = [(name, self.read(root, (*path, Known(k)))) for k, name in enumerate(form.names)]
            return Fields(form.cls, tuple(fields))
        value = self._value(root, path, fact)
        return Runtime(value, form=form.item if isinstance(form, Form) else None)

    def settled(self, ref: Ref, content: Runtime, window: Window) -> Runtime:
        """A slice of a list as a list of its own; both hold the same containers or objects."""
        if self.resized.get(window.owner.location, 0) != window.size:
            raise self.refuse("this slice", "the list that it was taken of has changed since", "keep a copy")
        owner = self.content(window.owner)
        assert isinstance(owner, Runtime)
        made = self.let(operator.getitem, [owner.value, window.part])
        assert isinstance(made, Dyn)
        value = replace(self.refined(made, content.value.fact), varies=self.varies(window.owner))
        own = replace(content, value=value, window=None)
        self.set(("heap", ref.location, ""), own)
        for one in (ref, window.owner):
            self.keep_within(one)
        return own

    def settle_windows(self, root: Ref, path: Path) -> None:
        """Before the items of a list are others: slices of it are lists of their own."""
        for key, content in list(self.state.items()) if self.has_windows else ():
            if isinstance(content, Runtime) and content.window is not None:
                owner, place = self.place(Part(content.window.owner, ()))
                if owner == root and len(place) == len(path) and may_meet(place, path):
                    self.settled(Ref(key[1]), content, content.window)

    def store(self, ref: Ref, content: Items | Entries | Fields | Runtime) -> None:
        """Give it another content; a part is written into its container."""
        found = self.state.get(("heap", ref.location, ""))
        if not isinstance(found, Part):
            self.set(("heap", ref.location, ""), content)
            return
        runtime = self.as_runtime(content, ref)
        root, path = self.place(found)
        self.put(root, path, runtime.value, runtime.form)

    def parts(self, ref: Ref) -> tuple[Value, ...]:
        """The values in a container."""
        return parts_of(self.raw(ref))

    # What stands within a container of the running program -----------------------------------------

    def place(self, part: Part) -> tuple[Ref, Path]:
        """The outermost container, and the way to the part from there."""
        owner, path = part.owner, part.path
        while isinstance(found := self.raw(owner), Part):
            owner, path = found.owner, (*found.path, *path)
        return owner, path

    def root(self, ref: Ref) -> Runtime:
        found = self.raw(ref)
        if not isinstance(found, Runtime):
            raise self.refuse("this container", MOVED, "keep a copy of it")
        return found

    def read(self, owner: Ref, path: Path) -> Value:
        """`owner[path[0]][path[1]]...`: a container is a part, anything else is read now."""
        root, path = self.place(Part(owner, path))
        fact, form = self._at(root, path)
        if isinstance(form, Known):
            return form
        cls = form.cls if form is not None else None
        is_record = cls is not None and issubclass(cls, tuple)
        if fact.kind in CONTAINERS or (cls is not None and not is_record):
            self.has_parts = True
            return self.new(Part(root, path))
        if is_record or (fact.kind == "tuple" and fact.items is not None and holds(fact, form)):
            count = len(form.names) if is_record and form is not None else len(fact.items or ())
            items = [self.read(root, (*path, Known(k))) for k in range(count)]
            return Tup(tuple(items), cls or tuple)
        return self._value(root, path, fact)

    def _value(self, root: Ref, path: Path, fact: Fact) -> Dyn:
        owner = self.root(root).value
        made = self.let(operator.getitem if len(path) == 1 else item_at, [owner, *path])
        assert isinstance(made, Dyn | Tup)
        if isinstance(made, Tup):
            raise self.refuse("this item", "it is several values at once", "unpack it where it is made")
        if fact in (UNKNOWN, NEVER):
            return made
        assert isinstance(made.atom, Var)
        return self.refined(made, self._anew(fact, made.atom.name))

    def _anew(self, fact: Fact, name: str) -> Fact:
        """What is known of an item, whose lengths may be others than those of the item before."""
        dims, items, item = fact.dims, fact.items, fact.item
        if dims is not None:
            dims = tuple(
                [
                    Size(f"{name}.{axis}", dim.stretches)
                    if isinstance(dim, Size) and dim.name not in self.lengths
                    else dim
                    for axis, dim in enumerate(dims)
                ]
            )
        if items is not None:
            items = tuple(
                [
                    one if isinstance(one, Const) else self._anew(one, f"{name}[{k}]")
                    for k, one in enumerate(items)
                ]
            )
        item = None if item is None else self._anew(item, f"{name}[]")
        return replace(fact, dims=dims, items=items, item=item)

    def fact_at(self, root: Ref, path: Path) -> Fact:
        """What is known of what stands at the end of a path."""
        return self._at(root, path)[0]

    def _at(self, root: Ref, path: Path) -> tuple[Fact, AnyForm]:
        """What is known of what stands at the end of a path."""
        content = self.root(root)
        fact: Fact = content.value.fact
        form: AnyForm = Form(item=content.form)
        for key in path:
            fact, form = inside(fact, key), form_inside(form, key)
        return fact, form

    def put(self, root: Ref, path: Path, value: Value, form: AnyForm) -> None:
        """`root[path[0]]... = value`."""
        self.allow_within(root)
        owner = self.root(root).value
        self.widen(root, path, self.known(value), form)
        if len(path) == 1:
            self.do(operator.setitem, [owner, path[0], value])
        else:
            self.do(put_at, [owner, value, *path])
        self.taint(owner, value)
        self.detach(root, path)

    def widen(self, root: Ref, path: Path, item: Fact | Const, form: AnyForm) -> None:
        """What is known of a container takes in another item at the end of a path."""
        content = self.root(root)
        old, new = content.value, loosened(known_of(item))
        fact = widened(old.fact, path, new)
        try:
            forms = joined_form(old.fact, Form(item=content.form), path, new, form)
        except FormError as error:
            raise self.refuse("this container", str(error), "keep items of one kind in a container") from None
        forms = forms.item if isinstance(forms, Form) else None
        if fact != old.fact or forms != content.form:
            self.store(root, replace(content, value=self.refined(old, fact), form=forms))

    def detach(self, root: Ref, path: Path) -> None:
        """What stood at the end of the path or within is no part of the container any more."""
        for key, place in self._within(root):
            if len(place) > len(path) and may_meet(place[: len(path)], path):
                self.set(key, Poison(MOVED))

    def detach_slot(self, root: Ref, path: Path, but: Ref | None = None) -> None:
        """The same, and what stood right there too; but not under one name."""
        own = None if but is None else but.location
        for key, place in self._within(root):
            if key[1] != own and len(place) >= len(path) and may_meet(place[: len(path)], path):
                self.set(key, Poison(MOVED))

    def slots(self, base: Ref, index: Value) -> list[Key]:
        """What stands at an index of a container, or within what stands there."""
        content = self.raw(base)
        root, path = self.place(content) if isinstance(content, Part) else (base, ())
        self.settle_windows(root, path)
        whole = (*path, index)
        return [
            key
            for key, place in self._within(root)
            if len(place) >= len(whole) and may_meet(place[: len(whole)], whole)
        ]

    def lose_within(self, ref: Ref) -> None:
        """What stands in a container is, under other names, not followed any more."""
        content = self.raw(ref)
        root, path = self.place(content) if isinstance(content, Part) else (ref, ())
        self.settle_windows(root, path)
        self.detach(root, path)

    def is_kept_within(self, ref: Ref) -> bool:
        """Whether something else holds what stands within it."""
        return self.get(("kept", ref.location, "within")) is KEPT

    def form_at(self, root: Ref, path: Path) -> AnyForm:
        """What stands at the end of a path, where it is more than data."""
        return self._at(root, path)[1]

    def lose(self, key: Key) -> None:
        """What stood somewhere in a container does so no more."""
        self.set(key, Poison(MOVED))

    def _within(self, root: Ref) -> list[tuple[Key, Path]]:
        """The containers that stand within another, and where."""
        if not self.has_parts:
            return []
        found: list[tuple[Key, Path]] = []
        for key, content in list(self.state.items()):
            if isinstance(content, Part) and not self._is_lost(content):
                owner, path = self.place(content)
                if owner == root:
                    found.append((key, path))
        return found

    def _is_lost(self, part: Part) -> bool:
        owner = self.state.get(("heap", part.owner.location, ""))
        while isinstance(owner, Part):
            owner = self.state.get(("heap", owner.owner.location, ""))
        return not isinstance(owner, Runtime)

    def settle_ends(self, root: Ref, path: Path) -> None:
        """Before a container grows: what was reached by counting from its end stays where it is."""
        for key, place in self._within(root):
            if len(place) <= len(path) or not may_meet(place[: len(path)], path):
                continue
            last = place[len(path)]
            if isinstance(last, Known) and isinstance(last.value, int) and last.value < 0:
                owner = self.root(root).value if not path else self._value(root, path, UNKNOWN)
                position = self.let(operator.add, [self.let(len, [owner], hint="n"), last])
                self.set(key, Part(root, (*place[: len(path)], position, *place[len(path) + 1 :])))

    # What is known elsewhere ------------------------------------------------------------------------

    def keep(self, ref: Ref) -> None:
        """Something else holds it too, and does not follow its changes: it may not be changed any more."""
        waiting, seen = [ref], {ref}
        while waiting:
            one = waiting.pop()
            self._mark(one, "")
            content = self.state.get(("heap", one.location, ""))
            if isinstance(content, Part):
                if not self._is_lost(content):
                    self._mark(self.place(content)[0], "within")
            elif isinstance(content, Runtime):
                self._mark(one, "within")
            elif isinstance(content, Items | Entries | Fields):
                inner = [held for part in parts_of(content) for held in refs_in(part) if held not in seen]
                seen.update(inner)
                waiting.extend(inner)

    def keep_within(self, ref: Ref) -> None:
        """Something else holds what stands within it."""
        content = self.raw(ref)
        if isinstance(content, Part):
            ref = self.place(content)[0]
        self._mark(ref, "within")

    def _mark(self, ref: Ref, what: str) -> None:
        key = ("kept", ref.location, what)
        if self.get(key) is not KEPT:
            self.set(key, KEPT)

    def is_kept(self, ref: Ref) -> bool:
        """Whether something else holds it too."""
        return self.get(("kept", ref.location, "")) is KEPT

    def allow(self, ref: Ref) -> None:
        """Before it is changed."""
        if self.is_kept(ref):
            raise self.refuse("this change", ELSEWHERE, "change a copy, or change it before it is put there")
        content = self.raw(ref)
        if isinstance(content, Part):
            self.allow_within(self.place(content)[0])
        elif isinstance(content, Runtime) and content.window is not None:
            self.settled(ref, content, content.window)

    def allow_within(self, root: Ref) -> None:
        """Before something within it is changed."""
        if self.get(("kept", root.location, "within")) is KEPT:
            raise self.refuse(
                "this change", f"of what stands within a container: {ELSEWHERE}", "build the container anew"
            )

    def note_size(self, ref: Ref) -> None:
        """A list is made longer or shorter."""
        self.resized[ref.location] = self.resized.get(ref.location, 0) + 1
