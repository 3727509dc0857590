"""Branches and loops: what a name is worth where two ways meet."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tapeless.errors import LoweringError
from tapeless.ir.program import UNDEFINED, Atom, Const, If, Phi, Var
from tapeless.source.facts import NEVER, UNKNOWN, Fact, fact_of_constant, join
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.notes import Fork, Key, UnendingError
from tapeless.source.lower.values import (
    Bound,
    Choice,
    Closure,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Part,
    Partial,
    Poison,
    Ref,
    Runtime,
    Span,
    Steps,
    Super,
    Tup,
    Value,
    inner_values,
    parts_of,
)

DATA = (bool, int, float, complex)
CONTENTS = (Items, Entries, Fields, Runtime, Part)


class MismatchError(LoweringError):
    """Two values that have no common form; raised while joining, answered by whoever joins."""


def branch(m: Machine, test: Value, then: Callable[[], object], orelse: Callable[[], object]) -> None:
    """Run one of two continuations, as the test says now, or both on the side if only a run can tell."""
    decided = truth(m, test)
    if isinstance(decided, bool):
        (then if decided else orelse)()
        return
    first, second = m.fork(then), m.fork(orelse)
    if first.dead and second.dead and m.recursions.is_guessing:
        raise UnendingError
    merge(m, decided, first, second)


def truth(m: Machine, test: Value) -> bool | Atom:
    """Whether a value counts as true: known now, or the atom to ask."""
    match test:
        case Known():
            return bool(test.value)
        case Tup():
            return bool(test.items)
        case Dyn():
            return test.atom
        case Ref():
            content = m.content(test)
            match content:
                case Items():
                    return bool(content.items)
                case Entries():
                    return bool(content.entries)
                case Runtime():
                    return content.value.atom
                case Fields():
                    return True
        case _:
            return True


def merge(m: Machine, test: Atom, first: Fork, second: Fork) -> None:
    """Write the branch, and give each key that either changed its common value."""
    line = m.line
    if first.dead and second.dead:
        m.dead = True
    phis: list[Phi] = []
    joining = Join(m, test, first, second, phis)
    changed = [*first.changes, *(key for key in second.changes if key not in first.changes)]
    values = {}
    for key in changed:
        before = m.get(key)
        left, right = first.changes.get(key, before), second.changes.get(key, before)
        if first.dead != second.dead:
            values[key] = joining.only(right if first.dead else left, left_is_dead=first.dead, key=key)
        else:
            values[key] = joining.state(left, right, key)
    m.block.append(If(test, tuple(first.block), tuple(second.block), tuple(phis), line))
    for key, value in values.items():
        m.set(key, value)
    joining.settle()


class Join:
    """The common values of two branches; phis are written as they are needed."""

    def __init__(self, m: Machine, test: Atom, first: Fork, second: Fork, phis: list[Phi]) -> None:
        self.m, self.test, self.first, self.second, self.phis = m, test, first, second, phis
        self.done: dict[Any, Dyn] = {}
        self.refs: dict[tuple[Ref, Ref], Ref] = {}  # what is one list or another
        self.after: dict[Key, Any] = {}  # what stands in a list that only one branch put it into

    def settle(self) -> None:
        """Lists that are one or another now: neither may change, if it can be reached otherwise still."""
        for key, value in self.after.items():
            self.m.set(key, value)
        for (one, other), both in self.refs.items():
            reached = [ref for ref in (one, other) if is_reached(self.m, ref)]
            for ref in [*reached, both] if reached else []:
                if ("heap", ref.location, "") in self.m.state:
                    self.m.keep(ref)

    def state(self, left: Any, right: Any, key: tuple[str, int, str]) -> Any:
        hint = hint_of(key)
        if left is MISSING or right is MISSING:
            self.m.missing(key)
            return self.only(right if left is MISSING else left, left_is_dead=left is MISSING, key=key)
        try:
            return self.content(left, right, hint)
        except MismatchError as mismatch:
            if key[0] == "heap":
                return self._runtime(left, right, key)
            return Poison(str(mismatch))

    def only(self, value: Any, *, left_is_dead: bool, key: tuple[str, int, str]) -> Any:
        """The value of the one branch whose end is reached, under a name that is visible after it."""
        hint = hint_of(key)

        def out(dyn: Dyn) -> Dyn:
            if isinstance(dyn.atom, Const):
                return dyn
            pair = (UNDEFINED, dyn.atom) if left_is_dead else (dyn.atom, UNDEFINED)
            return self._phi(*pair, dyn.fact, dyn.varies, hint)

        return value if value is MISSING else map_leaves(self.m, value, out)

    def content(self, left: Any, right: Any, hint: str) -> Any:
        """The common content or value; UNBOUND on one side stays possible for what the program computes."""
        if left is right or left == right:
            return left
        if isinstance(left, Items) and isinstance(right, Items):
            if len(left.items) != len(right.items) or left.atom != right.atom:
                raise MismatchError("a list has another length after each branch")
            return Items(self._each(left.items, right.items, hint), left.atom)
        if isinstance(left, Entries) and isinstance(right, Entries):
            if [key for key, _ in left.entries] != [key for key, _ in right.entries]:
                raise MismatchError("a dict has other keys after each branch")
            names = [key for key, _ in left.entries]
            joined = self._each([v for _, v in left.entries], [v for _, v in right.entries], hint)
            return Entries(tuple(zip(names, joined, strict=True)), left.atom, left.missing)
        if isinstance(left, Fields) and isinstance(right, Fields):
            names = list(dict([*left.fields, *right.fields]))
            missing = Poison("the attribute is set in one branch only")
            one, two = dict(left.fields), dict(right.fields)
            joined = [self.value(one.get(name, missing), two.get(name, missing), name) for name in names]
            return Fields(left.cls, tuple(zip(names, joined, strict=True)), left.atom)
        if isinstance(left, Runtime) and isinstance(right, Runtime):
            return self._runtimes(left, right, hint)
        if isinstance(left, Part) and isinstance(right, Part):
            if left.owner != right.owner or len(left.path) != len(right.path):
                raise MismatchError(f"{hint} stands in another container after each branch")
            return Part(left.owner, self._each(left.path, right.path, hint))
        if isinstance(left, CONTENTS) or isinstance(right, CONTENTS):
            raise MismatchError("a container has another structure after each branch")
        return self.value(left, right, hint)

    def value(self, left: Any, right: Any, hint: str) -> Value:
        if left is right or left == right:
            return left
        if isinstance(left, Tup) and isinstance(right, Tup) and _alike(left, right):
            return Tup(self._each(left.items, right.items, hint), left.cls)
        if isinstance(left, Ref) and isinstance(right, Ref):
            if (left, right) not in self.refs:
                try:
                    joined = self.content(self._content_of(left, 0), self._content_of(right, 1), hint)
                except MismatchError:
                    joined = self._either(left, right, hint)
                self.refs[left, right] = self.m.new(joined)
                self.m.joined.add(self.refs[left, right].location)
            return self.refs[left, right]
        if isinstance(left, Span) and isinstance(right, Span):
            return Span(
                *self._each([left.start, left.stop, left.step], [right.start, right.stop, right.step], hint)
            )
        if is_data(left) and is_data(right) and not (left is MISSING and right is MISSING):
            return self._dyn(left, right, hint)
        if left is MISSING or right is MISSING or isinstance(left, Poison) or isinstance(right, Poison):
            poison = left if isinstance(left, Poison) else right
            return poison if isinstance(poison, Poison) else Poison(f"{hint} is bound in one branch only")
        if isinstance(left, Known | Closure) and isinstance(right, Known | Closure):
            return Choice(self.test, left, right)
        raise MismatchError(f"{hint} is another kind of value after each branch")

    def _content_of(self, ref: Ref, side: int) -> Any:
        changes = (self.first, self.second)[side].changes
        key = ("heap", ref.location, "")
        return changes[key] if key in changes else self.m.raw(ref)

    def _each(self, left: Any, right: Any, hint: str) -> tuple[Value, ...]:
        return tuple([self.value(a, b, hint) for a, b in zip(left, right, strict=True)])

    def _dyn(self, left: Any, right: Any, hint: str) -> Dyn:
        sides = [_as_dyn(self.m, side) for side in (left, right)]
        known = [side for side in sides if side is not None]
        fact, varies = known[0].fact, any(side.varies for side in known)
        if len(known) == 2:
            fact = join(known[0].fact, known[1].fact, hint)
        atoms = [UNDEFINED if side is None else side.atom for side in sides]
        return self._phi(atoms[0], atoms[1], fact, varies, hint)

    def _phi(self, then: Atom, orelse: Atom, fact: Fact, varies: bool, hint: str) -> Dyn:
        if then == orelse:
            return Dyn(then, fact, varies)
        pair = _distinct(then), _distinct(orelse)
        if pair not in self.done:
            name = self.m.fresh(hint, fact)
            self.phis.append(Phi(name, then, orelse))
            self.done[pair] = Dyn(Var(name), fact, varies)
            for side in (then, orelse):
                self.m.memory.share(Var(name), side)
        return self.done[pair]

    def _either(self, left: Ref, right: Ref, hint: str) -> Runtime:
        """One of two lists of different structure, as the running program's own."""
        sides: list[Runtime] = []
        for ref, fork in ((left, self.first), (right, self.second)):
            with self.m.at_end_of(fork):
                before = dict(self.m.state)
                content = self.m.content(ref)
                if not isinstance(content, Items | Entries | Runtime):
                    raise MismatchError(f"{hint} is another kind of object after each branch")
                sides.append(self.m.as_runtime(content, None))
                if isinstance(self.m.raw(ref), Part):
                    self.m.keep(ref)
                self._note_changes(before)
        return self._runtimes(sides[0], sides[1], hint)

    def _runtimes(self, left: Runtime, right: Runtime, hint: str) -> Runtime:
        fact = join(left.value.fact, right.value.fact, hint)
        form = left.form
        if left.form != right.form:
            one, other = left.value.fact.item or UNKNOWN, right.value.fact.item or UNKNOWN
            if NEVER not in (one, other):
                raise MismatchError(f"{hint} holds other objects after each branch")
            form = right.form if one == NEVER else left.form
        if left.missing != right.missing:
            raise MismatchError(f"{hint} is another kind of dict after each branch")
        value = self._dyn(left.value, right.value, hint)
        return Runtime(self.m.refined(value, fact), left.own and right.own, form, left.missing)

    def _runtime(self, left: Any, right: Any, key: Key) -> Any:
        """A list that each branch leaves with another length: from here on the running program's own."""
        sides: list[Runtime] = []
        for content, fork in ((left, self.first), (right, self.second)):
            if not isinstance(content, Items | Entries | Runtime):
                return Poison("it is another kind of object, or stands in a container, after one branch")
            with self.m.at_end_of(fork):
                before = dict(self.m.state)
                sides.append(self.m.as_runtime(content, Ref(key[1])))
                self._note_changes(before)
        try:
            return self._runtimes(sides[0], sides[1], hint_of(key))
        except MismatchError as mismatch:
            return Poison(str(mismatch))

    def _note_changes(self, before: dict[Key, Any]) -> None:
        """What stands in a list after one branch alone is not read under its own name any more."""
        for key, value in self.m.state.items():
            if before.get(key) is not value and isinstance(value, Part | Poison):
                lost = isinstance(value, Part)
                self.after[key] = Poison("it stands in a list after one branch alone") if lost else value


def is_reached(m: Machine, ref: Ref, but: Key | None = None) -> bool:
    """Whether names or containers still lead to a list."""
    frames = live_frames(m)
    for key, value in m.state.items():
        if key == but or (key[0] == "name" and key[1] > 0 and key[1] not in frames):
            continue
        if key[0] != "kept" and ref in held_by(value):
            return True
    return False


def live_frames(m: Machine) -> set[int]:
    """The calls that go on, and those whose names the functions made in them still see."""
    found: set[int] = set()
    waiting = [frame for frame in (m.frame,) if frame is not None]
    waiting += [value.frame for value in m.state.values() if isinstance(value, Closure)]
    while waiting:
        frame = waiting.pop()
        if frame.number not in found:
            found.add(frame.number)
            waiting += [other for other in (frame.outer, frame.caller) if other is not None]
    return found


def held_by(value: Any) -> list[Ref]:
    """The containers that a value or a content holds."""
    match value:
        case Ref():
            return [value]
        case Tup():
            parts: tuple[Any, ...] = value.items
        case Closure():
            parts = (*value.defaults, *[default for _, default in value.keyword_defaults])
        case Items() | Entries() | Fields() | Runtime() | Part():
            parts = parts_of(value)
        case Steps():
            parts = (*(value.items or ()), value.opaque)
        case _:
            parts = inner_values(value) if isinstance(value, Bound | Partial | Choice | Super) else ()
    return [ref for part in parts for ref in held_by(part)]


def _alike(left: Tup, right: Tup) -> bool:
    return left.cls is right.cls and len(left.items) == len(right.items)


def hint_of(key: tuple[str, int, str]) -> str:
    """What a value that stands under this key may be called."""
    return {"": "item", "<break>": "stopped", "<return>": "result"}.get(key[2], key[2])


def is_data(value: Any) -> bool:
    """Whether the running program can hold this value in a name: a number, an array, None, text."""
    if value is MISSING or isinstance(value, Dyn):
        return True
    return isinstance(value, Known) and (value.value is None or isinstance(value.value, (*DATA, str, bytes)))


def _as_dyn(m: Machine, value: Any) -> Dyn | None:
    if value is MISSING:
        return None
    if isinstance(value, Known):
        return Dyn(value.atom or Const(value.value), fact_of_constant(value.value))
    return value


def _distinct(atom: Atom) -> Any:
    return atom if isinstance(atom, Var) else (type(atom.value), repr(atom.value))


def map_leaves(m: Machine, value: Any, change: Callable[[Dyn], Value]) -> Any:
    """The value or content with each number and array in it replaced."""

    def go(item: Any) -> Any:
        match item:
            case Dyn():
                return change(item)
            case Tup():
                return Tup(tuple([go(part) for part in item.items]), item.cls)
            case Items():
                return Items(tuple([go(part) for part in item.items]), item.atom)
            case Entries():
                return Entries(
                    tuple([(key, go(part)) for key, part in item.entries]), item.atom, item.missing
                )
            case Fields():
                return Fields(item.cls, tuple([(key, go(part)) for key, part in item.fields]), item.atom)
            case Runtime():
                changed = change(item.value)
                return replace(item, value=changed) if isinstance(changed, Dyn) else item
            case Part():
                return Part(item.owner, tuple([go(part) for part in item.path]))
            case Span():
                return Span(go(item.start), go(item.stop), go(item.step))
            case _:
                return item

    return go(value)


def negate(m: Machine, value: Value) -> Value:
    decided = truth(m, value)
    return Known(not decided) if isinstance(decided, bool) else m.let(operator.not_, [value])
