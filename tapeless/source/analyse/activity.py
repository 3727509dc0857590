"""Which names carry derivatives: they depend on what is differentiated, and the result depends on them."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.effects import reports, written
from tapeless.ir.program import Argument, Atom, For, If, Let, Program, Statement, While, named, walk
from tapeless.rules import table
from tapeless.source.analyse.aliasing import Aliasing, Site, Sites
from tapeless.source.facts import UNKNOWN, Fact

# Nothing flows through these, nor through what has a constant rule.
CUTTING = frozenset(
    [
        len,
        range,
        slice,
        int,
        bool,
        str,
        repr,
        isinstance,
        type,
        hash,
        id,
        callable,
        builtins.any,
        builtins.all,
        operator.is_,
        operator.is_not,
        operator.not_,
        operator.contains,
        operator.truth,
        ir.join_text,
        ir.new_stack,
        round,
        list.index,
        list.count,
    ]
)


# In the place of a position: the values were not taken apart.
WHOLE = -1


@dataclass(frozen=True, slots=True)
class Activity:
    """The names whose cotangents the backward part computes; stacks keep what is active at each position."""

    active: frozenset[str]
    varied: frozenset[str]
    useful: frozenset[str]
    kept: frozenset[tuple[Site, int]] = frozenset()

    def keeps(self, sites: Sites, position: int) -> bool:
        """Whether what a stack keeps at a position carries a derivative, wherever it is pushed or popped."""
        return any((site, place) in self.kept for site in sites for place in (position, WHOLE))

    def is_active(self, argument: Argument | Atom) -> bool:
        return named(argument) in self.active

    def differentiates(self, let: Let) -> bool:
        """Whether something flows through a statement."""
        if is_cut(let):
            return False
        target = written(let)
        if target in self.active:
            return True
        into = any(name in self.active for name in let.targets)
        return into and any(self.is_active(atom) for atom in ir.atoms(let))


def is_cut(let: Let) -> bool:
    """Whether an operation passes nothing on."""
    if let.op in CUTTING or reports(let.op):
        return True
    rule = table.find(let.op)
    return (rule is not None and rule.kind == "constant") or _cast(let) is False


CASTS = frozenset([np.ndarray.astype, np.array, np.asarray, getattr(np, "astype", np.asarray)])


def _cast(let: Let) -> bool | None:
    """Whether a call casts to floats; None where nothing is said of a dtype."""
    wanted = dict(let.kwargs).get("dtype")
    if wanted is None and let.op in CASTS and len(let.args) > 1:
        second = let.args[1]
        wanted = second if isinstance(second, ir.Const) else None
    if not isinstance(wanted, ir.Const) or wanted.value is None:
        return None
    try:
        return np.dtype(wanted.value).kind in "fcO"
    except TypeError:
        return None


def is_inexact_cast(let: Let) -> bool:
    """Whether it is known that a call casts to floats or complex numbers."""
    return _cast(let) is True


def carries_no_derivative(fact: Fact) -> bool:
    """Integers, truth values, text, slices, and tuples of nothing else; a list may be written into."""
    if fact.kind == "slice" or (fact.kind == "object" and fact.dtype is not None):
        return True
    if fact.kind == "tuple" and fact.items is not None:
        return all(isinstance(item, ir.Const) or carries_no_derivative(item) for item in fact.items)
    if fact.kind == "tuple" and fact.item is not None:
        return carries_no_derivative(fact.item)
    return fact.dtype is not None and fact.dtype.kind not in "fcO"


def activity(
    program: Program, facts: dict[str, Fact], aliases: Aliasing, wrt: Iterable[str], outputs: Iterable[str]
) -> Activity:
    """Varied, forward, and useful, backward, each to a fixed point."""
    statements = list(walk(program.body))
    varied = _Varied(facts, aliases)
    for name in wrt:
        varied.mark(name)
    _settle(varied, statements)
    useful = _Useful(facts, aliases, frozenset(wrt))
    useful.read([ir.Var(name) for name in outputs])
    for name in _stacks_from(statements, facts, frozenset(wrt)):
        useful.mark_storage(name)
        useful.mark_place(ir.Var(name), WHOLE)
    _settle(useful, statements[::-1])
    active = frozenset(varied.names & useful.names)
    kept = _kept(varied.places, useful.places)
    return Activity(active, frozenset(varied.names), frozenset(useful.names), kept)


def _stacks_from(statements: list[Statement], facts: dict[str, Fact], wrt: frozenset[str]) -> list[str]:
    """Stacks that another program has filled: it takes as many cotangents off theirs, if only zeros."""
    lets = [s for s in statements if isinstance(s, Let) and s.op is ir.same and named(s.args[0]) in wrt]
    return [name for let in lets for name in let.targets if facts.get(name, UNKNOWN).kind == "stack"]


def _kept(varied: set[tuple[Site, int]], useful: set[tuple[Site, int]]) -> frozenset[tuple[Site, int]]:
    """Places of stacks that are both; of a stack that another program fills or empties, all are."""
    crossing = {site for site, place in varied | useful if place == WHOLE}
    both = {site for site, _ in varied} & {site for site, _ in useful}
    return frozenset((varied & useful) | {(site, WHOLE) for site in crossing & both})


def shielded(program: Program, facts: dict[str, Fact], aliases: Aliasing, active: Activity) -> frozenset[str]:
    """Names that go into a branch of np.where: a zero in their cotangent may say `not taken`."""
    chosen = [
        name
        for statement in walk(program.body)
        if isinstance(statement, Let) and statement.op is np.where and len(statement.args) == 3
        for atom in statement.args[1:]
        if (name := named(atom)) in active.active
    ]
    if not chosen:
        return frozenset()
    marks = _Useful(facts, aliases)
    for name in chosen:
        marks.mark(name)
    _settle(marks, list(walk(program.body))[::-1])
    return frozenset(marks.names)


def _settle(marks: _Marks, statements: list[Statement]) -> None:
    marks.made = {s.targets[0] for s in statements if isinstance(s, Let) and s.op is ir.new_stack}
    marks.changed = True
    while marks.changed:
        marks.changed = False
        for statement in statements:
            marks.statement(statement)


class _Marks:
    """A set of names that grows, together with those that share storage which is written."""

    def __init__(self, facts: dict[str, Fact], aliases: Aliasing) -> None:
        self.facts = facts
        self.aliases = aliases
        self.names: set[str] = set()
        self.sharing: dict[object, list[str]] = {}
        # What stacks keep: the stack, and which of the values that are pushed together.
        self.places: set[tuple[Site, int]] = set()
        self.made: set[str] = set()  # the stacks that are made here
        self.changed = False
        for name, sites in aliases.sites.items():
            for site in sites:
                if site in aliases.writes:
                    self.sharing.setdefault(site, []).append(name)

    def mark(self, name: str | None) -> None:
        if name is None or name in self.names or carries_no_derivative(self.facts.get(name, UNKNOWN)):
            return
        self.names.add(name)
        self.changed = True

    def mark_storage(self, name: str) -> None:
        """A write through one name is seen through all."""
        self.mark(name)
        for site in self.aliases.of(name):
            for other in self.sharing.get(site, ()):
                self.mark(other)

    def mark_place(self, stack: Argument, position: int) -> None:
        for site in self.aliases.of(named(stack) or ""):
            if (site, position) not in self.places:
                self.places.add((site, position))
                self.changed = True

    def has_place(self, stack: Argument, position: int) -> bool:
        sites = self.aliases.of(named(stack) or "")
        return any((site, place) in self.places for site in sites for place in (position, WHOLE))

    def has(self, argument: Argument | Atom) -> bool:
        return named(argument) in self.names

    def statement(self, statement: Statement) -> None:
        raise NotImplementedError


class _Varied(_Marks):
    def statement(self, statement: Statement) -> None:
        match statement:
            case Let():
                self._let(statement)
            case If():
                for phi in statement.outs:
                    if self.has(phi.then) or self.has(phi.orelse):
                        self.mark(phi.name)
            case For() | While():
                if isinstance(statement, For) and self.has(statement.iterable):
                    for target in statement.targets:
                        self.mark(target)
                for carry in statement.carries:
                    if self.has(carry.init) or self.has(carry.next):
                        self.mark(carry.name)
                        self.mark(carry.result)

    def _let(self, let: Let) -> None:
        if is_cut(let) or not any(self.has(atom) for atom in ir.atoms(let)):
            return
        if let.op in (ir.push, ir.pop):
            self._stack(let)
            return
        target = written(let)
        if target is not None:
            position_free = [atom for atom in ir.atoms(let) if named(atom) != target]
            if any(self.has(atom) for atom in position_free):
                self.mark_storage(target)
        for name in let.targets:
            self.mark(name)
            if self.aliases.is_ever_written(name):
                self.mark_storage(name)

    def _stack(self, let: Let) -> None:
        stack, *values = let.args
        if let.op is ir.push:
            for position, value in enumerate(values):
                if self.has(value):
                    self.mark_storage(named(stack) or "")
                    self.mark_place(stack, position)
            return
        if any(site[0] not in self.made for site in self.aliases.of(named(stack) or "")):
            self.mark_place(stack, WHOLE)  # it comes from outside: nobody knows what was pushed
        for position, name in enumerate(let.targets):
            if len(let.targets) == 1 or self.has_place(stack, position):
                self.mark(name)


class _Useful(_Marks):
    """Of the names that share storage with what is wanted, those that are written through are wanted too."""

    def __init__(self, facts: dict[str, Fact], aliases: Aliasing, wrt: frozenset[str] = frozenset()) -> None:
        super().__init__(facts, aliases)
        self.wrt = wrt  # what they were taken out of is no matter
        self.sharing = {
            site: [name for name in names if name in aliases.targets] for site, names in self.sharing.items()
        }

    def statement(self, statement: Statement) -> None:
        match statement:
            case Let():
                self._let(statement)
            case If():
                for phi in statement.outs:
                    if phi.name in self.names:
                        self.read([phi.then, phi.orelse])
            case For() | While():
                for carry in statement.carries:
                    if carry.result in self.names or carry.name in self.names:
                        self.mark(carry.name)
                        self.read([carry.init, carry.next])
                if isinstance(statement, For) and any(name in self.names for name in statement.targets):
                    self.read([statement.iterable])

    def read(self, atoms: Iterable[Argument]) -> None:
        """What is read; and where it is written, under whatever name."""
        for atom in atoms:
            name = named(atom)
            if name is not None and self.aliases.is_ever_written(name):
                self.mark_storage(name)
            else:
                self.mark(name)

    def _let(self, let: Let) -> None:
        if is_cut(let) or any(name in self.wrt for name in let.targets):
            return
        target = written(let)
        wanted = any(name in self.names for name in let.targets) or (target in self.names)
        if not wanted:
            return
        if let.op in (ir.push, ir.pop):
            self._stack(let)
            return
        self.read(ir.atoms(let))
        for name in ir.reads(let):
            if self.facts.get(name, UNKNOWN).kind == "stack":
                self.mark_place(ir.Var(name), WHOLE)

    def _stack(self, let: Let) -> None:
        stack, *values = let.args
        if let.op is ir.push:
            for position, value in enumerate(values):
                if self.has_place(stack, position):
                    self.mark(named(value))
            return
        self.mark_storage(named(stack) or "")
        for position, name in enumerate(let.targets):
            if name in self.names:
                self.mark_place(stack, position)
