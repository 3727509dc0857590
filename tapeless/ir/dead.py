"""Leave out what nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tapeless.ir.aliases import Aliases, aliases
from tapeless.ir.effects import written
from tapeless.ir.program import (
    Argument,
    Block,
    For,
    If,
    Let,
    Program,
    Statement,
    While,
    blocks,
    named,
    push,
    with_blocks,
)
from tapeless.ir.renaming import same_or
from tapeless.ir.stacks import Stack, stacks


def drop_dead(program: Program, kinds: Mapping[str, str] | None = None) -> Program:
    """Leave out what nobody reads, and writes into what nobody reads.

    a = x * y                  b = x + y
    saved = []                 for i in range(n):
    b = x + y                      b = b * y
    for i in range(n):     =>  return b
        saved.append(b)
        b = b * y
    return b

    Nothing is live until something live reads it, so what a loop carries for itself alone goes too.  Loops
    are taken to end, and what is no effect to have none.  `kinds` is for `aliases`.
    """
    return _Liveness(program, kinds or {}).cut()


@dataclass(eq=False, slots=True)
class _Place:
    """A statement, and whether it stays."""

    statement: Statement
    around: list[_Place] = field(default_factory=list["_Place"])
    live: bool = False


class _Liveness:
    def __init__(self, program: Program, kinds: Mapping[str, str]) -> None:
        self.program = program
        self.live: set[str] = set()
        self.waiting: list[str] = []
        self.places: dict[int, _Place] = {}
        self.makers: dict[str, tuple[_Place, tuple[Argument, ...]]] = {}
        self.effects: list[_Place] = []
        self._enter(program.body, None)
        self.stacks: dict[str, Stack] = {}
        self.aliases: Aliases | None = None
        if self.effects:
            self.stacks = stacks(program)
            self.aliases = aliases(program, kinds)
        self.popped = {
            target: (name, position)
            for name, stack in self.stacks.items()
            for statement in stack.pops
            for position, target in enumerate(statement.targets)
        }
        self.positions: dict[str, set[int]] = {}
        self.writes: dict[int, list[_Place]] = {}

    def _enter(self, block: Block, around: _Place | None) -> None:
        for statement in block:
            place = self.places.setdefault(id(statement), _Place(statement))
            if around is not None:
                place.around.append(around)
            match statement:
                case Let():
                    self.makers.update(dict.fromkeys(statement.targets, (place, ())))
                    if statement.effect:
                        self.effects.append(place)
                case If():
                    self.makers.update({phi.name: (place, (phi.then, phi.orelse)) for phi in statement.outs})
                case For() | While():
                    for carry in statement.carries:
                        self.makers[carry.name] = self.makers[carry.result] = (
                            place,
                            (carry.init, carry.next),
                        )
                    if isinstance(statement, For):
                        self.makers.update(dict.fromkeys(statement.targets, (place, ())))
            for part in blocks(statement):
                self._enter(part, place)

    def cut(self) -> Program:
        for place in self.effects:
            self._root(place)
        for value in self.program.exit.values:
            self._read(value)
        while self.waiting:
            self._need(self.waiting.pop())
        body = self._sweep(self.program.body)
        free = tuple([name for name in self.program.free if name in self.live])
        if body is self.program.body and free == self.program.free:
            return self.program
        return replace(self.program, body=body, free=free)

    # Marking ------------------------------------------------------------------------------------------

    def _root(self, place: _Place) -> None:
        """An effect stays, unless it writes into what is the program's own: then, if that is read."""
        assert isinstance(place.statement, Let)
        assert self.aliases is not None
        name = written(place.statement)
        if name in self.stacks:
            return
        kind = None if name is None else self.aliases.of(name)
        if kind is None or kind == self.aliases.outside:
            self._keep(place)
        else:
            self.writes.setdefault(kind, []).append(place)

    def _read(self, atom: Argument | None) -> None:
        name = None if atom is None else named(atom)
        if name is not None and name not in self.live:
            self.live.add(name)
            self.waiting.append(name)

    def _need(self, name: str) -> None:
        kind = None if self.aliases is None else self.aliases.of(name)
        for place in self.writes.pop(kind, ()) if kind is not None else ():
            self._keep(place)
        if name in self.popped:
            self._need_position(*self.popped[name])
        elif name in self.makers:
            place, atoms = self.makers[name]
            for atom in atoms:
                self._read(atom)
            self._keep(place)

    def _need_position(self, name: str, position: int) -> None:
        stack, live = self.stacks[name], self.positions.setdefault(name, set())
        if not live:
            for statement in (*stack.pushes, *stack.pops):
                self._keep(self.places[id(statement)])
        if position not in live:
            live.add(position)
            for value in stack.pushed(position):
                self._read(value)

    def _keep(self, first: _Place) -> None:
        waiting = [first]
        while waiting:
            place = waiting.pop()
            if place.live:
                continue
            place.live = True
            waiting.extend(place.around)
            match place.statement:
                case Let(op=op, args=args, kwargs=kwargs):
                    for atom in args[:1] if op is push and named(args[0]) in self.stacks else args:
                        self._read(atom)
                    for _, atom in kwargs:
                        self._read(atom)
                case If(test=test):
                    self._read(test)
                case For(iterable=iterable, until=until):
                    self._read(iterable)
                    self._read(until)
                case While(test=test, until=until):
                    self._read(test)
                    self._read(until)

    # Cutting ------------------------------------------------------------------------------------------

    def _sweep(self, block: Block) -> Block:
        return same_or(block, [self._cut(s) for s in block if self.places[id(s)].live])

    def _cut(self, statement: Statement) -> Statement:
        if isinstance(statement, Let):
            return self._cut_stack(statement) if self.positions else statement
        cut = with_blocks(statement, self._sweep)
        match cut:
            case Let():
                return cut
            case If(outs=outs):
                kept = tuple([phi for phi in outs if phi.name in self.live])
                return cut if len(kept) == len(outs) else replace(cut, outs=kept)
            case For(carries=carries) | While(carries=carries):
                left = tuple([c for c in carries if c.name in self.live or c.result in self.live])
                return cut if len(left) == len(carries) else replace(cut, carries=left)

    def _cut_stack(self, statement: Let) -> Let:
        """Nobody keeps what nobody takes."""
        name = named(statement.args[0]) if statement.args else None
        if name is None or name not in self.positions or len(self.positions[name]) == self.stacks[name].width:
            return statement
        live = sorted(self.positions[name])
        if statement.op is push:
            return replace(statement, args=(statement.args[0], *(statement.args[1 + i] for i in live)))
        return replace(statement, targets=tuple([statement.targets[i] for i in live]))
