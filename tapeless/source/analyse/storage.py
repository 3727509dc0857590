"""Which cotangents are updated in place, which are views of others, and which moves of storage are safe."""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.effects import written
from tapeless.ir.inside import item_at
from tapeless.ir.program import Argument, Atom, For, If, Let, Phi, Program, Statement, Var, While, named, walk
from tapeless.source.analyse.activity import Activity
from tapeless.source.analyse.aliasing import BUILDERS, PUTTING, VIEWS, Aliasing, Site, is_basic, may_view
from tapeless.source.analyse.choices import Choices
from tapeless.source.analyse.distinct import Distinct
from tapeless.source.analyse.outline import Outline
from tapeless.source.analyse.refusals import Refused
from tapeless.source.facts import UNKNOWN, Fact

ARRAYS = ("array", "numeric", "object")
READING = (operator.getitem, item_at)
MUTABLE = ("list", "dict", "stack")


@dataclass(slots=True)
class Storage:
    """`buffers`: names whose cotangent is one object that is written into.

    `views`: of these, those whose cotangent is a part of another's: the same operation makes it.
    `choices`: those whose cotangent is that of the name which a branch chooses; `sides`, see `Choices`.
    """

    buffers: set[str] = field(default_factory=set)
    views: dict[str, Let] = field(default_factory=dict)
    choices: dict[str, If] = field(default_factory=dict)
    sides: dict[tuple[str, int], str] = field(default_factory=dict)


def storage(
    program: Program, facts: dict[str, Fact], found: Outline, aliases: Aliasing, active: Activity
) -> Storage:
    """Decide for each active name, and refuse what cannot be decided."""
    made = _Deciding(facts, found, aliases, active)
    statements = list(walk(program.body))
    made.direct(statements)
    made.check_moves(statements)
    made.find_views(statements)
    made.spread(statements)
    made.check_putting(statements)
    return made.result


class _Deciding:
    def __init__(self, facts: dict[str, Fact], found: Outline, aliases: Aliasing, active: Activity) -> None:
        self.facts = facts
        self.outline = found
        self.aliases = aliases
        self.activity = active
        self.result = Storage()
        self.last_uses: dict[Site, int] = {}
        self.sharing: dict[Site, list[str]] = {}
        self.heirs: dict[str, list[str]] = {}  # which names stand for a name's storage next

    def kind(self, name: str) -> str:
        return self.facts.get(name, UNKNOWN).kind

    def direct(self, statements: list[Statement]) -> None:
        """What is written, and what is read in parts more than once."""
        reads: Counter[str] = Counter()
        for statement in statements:
            if isinstance(statement, For):
                name = named(statement.iterable)
                if name in self.activity.active and any(t in self.activity.active for t in statement.targets):
                    self.result.buffers.add(name)
            if not isinstance(statement, Let) or not self.activity.differentiates(statement):
                continue
            target = written(statement)
            if target in self.activity.active:
                self.result.buffers.add(target)
            if statement.op is operator.getitem:
                self._part(statement, reads)
            if statement.op is item_at and (owner := named(statement.args[0])) in self.activity.active:
                self.result.buffers.add(owner)
        self.result.buffers.update(
            name for name, count in reads.items() if count > 1 and self.kind(name) == "array"
        )

    def _part(self, let: Let, reads: Counter[str]) -> None:
        name = named(let.args[0])
        if name not in self.activity.active:
            return
        kind = self.kind(name)
        own = self.outline.scope_of[name]
        here = self.outline.scope_of[let.targets[0]]
        if kind == "array":
            reads[name] += 1
            if self.outline.loop_around(here, own) is not None:
                self.result.buffers.add(name)
        elif kind in ("list", "tuple", "dict") and not self._is_known(let):
            self.result.buffers.add(name)

    def _is_known(self, let: Let) -> bool:
        """Whether it is known which items a part of a container is."""
        index, items = let.args[1], self.facts.get(named(let.args[0]) or "", UNKNOWN).items
        return isinstance(index, ir.Const) and (items is not None or not isinstance(index.value, slice))

    def find_views(self, statements: list[Statement]) -> None:
        """A view that lives while its storage is written; what such a view is a view of."""
        lets = [s for s in statements if isinstance(s, Let) and s.targets and self._may_view(s)]
        for let in lets:
            if any(self._is_overwritten(name) for name in let.targets):
                self._treat(let)
        for branch in self.result.choices.values():
            for phi in branch.outs:
                self._choose(phi)
        for let in reversed(lets):  # what a view was taken of comes before it
            if let.targets[0] in self.result.views:
                base = named(let.args[0])
                if base is not None:
                    self.result.buffers.add(base)
                    definition = self.outline.definition.get(base)
                    if isinstance(definition, Let) and self._may_view(definition):
                        self._treat(definition)

    def _choose(self, phi: Phi) -> None:
        """The arrays that a name may stand for keep their own cotangents, as parts of others if they are."""
        if phi.name not in self.result.choices:
            return
        self.result.buffers.add(phi.name)
        for name in (named(side) for side in (phi.then, phi.orelse)):
            if name is not None:
                self.result.buffers.add(name)
                definition = self.outline.definition.get(name)
                if isinstance(definition, Let) and self._may_view(definition):
                    self._treat(definition)

    def _is_overwritten(self, name: str) -> bool:
        if name not in self.activity.active or self.kind(name) == "scalar":
            return False
        position = self.outline.position[name]
        last = self.outline.last_use.get(name, position)
        return (name in self.result.buffers and name in self.aliases.targets) or (
            self.aliases.is_written_between(name, position, last)
        )

    def _may_view(self, let: Let) -> bool:
        """Whether the result may show a part of an argument's storage."""
        bases = [name for atom in ir.atoms(let) if (name := named(atom)) in self.activity.active]
        if let.op in READING and bases and self.kind(bases[0]) in ("list", "tuple", "dict"):
            return not self._is_slice(let)
        if let.op is not operator.getitem and not may_view(let):
            return False
        return any(self.aliases.may_share(base, name) for base in bases for name in let.targets)

    def _is_slice(self, let: Let) -> bool:
        """Whether it takes several items of a list, as a list of its own."""
        index = let.args[-1]
        if isinstance(index, ir.Const):
            return isinstance(index.value, slice)
        return self.facts.get(named(index) or "", UNKNOWN).kind == "slice"

    def _treat(self, let: Let) -> None:
        if len(let.targets) != 1:
            raise Refused(let, "writes into what several names share", "copy the parts first: x.copy()")
        base, name = named(let.args[0]), let.targets[0]
        if let.op in READING and base is not None:
            if self.kind(base) not in ("array", "numeric"):
                raise Refused(let, "writes into an array that a container holds", "write into a copy of it")
            if is_basic(let.args[1], self.facts) is not True or self.kind(name) != "array":
                raise Refused(
                    let, "takes what may be a view of an array that is written later", "use .copy()"
                )
        elif base is None or (let.op not in VIEWS and not _is_reshape(let)):
            raise Refused(let, "gives a view or a copy of an array that is written later", "use .copy()")
        self.result.views[name] = let
        self.result.buffers.add(name)

    def spread(self, statements: list[Statement]) -> None:
        """A cotangent that is one object stays so as its name changes at the ends of branches and loops."""
        edges: dict[str, list[str]] = {}
        for statement in statements:
            for a, b in moves(statement):
                if all(n in self.activity.active and self.kind(n) != "scalar" for n in (a, b)):
                    edges.setdefault(a, []).append(b)
                    edges.setdefault(b, []).append(a)
        waiting = [name for name in edges if name in self.result.buffers]
        while waiting:
            for other in edges.get(waiting.pop(), ()):
                if other not in self.result.buffers:
                    self.result.buffers.add(other)
                    waiting.append(other)

    def check_moves(self, statements: list[Statement]) -> None:
        """Which names stand for arrays that keep other names; elsewhere an array has one name at a time."""
        for name, sites in self.aliases.sites.items():
            if name in self.activity.active:
                for site in sites:
                    if site in self.aliases.writes:
                        self.sharing.setdefault(site, []).append(name)
        self._find_heirs(statements)
        distinct = Distinct(self.facts, self.outline, self.aliases)
        choices = Choices(
            self.facts, self.outline, self.aliases, self.activity, distinct,
            self._loses, self._second_name, self.reach,
        )  # fmt: skip
        choices.find([statement for statement in statements if isinstance(statement, If)])
        self.result.choices, self.result.sides = choices.found, choices.kinds
        for statement in statements:
            if isinstance(statement, For | While):
                for old, new in moves(statement):
                    if old in self.activity.active and self._loses(old, new, statement):
                        raise self._second_name(old, new, statement)
                choices.loop(statement)

    def _find_heirs(self, statements: list[Statement]) -> None:
        for statement in statements:
            if isinstance(statement, Let):
                names = [name for atom in ir.atoms(statement) if (name := named(atom)) is not None]
                pairs = [(name, target) for name in names for target in statement.targets]
            else:
                pairs = moves(statement)
            for old, new in pairs:
                if self.aliases.may_share(old, new):
                    self.heirs.setdefault(old, []).append(new)

    def reach(self, name: str, beside: tuple[str, ...]) -> int:
        """When a name, or what stands for its storage next, is used last; not what comes of those beside."""
        seen, waiting, last = {name, *beside}, [name], -1
        while waiting:
            current = waiting.pop()
            last = max(last, self.outline.last_use.get(current, -1))
            for heir in self.heirs.get(current, ()):
                if heir not in seen:
                    seen.add(heir)
                    waiting.append(heir)
        return last

    def check_putting(self, statements: list[Statement]) -> None:
        """What a container holds has a cotangent of its own: it must not be written into any more."""
        for name, sites in self.aliases.sites.items():
            for site in sites:
                last = self.outline.last_use.get(name, -1)
                self.last_uses[site] = max(last, self.last_uses.get(site, -1))
        for statement in statements:
            if not isinstance(statement, Let) or statement.op not in (*PUTTING, *BUILDERS):
                continue
            holder = statement.targets[0] if statement.op in BUILDERS else written(statement)
            values = statement.args if statement.op in BUILDERS else statement.args[1:]
            if holder in self.activity.active:
                for place, value in enumerate(values):
                    kept = self.activity.keeps(self.aliases.of(holder), place)
                    if statement.op is not ir.push or kept:
                        self._check_held(named(value), holder, statement)

    def _check_held(self, name: str | None, holder: str, let: Let) -> None:
        if name not in self.activity.active or self.kind(holder) == "array":
            return
        if not self.aliases.is_ever_written(name):
            return
        start, _ = self.outline.spans[id(let)]
        last = max(self.last_uses.get(site, -1) for site in self.aliases.of(holder))
        if self.aliases.is_written_in(name, self.outline.home[id(let)], start, last):
            raise Refused(
                let,
                f"keeps {base_name(name)} in a container, and it is written into later",
                f"keep {base_name(name)}.copy()",
            )

    def _loses(self, old: str, new: str, statement: Statement) -> bool:
        """Whether the old name of storage that is written later is used beside the new one."""
        start, end = self.outline.spans[id(statement)]
        is_loop = isinstance(statement, For | While)
        begin = start if is_loop else end - 1
        for site in self.aliases.of(old) & self.aliases.of(new):
            for other in self.sharing.get(site, ()):
                used = self.outline.last_use.get(other, -1)
                if other == new or self.outline.position[other] >= end or used <= begin:
                    continue
                if is_loop and self._is_of_a_round(other, statement):
                    continue
                last = self.reach(other, _family(new, statement))
                if any(begin < write <= last for write in self.aliases.writes[site]):
                    return True
        return False

    def _second_name(self, old: str, new: str, statement: Statement) -> Refused:
        first, second = base_name(old), base_name(new)
        unnamed = first == "t"
        return Refused(
            statement,
            f"gives {'an array' if unnamed else first} a second name, {second}, and then writes into it",
            f"use {second if unnamed else first}.copy()",
        )

    def _is_of_a_round(self, name: str, loop: Statement) -> bool:
        """Whether a name is gone when its loop comes to the end of a round."""
        return self.outline.is_within(self.outline.scope_of[name], self.outline.inner[id(loop)][0])


def _family(name: str, statement: Statement) -> tuple[str, ...]:
    """The names of one value that goes round a loop."""
    if isinstance(statement, For | While):
        pairs = [(carry.name, carry.result) for carry in statement.carries]
        return next(pair for pair in pairs if name in pair)
    return (name,)


def base_name(name: str) -> str:
    """What the user called it."""
    stem, _, count = name.rpartition("_")
    return stem if stem and count.isdigit() else name


def moves(statement: Statement) -> list[tuple[str, str]]:
    """Pairs of an old and a new name for one value, at the ends of branches and around loops."""
    pairs: list[tuple[Atom, str]] = []
    match statement:
        case Let():
            pass
        case If():
            pairs = [(atom, phi.name) for phi in statement.outs for atom in (phi.then, phi.orelse)]
        case For() | While():
            for carry in statement.carries:
                pairs += [(carry.init, carry.name), (carry.next, carry.name)]
                pairs += [(carry.init, carry.result), (carry.next, carry.result)]
    return [(atom.name, name) for atom, name in pairs if isinstance(atom, Var)]


def _is_reshape(let: Let) -> bool:
    """Whether it is known how to make of a cotangent what an operation that may copy made of its array."""
    plain = not let.kwargs and len(let.args) == (1 if let.op is np.ravel else 2)  # without an order
    return let.op is ir.reshaped_part or (plain and let.op in (np.reshape, np.ravel))


def may_repeat(index: Argument, facts: dict[str, Fact]) -> bool:
    """Whether an index may name an element twice: only integers in an array can."""
    if isinstance(index, ir.Const):
        return not _is_plain(index)
    return not _is_plain(facts.get(named(index) or "", UNKNOWN))


def _is_plain(item: Fact | Atom) -> bool:
    if isinstance(item, ir.Const):
        value = item.value
        if isinstance(value, tuple):
            return all(_is_plain(ir.Const(part)) for part in value)
        return value is None or value is Ellipsis or isinstance(value, slice | int)
    if isinstance(item, Var):
        return False
    if item.kind == "tuple":
        return item.items is not None and all(_is_plain(part) for part in item.items)
    if item.kind in ("array", "numeric") and item.dtype is not None:
        return item.dtype.kind == "b" or item.dims == ()
    return item.kind in ("slice", "scalar")
