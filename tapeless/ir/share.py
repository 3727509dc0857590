"""Compute once what is written twice."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.aliases import Aliases, aliases, writes_of
from tapeless.ir.program import (
    Atom,
    Block,
    For,
    If,
    Let,
    Phi,
    Program,
    Statement,
    Var,
    While,
    blocks,
    build_dict,
    build_list,
    named,
    new_stack,
    reads,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import identity, rename, renamed, same_or

# They give an object of its own, for somebody to write into.
_CREATORS = frozenset(map(id, (
    np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like,
    np.copy, np.array, build_list, build_dict, new_stack,
)))  # fmt: skip
# They give what is used up by one loop.
_ITERATORS = frozenset(map(id, (zip, enumerate, reversed, map, filter, iter, np.ndindex, np.ndenumerate)))


def share(program: Program, kinds: Mapping[str, str] | None = None) -> Program:
    """Compute once what is written twice.

    a = np.sin(x)              a = np.sin(x)
    if test:                   if test:
        b = np.sin(x)              b = a * y
        b = b * y          =>      y[0] = 1.0
        y[0] = 1.0                 c = a * y
        c = np.sin(x) * y

    What stands in a block is there for all that comes after it in this block and within it, until what it
    reads is written into.  What is written into itself, or is made to be and returned, stays apart.
    `kinds` is for `aliases`.
    """
    return _Sharing(program, kinds or {}).shared()


class _Sharing:
    def __init__(self, program: Program, kinds: Mapping[str, str]) -> None:
        self.program = program
        self.kinds = kinds
        self.names: dict[str, Atom] = {}
        self.found: dict[Any, tuple[str, ...]] = {}
        self.order: list[Any] = []  # the keys of `found`
        self.versions: dict[int, int] = {}
        effects = [s for s in walk(program.body) if isinstance(s, Let) and s.effect]
        self.has_effects = bool(effects)
        self.written = {kind for s in effects if (kind := writes_of(s, self.aliases)) is not None}

    @functools.cached_property
    def aliases(self) -> Aliases:
        return aliases(self.program, self.kinds)

    @functools.cached_property
    def returned(self) -> set[int]:
        names = reads(self.program.exit)
        return {kind for name in names for kind in self.aliases.within(name)}

    def shared(self) -> Program:
        body = self._block(self.program.body)
        exit_ = rename(self.program.exit, self.names)
        if body is self.program.body and exit_ is self.program.exit:
            return self.program
        return replace(self.program, body=body, exit=exit_)

    def _block(self, block: Block) -> Block:
        return same_or(block, [new for old in block if (new := self._statement(old)) is not None])

    def _scope(self, block: Block) -> Block:
        mark = len(self.order)
        new = self._block(block)
        self._forget(mark)
        return new

    def _forget(self, mark: int) -> None:
        while len(self.order) > mark:
            del self.found[self.order.pop()]

    def _statement(self, statement: Statement) -> Statement | None:
        match statement:
            case Let():
                return self._let(rename(statement, self.names))
            case If():
                new = rename(with_blocks(statement, self._scope), self.names)
                return self._without_twin_phis(new) if isinstance(new, If) else new
            case For() | While():
                mark = len(self.order)
                self._write(*(self._written_within(statement) if self.has_effects else ()))
                new = self._without_twin_carries(statement)
                new = with_blocks(new, self._block)
                self._forget(mark)
                return rename(new, self.names)

    def _let(self, statement: Let) -> Let | None:
        if statement.effect:
            kind = writes_of(statement, self.aliases)
            self._write(*(() if kind is None else (kind,)))
            return statement
        if not statement.targets or id(statement.op) in _ITERATORS:
            return statement
        key = self._key(statement)
        known = self.found.get(key)
        if known is not None and len(known) == len(statement.targets) and not self._is_apart(statement):
            self.names.update(zip(statement.targets, map(Var, known), strict=True))
            return None
        # What is written into is no longer what it was made as.
        if known is None and not self._is_written(statement):
            self.found[key] = statement.targets
            self.order.append(key)
        return statement

    def _key(self, statement: Let) -> Any:
        arguments = [*statement.args, *(value for _, value in statement.kwargs)]
        versions: list[int] = []
        if self.has_effects:
            for name in filter(None, map(named, arguments)):
                versions += [self.versions.get(kind, 0) for kind in self.aliases.within(name)]
        names = tuple([name for name, _ in statement.kwargs])
        return (
            _of(statement.op),
            len(statement.args),
            names,
            tuple(map(identity, arguments)),
            tuple(versions),
        )

    def _is_apart(self, statement: Let) -> bool:
        """Whether it makes a difference that a result is an object of its own."""
        if not self.has_effects and id(statement.op) not in _CREATORS:
            return False
        if id(statement.op) in _CREATORS and not self._kinds(statement).isdisjoint(self.returned):
            return True
        return self._is_written(statement)

    def _is_written(self, statement: Let) -> bool:
        return self.has_effects and not self._kinds(statement).isdisjoint(self.written)

    def _kinds(self, statement: Let) -> set[int | None]:
        return {self.aliases.of(name) for name in statement.targets}

    def _write(self, *kinds: int) -> None:
        for kind in kinds:
            self.versions[kind] = self.versions.get(kind, 0) + 1

    def _written_within(self, loop: For | While) -> list[int]:
        inner = [s for block in blocks(loop) for s in walk(block) if isinstance(s, Let) and s.effect]
        return [kind for s in inner if (kind := writes_of(s, self.aliases)) is not None]

    def _without_twin_phis(self, statement: If) -> If:
        first: dict[Any, Phi] = {}
        for phi in statement.outs:
            twin = first.setdefault((identity(phi.then), identity(phi.orelse)), phi)
            if twin is not phi:
                self.names[phi.name] = Var(twin.name)
        if len(first) == len(statement.outs):
            return statement
        return replace(statement, outs=tuple(first.values()))

    def _without_twin_carries(self, loop: For | While) -> For | While:
        first: dict[Any, Any] = {}
        for carry in loop.carries:
            ends = (renamed(carry.init, self.names), renamed(carry.next, self.names))
            twin = first.setdefault((identity(ends[0]), identity(ends[1])), carry)
            if twin is not carry:
                self.names[carry.name] = Var(twin.name)
                self.names[carry.result] = Var(twin.result)
        if len(first) == len(loop.carries):
            return loop
        return replace(loop, carries=tuple(first.values()))


def _of(op: Any) -> Any:
    """What makes two operations the same; a ufunc's method is made anew on each access."""
    owner = getattr(op, "__self__", None)
    return (owner, op.__name__) if isinstance(owner, np.ufunc) else id(op)
