"""Which values stand where they are used, instead of having a name."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless.ir.effects import written
from tapeless.ir.forms import OPERATORS, Choice
from tapeless.ir.immutable import COMPUTED, immutable
from tapeless.ir.names import base_name, is_temporary
from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Const,
    For,
    If,
    Let,
    Program,
    Var,
    While,
    add_at,
    atoms,
    build_tuple,
    iadd,
    isub,
    named,
    new_stack,
    pop,
    push,
    same,
    subtract_at,
)
from tapeless.ir.sites import Leaves, only_uses, repeated, within_choices
from tapeless.ir.widths import LONG, is_loose, width_of_argument, width_of_form

WIDTH = 96  # columns of a line
DEEPEST = 20  # more operations within each other nobody reads, and printers and parsers recurse over them
FAR = 48  # statements between a value and its use

_STILL = frozenset(map(id, (same, build_tuple, slice)))  # read no memory but that of names
_PLACES = frozenset(map(id, (operator.getitem, builtins.getattr)))  # one writes into these as they stand
_ON_ITEMS = frozenset(map(id, (add_at, subtract_at)))
_AUGMENTED = _ON_ITEMS | {id(iadd), id(isub)}
_ON_STACKS = frozenset(map(id, (new_stack, push, pop)))


def fold(program: Program) -> dict[str, Let]:
    """By name, what stands where it is used.

    t = np.sin(x)
    t_1 = t * y       =>  z = np.sin(x) * y + 1.0
    z = t_1 + 1.0

    A value folds into its only use, if that stands in the same block and nothing between may change what the
    value is computed from.  Effects stay in their order.
    """
    return _Folder(program).folded


@dataclass(slots=True)
class _Value:
    """A value that waits for its use."""

    let: Let
    at: int
    width: int
    depth: int
    read: frozenset[str]  # what it is computed from, by base names
    still: bool  # no effect changes what it is
    numeric: bool  # computed from numbers and arrays: not from stacks
    effect: bool
    own: tuple[str, ...]  # the user's names that are folded in it

    @property
    def name(self) -> str:
        return self.let.targets[0]


class _Folder:
    def __init__(self, program: Program) -> None:
        self.only = only_uses(program)
        self.immutable = immutable(program)
        self.folded = repeated(program, self.immutable) | within_choices(program)
        self.widths: dict[str, int] = {}  # of what is folded
        self.depths: dict[str, int] = {}
        self.pending: dict[str, _Value] = {}
        self.left: list[tuple[Block, int]] = [(program.body, 1)]
        self.ends: dict[int, tuple[tuple[Atom, ...], int]] = {
            id(program.body): (program.exit.values, len("return "))
        }
        self.changed: dict[int, frozenset[str]] = {}  # at the ends of loops, before they ask whether to end
        while self.left:
            block, indent = self.left.pop()
            self._block(block, indent)

    def _block(self, block: Block, indent: int) -> None:
        self.pending = {}
        self.indent = indent
        self.block = id(block)
        for at, statement in enumerate(block):
            match statement:
                case Let():
                    self._let(statement, at)
                case If():
                    self._use((statement.test,), len("if :"))
                    self.left += [(statement.then, indent + 1), (statement.orelse, self._inside(statement))]
                case For():
                    prefix = len("for  in :") + sum([len(base_name(name)) + 2 for name in statement.targets])
                    self._use((statement.iterable,), prefix)
                    self._loop(statement, indent)
                case While():
                    self.ends[id(statement.head)] = ((statement.test,), len("while :") - 4)
                    self.left.append((statement.head, indent + 1))
                    self._loop(statement, indent)
            if not isinstance(statement, Let):
                self.pending = {}
        changed = self.changed.get(id(block))
        if changed:
            leaves = Leaves(self.folded)
            self._forget(lambda value: not changed.isdisjoint(leaves.of_let(value.let)))
        atoms_, prefix = self.ends.get(id(block), ((), 0))
        self._use(atoms_, prefix)

    def _loop(self, loop: For | While, indent: int) -> None:
        if loop.until is not None:
            self.ends[id(loop.body)] = ((loop.until,), len("if :"))
            self.changed[id(loop.body)] = frozenset(c.name for c in loop.carries if c.next != Var(c.name))
        self.left.append((loop.body, indent + 1))

    def _inside(self, statement: If) -> int:
        """The indentation of `orelse`: what may come to be an `elif` stands no deeper than its `if`."""
        *before, last = statement.orelse or (None,)
        is_chain = isinstance(last, If) and all([isinstance(s, Let) and not s.effect for s in before])
        return self.indent if is_chain else self.indent + 1

    def _let(self, let: Let, at: int) -> None:
        self._forget(lambda value: at - value.at > FAR or value.effect, keep=let)
        if let.targets and let.targets[0] in self.folded:
            self._forget(lambda _: True, only=let)
            self.widths[let.targets[0]] = width_of_form(let) + sum([self._width(atom) for atom in atoms(let)])
            return
        if let.effect:
            of_stack = id(let.op) in _ON_STACKS
            self._forget(lambda value: not (value.still or (of_stack and value.numeric)), keep=let)
        self._forget(lambda value: not self._may_stand(value, let), only=let)
        prefix = sum([len(base_name(target)) + 2 for target in let.targets]) + 1
        value = self._value(let, at, self._use(atoms(let), width_of_form(let) + prefix))
        is_candidate = len(let.targets) == 1 and self.only.get(let.targets[0]) == self.block
        if is_candidate and value.depth < DEEPEST:
            self.pending[let.targets[0]] = value
        else:
            bases = {base_name(target) for target in let.targets}
            self._forget(lambda waiting: not bases.isdisjoint(waiting.read) or self._is_own(waiting))

    def _is_own(self, value: _Value) -> bool:
        return not is_temporary(value.name)

    def _may_stand(self, value: _Value, let: Let) -> bool:
        """Whether a value may stand where `let` uses it: what is written into mostly has a name.

        Python reads `x[i]` before the rest of `x[i] += f(x)`.  Only the test of a choice is always computed.
        """
        if isinstance(let.op, Choice):
            return let.args[0] == Var(value.name)
        if id(let.op) in _AUGMENTED and (value.effect or written(let) == value.name):
            return id(let.op) in _ON_ITEMS and not value.effect and id(value.let.op) in _PLACES
        return written(let) != value.name or id(value.let.op) in _PLACES

    def _forget(
        self, which: Callable[[_Value], bool], keep: Let | None = None, only: Let | None = None
    ) -> None:
        """What is not to fold any more: not what `keep` uses, of what `only` uses."""
        if not self.pending:
            return
        kept = {named(atom) for atom in atoms(keep)} if keep else ()
        among = {named(atom) for atom in atoms(only)} if only else self.pending
        gone = [n for n, value in self.pending.items() if n in among and n not in kept and which(value)]
        for name in gone:
            del self.pending[name]

    def _use(self, used: Iterable[Argument], fixed: int) -> list[_Value]:
        """The values that fold into a line of `fixed` columns and these arguments."""
        used = list(used)
        names = dict.fromkeys([name for atom in used if (name := named(atom)) in self.pending and name])
        values = [self.pending.pop(name) for name in names]
        width = fixed + sum([width_of_argument(atom) for atom in used])
        width += sum([value.width - len(base_name(value.name)) for value in values])
        if width > LONG:
            values, width = self._with_own_names(values, width)
        while values and 4 * self.indent + width > WIDTH:
            widest = max(values, key=lambda value: value.width)
            values.remove(widest)
            width -= widest.width - len(base_name(widest.name))
        for value in values:
            self.folded[value.name] = value.let
        return values

    def _with_own_names(self, values: list[_Value], width: int) -> tuple[list[_Value], int]:
        """The values, and the width of their line, without the user's own names folded in them."""
        kept: list[_Value] = []
        for value in values:
            saved = 0
            for name in value.own:
                if self.folded.pop(name, None):
                    saved += self.widths[name] - len(base_name(name))
            value.width -= saved
            width -= saved
            value.own = ()
            if self._is_own(value):
                width -= value.width - len(base_name(value.name))
            else:
                kept.append(value)
        return kept, width

    def _is_settled(self, let: Let) -> bool:
        """Whether nothing can write into what an operation is computed from."""
        return all([isinstance(atom, Const) or named(atom) in self.immutable for atom in atoms(let)])

    def _width(self, argument: Argument) -> int:
        name = named(argument)
        if name in self.folded and name in self.widths and name not in self.pending:
            return self.widths[name]
        return width_of_argument(argument)

    def _value(self, let: Let, at: int, parts: list[_Value]) -> _Value:
        """What `let` computes, with `parts` folded in it."""
        inside = {part.name: part for part in parts}
        tight = not is_loose(let.op) and id(let.op) in _OPERATORS
        width, depth, read = width_of_form(let), 0, set[str]()
        still = id(let.op) in _STILL or (id(let.op) in COMPUTED and self._is_settled(let))
        numeric, effect = _is_numeric(let.op), let.effect
        for atom in atoms(let):
            part = inside.get(named(atom) or "")
            if part is None:
                width += self._width(atom)
                name = named(atom)
                read.update(() if name is None else (base_name(name),))
                continue
            width += part.width + (2 if tight and is_loose(part.let.op) else 0)
            depth = max(depth, part.depth)
            read.update(part.read)
            still, numeric, effect = still and part.still, numeric and part.numeric, effect or part.effect
        own = [name for part in parts for name in (*part.own, *((part.name,) if self._is_own(part) else ()))]
        self.widths.update(dict.fromkeys(let.targets, width))
        return _Value(let, at, width, depth + 1, frozenset(read), still, numeric, effect, tuple(own))


_OPERATORS = frozenset(map(id, OPERATORS))


def _is_numeric(op: Any) -> bool:
    return id(op) in _OPERATORS or isinstance(op, np.ufunc)
