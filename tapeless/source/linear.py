"""A program with tangents into two: what it computes once, and the linear map of its tangents.

def f(x, tx):                  def f_linearized(x):              def f_pushforward(residuals, tx):
    c = np.cos(x)                  c = np.cos(x)                     c, = residuals
    y = np.sin(x)           =>     y = np.sin(x)              ,      return tx * c
    return y, tx * c               return y, (c,)

A loop over both becomes two: the first keeps for each iteration what the second reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tapeless.ir.aliases import aliases, writes_of
from tapeless.ir.dead import drop_dead
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Statement,
    Var,
    While,
    blocks,
    build_tuple,
    defined,
    inner,
    named,
    names_of,
    new_stack,
    push,
    reads,
    walk,
)
from tapeless.ir.renaming import rename, rename_block
from tapeless.rules.lists import added, zeros_of
from tapeless.source.cut import ITERATORS, bound, unpacked
from tapeless.source.facts import Fact
from tapeless.source.simplify.helpers import FRESH
from tapeless.source.simplify.known import kinds_of

OF_SHAPE = (np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.shape, np.ndim, np.size)
Sides = tuple[list[Statement], list[Statement]]
Spot = tuple[int, tuple[int, ...]]  # a statement's place in the order of the text, and the loops around it


def linear(
    pushed: Program, facts: Mapping[str, Fact], count: int, name: str, *, tidy: bool = True
) -> tuple[Program, Program] | None:
    """A program, whose last `count` parameters are tangents, in two; None where it is of one piece.

    Where it is not to be tidy what nobody reads stays, as others may; names that facts are of stay free.
    """
    primals, tangents = pushed.params[:-count], pushed.params[-count:]
    tainted = _tainted(pushed, facts, tangents)
    values, tangent = pushed.exit.values[:-1], pushed.exit.values[-1]
    if tainted is None or any(named(value) in tainted.names for value in values):
        return None
    taken = names_of(pushed) if tidy else {*facts, *names_of(pushed)}
    work = _Split(pushed, tainted, Names(taken))
    first, second = work.block(pushed.body)
    if work.stuck:
        return None
    residuals = work.kept(first, second, [tangent], primals)
    front = bound(tuple(first), {*residuals, *work.handed})
    whole = work.names.fresh("residuals")
    pack = Let((whole,), build_tuple, tuple([Var(read) for read in residuals]))
    exit_ = Return((*values, Var(whole)), as_tuple=True)
    one = Program(f"{name}_linearized", primals, (*front, pack), exit_, pushed.free)
    body = (*unpacked(whole, residuals), *second)
    other = Program(f"{name}_pushforward", (whole, *tangents), body, Return((tangent,)), pushed.free)
    if not tidy:
        return one, other
    kinds = kinds_of(facts)
    return drop_dead(one, kinds), drop_dead(other, kinds)


# What depends on the tangents -------------------------------------------------------------------------


@dataclass(slots=True)
class _Tainted:
    """The names that depend on tangents, and the writes into memory that they have a part in.

    `written`: by memory, the other writes into it.  `classes`: the memory that a name holds.
    """

    names: set[str]
    writes: set[int]
    written: dict[int, list[Spot]] = field(default_factory=dict)
    classes: dict[str, list[int]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    spots: dict[int, Spot] = field(default_factory=dict)
    used_up: set[str] = field(default_factory=set)  # iterators

    def is_clobbered(self, name: str, spot: Spot) -> bool:
        """Whether what is read here is another when all that is computed once has been."""
        place, around = spot
        writes = [write for kind in self.classes.get(name, ()) for write in self.written.get(kind, ())]
        later = any(at > place or not set(around).isdisjoint(loops) for at, loops in writes)
        return later or name in self.used_up


def _tainted(program: Program, facts: Mapping[str, Fact], tangents: Iterable[str]) -> _Tainted | None:
    """None if what the caller knows is written into with tangents."""
    known = aliases(program, kinds_of(facts), FRESH | {id(zeros_of), id(added)})
    found = _Tainted(set(tangents), set(), kinds=kinds_of(facts))
    classes = found.classes = {name: list(known.within(name)) for name in sorted(names_of(program))}
    _locate(program.body, (), found)
    lets = [s for s in walk(program.body) if isinstance(s, Let)]
    found.used_up.update([name for let in lets if let.op in ITERATORS for name in let.targets])
    writers = [let for let in lets if let.effect]
    targets = {id(s): kind for s in writers if (kind := writes_of(s, known)) is not None}
    size = -1
    while size != len(found.names) + len(found.writes):
        size = len(found.names) + len(found.writes)
        for statement in walk(program.body):
            _spread(statement, found.names)
            if isinstance(statement, Let) and statement.effect and _touches(statement, found.names):
                found.writes.add(id(statement))
        theirs = {kind for name in found.names for kind in classes.get(name, ())}
        theirs = {targets[at] for at in targets if targets[at] in theirs or at in found.writes}
        if known.outside in theirs:
            return None
        found.names.update([name for name, kinds in classes.items() if not theirs.isdisjoint(kinds)])
    for statement in writers:
        if id(statement) in targets and id(statement) not in found.writes:
            found.written.setdefault(targets[id(statement)], []).append(found.spots[id(statement)])
    return found


def _locate(block: Block, around: tuple[int, ...], found: _Tainted) -> None:
    for statement in block:
        found.spots[id(statement)] = (len(found.spots), around)
        loops = (*around, id(statement)) if isinstance(statement, For | While) else around
        for part in blocks(statement):
            _locate(part, loops, found)


def _touches(statement: Statement, names: set[str]) -> bool:
    return not names.isdisjoint(reads(statement))


def _spread(statement: Statement, names: set[str]) -> None:
    """What comes of what depends on tangents does so too."""
    match statement:
        case Let():
            if _touches(statement, names) or not names.isdisjoint(statement.targets):
                names.update(statement.targets)
        case If():
            if named(statement.test) in names:
                names.update(_within(statement))
            names.update([p.name for p in statement.outs if {named(p.then), named(p.orelse)} & names])
        case For() | While():
            decides = [statement.until, statement.iterable if isinstance(statement, For) else statement.test]
            heads = statement.head if isinstance(statement, While) else ()
            is_bound = any(atom is not None and named(atom) in names for atom in decides)
            is_bound |= isinstance(statement, For) and not names.isdisjoint(statement.targets)
            if is_bound or any(not names.isdisjoint(defined(s)) for s in walk(heads)):
                names.update(_within(statement))
            for carry in statement.carries:
                if {named(carry.init), named(carry.next), carry.name, carry.result} & names:
                    names.update((carry.name, carry.result))


def _within(statement: Statement) -> list[str]:
    return [name for s in walk((statement,)) for name in (*defined(s), *inner(s))]


# Statements -------------------------------------------------------------------------------------------


class _Split:
    """Puts each statement on its side, a loop or branch on both."""

    def __init__(self, program: Program, tainted: _Tainted, names: Names) -> None:
        self.tainted = tainted
        self.names = names
        self.ranges = {
            s.targets[0] for s in walk(program.body) if isinstance(s, Let) and s.op is range and s.targets
        }
        self.handed: set[str] = set()  # what loops and branches keep for their other half
        self.stuck = False

    def is_tainted(self, argument: Argument | None) -> bool:
        return argument is not None and named(argument) in self.tainted.names

    def block(self, block: Block) -> Sides:
        first: list[Statement] = []
        second: list[Statement] = []
        for statement in block:
            match statement:
                case Let():
                    self._let(statement, first, second)
                case If():
                    self._branch(statement, first, second)
                case For() | While():
                    self._loop(statement, first, second)
        return first, second

    def _let(self, let: Let, first: list[Statement], second: list[Statement]) -> None:
        is_second = any(map(self.is_tainted, map(Var, let.targets))) or id(let) in self.tainted.writes
        if not is_second:
            first.append(let)
            return
        second.append(rename(let, self._copies(let, first)))

    def _copies(self, statement: Let, first: list[Statement]) -> Mapping[str, Atom]:
        """Of what is written into later, what is read here is kept as it is now."""
        names: dict[str, Atom] = {}
        spot = self.tainted.spots[id(statement)]
        for name in dict.fromkeys(_looked_into(statement)):
            if name in self.tainted.names or not self.tainted.is_clobbered(name, spot):
                continue
            copied, copy = self.names.fresh(name), self._copying(statement, name)
            first.append(Let((copied,), copy, (Var(name),), line=statement.line))
            names[name] = Var(copied)
        return names

    def _copying(self, statement: Let, name: str) -> Callable[..., Any]:
        """What copies a value as far as a statement looks into it."""
        kind = self.tainted.kinds.get(name)
        if statement.op is zeros_of and kind in ("list", "dict"):
            return list if kind == "list" else dict
        self.stuck |= kind != "array"
        return np.copy

    def _check(self, statement: Statement, given: Iterable[Argument]) -> None:
        """What a branch or loop hands on as the tangent must be what it is now."""
        spot = self.tainted.spots[id(statement)]
        untainted = [name for atom in given if (name := named(atom)) not in self.tainted.names]
        self.stuck |= any(name is not None and self.tainted.is_clobbered(name, spot) for name in untainted)

    # Branches -----------------------------------------------------------------------------------------

    def _branch(self, branch: If, first: list[Statement], second: list[Statement]) -> None:
        outs = [phi for phi in branch.outs if not self.is_tainted(Var(phi.name))]
        others = [phi for phi in branch.outs if self.is_tainted(Var(phi.name))]
        self._check(branch, [atom for phi in others for atom in (phi.then, phi.orelse)])
        fronts: list[Block] = []
        backs: list[Block] = []
        renames: dict[str, Atom] = {}
        for number, block in enumerate((branch.then, branch.orelse)):
            front, back = self.block(block)
            ends = [(phi.then, phi.orelse)[number] for phi in others]
            names: dict[str, Atom] = {}
            for name in self.kept(front, back, ends, ()):
                out = self.names.fresh(name)
                self.handed.add(out)
                sides = (Var(name), Const(None)) if number == 0 else (Const(None), Var(name))
                outs.append(Phi(out, *sides))
                names[name] = Var(out)
            renames.update(names)
            fronts.append(tuple(front))
            backs.append(rename_block(tuple(back), names))
        if self.is_tainted(branch.test) or not (fronts[0] or fronts[1] or outs):
            second.append(branch)
            return
        first.append(replace(branch, then=fronts[0], orelse=fronts[1], outs=tuple(outs)))
        if backs[0] or backs[1] or others:
            other = replace(branch, then=backs[0], orelse=backs[1], outs=tuple(others))
            second.append(rename(other, renames))

    def kept(
        self, front: list[Statement], back: list[Statement], ends: Iterable[Argument], own: Iterable[str]
    ) -> list[str]:
        """What the second half of a block reads of the first; it repeats what is as quickly made as kept."""
        made: list[Statement] = []
        cheap = {name: let for let in front if self._is_cheap(let) for name in defined(let)}
        there = {*own, *_defined(front)}
        waiting = [*_reads(back), *[name for atom in ends if (name := named(atom)) is not None]]
        found: dict[str, None] = {}
        for name in waiting:  # which grows
            if name not in there or name in found:
                continue
            found[name] = None
            if name in cheap:
                made.append(cheap[name])
                waiting.extend(reads(cheap[name]))
        back[:0] = [let for let in front if any(let is one for one in made)]
        return [name for name in found if name not in cheap]

    def _is_cheap(self, let: Statement) -> bool:
        """Whether it makes a range, a slice or an index."""
        if not isinstance(let, Let) or let.op not in (range, slice, build_tuple):
            return False
        names = [named(arg) for arg in let.args]
        return all(name is None or self.tainted.kinds.get(name) == "scalar" for name in names)

    # Loops --------------------------------------------------------------------------------------------

    def _loop(self, loop: For | While, first: list[Statement], second: list[Statement]) -> None:
        if self._is_whole(loop):
            second.append(loop)
            self._check_whole(loop)
            return
        carries = [carry for carry in loop.carries if not self.is_tainted(Var(carry.name))]
        others = [carry for carry in loop.carries if self.is_tainted(Var(carry.name))]
        self._check(loop, [atom for carry in others for atom in (carry.init, carry.next)])
        front, back = self.block(loop.body)
        if not back and not others:
            first.append(replace(loop, carries=tuple(carries), body=tuple(front)))
            return
        targets = loop.targets if isinstance(loop, For) else ()
        own = [*targets, *[carry.name for carry in carries]]
        heads = _defined(loop.head) if isinstance(loop, While) else []
        kept = self.kept(front, back, [carry.next for carry in others], (*own, *heads))
        if isinstance(loop, For) and self._is_counted(loop) and set(kept) <= set(targets):
            if front or carries:
                first.append(replace(loop, carries=tuple(carries), body=tuple(front)))
            second.append(replace(loop, carries=tuple(others), body=tuple(back)))
            return
        self.handed.update(kept)
        saved = self.names.fresh("saved")
        first.append(Let((saved,), new_stack, (), line=loop.line))
        values = [Var(name) for name in kept] or [Const(None)]
        front.append(Let((), push, (Var(saved), *values), line=loop.line, effect=True))
        first.append(replace(loop, carries=tuple(carries), body=tuple(front)))
        items = tuple(kept) or (self.names.fresh("t"),)
        second.append(For(items, Var(saved), tuple(others), tuple(back), line=loop.line))

    def _is_whole(self, loop: For | While) -> bool:
        """Whether a loop depends on tangents with all that is in it."""
        heads = _defined(loop.head) if isinstance(loop, While) else loop.targets
        decides = loop.iterable if isinstance(loop, For) else loop.test
        return any(map(self.is_tainted, [decides, loop.until, *map(Var, heads)]))

    def _is_counted(self, loop: For) -> bool:
        """Whether a loop may be run again as it stands."""
        return loop.until is None and named(loop.iterable) in self.ranges

    def _check_whole(self, loop: For | While) -> None:
        """All within depends on tangents and stays as it is: it reads nothing that is written into later."""
        if isinstance(loop, For) and not self.is_tainted(loop.iterable):
            name = named(loop.iterable)
            kind = self.tainted.kinds.get(name or "")
            self.stuck |= name not in self.ranges and kind not in ("array", "list", "tuple")
        for statement in walk((loop,)):
            self._check(statement, [Var(name) for name in reads(statement)])


def _looked_into(let: Let) -> list[str]:
    """What a statement reads the content of; of some the shape is enough."""
    return reads(replace(let, args=let.args[1:]) if let.op in OF_SHAPE else let)


def _defined(block: Iterable[Statement]) -> list[str]:
    return [name for statement in block for name in defined(statement)]


def _reads(block: Iterable[Statement]) -> list[str]:
    return [name for statement in walk(tuple(block)) for name in reads(statement)]
