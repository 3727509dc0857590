"""Read the original in the place of what is only another name for it."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Program,
    Return,
    Star,
    Statement,
    Var,
    While,
    blocks,
    build_list,
    build_tuple,
    named,
    reads,
    same,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import identity, rename, same_or


def follow_copies(program: Program) -> Program:
    """Read the original in the place of what is only another name for it.

    b = a                      t = (a, c)
    t = (b, c)                 for i in range(n):
    for i in range(n):     =>      print(a)
        u, v = t               return a
        b = u
        print(b)
    return b

    A name is another one's if it was assigned so, unpacked from a display or found in it, if both branches
    leave the same, or if a loop hands on what it began with.  The copies themselves stay, for nobody to read.
    """
    copies = _Copies(program)
    if not copies.names and not copies.displays:
        return program
    body = copies.rewritten(program.body)
    exit_ = rename(program.exit, copies.names)
    if body is program.body and exit_ is program.exit:
        return program
    return replace(program, body=body, exit=exit_)


class _Copies:
    """What each name is a copy of, all the way down."""

    def __init__(self, program: Program) -> None:
        self.names: dict[str, Atom] = {}
        self.displays: dict[str, tuple[Atom, ...]] = {}
        self.changing = _lists_that_may_change(program)
        self._collect(program.body)
        self.names = {name: self._end(atom) for name, atom in self.names.items()}

    def _end(self, atom: Atom) -> Atom:
        while isinstance(atom, Var) and atom.name in self.names:
            atom = self.names[atom.name]
        return atom

    def _collect(self, block: Block) -> None:
        for statement in block:
            for part in blocks(statement):
                self._collect(part)
            match statement:
                case Let():
                    self._let(statement)
                case If(outs=outs):
                    for phi in outs:
                        self._join(phi.name, self._end(phi.then), self._end(phi.orelse))
                case For(carries=carries) | While(carries=carries):
                    for carry in carries:
                        self._carry(carry)

    def _let(self, statement: Let) -> None:
        match statement:
            case Let(op=op, args=args, targets=(target,)) if op is build_tuple or op is build_list:
                items = tuple([item for item in args if not isinstance(item, Star)])
                if len(items) == len(args) and target not in self.changing:
                    self.displays[target] = items
            case Let(op=op, args=(Var() | Const() as source,), targets=(target,)) if op is same:
                self.names[target] = self._end(source)
            case Let(op=op, args=(Var() | Const() as source,), targets=targets) if op is same:
                items = self._items(source)
                if len(items) == len(targets):
                    self.names.update(zip(targets, map(self._end, items), strict=True))
            case Let(op=op, args=(Var() as source, Const(value=int() as index)), targets=(target,)):
                items = self._items(source) if op is operator.getitem and type(index) is int else ()
                if -len(items) <= index < len(items):
                    self.names[target] = self._end(items[index])
            case _:
                pass

    def _items(self, source: Atom) -> Sequence[Atom]:
        source = self._end(source)
        if isinstance(source, Const):
            return _constants(source.value)
        return self.displays.get(source.name, ())

    def _join(self, name: str, first: Atom, second: Atom) -> None:
        if identity(first) == identity(second) != identity(UNDEFINED):
            self.names[name] = first

    def _carry(self, carry: Carry) -> None:
        init, after = self._end(carry.init), self._end(carry.next)
        is_kept = after == Var(carry.name) if isinstance(after, Var) else False
        self._join(carry.name, init, init if is_kept else after)
        if carry.name in self.names:
            self.names[carry.result] = init

    def rewritten(self, block: Block) -> Block:
        return same_or(block, [self._rewrite(statement) for statement in block])

    def _rewrite(self, statement: Statement) -> Statement:
        new = rename(with_blocks(statement, self.rewritten), self.names)
        match new:
            case Let(args=args):
                return replace(new, args=self._spread(args)) if self._can_spread(args) else new
            case If(outs=outs):
                kept = tuple([phi for phi in outs if phi.name not in self.names])
                return new if len(kept) == len(outs) else replace(new, outs=kept)
            case For(carries=carries) | While(carries=carries):
                left = tuple([carry for carry in carries if carry.name not in self.names])
                return new if len(left) == len(carries) else replace(new, carries=left)

    def _can_spread(self, args: tuple[Argument, ...]) -> bool:
        return any([isinstance(arg, Star) and arg.value.name in self.displays for arg in args])

    def _spread(self, args: tuple[Argument, ...]) -> tuple[Argument, ...]:
        """`f(*t)` is `f(a, b)` where `t` is `(a, b)`."""
        found: list[Argument] = []
        for arg in args:
            if isinstance(arg, Star) and arg.value.name in self.displays:
                found.extend(map(self._end, self.displays[arg.value.name]))
            else:
                found.append(arg)
        return tuple(found)


def _constants(value: Any) -> Sequence[Atom]:
    return tuple(map(Const, value)) if isinstance(value, tuple) else ()  # pyright: ignore[reportUnknownArgumentType]


def _lists_that_may_change(program: Program) -> set[str]:
    """The lists of which anything is done but looking into them."""
    lists = {
        statement.targets[0]
        for statement in walk(program.body)
        if isinstance(statement, Let) and statement.op is build_list and statement.targets
    }
    if not lists:
        return lists
    found: set[str] = set()
    for statement in (*walk(program.body), program.exit):
        used = lists.intersection(reads(statement))
        if used:
            found.update(
                used if not isinstance(statement, Let) else used.difference(_only_looked_into(statement))
            )
    return found


def _only_looked_into(statement: Statement | Return) -> set[str | None]:
    if not isinstance(statement, Let) or statement.effect:
        return set()
    module = getattr(statement.op, "__module__", None) or ""
    if module.partition(".")[0] == "numpy" or statement.op is builtins.len:
        return {named(arg) for arg in statement.args}
    if statement.op is operator.getitem or (statement.op is same and len(statement.targets) > 1):
        return {named(statement.args[0])} - {named(arg) for arg in statement.args[1:]}
    return set()
