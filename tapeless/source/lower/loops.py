"""Loops: what goes round is found by reading the body until nothing new is carried.

s = 0                     For(('i',), r, (Carry('s', Const(0), Var('s_1'), 's_2'),), ...)
for i in range(n):   =>
    s = s + x[i]          `s` starts as an int and goes on as a float: read twice
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tapeless.ir.program import UNDEFINED, Atom, Carry, Const, For, Statement, Var, While
from tapeless.source.facts import Fact, join
from tapeless.source.lower.control import branch, held_by, hint_of, is_reached, truth
from tapeless.source.lower.heap import KEPT
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.notes import Fork, Key, UnboundError
from tapeless.source.lower.structure import (
    atom_of,
    data_of,
    fact_of,
    map_data,
    same_runtime,
    same_structure,
    with_refs,
    without_refs,
)
from tapeless.source.lower.values import (
    NOTHING,
    Dyn,
    Entries,
    Items,
    Known,
    Part,
    Poison,
    Ref,
    Runtime,
    Tup,
    Value,
)

Body = Callable[[], object]
MOST_READINGS = 40


@dataclass(slots=True)
class Reading:
    """One try at a loop: the values it starts an iteration with, and what running the body once did."""

    inner: dict[Key, Any]
    carried: dict[tuple[Key, int], Dyn]
    fork: Fork
    head: int  # how many of the block's statements compute a while loop's test
    test: Value
    until: Value
    trees: dict[Key, Any]  # what containers that the body makes anew hold at its end
    shared: set[Key]  # names of containers that other names stand for at the end, too


class Loop:
    """What is known of a loop so far: which leaves of which keys are carried, and what they are."""

    def __init__(self, m: Machine, targets: tuple[str, ...], head: Callable[[], Value] | None, body: Body):
        self.m, self.targets, self.head, self.body = m, targets, head, body
        assert m.frame is not None
        self.frame, self.assigned = m.frame, m.frame.local
        self.stop: Key = ("name", m.frame.number, "<break>")
        self.plan: dict[tuple[Key, int], tuple[Fact, bool]] = {}
        self.forgotten: dict[Key, str] = {}
        self.guessed: set[Key] = set()  # names without a value before the loop, of which nothing is known yet
        self.shared: set[Key] = set()  # of the renewed, those whose container has another name, too
        self.renewed: set[Key] = set()  # names whose container each iteration makes anew: carried by content

    def read(self) -> Reading:
        """Read the body until it carries what the plan says."""
        mark = self.m.names.mark()
        for _ in range(MOST_READINGS):
            tainted = len(self.m.memory.tainted)
            try:
                self.m.loops.append(self)
                reading = self._once()
            except UnboundError as unbound:
                if unbound.loop is not self:
                    raise
                self.plan[unbound.key, 0] = (Fact("numeric"), True)
                self.guessed.add(unbound.key)
                self.m.back(mark)
                continue
            finally:
                self.m.loops.pop()
            settled, conversions = self._settle(reading)
            if settled and len(self.m.memory.tainted) == tainted:
                return reading
            self.m.back(mark)
            for key in conversions:
                self._convert(key)
                mark = self.m.names.mark()
        raise self.m.refuse(
            "this loop",
            "what its names hold is of another kind in each iteration",
            "keep to one shape and type",
        )

    def _once(self) -> Reading:
        m = self.m
        inner: dict[Key, Any] = {}
        carried: dict[tuple[Key, int], Dyn] = {}
        for key in dict.fromkeys(key for key, _ in self.plan):
            hint = hint_of(key)

            def replace(index: int, leaf: Value, key: Key = key, hint: str = hint) -> Value:
                if (key, index) not in self.plan:
                    return leaf
                fact, varies = self.plan[key, index]
                dyn = Dyn(Var(m.fresh(hint, fact)), fact, varies)
                carried[key, index] = dyn
                return dyn

            start = self.start(key)
            inner[key] = replace(0, NOTHING) if start is MISSING else map_data(start, replace)
        reading = Reading(inner, carried, Fork([], {}, False), 0, Known(True), Known(False), {}, set())

        def run() -> None:
            for key, value in inner.items():
                m.set(key, self._with_refs(key, value))
            for key, why in self.forgotten.items():
                m.set(key, Poison(why))
            m.set(self.stop, Known(False))
            if self.head is not None:
                reading.test = self.head()
                reading.head = len(m.block)
            if reading.test != Known(False):
                self.body()
            reading.trees.update({key: without_refs(m, m.get(key)) for key in sorted(self.renewed)})
            reading.shared.update([key for key in sorted(self.renewed) if self._is_shared(key)])

        reading.fork = m.fork(run)
        until: Any = reading.fork.changes.pop(self.stop, Known(False))
        reading.until = Known(False) if until is MISSING else until
        return reading

    def _is_shared(self, key: Key) -> bool:
        """Whether what a name stands for can be reached otherwise, too."""
        return any(is_reached(self.m, ref, but=key) for ref in held_by(self.m.get(key)))

    def _with_refs(self, key: Key, value: Any) -> Any:
        """A value that goes round, with containers of its own: what else stood for them does not follow."""
        if key not in self.renewed:
            return value
        made = with_refs(self.m, value)
        for ref in held_by(made):
            self.m.joined.add(ref.location)
            if key in self.shared:
                self.m.keep(ref)
        return made

    def start(self, key: Key) -> Any:
        """What a key holds before the loop."""
        value = self.m.get(key)
        return without_refs(self.m, value) if key in self.renewed else value

    def _settle(self, reading: Reading) -> tuple[bool, list[Key]]:
        """Compare the end of an iteration with its start; False and what to do if they do not agree."""
        shared = {*self.shared, *reading.shared, *[key for key in self.renewed if self._is_shared(key)]}
        settled, conversions, parted = shared == self.shared, [], []
        self.shared = shared
        for key, changed in reading.fork.changes.items():
            start, after = reading.inner.get(key, self.start(key)), reading.trees.get(key, changed)
            if key[0] == "kept":
                settled = self._settle_kept(key) and settled
                continue
            if key in self.forgotten or start is MISSING or after is start:
                continue
            if isinstance(start, Runtime) and isinstance(after, Runtime) and not same_runtime(start, after):
                settled = self._settle_form(key, start, after) and settled
                continue
            if isinstance(after, Part) and not isinstance(start, Part):
                settled = False
                parted.append(key)
                continue
            if not same_structure(start, after):
                settled = False
                grows = key[0] == "heap" or key in self.renewed
                if grows and _is_known(start):
                    conversions.append(key)
                elif held_by(self.m.get(key)) and key[0] == "name" and key not in self.renewed:
                    self.renewed.add(key)
                    self.plan = {leaf: fact for leaf, fact in self.plan.items() if leaf[0] != key}
                else:
                    self._forget(key, f"{hint_of(key)} is another kind of value in each iteration")
                continue
            for index, (old, new) in enumerate(zip(data_of(start), data_of(after), strict=True)):
                if old == new:
                    continue
                if isinstance(old, Dyn) and isinstance(new, Dyn) and old.atom == new.atom:
                    settled = self._learn((key, index), new) and settled
                elif not self._fits((key, index), old, new):
                    settled = False
        for key in parted if not conversions else ():  # else it may be put there before the loop already
            self._forget(key, "it stands in a container from the first iteration on")
        return settled, conversions

    def _forget(self, key: Key, why: str) -> None:
        self.forgotten[key] = why
        self.plan = {leaf: fact for leaf, fact in self.plan.items() if leaf[0] != key}

    def _settle_kept(self, key: Key) -> bool:
        """What something else holds at the end of an iteration it holds at the start of the next."""
        if ("heap", key[1], "") not in self.m.state or self.m.get(key) is KEPT:
            return True
        self.m.set(key, KEPT)
        return False

    def _settle_form(self, key: Key, start: Runtime, after: Runtime) -> bool:
        """A list that takes objects in the loop is one of such objects from the start."""
        old = self.start(key)
        if not isinstance(old, Runtime) or key in self.renewed:
            self._forget(key, f"{hint_of(key)} holds other objects in each iteration")
            return False
        form = after.form if old.form is None else old.form
        joined = replace(old, form=form, own=old.own and after.own, missing=after.missing)
        if joined == old:
            self._forget(key, f"{hint_of(key)} holds other objects in each iteration")
        self.m.set(key, joined)
        return False

    def _learn(self, leaf: tuple[Key, int], new: Dyn) -> bool:
        """A container that stays itself took items of another kind: that was to be known from the start."""
        key, index = leaf
        old = data_of(self.start(key))[index]
        if leaf in self.plan or not isinstance(old, Dyn):
            return self._fits(leaf, old, new)
        common = join(old.fact, new.fact, f"{hint_of(key)}.loop")
        known = Dyn(old.atom, common, old.varies or new.varies)
        if known == old or key in self.renewed:
            return known == old
        self.m.set(key, map_data(self.m.get(key), lambda k, part: known if k == index else part))
        return False

    def _fits(self, leaf: tuple[Key, int], old: Value, new: Value) -> bool:
        first, then = fact_of(old), fact_of(new)
        if leaf[0] in self.guessed:
            self.guessed.discard(leaf[0])
            self.plan[leaf] = (then, self.m.varies(new))
            return False
        varies = self.m.varies(old) or self.m.varies(new)
        if leaf not in self.plan:
            start = self._as_float(leaf, then)
            first, varies = fact_of(start), varies or self.m.varies(start)
        common = join(first, then, f"{hint_of(leaf[0])}.loop")
        if self.plan.get(leaf) == (common, varies):
            return True
        self.plan[leaf] = (common, varies)
        return False

    def _as_float(self, leaf: tuple[Key, int], then: Fact) -> Value:
        """What a carried value starts as: a sum of floats that starts at 0 may as well start at 0.0."""
        key, index = leaf
        start = data_of(self.start(key))[index]
        if not isinstance(start, Known) or type(start.value) is not int or start.atom is not None:
            return start
        if then.dtype is None or then.dtype.kind != "f" or key in self.renewed:
            return start
        start = Known(float(start.value))
        self.m.set(key, map_data(self.m.get(key), lambda k, part: start if k == index else part))
        return start

    def _convert(self, key: Key) -> None:
        """A list that grows in the loop becomes the running program's own before the loop."""
        content = self.start(key)
        self.plan = {leaf: fact for leaf, fact in self.plan.items() if leaf[0] != key}
        if key in self.renewed:
            self.m.set(key, self._converted(content))
        elif not isinstance(content, Runtime):
            self.m.set(key, self.m.as_runtime(content, Ref(key[1])))

    def _converted(self, tree: Any) -> Value:
        """The lists that a name stands for, or that stand in its tuple."""
        if isinstance(tree, Tup):
            return Tup(tuple([self._converted(part) for part in tree.items]), tree.cls)
        made = with_refs(self.m, tree)
        if isinstance(tree, Items | Entries):
            self.m.set(("heap", made.location, ""), self.m.as_runtime(self.m.raw(made), made))
        return made

    def carries(self, reading: Reading) -> tuple[Carry, ...]:
        """The carries of the settled loop; the state is given what each name is after it."""
        m, found = self.m, []
        for key, changed in reading.fork.changes.items():
            before, after = self.start(key), reading.trees.get(key, changed)
            entry = reading.inner.get(key, before)
            if key in self.forgotten:
                m.set(key, Poison(self.forgotten[key]))
                continue
            starts = data_of(before) if entry is not MISSING else []

            def result(
                index: int,
                leaf: Value,
                key: Key = key,
                after: Any = after,
                starts: list[Value] = starts,
            ) -> Value:
                inner = reading.carried.get((key, index))
                if inner is None and (starts or not isinstance(leaf, Dyn) or isinstance(leaf.atom, Const)):
                    return leaf
                end = leaf if isinstance(leaf, Dyn) else Dyn(atom_of(leaf), fact_of(leaf))
                fact, varies = (inner.fact, inner.varies) if inner else (end.fact, end.varies)
                out = m.fresh(hint_of(key), fact)
                name = (
                    inner.atom.name if inner and isinstance(inner.atom, Var) else m.fresh(hint_of(key), fact)
                )
                start = atom_of(starts[index]) if starts else UNDEFINED
                found.append(Carry(name, start, end.atom, out))
                for other in (Var(name), start, end.atom):
                    m.memory.share(Var(out), other)
                return Dyn(Var(out), fact, varies)

            value = map_data(after, result)
            m.set(key, self._with_refs(key, value))
        return tuple(found)


def run_for(
    m: Machine, hint: str, iterable: Atom, item: Fact, bind: Callable[[Value], None], body: Body
) -> None:
    """A loop over what an iterable of the running program gives."""
    line, holder = m.line, [""]

    def step() -> None:
        holder[0] = m.fresh(hint, item)
        bind(Dyn(Var(holder[0]), item))
        body()

    loop = Loop(m, (), None, step)
    reading = loop.read()
    carries = loop.carries(reading)
    block = tuple(reading.fork.block)
    m.block.append(For((holder[0],), iterable, carries, block, _until(m, reading), line))


def run_while(m: Machine, test: Callable[[], Value], body: Body) -> None:
    """A loop that asks before each iteration."""
    line = m.line
    loop = Loop(m, (), test, body)
    reading = loop.read()
    decided = truth(m, reading.test)
    if decided is False:
        return
    block: list[Statement] = reading.fork.block
    carries = loop.carries(reading)
    head, rest = tuple(block[: reading.head]), tuple(block[reading.head :])
    atom = Const(True) if decided is True else decided
    m.block.append(While(head, atom, carries, rest, _until(m, reading), line))


def run_each(m: Machine, items: tuple[Value, ...], bind: Callable[[Value], None], body: Body) -> None:
    """A loop over values that are all known now: its body is read once for each."""
    assert m.frame is not None
    stop: Key = ("name", m.frame.number, "<break>")
    outer = m.get(stop)

    def go(position: int) -> None:
        while position < len(items):
            m.set(stop, Known(False))
            bind(items[position])
            body()
            position += 1
            stopped = m.get(stop)
            if m.dead or stopped == Known(True):
                return
            if stopped != Known(False):
                branch(m, stopped, lambda: None, lambda rest=position: go(rest))
                return

    go(0)
    m.set(stop, outer)


def _is_known(tree: Any) -> bool:
    """Whether there are lists or dicts of known structure."""
    if isinstance(tree, Tup):
        return any(map(_is_known, tree.items))
    return isinstance(tree, Items | Entries)


def _until(m: Machine, reading: Reading) -> Atom | None:
    stopped = truth(m, reading.until)
    return None if stopped is False else Const(True) if stopped is True else stopped
