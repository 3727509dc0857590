"""Which names may share storage, what is written, and which names are views of it."""

from __future__ import annotations

import bisect
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tapeless.ir import program as ir
from tapeless.ir.effects import reports, written
from tapeless.ir.inside import append_at, item_at, pop_at, put_at
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Argument, Atom, For, If, Let, Program, Statement, Var, While, named, walk
from tapeless.rules import (
    decompositions,
    fourier,
    indexing,
    joining,
    linalg,
    parts,
    reductions,
    signals,
    statistics,
    support,
    table,
)
from tapeless.rules.einsum import einsum_to
from tapeless.source.analyse.outline import ROOT, Outline
from tapeless.source.facts import UNKNOWN, Fact

# Storage: the name that it was made under, and the scope in each round of which there is a new one.
Site = tuple[str, int]
Sites = frozenset[Site]
NOTHING: Sites = frozenset()

# The result shares storage with the first argument, and the same call on an array laid out alike does so too.
VIEWS = frozenset(
    [
        ir.same,
        np.real,
        np.transpose,
        np.swapaxes,
        np.moveaxis,
        np.rollaxis,
        np.expand_dims,
        np.squeeze,
        np.matrix_transpose,
        np.flip,
        np.fliplr,
        np.flipud,
        np.rot90,
        np.linalg.matrix_transpose,
    ]
)
# The result may share storage with an argument, or may be a copy.
PERHAPS_VIEWS = frozenset(
    [
        np.reshape,
        ir.reshaped_part,
        np.ravel,
        np.asarray,
        np.asanyarray,
        np.ascontiguousarray,
        np.asfortranarray,
        np.imag,
        np.real_if_close,
        np.broadcast_to,
        np.broadcast_arrays,
        np.atleast_1d,
        np.atleast_2d,
        np.atleast_3d,
        np.diagonal,
        np.diag,
        np.split,
        np.array_split,
        np.hsplit,
        np.vsplit,
        np.dsplit,
        np.linalg.diagonal,
        support.as_dtype,
        support.unbroadcast,
        support.conjugate,
        support.masked,
        support.filled,
        support.restore_axes,
        support.merge_axes,
        support.split_axes,
        support.spread,
        decompositions.adjoint_if,
        decompositions.phase_free,
        fourier.fitted,
        indexing.undiag,
        joining.unconcatenate,
        joining.unstack,
        joining.unjoin,
        linalg.as_columns,
        linalg.from_columns,
        parts.diagonal_view,
        parts.pieces,
        parts.rows,
        reductions.gather_weights,
        reductions.spread_weights,
        signals.take_of_full,
        sliding_window_view,
        statistics.variables_transposed,
        getattr(np, "unstack", np.split),
    ]
)
BUILDERS = (ir.build_tuple, ir.build_list, ir.build_dict)
# Containers with the items of another.
REGROUPING = frozenset([list, tuple, dict, set, sorted, reversed, zip, enumerate, dict.values, dict.items])
PUTTING = (
    ir.push, list.append, list.extend, list.insert, operator.setitem, dict.update, dict.setdefault, put_at,
    append_at,
)  # fmt: skip
CREATING = frozenset(
    [np.zeros, np.ones, np.empty, np.full, np.eye, np.arange, np.linspace, np.array, np.copy, np.identity]
)
# Copies, unless they are told not to.
COPYING = (np.array, np.meshgrid, np.ndarray.astype, getattr(np, "astype", np.array))
FLAT = ("scalar", "slice")
# Under what a procedure notes the positions of the arguments that its result may show.
SHOWN = "shown"


@dataclass(slots=True)
class Aliasing:
    """For each name the storage it may stand for; where storage is written; which names must be views."""

    outline: Outline
    facts: dict[str, Fact]
    sites: dict[str, Sites] = field(default_factory=dict)
    contents: dict[Site, Sites] = field(default_factory=dict)
    writes: dict[Site, list[int]] = field(default_factory=dict)
    targets: set[str] = field(default_factory=set)

    def may_share(self, a: str, b: str) -> bool:
        return not self.of(a).isdisjoint(self.of(b))

    def of(self, name: str) -> Sites:
        return self.sites.get(name, NOTHING)

    def within(self, name: str) -> Sites:
        """The storage of a name, of what it holds, and of what that holds."""
        found = set(self.of(name))
        waiting = list(found)
        while waiting:
            new = self.contents.get(waiting.pop(), NOTHING) - found
            found.update(new)
            waiting.extend(new)
        return frozenset(found)

    def is_written_between(self, name: str, after: int, until: int) -> bool:
        """Whether the storage of a name is written after one position, at another at the latest."""
        for site in self.of(name):
            writes = self.writes.get(site, ())
            first = bisect.bisect_right(writes, after)
            if first < len(writes) and writes[first] <= until:
                return True
        return False

    def is_written_later(self, name: str, scope: int, position: int, *, deep: bool = False) -> bool:
        """Whether what is read of a name at a position in a scope is overwritten at some time after.

        With `deep`, what it holds counts too.
        """
        for site in self._now_and_aged(self.within(name) if deep else self.of(name)):
            outer = site[1] if self.outline.is_within(scope, site[1]) else ROOT
            loop = self.outline.loop_around(scope, outer)
            start = position if loop is None else loop.start - 1
            if any(write > start for write in self.writes.get(site, ())[-1:]):
                return True
        return False

    def is_written_in(self, name: str, scope: int, position: int, last: int) -> bool:
        """Whether it is overwritten after a position, in a later round too, but not later than `last`."""
        for site in self.of(name):
            outer = site[1] if self.outline.is_within(scope, site[1]) else ROOT
            loop = self.outline.loop_around(scope, outer)
            start = position if loop is None or last < loop.end else loop.start - 1
            if any(start < write <= last for write in self.writes.get(site, ())):
                return True
        return False

    def is_ever_written(self, name: str) -> bool:
        return any(site in self.writes for site in self._now_and_aged(self.of(name)))

    def _now_and_aged(self, sites: Sites) -> list[Site]:
        """Storage, and what carries call it in later rounds and after the loop."""
        found: list[Site] = []
        for made, scope in sorted(sites):
            found.append((made, scope))
            while scope != ROOT:
                scope = self.outline.scopes[scope].parent
                found.append((made, scope))
        return found


def may_view(let: Let) -> bool:
    """Whether what a call gives may be a part of an argument, by what it does or by how it is asked to."""
    if let.op in VIEWS or let.op in PERHAPS_VIEWS:
        return True
    given = dict(let.kwargs)
    if let.op in COPYING:
        copy = given.get("copy", ir.Const(True))
        return not isinstance(copy, ir.Const) or copy.value is not True
    if let.op is np.einsum:
        return len(let.args) == 2
    if let.op is einsum_to:
        return len(let.args) == 5
    if let.op in (np.diff, np.linalg.matrix_power):
        times = let.args[1] if len(let.args) > 1 else given.get("n")
        if times is None:
            return False
        same_at = 0 if let.op is np.diff else 1
        return not isinstance(times, ir.Const) or times.value == same_at
    return False


def aliasing(program: Program, facts: dict[str, Fact], found: Outline) -> Aliasing:
    """Storage, to a fixed point: names only ever come to stand for more."""
    made = _Flow(program, facts, found)
    while made.changed:
        made.changed = False
        for statement in walk(program.body):
            made.statement(statement)
    made.collect(program)
    return made.result


class _Flow:
    def __init__(self, program: Program, facts: dict[str, Fact], found: Outline) -> None:
        self.result = Aliasing(found, facts)
        self.outline = found
        self.facts = facts
        self.changed = True
        for name in (*program.params, *program.free):
            self._deep(name)

    def _deep(self, name: str) -> None:
        """A value from outside holds others, which hold others."""
        if self._kind(name) in FLAT:
            return
        site, held = (name, ROOT), (f"{name}[]", ROOT)
        self.result.sites[name] = frozenset([site])
        self.result.contents[site] = frozenset([held])
        self.result.contents[held] = frozenset([held])
        for place in self._stacks_in(name):
            self.result.contents[f"{name}[{place}]", ROOT] = frozenset([held])

    def _stacks_in(self, name: str) -> list[int]:
        """Where a tuple from outside holds stacks: each was made for itself, and nothing else holds it."""
        fact = self.facts.get(name, UNKNOWN)
        items = fact.items if fact.kind == "tuple" and fact.items is not None else ()
        return [k for k, item in enumerate(items) if isinstance(item, Fact) and item.kind == "stack"]

    def _kind(self, name: str) -> str:
        return self.facts.get(name, UNKNOWN).kind

    def _add(self, name: str, sites: Iterable[Site]) -> None:
        if self._kind(name) in FLAT:
            return
        old = self.result.of(name)
        new = old.union(sites)
        if len(new) != len(old):
            self.result.sites[name] = new
            self.changed = True

    def _hold(self, holders: Sites, sites: Sites) -> None:
        for holder in holders:
            old = self.result.contents.get(holder, NOTHING)
            new = old | sites
            if len(new) != len(old):
                self.result.contents[holder] = new
                self.changed = True

    def _sites(self, argument: Argument) -> Sites:
        name = named(argument)
        return NOTHING if name is None else self.result.of(name)

    def _contents(self, sites: Sites) -> Sites:
        return frozenset(held for site in sites for held in self.result.contents.get(site, NOTHING))

    def statement(self, statement: Statement) -> None:
        match statement:
            case Let():
                self._let(statement)
            case If():
                for phi in statement.outs:
                    self._add(phi.name, self._sites(phi.then) | self._sites(phi.orelse))
            case For() | While():
                if isinstance(statement, For):
                    items = self._items(statement.iterable)
                    for target in statement.targets:
                        self._add(target, items if len(statement.targets) == 1 else self._contents(items))
                for carry in statement.carries:
                    self._carry(carry, statement)

    def _items(self, iterable: Argument) -> Sites:
        """What the items of a value may share storage with: rows are views of their array."""
        sites = self._sites(iterable)
        name = named(iterable)
        kind = "object" if name is None else self._kind(name)
        held = self._contents(sites)
        return sites if kind in ("array", "numeric") else held if kind != "object" else sites | held

    def _carry(self, carry: ir.Carry, loop: For | While) -> None:
        """What was made in one round is, in the next, no more what that round makes; so is what it holds."""
        inner = self.outline.inner[id(loop)][0]
        outer = self.outline.scopes[inner].parent

        def aged(sites: Iterable[Site]) -> Sites:
            return frozenset(
                [
                    (made, outer) if self.outline.is_within(scope, inner) else (made, scope)
                    for made, scope in sites
                ]
            )

        found = self._sites(carry.next)
        if isinstance(carry.next, Var):
            for site in sorted(self.result.within(carry.next.name)):
                if self.outline.is_within(site[1], inner):
                    self._hold(aged([site]), aged(self.result.contents.get(site, NOTHING)))
        self._add(carry.name, self._sites(carry.init) | aged(found))
        self._add(carry.result, self._sites(carry.init) | aged(found))

    def _let(self, let: Let) -> None:
        if let.op in (ir.push, ir.pop) and len(let.args) + len(let.targets) > 2:
            self._stack(let)
            return
        if let.op in PUTTING and let.args:
            into = self._sites(let.args[0])
            for argument in let.args[1:]:
                sites = self._sites(argument)
                self._hold(into, self._contents(sites) if let.op in (list.extend, dict.update) else sites)
        if not let.targets:
            return
        if let.op is ir.same and len(let.targets) > 1:
            self._unpack(let)
            return
        sites = self._result(let)
        if len(let.targets) > 1 and not isinstance(let.op, Procedure):
            sites = self._contents(sites)
        for target in let.targets:
            self._add(target, sites)

    def _unpack(self, let: Let) -> None:
        source = let.args[0]
        stacks = self._stacks_in(named(source) or "")
        held = self._contents(self._sites(source))
        for place, target in enumerate(let.targets):
            own: Sites = frozenset([(f"{named(source)}[{place}]", ROOT)])
            self._add(target, own if place in stacks else held)

    def _stack(self, let: Let) -> None:
        """Values that are pushed together are popped together: each has a place of its own."""
        stacks = self._sites(let.args[0])
        for place, value in enumerate(let.args[1:]):
            self._hold(_place(stacks, place), self._sites(value))
        for place, target in enumerate(let.targets):
            self._add(target, self._contents(_place(stacks, place)))

    def _result(self, let: Let) -> Sites:
        own: Sites = frozenset([(let.targets[0], self.outline.scope_of[let.targets[0]])])
        first = let.args[0] if let.args else None
        if let.op in BUILDERS:
            self._hold(own, self._all(let))
            return own
        if let.op is operator.getitem and first is not None:
            return self._items_or_part(let)
        if let.op in (item_at, pop_at) and first is not None:
            held = self._contents(self.result.within(named(first) or ""))
            self._hold(own, held)
            return held | own
        if let.op in (ir.pop, list.pop, dict.pop, dict.setdefault, dict.get) and first is not None:
            return self._contents(self._sites(first))
        if let.op in VIEWS and first is not None:
            return self._sites(first)
        if may_view(let):
            self._hold(own, self._all(let) | own)
            return self._all(let) | own
        if _is_fresh(let.op):
            self._hold(own, own | self._shown(let))
            return own
        if let.op in REGROUPING:
            self._hold(own, self._contents(self._all(let)))
            return own
        everything = self._given(let) if isinstance(let.op, Procedure) else self._all(let)
        everything = everything | self._contents(everything)
        self._hold(own, everything)
        return everything | own

    def _given(self, let: Let) -> Sites:
        """What the result of a procedure may be, or be a part of."""
        assert isinstance(let.op, Procedure)
        shown = let.op.derived.get(SHOWN, range(len(let.args)))
        return frozenset(site for k in shown for site in self._sites(let.args[k]))

    def _shown(self, let: Let) -> Sites:
        """What several results of one call may be parts of."""
        rule = table.find(let.op)
        if self._kind(let.targets[0]) in ("array", "numeric", "scalar") and len(let.targets) == 1:
            return NOTHING
        if rule is None or rule.kind == "constant":
            return NOTHING
        arrays = [arg for arg in let.args if self._kind(named(arg) or "") in ("array", "numeric", "object")]
        return frozenset(site for atom in arrays for site in self._sites(atom))

    def _items_or_part(self, let: Let) -> Sites:
        """`a[i]`: a part of an array, an item of a container; a slice of a list is a list of its own."""
        own: Sites = frozenset([(let.targets[0], self.outline.scope_of[let.targets[0]])])
        name = named(let.args[0])
        kind = "object" if name is None else self._kind(name)
        sites = self._sites(let.args[0])
        if kind in ("array", "numeric"):
            return sites if is_basic(let.args[1], self.facts) is not False else own
        held = self._contents(sites)
        if self._kind(let.targets[0]) in ("list", "tuple", "object"):
            self._hold(own, held)
            held = held | own
        return held | sites if kind == "object" else held

    def _all(self, let: Let) -> Sites:
        atoms = [*let.args, *(atom for _, atom in let.kwargs)]
        return frozenset(site for atom in atoms for site in self._sites(atom))

    def collect(self, program: Program) -> None:
        found: dict[Site, set[int]] = {}
        for statement in walk(program.body):
            if not isinstance(statement, Let):
                continue
            name = written(statement)
            if name is not None:
                self.result.targets.add(name)
            sites = self.result.of(name) if name is not None else self._touched(statement)
            for site in sites:
                found.setdefault(site, set()).add(self.outline.spans[id(statement)][0])
        self.result.writes = {site: sorted(positions) for site, positions in found.items()}

    def _touched(self, let: Let) -> Sites:
        """What a call of code that cannot be read may write into: all that it is given."""
        if not let.effect or isinstance(let.op, Procedure) or reports(let.op):
            return NOTHING
        names = [name for atom in ir.atoms(let) if (name := named(atom)) is not None]
        return frozenset(site for name in names for site in self.result.within(name))


def _place(stacks: Sites, place: int) -> Sites:
    return frozenset([(f"{name}#{place}", scope) for name, scope in stacks])


def _is_fresh(op: Any) -> bool:
    return op in CREATING or isinstance(op, np.ufunc) or table.find(op) is not None


def is_basic(index: Argument, facts: dict[str, Fact]) -> bool | None:
    """Whether an index picks by integers and slices alone, so that it shows a part of the array itself."""
    if isinstance(index, ir.Const):
        return _is_basic_value(index.value)
    fact = facts.get(named(index) or "", UNKNOWN)
    return _is_basic_fact(fact)


def _is_basic_value(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_basic_value(item) for item in value)
    return (
        value is None
        or value is Ellipsis
        or isinstance(value, slice)
        or (isinstance(value, int | np.integer) and not isinstance(value, bool))
    )


def _is_basic_fact(fact: Fact | Atom) -> bool | None:
    if isinstance(fact, Var):
        return None
    if isinstance(fact, ir.Const):
        return _is_basic_value(fact.value)
    if fact.kind == "slice":
        return True
    if fact.kind == "scalar":
        return None if fact.dtype is None else fact.dtype.kind in "iu"
    if fact.kind == "tuple" and fact.items is not None:
        parts = [_is_basic_fact(item) for item in fact.items]
        return False if False in parts else None if None in parts else True
    return None if fact.kind in ("object", "numeric", "tuple") else False
