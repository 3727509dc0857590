"""From a program to its cotangents: as one program, or as a forward and a backward one."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tapeless.ir.dead import drop_dead
from tapeless.ir.nesting import with_blocks
from tapeless.ir.program import (
    Atom,
    Block,
    Const,
    Let,
    Program,
    Return,
    Var,
    build_tuple,
    defined,
    free_names,
    reads,
    same,
    walk,
)
from tapeless.source.expand import expanded
from tapeless.source.facts import FLOAT, Fact
from tapeless.source.reverse.blocks import backward
from tapeless.source.reverse.frame import Frame
from tapeless.source.reverse.work import Work
from tapeless.source.simplify.known import kinds_of

ONE = Const(1.0)


def reverse(
    program: Program,
    facts: Mapping[str, Fact],
    wrt: tuple[str, ...],
    *,
    seed: Atom | None = ONE,
    value: bool = False,
) -> tuple[Program, dict[str, Fact]]:
    """The program and, after it, the cotangents of `wrt`; with `value`, what the program returns comes first.

    Names of `wrt` are parameters, or defined at the top level: there the way back ends.  With no seed the
    cotangent of the result is a last parameter.

    y = np.sin(x)         y = np.sin(x)
    return y         =>   dx = 1.0 * np.cos(x)
                          return dx
    """
    going = _Going(program, facts, wrt)
    params = program.params
    if seed is None:
        seed = going.seed()
        params = (*params, seed.name)
    forward, back, found = going.run(seed)
    values = (*program.exit.values, *found) if value else found
    exit_ = Return(values, as_tuple=len(values) != 1)
    joint = Program(f"{program.name}_grad", params, (*forward, *_on_the_way_back(back)), exit_, program.free)
    return joint, going.work.facts


def reverse_pair(
    program: Program, facts: Mapping[str, Fact], wrt: tuple[str, ...]
) -> tuple[Program, Program, dict[str, Fact]]:
    """A forward program that returns its values and what it keeps; a backward one of that and a cotangent."""
    going = _Going(program, facts, wrt)
    seed = going.seed()
    forward, back, found = going.run(seed)
    work = going.work
    own = {name for statement in walk(back) for name in defined(statement)}
    wanted = dict.fromkeys([name for statement in walk(back) for name in reads(statement)])
    wanted.update(dict.fromkeys([atom.name for atom in found if isinstance(atom, Var)]))
    free = free_names(back) | {atom.name for atom in found if isinstance(atom, Var)} - own
    kept = [n for n in wanted if n in free and n not in own and n != seed.name and n not in program.free]
    packed, residuals = work.fresh("kept", Fact("tuple")), work.fresh("kept", Fact("tuple"))
    pack = Let((packed,), build_tuple, tuple([Var(name) for name in kept]))
    first = Program(
        f"{program.name}_forward",
        program.params,
        (*forward, pack),
        Return((*program.exit.values, Var(packed)), as_tuple=True),
        program.free,
    )
    unpack: Block = (Let(tuple(kept), same, (Var(residuals),)),) if kept else ()
    if len(kept) == 1:
        unpack = (Let(tuple(kept), operator.getitem, (Var(residuals), Const(0))),)
    exit_ = Return(found, as_tuple=len(found) != 1)
    params = (residuals, seed.name)
    second = Program(f"{program.name}_backward", params, (*unpack, *back), exit_, program.free)
    return first, second, work.facts


def _of_procedure(
    program: Program, facts: Mapping[str, Fact], wrt: tuple[str, ...]
) -> tuple[Program, dict[str, Fact]]:
    return reverse(program, facts, wrt, seed=None, value=True)


def _on_the_way_back(block: Block) -> Block:
    """The statements with negative lines, by which whoever prints them tells them from the forward ones."""
    return tuple(
        [replace(with_blocks(s, _on_the_way_back), line=-s.line if s.line > 0 else s.line) for s in block]
    )


def _live(program: Program, facts: Mapping[str, Fact], wrt: tuple[str, ...]) -> Program:
    """What is read: a name that a loop or branch hands on to nobody is no second name of an array."""
    wanted = (*program.exit.values, *[Var(name) for name in wrt])
    left = drop_dead(replace(program, exit=replace(program.exit, values=wanted)), kinds_of(facts))
    return replace(left, exit=program.exit)


class _Going:
    """One program on its way back, as a whole."""

    def __init__(self, program: Program, facts: Mapping[str, Fact], wrt: tuple[str, ...]) -> None:
        whole, known = expanded(program, facts)
        self.program = _live(whole, known, wrt)
        self.work = Work(self.program, known, wrt)
        self.work.reverse = _of_procedure
        self.wrt = wrt

    def seed(self) -> Var:
        """The parameter that takes the cotangent of the result."""
        output = self.program.exit.values[0]
        if isinstance(output, Var):
            return Var(self.work.cotangent_name(output.name))
        return Var(self.work.fresh("g"))

    def run(self, seed: Atom) -> tuple[Block, Block, tuple[Atom, ...]]:
        """Forward statements, backward statements, the cotangents of `wrt`."""
        frame = Frame(self.work, 0)
        output = self.program.exit.values[0]
        if isinstance(output, Var):
            frame.contribute(output, self._in_shape(frame, output, seed))
        forward = backward(frame, self.work.program.body)
        lead = [let for name in self.program.params for let in self.work.following.pop(name, ())]
        found = tuple([self._cotangent(frame, name) for name in self.wrt])
        return (*lead, *forward), tuple(frame.out), found

    def _in_shape(self, frame: Frame, output: Var, seed: Atom) -> Atom:
        """A seed that is a number, for an output that is an array of one, or less than double precise."""
        fact = self.work.fact(output)
        if not isinstance(seed, Const):
            return seed
        if fact.kind == "array":
            return frame.let("g", np.full_like, output, seed, fact=fact)
        if fact.weak is not False or fact.dtype is None or fact.dtype == FLOAT or fact.dtype.kind not in "fc":
            return seed
        return Const(fact.dtype.type(seed.value))  # spread over a float32's shape, 1.0 would be a float64

    def _cotangent(self, frame: Frame, name: str) -> Atom:
        found = frame.take(name)
        if found is None:
            return frame.zero(name)
        if self.work.fact(name).kind == "tuple" and self.work.is_buffer(name):
            return frame.let(f"d{name}", tuple, found, fact=self.work.fact(name))
        return found
