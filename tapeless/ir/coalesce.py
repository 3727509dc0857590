"""What single-assignment values are called in the source: one name for the versions of a variable."""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tapeless.ir.liveness import Interval, Liveness
from tapeless.ir.names import TEMPORARY
from tapeless.ir.program import (
    Atom,
    Block,
    For,
    If,
    Let,
    Program,
    Statement,
    Var,
    While,
    blocks,
    is_undefined,
    reads,
    same,
    walk,
)
from tapeless.ir.sites import Leaves


def coalesce(program: Program, live: Liveness, leaves: Leaves, own: Iterable[str] = ()) -> dict[str, str]:
    """The name of each value in the source.

    x_1 = x * 2                              x = x * 2
    for i in range(n):                =>     for i in range(n):
        (x_2: first x_1, then x_3)               x = np.sin(x)
        x_3 = np.sin(x_2)                    return x
    return x_4 (the last x_3)

    Values that a branch or a loop hands on share a name where they are not needed at the same time, then
    versions of the same variable.  Parameters keep their names; nothing takes the name of what the program
    finds in its module.  `own` are names that the user gave, however much they look like versions.
    """
    classes = _Classes(program, live, set(own))
    for name, source in _moves(program, leaves):
        classes.join(name, source)
    return _assign(program, live, classes)


@dataclass(eq=False, slots=True)
class _Class:
    """Values that share a name."""

    base: str
    members: list[str]
    starts: list[int]
    ends: list[int]
    apart: list[str]
    is_fixed: bool = False
    may_be_unbound: bool = False

    def overlaps(self, starts: list[int], ends: list[int]) -> bool:
        """Whether some interval and one of these have a point in common."""
        few, many = (starts, ends), (self.starts, self.ends)
        if len(few[0]) > len(many[0]):
            few, many = many, few
        for start, end in zip(*few, strict=True):
            place = bisect.bisect_right(many[0], end)  # the first that begins after the end
            if place and many[1][place - 1] >= start:
                return True
        return False

    def add(self, starts: list[int], ends: list[int]) -> None:
        for start, end in zip(starts, ends, strict=True):
            place = bisect.bisect(self.starts, start)
            self.starts.insert(place, start)
            self.ends.insert(place, end)


class _Classes:
    def __init__(self, program: Program, live: Liveness, own: set[str]) -> None:
        kept = {*own, *program.params, *program.free}
        self.of: dict[str, _Class] = {}
        for name, intervals in live.intervals.items():
            starts, ends = [start for start, _ in intervals], [end for _, end in intervals]
            base = _variable(name, kept)
            apart = live.apart.get(name, [])
            self.of[name] = _Class(base, [name], starts, ends, list(apart))
        for param in program.params:
            self.of[param].is_fixed = True
        self.counts = Counter(n for each in (*walk(program.body), program.exit) for n in reads(each))
        for statement in walk(program.body):
            if isinstance(statement, For | While) and isinstance(statement.until, Var):
                self.counts[statement.until.name] -= 1  # what is handed on may as well end the loop
        for statement in walk(program.body):
            for name in _unbound(statement):
                if name in self.of:
                    self.of[name].may_be_unbound = True

    def join(self, name: str, source: Atom) -> None:
        """Let a name stand for its source as well, if nothing speaks against it."""
        if not isinstance(source, Var) or name not in self.of or source.name not in self.of:
            return
        one, other = self.of[name], self.of[source.name]
        if one is other or not self._belong_together(one, other, source.name) or self.interfere(one, other):
            return
        large, small = (one, other) if len(one.members) >= len(other.members) else (other, one)
        base = self._base(one, other)
        large.add(small.starts, small.ends)
        large.members += small.members
        large.apart += small.apart
        large.base = base
        large.is_fixed = one.is_fixed or other.is_fixed
        large.may_be_unbound = one.may_be_unbound or other.may_be_unbound
        for member in small.members:
            self.of[member] = large

    def _belong_together(self, one: _Class, other: _Class, source: str) -> bool:
        """One variable, or a value that is made for nothing but to be handed on under the other name."""
        if one.base == other.base or TEMPORARY in (one.base, other.base):
            return not (one.is_fixed and other.is_fixed)
        return self.counts[source] == 1 and not other.is_fixed

    def _base(self, one: _Class, other: _Class) -> str:
        if one.is_fixed or other.is_fixed:
            return one.base if one.is_fixed else other.base
        return other.base if one.base == TEMPORARY else one.base

    def interfere(self, one: _Class, other: _Class) -> bool:
        few, many = (one, other) if len(one.apart) <= len(other.apart) else (other, one)
        if any([self.of.get(name) is many for name in few.apart]):
            return True
        return one.overlaps(other.starts, other.ends)


def _variable(name: str, kept: set[str]) -> str:
    """What a value is a version of."""
    stem, _, count = name.rpartition("_")
    while stem and count.isdigit() and name not in kept:
        name = stem
        stem, _, count = name.rpartition("_")
    return name


def _unbound(statement: Statement) -> list[str]:
    match statement:
        case Let():
            return []
        case If():
            return [phi.name for phi in statement.outs if is_undefined(phi.then) or is_undefined(phi.orelse)]
        case For() | While():
            return [name for c in statement.carries if is_undefined(c.init) for name in (c.name, c.result)]


def _moves(program: Program, leaves: Leaves) -> list[tuple[str, Atom]]:
    """What is handed on under another name, what is run most often first."""
    found: list[tuple[int, str, Atom]] = []
    copies: list[tuple[int, str, Atom]] = []
    for depth, statement in _with_depth(program.body):
        match statement:
            case Let():
                if statement.op is same and len(statement.targets) == 1:
                    copies += [
                        (0, statement.targets[0], arg) for arg in statement.args if isinstance(arg, Var)
                    ]
            case If():
                for phi in statement.outs:
                    found += [(depth, phi.name, phi.then), (depth, phi.name, phi.orelse)]
            case For() | While():
                found += [(depth + 1, carry.name, carry.next) for carry in statement.carries]
                found += [(depth, carry.result, Var(carry.name)) for carry in statement.carries]
                found += [(depth, carry.name, carry.init) for carry in statement.carries]
    found.sort(key=lambda move: -move[0])
    return [(name, leaves.atom(source)) for _, name, source in (*found, *copies)]


def _with_depth(block: Block) -> Iterator[tuple[int, Statement]]:
    """Every statement with the number of loops around it."""
    waiting = [(0, statement) for statement in reversed(block)]
    while waiting:
        depth, statement = waiting.pop()
        yield depth, statement
        inside = depth + isinstance(statement, For | While)
        for part in reversed(blocks(statement)):
            waiting += [(inside, each) for each in reversed(part)]


def _assign(program: Program, live: Liveness, classes: _Classes) -> dict[str, str]:
    """Each class in turn, as they begin, takes the first name of its variable that is free."""
    distinct = list(dict.fromkeys(classes.of.values()))
    distinct.sort(key=lambda each: (not each.is_fixed, each.starts[0]))
    reserved = {*program.free, *[each.base for each in distinct]}
    variables: dict[str, _Variable] = {}
    found: dict[str, str] = {}
    for each in distinct:
        variable = variables.setdefault(each.base, _Variable(each.base))
        until = each.ends[-1]
        if each.may_be_unbound:
            until = _end_of_loop(until, live.loops)
        slot = variable.take(each, until, classes)
        if slot is None:
            slot = variable.open(each, until, set(program.free), reserved)
        for member in each.members:
            classes.of[member] = slot.values
            found[member] = slot.name
    return found


@dataclass(eq=False, slots=True)
class _Slot:
    """A name in the source, all the values that it stands for, and until when it is taken."""

    name: str
    values: _Class
    until: int


class _Variable:
    """The names of one variable's versions: `x`, `x_1`..."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.slots: list[_Slot] = []
        self.busy: list[tuple[int, int]] = []  # until when, which
        self.free: list[int] = []
        self.count = 0

    def take(self, each: _Class, until: int, classes: _Classes) -> _Slot | None:
        """A name in use on which the values may follow; what may be unbound follows on nothing."""
        start = each.starts[0]
        while self.busy and self.busy[0][0] < start:
            end, which = heapq.heappop(self.busy)
            if self.slots[which].until == end:
                heapq.heappush(self.free, which)
        if not self.slots or each.may_be_unbound:
            return None
        skipped: list[int] = []
        which: int | None = 0
        while which is not None and not self._fits(self.slots[which], each, classes):
            skipped += [which] if which else []
            which = heapq.heappop(self.free) if self.free else None
        for other in skipped:
            heapq.heappush(self.free, other)
        if which is None:
            return None
        slot = self.slots[which]
        slot.values.add(each.starts, each.ends)
        slot.values.members += each.members
        slot.values.apart += each.apart
        self._keep(which, until)
        return slot

    def _fits(self, slot: _Slot, each: _Class, classes: _Classes) -> bool:
        if slot.values.may_be_unbound and slot.until >= each.starts[0]:
            return False
        return not classes.interfere(slot.values, each)

    def _keep(self, which: int, until: int) -> None:
        slot = self.slots[which]
        slot.until = max(slot.until, until)
        heapq.heappush(self.busy, (slot.until, which))

    def open(self, each: _Class, until: int, free: set[str], reserved: set[str]) -> _Slot:
        """A name that stands for nothing yet."""
        name = self.base if not self.count else f"{self.base}_{self.count}"
        while name in free or (self.count and name in reserved):
            self.count += 1
            name = f"{self.base}_{self.count}"
        self.count += 1
        slot = _Slot(name, each, until)
        self.slots.append(slot)
        heapq.heappush(self.busy, (until, len(self.slots) - 1))
        return slot


def _end_of_loop(point: int, loops: list[Interval]) -> int:
    """The end of the outermost loop around a point, or the point itself."""
    place = bisect.bisect_right(loops, point, key=lambda loop: loop[0])
    return max(point, loops[place - 1][1]) if place else point
