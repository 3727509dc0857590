"""When each value of a program is still needed, on a line of points through its source.

Every statement takes a point at which it reads and the next, at which it writes.  A branch ends with a
statement that leaves its values under the names of `outs`; a loop begins with two, that give the carried
names their first values and the targets an item, and ends with two, for the next iteration and for what
comes after the loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tapeless.ir.nesting import Steps, descend
from tapeless.ir.program import Atom, Block, For, If, Let, Program, Var, While, reads, walk
from tapeless.ir.sites import Leaves

Interval = tuple[int, int]  # of points, both within


@dataclass(eq=False, slots=True)
class _Span:
    """A stretch of points; a value from outside that is read within is needed until `until` of its parent."""

    parent: _Span | None
    start: int
    until: int = 0
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class Liveness:
    """By name, the intervals in which each value must be kept, in order; and pairs that must stay apart.

    `loops` are the intervals of outermost loops.
    """

    intervals: dict[str, list[Interval]]
    apart: dict[str, list[str]]
    loops: list[Interval]
    used: frozenset[str]


def liveness(program: Program, leaves: Leaves) -> Liveness:
    """When each value is needed that has a name."""
    walk_ = _Walk(program, leaves)
    return Liveness(walk_.intervals(), walk_.apart, walk_.loops, walk_.used)


@dataclass(eq=False, slots=True)
class _Lives:
    """Where one name is defined, how far it reaches in each span, and other points at which it is kept."""

    span: _Span
    start: int
    reach: dict[int, tuple[_Span, int]] = field(default_factory=dict[int, tuple[_Span, int]])
    other: list[Interval] = field(default_factory=list[Interval])


class _Walk:
    def __init__(self, program: Program, leaves: Leaves) -> None:
        self.leaves = leaves
        self.used = _used(program, leaves)
        self.lives: dict[str, _Lives] = {}
        self.uses: list[tuple[str, _Span, int]] = []
        self.apart: dict[str, list[str]] = {}
        self.loops: list[Interval] = []
        self.at = 0
        root = _Span(None, 0)
        for param in program.params:
            self._define(param, root)
        descend(self._block(program.body, root))
        end = self._tick()
        for value in program.exit.values:
            self._read(value, root, end)

    def intervals(self) -> dict[str, list[Interval]]:
        for name, span, point in self.uses:
            self._extend(self.lives[name], span, point)
        return {name: _joined(lives) for name, lives in self.lives.items()}

    def _extend(self, lives: _Lives, span: _Span, point: int) -> None:
        while True:
            known = lives.reach.get(id(span))
            if known is not None and known[1] >= point:
                return
            lives.reach[id(span)] = (span, point)
            if span is lives.span:
                return
            assert span.parent is not None, "read where it is not defined"
            span, point = span.parent, span.until

    def _tick(self) -> int:
        self.at += 2
        return self.at

    def _define(self, name: str, span: _Span) -> None:
        """The name begins where the last statement writes."""
        self.lives[name] = _Lives(span, self.at + 1)

    def _read(self, atom: Atom | None, span: _Span, at: int) -> None:
        for name in self.leaves.of(atom):
            if name in self.lives:
                self.uses.append((name, span, at))

    def _block(self, block: Block, span: _Span) -> Steps:
        for statement in block:
            match statement:
                case Let():
                    self._let(statement, span)
                case If():
                    yield self._if(statement, span)
                case For() | While():
                    yield self._loop(statement, span)

    def _let(self, let: Let, span: _Span) -> None:
        if let.targets and let.targets[0] in self.leaves.folded:
            return
        at = self._tick()
        for name in self.leaves.of_let(let):
            if name in self.lives:
                self.uses.append((name, span, at))
        for target in let.targets:
            self._define(target, span)

    def _if(self, statement: If, span: _Span) -> Steps:
        test = self._tick()
        self._read(statement.test, span, test)
        then = _Span(span, test + 1, test)
        yield self._block(statement.then, then)
        then_end = self._tick()
        for phi in statement.outs:
            self._read(phi.then, then, then_end)
        orelse = _Span(span, self.at + 2, test)
        yield self._block(statement.orelse, orelse)
        orelse_end = self._tick()
        for phi in statement.outs:
            self._read(phi.orelse, orelse, orelse_end)
        for phi in statement.outs:
            if phi.name not in self.used:
                continue
            self._define(phi.name, span)
            self.lives[phi.name].other.append((then_end + 1, then_end + 1))

    def _loop(self, loop: For | While, span: _Span) -> Steps:
        carries = [carry for carry in loop.carries if carry.name in self.used]
        first = self._tick()
        for carry in carries:
            self._read(carry.init, span, first)
        inside = _Span(span, first + 1, is_loop=True)
        for carry in carries:
            self._define(carry.name, inside)
        if isinstance(loop, For):
            self._read(loop.iterable, span, first)
            self._keep_apart([(carry.name, carry.init) for carry in carries], loop.iterable)
            leaves_at = self._tick()
            for target in loop.targets:
                self._define(target, inside)
        else:
            yield self._block(loop.head, inside)
            leaves_at = self._tick()
            self._read(loop.test, inside, leaves_at)
        yield self._block(loop.body, inside)
        last = self._tick()
        self._read(loop.until, inside, last)
        if loop.until is not None:
            self._keep_apart([(carry.name, carry.next) for carry in carries], loop.until)
        for carry in carries:
            self._read(carry.next, inside, last)
            self.lives[carry.name].other.append((last + 1, last + 1))
        inside.until = last + 1
        after = self._tick()
        for carry in carries:
            if carry.result in self.used:
                self.lives[carry.name].other += [(first + 1, leaves_at), (last + 1, after)]
                self._define(carry.result, span)
        if not _is_in_loop(span):
            self.loops.append((first, after))

    def _keep_apart(self, moves: Iterable[tuple[str, Atom]], later: Atom) -> None:
        """Names that get their values before `later` is read must not stand for what it reads."""
        for read in self.leaves.of(later):
            for name, source in moves:
                atom = self.leaves.atom(source)
                if not (isinstance(atom, Var) and atom.name == read) and read in self.lives:
                    self.apart.setdefault(name, []).append(read)
                    self.apart.setdefault(read, []).append(name)


def _is_in_loop(span: _Span | None) -> bool:
    while span is not None:
        if span.is_loop:
            return True
        span = span.parent
    return False


def _joined(lives: _Lives) -> list[Interval]:
    """The intervals in order, those that touch as one."""
    found = list(lives.other)
    for span, reach in lives.reach.values():
        found.append((lives.start if span is lives.span else span.start, reach))
    if id(lives.span) not in lives.reach:
        found.append((lives.start, lives.start))
    found.sort()
    joined = [found[0]]
    for start, end in found[1:]:
        if start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _used(program: Program, leaves: Leaves) -> frozenset[str]:
    """The names that anybody reads, where they stand in the source."""
    found: set[str] = set()
    for statement in (*walk(program.body), program.exit):
        if not isinstance(statement, Let):
            for name in reads(statement):
                found.update(leaves.of(Var(name)))
        elif not (statement.targets and statement.targets[0] in leaves.folded):
            found.update(leaves.of_let(statement))
    for statement in walk(program.body):
        if isinstance(statement, For | While):
            found.update([carry.name for carry in statement.carries if carry.result in found])
    return frozenset(found)
