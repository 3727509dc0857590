"""What holds of every program between passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    For,
    If,
    Let,
    Program,
    Statement,
    While,
    defined,
    is_undefined,
    named,
)


def check(program: Program) -> Program:
    """The program itself; ValueError if a name is assigned twice or read where it is not assigned yet.

    What a block assigns is seen from there on, in it and in the blocks within it; what a loop carries is seen
    in its blocks, and what it hands on is read at their end.  UNDEFINED stands in phis and as an `init` only.
    """
    if len(set(program.params)) != len(program.params):
        raise ValueError(f"{program.name}: a parameter is named twice")
    _Check(program).whole()
    return program


class _Check:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.assigned = {*program.params, *program.free}
        self.visible = set(self.assigned)

    def whole(self) -> None:
        for statement in self.program.body:
            self.statement(statement)
        for value in self.program.exit.values:
            name = named(value)
            if name is not None and name not in self.visible:
                raise ValueError(f"{self.program.name}: {name} is returned but never assigned")
            if is_undefined(value):
                raise ValueError(f"{self.program.name}: UNDEFINED is returned")

    def statement(self, statement: Statement) -> None:
        line = statement.line
        match statement:
            case Let():
                self.read([*statement.args, *(value for _, value in statement.kwargs)], line)
                self.assign(statement.targets, line)
            case If():
                self.read([statement.test], line)
                self.block(statement.then, [phi.then for phi in statement.outs], line, may_be_undefined=True)
                self.block(
                    statement.orelse, [phi.orelse for phi in statement.outs], line, may_be_undefined=True
                )
                self.assign([phi.name for phi in statement.outs], line)
            case For() | While():
                self.loop(statement)

    def loop(self, loop: For | While) -> None:
        line = loop.line
        self.read([carry.init for carry in loop.carries], line, may_be_undefined=True)
        scope = [carry.name for carry in loop.carries]
        if isinstance(loop, For):
            self.read([loop.iterable], line)
            scope = [*loop.targets, *scope]
        self.assign(scope, line)
        if isinstance(loop, While):
            for statement in loop.head:
                self.statement(statement)
            self.read([loop.test], line)
            scope += _names_of(loop.head)
        ends = [carry.next for carry in loop.carries]
        self.block(loop.body, [*ends, loop.until] if loop.until is not None else ends, line)
        self.visible.difference_update(scope)
        self.assign([carry.result for carry in loop.carries], line)

    def block(self, block: Block, ends: Sequence[Atom], line: int, may_be_undefined: bool = False) -> None:
        """A block with what is read at its end; its names are seen no more after it."""
        for statement in block:
            self.statement(statement)
        self.read(ends, line, may_be_undefined)
        self.visible.difference_update(_names_of(block))

    def read(self, atoms: Iterable[Argument], line: int, may_be_undefined: bool = False) -> None:
        for atom in atoms:
            name = named(atom)
            if name is not None and name not in self.visible:
                raise ValueError(f"{self.program.name}: {name} is read before it is assigned (line {line})")
            if not may_be_undefined and is_undefined(atom):
                raise ValueError(f"{self.program.name}: UNDEFINED is read (line {line})")

    def assign(self, names: Iterable[str], line: int) -> None:
        for name in names:
            if name in self.assigned:
                raise ValueError(f"{self.program.name}: {name} is assigned twice (line {line})")
            self.assigned.add(name)
            self.visible.add(name)


def _names_of(block: Block) -> list[str]:
    """What a block assigns itself; what the blocks within it assign was taken back at their ends."""
    return [name for statement in block for name in defined(statement)]
