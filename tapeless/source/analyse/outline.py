"""Where everything stands in a program: blocks, definitions, uses, in the order of the text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tapeless.ir.program import (
    UNDEFINED,
    Block,
    Const,
    For,
    If,
    Let,
    Program,
    Statement,
    Var,
    While,
    named,
    reads,
)
from tapeless.rules.pullback import SHAPE_ONLY

ROOT = 0

# What these give depends on shapes and types alone, and those a write does not change.
SHAPES = frozenset((*SHAPE_ONLY, len, np.zeros_like, np.ones_like, np.empty_like))


@dataclass(frozen=True, slots=True)
class Scope:
    """A block as names see it; the head and the body of a While are one."""

    number: int
    parent: int  # -1 for the whole program
    depth: int
    is_loop: bool
    start: int
    end: int  # the position after its last statement


@dataclass(slots=True)
class Outline:
    """Scopes by number; for each name the scope that sees it, where it is defined and last read.

    By the identity of a statement: its first and last position, the scope it stands in, those it opens.
    """

    scopes: list[Scope] = field(default_factory=list)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    home: dict[int, int] = field(default_factory=dict)
    inner: dict[int, tuple[int, ...]] = field(default_factory=dict)
    scope_of: dict[str, int] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    definition: dict[str, Statement] = field(default_factory=dict)
    last_use: dict[str, int] = field(default_factory=dict)
    maybe_unbound: set[str] = field(default_factory=set)
    end: int = 0

    def is_within(self, scope: int, outer: int) -> bool:
        """Whether a scope is another or lies in it."""
        while self.scopes[scope].depth > self.scopes[outer].depth:
            scope = self.scopes[scope].parent
        return scope == outer

    def loop_around(self, scope: int, outer: int = ROOT) -> Scope | None:
        """The outermost loop that lies in `outer` and that `scope` lies in."""
        found = None
        while scope != outer and scope != ROOT:
            here = self.scopes[scope]
            found = here if here.is_loop else found
            scope = here.parent
        return found


def is_undefined(atom: object) -> bool:
    """Whether an atom says that a name is unbound; constants may be arrays, which == compares by element."""
    return isinstance(atom, Const) and atom.value is UNDEFINED.value


def distinct(block: Block) -> Block:
    """The same statements, each an object of its own: what is known of a statement hangs on it."""
    return tuple([_copied(statement) for statement in block])


def _copied(statement: Statement) -> Statement:
    match statement:
        case Let():
            return replace(statement)
        case If():
            return replace(statement, then=distinct(statement.then), orelse=distinct(statement.orelse))
        case For():
            return replace(statement, body=distinct(statement.body))
        case While():
            return replace(statement, head=distinct(statement.head), body=distinct(statement.body))


def outline(program: Program) -> Outline:
    """The outline of a program whose statements are `distinct`."""
    made = _Outlining()
    made.program(program)
    return made.found


class _Outlining:
    def __init__(self) -> None:
        self.found = Outline()
        self.clock = 0
        self.uses: list[tuple[str, int, int]] = []
        self.takers: dict[str, list[str]] = {}  # which names take over the value of one

    def program(self, program: Program) -> None:
        found = self.found
        found.scopes.append(Scope(ROOT, -1, 0, False, 0, 0))
        for name in (*program.free, *program.params):
            found.scope_of[name] = ROOT
            found.position[name] = -1
        self.block(program.body, ROOT)
        self._settle_unbound()
        found.end = self.clock
        found.scopes[ROOT] = replace(found.scopes[ROOT], end=self.clock)
        for name in reads(program.exit):
            self.uses.append((name, ROOT, self.clock))
        for name, scope, position in self.uses:
            self._used(name, scope, position)

    def _used(self, name: str, scope: int, position: int) -> None:
        """A read in a loop that the name was defined outside of may come again until the loop ends."""
        own = self.found.scope_of.get(name, ROOT)
        loop = self.found.loop_around(scope, own)
        last = position if loop is None else loop.end
        self.found.last_use[name] = max(self.found.last_use.get(name, -1), last)

    def block(self, block: Block, scope: int) -> None:
        for statement in block:
            start = self.clock
            self.clock += 1
            match statement:
                case Let():
                    self._let(statement, scope, start)
                case If():
                    self._branch(statement, scope, start)
                case For() | While():
                    self._loop(statement, scope, start)
            self.found.spans[id(statement)] = (start, self.clock)
            self.found.home[id(statement)] = scope

    def _let(self, statement: Let, scope: int, start: int) -> None:
        if statement.op not in SHAPES:
            self._read(reads(statement), scope, start)
        self._define(statement.targets, scope, start, statement)

    def _branch(self, statement: If, scope: int, start: int) -> None:
        self._read([name for name in [named(statement.test)] if name], scope, start)
        for block in (statement.then, statement.orelse):
            inner = self._open(scope, False)
            self.block(block, inner)
            self._close(inner)
            self.found.inner[id(statement)] = (*self.found.inner.get(id(statement), ()), inner)
        for phi in statement.outs:
            sides = zip(self.found.inner[id(statement)], (phi.then, phi.orelse), strict=True)
            for inner, atom in sides:
                self._read([name for name in [named(atom)] if name], inner, self.clock)
                self._unbound(phi.name, atom)
        self.clock += 1
        self._define([phi.name for phi in statement.outs], scope, self.clock, statement)

    def _loop(self, statement: For | While, scope: int, start: int) -> None:
        if isinstance(statement, For):
            self._read([name for name in [named(statement.iterable)] if name], scope, start)
        for carry in statement.carries:
            self._read([name for name in [named(carry.init)] if name], scope, start)
        inner = self._open(scope, True)
        self.found.inner[id(statement)] = (inner,)
        own = [carry.name for carry in statement.carries]
        if isinstance(statement, For):
            own = [*statement.targets, *own]
        self._define(own, inner, start, statement)
        self._ends(statement, inner)
        self._close(inner)
        for carry in statement.carries:
            for name in (carry.name, carry.result):
                self._unbound(name, carry.init)
                self._unbound(name, carry.next)
        self._define([carry.result for carry in statement.carries], scope, self.clock, statement)

    def _ends(self, statement: For | While, inner: int) -> None:
        if isinstance(statement, While):
            self.block(statement.head, inner)
            self._read([name for name in [named(statement.test)] if name], inner, self.clock)
        self.block(statement.body, inner)
        if statement.until is not None:
            self._read([name for name in [named(statement.until)] if name], inner, self.clock)
        for carry in statement.carries:
            self._read([name for name in [named(carry.next)] if name], inner, self.clock)
        self.clock += 1

    def _open(self, parent: int, is_loop: bool) -> int:
        number = len(self.found.scopes)
        depth = self.found.scopes[parent].depth + 1
        self.found.scopes.append(Scope(number, parent, depth, is_loop, self.clock, self.clock))
        return number

    def _close(self, number: int) -> None:
        self.found.scopes[number] = replace(self.found.scopes[number], end=self.clock)

    def _read(self, names: list[str], scope: int, position: int) -> None:
        self.uses.extend([(name, scope, position) for name in names])

    def _define(
        self, names: list[str] | tuple[str, ...], scope: int, position: int, statement: Statement
    ) -> None:
        for name in names:
            self.found.scope_of[name] = scope
            self.found.position[name] = position
            self.found.definition[name] = statement

    def _unbound(self, name: str, atom: object) -> None:
        if is_undefined(atom):
            self.found.maybe_unbound.add(name)
        elif isinstance(atom, Var):
            self.takers.setdefault(atom.name, []).append(name)

    def _settle_unbound(self) -> None:
        """What may be unbound is handed on, also to what stands before it in a loop."""
        waiting = sorted(self.found.maybe_unbound)
        while waiting:
            for name in self.takers.get(waiting.pop(), ()):
                if name not in self.found.maybe_unbound:
                    self.found.maybe_unbound.add(name)
                    waiting.append(name)
