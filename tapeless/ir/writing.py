"""From a program to the lines of its source: blocks, headers, and what is handed on at their ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import gast

from tapeless.ir.breaks import Breaks, breaks, needless
from tapeless.ir.coalesce import coalesce
from tapeless.ir.expressions import Expressions, negated
from tapeless.ir.fold import fold
from tapeless.ir.liveness import liveness
from tapeless.ir.moves import Move, in_order, maybe_unbound
from tapeless.ir.names import Names
from tapeless.ir.nesting import Steps, descend
from tapeless.ir.program import (
    Atom,
    Block,
    Const,
    For,
    If,
    Let,
    Program,
    Return,
    Statement,
    Var,
    While,
    is_undefined,
    reads,
    walk,
)
from tapeless.ir.references import LOAD, Globals
from tapeless.ir.references import name as name_of
from tapeless.ir.sites import Leaves
from tapeless.ir.statements import statement

Moves = list[tuple[str, Atom]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of source: a tree between `before` and `after`, at an indentation in steps.

    `line` is the user's; `is_first` says whether a comment may stand before it; `folded` are the lines of
    what is folded into the tree.
    """

    indent: int
    before: str
    tree: gast.AST | None
    after: str
    line: int
    is_first: bool
    folded: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Naming:
    """What the values of a program are called in its source, and which of them stand in expressions."""

    leaves: Leaves
    called: dict[str, str]
    used: frozenset[str]
    spare: str  # a name that stands for nothing


def name_values(program: Program, own: Iterable[str] = ()) -> Naming:
    """Which values fold into their uses, and what the others are called."""
    leaves = Leaves(fold(program))
    live = liveness(program, leaves)
    called = coalesce(program, live, leaves, own)
    spare = Names([program.name, *program.params, *program.free, *called.values()]).fresh("stop")
    return Naming(leaves, called, live.used, spare)


def write(program: Program, naming: Naming, known: Globals) -> list[Line]:
    """The lines of a function's body."""
    writer = _Writer(program, naming, known)
    descend(writer.block(program.body, 1))
    values = writer.expressions.arguments(program.exit.values)
    result = gast.Tuple(values, LOAD) if program.exit.as_tuple else values[0]
    writer.add(1, gast.Return(result), 0, folded=program.exit)
    return writer.lines


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Where a loop is left from within its last branches, and what is handed on before."""

    breaks: Breaks
    moves: tuple[Moves, ...]  # one after the other


class _Writer:
    def __init__(self, program: Program, naming: Naming, known: Globals) -> None:
        self.naming = naming
        self.leaves = naming.leaves
        self.expressions = Expressions(naming.leaves.folded, naming.called, known)
        self.free = frozenset(program.free)
        self.counts = Counter(n for each in (*walk(program.body), program.exit) for n in reads(each))
        self.unbound = maybe_unbound(program, naming.leaves)
        self.dropped: set[str] = set()
        self.lines: list[Line] = []
        self.binds_all = False
        self.binds_all = bool(self.unbound) and any(map(self._copies_unbound, walk(program.body)))

    def add(
        self,
        indent: int,
        tree: gast.AST | None,
        line: int,
        before: str = "",
        after: str = "",
        is_first: bool = True,
        folded: Let | Return | None = None,
    ) -> None:
        lines = () if folded is None else self._folded_in(folded)
        self.lines.append(Line(indent, before, tree, after, line, is_first, lines))

    def _folded_in(self, whole: Let | Return) -> tuple[int, ...]:
        found: list[int] = []
        waiting = reads(whole)[::-1]
        while waiting:
            let = self.leaves.folded.get(waiting.pop())
            if let is not None:
                found.append(let.line)
                waiting.extend(reads(let)[::-1])
        return tuple(found)

    def header(self, indent: int, before: str, tree: gast.expr, line: int) -> None:
        """`if test:` and the like."""
        is_bare = isinstance(tree, gast.Tuple) and bool(tree.elts)
        opened, closed = ("(", "):") if is_bare else ("", ":")
        self.add(indent, gast.Expr(tree), line, before + opened, closed, is_first=before != "elif ")

    def block(self, block: Block, indent: int, leaving: _Leaving | None = None) -> Steps:
        for each in block:
            match each:
                case Let():
                    self._let(each, indent)
                case If():
                    yield self._if(each, indent, "if ", leaving if each is block[-1] else None)
                case For():
                    yield self._for(each, indent)
                case While():
                    yield self._while(each, indent)

    def _let(self, let: Let, indent: int) -> None:
        if self._is_folded(let):
            return
        is_dropped = let.effect and self.naming.used.isdisjoint(let.targets)
        targets = () if is_dropped else let.targets
        self.add(indent, statement(self.expressions, let, targets, self.free), let.line, folded=let)

    def _is_folded(self, each: Statement) -> bool:
        return isinstance(each, Let) and bool(each.targets) and each.targets[0] in self.leaves.folded

    # Branches.

    def _if(self, each: If, indent: int, keyword: str, leaving: _Leaving | None) -> Steps:
        then_moves = [(phi.name, phi.then) for phi in each.outs]
        else_moves = [(phi.name, phi.orelse) for phi in each.outs]
        test = self.expressions.argument(each.test)
        outer, self.lines = self.lines, []
        yield self._branch(each, True, then_moves, indent + 1, leaving)
        then, self.lines = self.lines, outer
        leaves_then = leaving is not None and (id(each), True) in leaving.breaks.branches
        if leaves_then and keyword == "if ":
            self.header(indent, keyword, test, each.line)
            self.lines += then
            yield self._branch(each, False, else_moves, indent, leaving)
            return
        inner = self._elif(each, else_moves, leaving) if then else None
        if inner is not None:
            self.header(indent, keyword, test, each.line)
            self.lines += then
            yield self._if(inner, indent, "elif ", leaving)
            return
        self.lines = []
        yield self._branch(each, False, else_moves, indent + 1, leaving)
        orelse, self.lines = self.lines, outer
        if orelse and not then:
            test, then, orelse = _negated(test), orelse, []
        self.header(indent, keyword, test, each.line)
        self.lines += then
        if not then:
            self.add(indent + 1, None, each.line, "pass", is_first=False)
        if orelse:
            self.add(indent, None, each.line, "else:", is_first=False)
            self.lines += orelse

    def _branch(self, each: If, is_then: bool, moves: Moves, indent: int, leaving: _Leaving | None) -> Steps:
        block = each.then if is_then else each.orelse
        inner = _Leaving(leaving.breaks, (moves, *leaving.moves)) if leaving is not None else None
        yield self.block(block, indent, inner)
        self._move(moves, indent, each.line)
        if leaving is not None and (id(each), is_then) in leaving.breaks.branches:
            for more in leaving.moves:
                self._move(more, indent, each.line)
            self.add(indent, None, each.line, "break", is_first=False)

    def _elif(self, each: If, moves: Moves, leaving: _Leaving | None) -> If | None:
        """The branch that is all there is in `orelse`."""
        rest = [inner for inner in each.orelse if not self._is_folded(inner)]
        if len(rest) != 1 or self._ordered(moves):
            return None
        if leaving is not None and (id(each), False) in leaving.breaks.branches:
            return None
        return rest[0] if isinstance(rest[0], If) else None

    # Loops.

    def _for(self, loop: For, indent: int) -> Steps:
        self._move([(carry.name, carry.init) for carry in loop.carries], indent, loop.line)
        targets = ", ".join([self.expressions.called(target) for target in loop.targets]) or "_"
        iterable = self.expressions.argument(loop.iterable)
        self.header(indent, f"for {targets} in ", iterable, loop.line)
        yield self._body(loop, indent + 1)
        self._move([(carry.result, Var(carry.name)) for carry in loop.carries], indent, loop.line)

    def _while(self, loop: While, indent: int) -> Steps:
        self._move([(carry.name, carry.init) for carry in loop.carries], indent, loop.line)
        test = self.expressions.argument(loop.test)
        if all(map(self._is_folded, loop.head)):
            self.header(indent, "while ", test, loop.line)
        else:
            self.add(indent, None, loop.line, "while True:")
            yield self.block(loop.head, indent + 1)
            self.header(indent + 1, "if ", _negated(test), loop.line)
            self.add(indent + 2, None, loop.line, "break", is_first=False)
        yield self._body(loop, indent + 1)
        self._move([(carry.result, Var(carry.name)) for carry in loop.carries], indent, loop.line)

    def _body(self, loop: For | While, indent: int) -> Steps:
        before = len(self.lines)
        found = breaks(loop)
        leaving = None
        if found is not None:
            self.dropped |= needless(found, self.counts)
            lasting = [carry for carry in loop.carries if carry.result in self.naming.used]
            leaving = _Leaving(found, ([(carry.name, carry.next) for carry in lasting],))
        yield self.block(loop.body, indent, leaving)
        moves = [(carry.name, carry.next) for carry in loop.carries]
        until = self.expressions.argument(loop.until) if loop.until is not None and found is None else None
        if until is not None and any(
            [n in self.leaves.of(loop.until) and after != Var(n) for n, after in moves]
        ):
            self.add(indent, gast.Expr(until), loop.line, f"{self.naming.spare} = ", is_first=False)
            until = name_of(self.naming.spare)
        self._move(moves, indent, loop.line)
        if until is not None:
            self.header(indent, "if ", until, loop.line)
            self.add(indent + 1, None, loop.line, "break", is_first=False)
        if len(self.lines) == before:
            self.add(indent, None, loop.line, "pass", is_first=False)

    # What is handed on.

    def _move(self, moves: Moves, indent: int, line: int) -> None:
        for group in self._ordered(moves):
            targets = ", ".join([move.target for move in group])
            sources = [self.expressions.argument(move.source) for move in group]
            tree = sources[0] if len(sources) == 1 else gast.Tuple(sources, LOAD)
            self.add(indent, gast.Expr(tree), line, f"{targets} = ", is_first=False)

    def _ordered(self, moves: Moves) -> list[tuple[Move, ...]]:
        found: list[Move] = []
        for target, source in moves:
            atom = self.leaves.atom(source)
            if target not in self.naming.used or target in self.dropped:
                continue
            if is_undefined(atom):
                if not self.binds_all:
                    continue
                atom = Const(None)
            read = self.expressions.called(atom.name) if isinstance(atom, Var) else None
            found.append(Move(self.expressions.called(target), atom, read))
        return in_order(found)

    def _copies_unbound(self, each: Statement) -> bool:
        """Whether a statement hands on under another name what may be unbound: Python would refuse."""
        groups: list[Moves] = []
        if isinstance(each, If):
            groups = [
                [(phi.name, phi.then) for phi in each.outs],
                [(phi.name, phi.orelse) for phi in each.outs],
            ]
        elif isinstance(each, For | While):
            groups = [
                [(carry.name, carry.init) for carry in each.carries],
                [(carry.name, carry.next) for carry in each.carries],
                [(carry.result, Var(carry.name)) for carry in each.carries],
            ]
        moves = [move for group in groups for ordered in self._ordered(group) for move in ordered]
        return any([isinstance(move.source, Var) and move.source.name in self.unbound for move in moves])


def _negated(test: gast.expr) -> gast.expr:
    """The opposite of what is only asked whether it is true."""
    is_not = isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not)
    return test.operand if is_not else negated(test)
