"""One program into two: what runs forward, and what goes back once the cotangent is known."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from copy import copy as copy_of
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from tapeless.ir.aliases import NEW_ARRAYS, aliases, writes_of
from tapeless.ir.dead import drop_dead
from tapeless.ir.effects import written
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Atom,
    Block,
    Carry,
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
    build_tuple,
    defined,
    is_undefined,
    names_of,
    reads,
    same,
    walk,
)

ITERATORS = (reversed, zip, enumerate, iter)  # they are gone through once


def cut(
    joint: Program, kept: int, name: str, kinds: Mapping[str, str] | None = None
) -> tuple[Program, Program]:
    """A joint program, whose last parameter is the cotangent of its first `kept` values, in two.

    `kinds` is for `aliases`.

    def f(x, dt):                def forward(x):                def backward(residuals, dt):
        y = np.sin(x)                y = np.sin(x)                  x, = residuals
        g = dt * np.cos(x)   =>      return y, (x,)                 return dt * np.cos(x)
        return y, g
    """
    seed = joint.params[-1]
    place = _first_on_the_way_back(joint.body, seed)
    names = Names(names_of(joint))
    front, back = _Buffers(joint, kinds or {}, names).moved(place, joint.exit.values[:kept])
    values, found = joint.exit.values[:kept], joint.exit.values[kept:]
    own = {defined_name for statement in walk(back) for defined_name in defined(statement)}
    wanted = dict.fromkeys([read for statement in walk(back) for read in reads(statement)])
    wanted.update(dict.fromkeys([atom.name for atom in found if isinstance(atom, Var)]))
    there = {*joint.params[:-1], *(n for statement in front for n in defined(statement))}
    residuals = [read for read in wanted if read in there and read not in own]
    front = bound(front, set(residuals))
    whole = names.fresh("residuals")
    pack = Let((whole,), build_tuple, tuple([Var(read) for read in residuals]))
    first = Program(
        f"{name}_forward",
        joint.params[:-1],
        (*front, pack),
        Return((*values, Var(whole)), as_tuple=True),
        joint.free,
    )
    exit_ = Return(found, as_tuple=len(found) != 1)
    second = Program(
        f"{name}_backward", (whole, seed), (*unpacked(whole, residuals), *back), exit_, joint.free
    )
    return drop_dead(first), drop_dead(second)


class _Buffers:
    """What is written into on the way back is made there: it may be gone several times."""

    def __init__(self, joint: Program, kinds: Mapping[str, str], names: Names) -> None:
        self.joint = joint
        self.kinds = kinds
        self.names = names
        self.aliases = aliases(joint, kinds)

    def moved(self, place: int, values: tuple[Atom, ...]) -> tuple[Block, Block]:
        front, back = self.joint.body[:place], self.joint.body[place:]
        written_back = _written(back, self.kinds)
        read_in_front = {atom.name for atom in values if isinstance(atom, Var)}
        overwritten: set[int] = set()  # storage that a later statement in front writes into
        stays: list[Statement] = []
        moved: list[Statement] = []
        for statement in reversed(front):
            targets = set(defined(statement))
            if _is_chosen(statement) and targets & written_back and not targets & read_in_front:
                moved.append(statement)
                written_back.update(_handed_on(statement, self.kinds))
                continue
            if self._is_buffer(statement, targets & written_back) and not targets & read_in_front:
                if overwritten.isdisjoint(self._read(statement)):
                    moved.append(statement)
                    written_back.update(_shared(statement, self.kinds))
                    continue
                owns = {target: self.names.fresh(target) for target in statement.targets}
                moved.extend([self._copy(target, own, statement.line) for target, own in owns.items()])
                statement = replace(statement, targets=tuple(owns.values()))
            stays.append(statement)
            for inner in walk((statement,)):
                read_in_front.update(reads(inner))
                kind = writes_of(inner, self.aliases) if isinstance(inner, Let) else None
                overwritten.update(() if kind is None else (kind,))
        return tuple(reversed(stays)), (*reversed(moved), *back)

    def _is_buffer(self, statement: Statement, written_back: set[str]) -> TypeGuard[Let]:
        if not isinstance(statement, Let) or statement.effect:
            return False
        return statement.op in ITERATORS or bool(written_back)

    def _copy(self, target: str, own: str, line: int) -> Let:
        kind = self.kinds.get(target)
        copy = np.copy if kind == "array" else list if kind in ("list", "stack") else copy_of
        return Let((target,), copy, (Var(own),), line=line)

    def _read(self, statement: Statement) -> set[int]:
        return {kind for name in reads(statement) for kind in self.aliases.within(name)}


def _is_chosen(statement: Statement) -> TypeGuard[If]:
    """Whether a branch does no more than hand one of several arrays on, a part of it, or a new one."""
    if not isinstance(statement, If):
        return False
    return all([isinstance(s, If) or (isinstance(s, Let) and not s.effect) for s in walk((statement,))])


def _handed_on(branch: If, kinds: Mapping[str, str]) -> list[str]:
    """What is written into when what the branch hands on is."""
    found: list[str] = []
    for statement in walk((branch,)):
        if isinstance(statement, If):
            sides = [side for phi in statement.outs for side in (phi.then, phi.orelse)]
            found += [side.name for side in sides if isinstance(side, Var)]
        elif isinstance(statement, Let):
            found += _shared(statement, kinds)
    return found


def _shared(let: Let, kinds: Mapping[str, str]) -> list[str]:
    """What is written into when the result of a statement is: a view, and so what it is a view of."""
    is_new = id(let.op) in NEW_ARRAYS and all(kinds.get(name) == "array" for name in let.targets)
    return [] if is_new else reads(let)


def _written(block: Block, kinds: Mapping[str, str]) -> set[str]:
    """What a block writes into, also under another name: a view, what a loop or branch hands on."""
    found = {name for s in walk(block) if isinstance(s, Let) and (name := written(s)) is not None}
    before = -1
    while len(found) != before:
        before = len(found)
        for statement in walk(block):
            match statement:
                case Let():
                    others = _shared(statement, kinds) if found.intersection(statement.targets) else []
                case If():
                    sides = [
                        side for phi in statement.outs if phi.name in found for side in (phi.then, phi.orelse)
                    ]
                    others = [side.name for side in sides if isinstance(side, Var)]
                case For() | While():
                    starts = [c.init for c in statement.carries if {c.name, c.result} & found]
                    others = [start.name for start in starts if isinstance(start, Var)]
            found.update(others)
    return found


def bound(block: Block, needed: set[str]) -> Block:
    """What is handed over has a value on every way through: None where nothing reads it."""
    found: list[Statement] = []
    for statement in reversed(block):
        if isinstance(statement, If):
            outs = tuple([_bound_phi(phi) if phi.name in needed else phi for phi in statement.outs])
            _need(needed, [side for phi in outs if phi.name in needed for side in (phi.then, phi.orelse)])
            then, orelse = bound(statement.then, needed), bound(statement.orelse, needed)
            statement = replace(statement, then=then, orelse=orelse, outs=outs)
        elif isinstance(statement, For | While):
            wanted: list[Carry] = []
            body, size = statement.body, -1
            while size != len(wanted):  # what an iteration hands on may be needed in the next one
                size = len(wanted)
                wanted = [c for c in statement.carries if c.name in needed or c.result in needed]
                _need(needed, [atom for carry in wanted for atom in (carry.init, carry.next)])
                body = bound(statement.body, needed)
            carries = [_bound_carry(c) if any(c is one for one in wanted) else c for c in statement.carries]
            statement = replace(statement, carries=tuple(carries), body=body)
        found.append(statement)
    return tuple(reversed(found))


def _need(needed: set[str], atoms: list[Atom]) -> None:
    needed.update([atom.name for atom in atoms if isinstance(atom, Var)])


def _bound_phi(phi: Phi) -> Phi:
    sides = [Const(None) if is_undefined(side) else side for side in (phi.then, phi.orelse)]
    return Phi(phi.name, *sides)


def _bound_carry(carry: Carry) -> Carry:
    return replace(carry, init=Const(None)) if is_undefined(carry.init) else carry


def unpacked(whole: str, residuals: list[str]) -> Block:
    """What is handed over, under its names."""
    if not residuals:
        return ()
    if len(residuals) == 1:  # several targets unpack, one does not
        return (Let((residuals[0],), operator.getitem, (Var(whole), Const(0))),)
    return (Let(tuple(residuals), same, (Var(whole),)),)


def _first_on_the_way_back(body: Block, seed: str) -> int:
    """The place of the first statement that reads the cotangent."""
    for place, statement in enumerate(body):
        if any(seed in reads(inner) for inner in walk((statement,))):
            return place
    return len(body)
