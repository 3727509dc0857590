"""What a pass may ask of a program while it rewrites it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from tapeless.ir.aliases import Aliases, aliases, writes_of
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Const,
    Let,
    Program,
    Star,
    Statement,
    Var,
    names_of,
    reads,
    same,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import same_or, uses
from tapeless.source.facts import UNKNOWN, Dims, Fact, fact_of_constant
from tapeless.source.infer import infer
from tapeless.source.simplify.helpers import BY_ID, FRESH, dims_of_shape


def kinds_of(facts: Mapping[str, Fact]) -> dict[str, str]:
    """What `ir.aliases` asks: "scalar" is all that cannot be written into."""
    return {name: "scalar" if _is_settled(fact) else fact.kind for name, fact in facts.items()}


def _is_settled(fact: Fact) -> bool:
    if fact.kind == "object":  # with a dtype it is that dtype
        return fact.dtype is not None
    if fact.kind == "tuple" and fact.items is not None:
        return all([isinstance(item, Const) or _is_settled(item) for item in fact.items])
    return fact.kind in ("scalar", "slice")


class Known:
    """The facts of a program's names, what they are made by, and what may share memory."""

    def __init__(self, program: Program, facts: dict[str, Fact]) -> None:
        self.program = program
        self.facts = facts
        self._first: dict[str, Atom] = {}

    @cached_property
    def names(self) -> Names:
        return Names(names_of(self.program))

    @cached_property
    def makers(self) -> dict[str, Let]:
        lets = [s for s in walk(self.program.body) if isinstance(s, Let)]
        return {let.targets[0]: let for let in lets if len(let.targets) == 1}

    def fact(self, argument: Argument) -> Fact:
        if isinstance(argument, Const):
            return fact_of_constant(argument.value)
        return self.facts.get(_name(argument), UNKNOWN)

    def shape(self, argument: Argument) -> Dims | None:
        """The dims that a shape stands for."""
        return dims_of_shape(argument if isinstance(argument, Const) else self.fact(argument))

    def dtype(self, argument: Argument) -> np.dtype[Any] | None:
        """The dtype that an argument `dtype` stands for."""
        if isinstance(argument, Const):
            return argument.value if isinstance(argument.value, np.dtype) else None
        fact = self.fact(argument)
        return fact.dtype if fact.kind == "object" else None

    def maker(self, argument: Argument) -> Let | None:
        """The statement that computes a name."""
        return self.makers.get(argument.name) if isinstance(argument, Var) else None

    def infer(self, op: Callable[..., Any], *args: Atom, name: str = "") -> Fact:
        """What is known of `name = op(*args)`."""
        return self.infer_from(op, [arg if isinstance(arg, Const) else self.fact(arg) for arg in args], name)

    def infer_from(self, op: Callable[..., Any], terms: Sequence[Fact | Const], name: str = "") -> Fact:
        """The same, from what is known of the arguments."""
        helper = BY_ID.get(id(op))
        found = infer(op, terms, {}, name) if helper is None else helper(*terms)
        return found if isinstance(found, Fact) else UNKNOWN

    def let(self, wanted: str, op: Callable[..., Any], *args: Atom, line: int) -> Let:
        """A new statement, under a new name whose fact is known."""
        name = self.names.fresh(wanted)
        made = Let((name,), op, args, line=line)
        self.facts[name] = self.infer(op, *args, name=name)
        self.makers[name] = made
        return made

    def first_of_shape(self, x: Atom) -> Atom:
        """The array from which one has its shape, by what it is computed of; itself if there is none."""
        chain: list[str] = []
        while isinstance(x, Var) and x.name not in self._first:
            chain.append(x.name)
            before = self._alike(x)
            if before is None:
                self._first[x.name] = x
                break
            x = before
        first = self._first[x.name] if isinstance(x, Var) else x
        self._first.update(dict.fromkeys(chain, first))
        return first

    def _alike(self, x: Atom) -> Atom | None:
        maker, dims = self.maker(x), self.fact(x).dims
        for arg in () if maker is None or maker.effect else maker.args:
            if isinstance(arg, Var) and self.fact(arg).kind == "array" and self.fact(arg).dims == dims:
                return arg
        return None

    @cached_property
    def uses(self) -> Mapping[str, int]:
        """How often each name is read."""
        return uses(self.program)

    # Memory -------------------------------------------------------------------------------------------

    @cached_property
    def aliases(self) -> Aliases:
        return aliases(self.program, kinds_of(self.facts), FRESH)

    @cached_property
    def _written(self) -> set[int]:
        lets = [s for s in walk(self.program.body) if isinstance(s, Let)]
        return {kind for let in lets if (kind := writes_of(let, self.aliases)) is not None}

    @cached_property
    def _returned(self) -> set[int]:
        names = reads(self.program.exit)
        return {kind for name in names for kind in self.aliases.within(name)}

    def is_steady(self, atom: Argument) -> bool:
        """Whether a value stays what it is: nobody writes into it."""
        kind = None if isinstance(atom, Const) else self.aliases.of(_name(atom))
        return kind is None or kind not in self._written

    def may_be_one(self, name: str, source: Argument) -> bool:
        """Whether a name may become the source itself, where it was an object of its own.

        Not if either is written into, and what is returned stays apart from what somebody else knows.
        """
        if not isinstance(source, Var):
            return True
        a, b = self.aliases.of(name), self.aliases.of(source.name)
        if a is None or b is None:
            return True
        if a in self._written or b in self._written:
            return False
        if a == b:
            return True
        if a in self._returned and (b in self._returned or b == self.aliases.outside):
            return False
        returned = not self._returned.isdisjoint((a, b))
        self.aliases.join(name, source.name)
        if returned:
            self._returned.update(self.aliases.within(name))
        return True


def _name(argument: Var | Star) -> str:
    return argument.name if isinstance(argument, Var) else argument.value.name


def rewrite(program: Program, change: Callable[[Let], Sequence[Let] | None]) -> Program:
    """The program with its `Let`s changed, in order; None leaves one as it is."""

    def block(old: Block) -> Block:
        return same_or(old, [new for statement in old for new in one(statement)])

    def one(statement: Statement) -> Sequence[Statement]:
        if isinstance(statement, Let):
            new = change(statement)
            return (statement,) if new is None else new
        return (with_blocks(statement, block),)

    body = block(program.body)
    return program if body is program.body else replace(program, body=body)


def copied(statement: Let, source: Atom) -> tuple[Let]:
    """The statement's name as another one for `source`."""
    return (Let(statement.targets, same, (source,), line=statement.line),)


def computed(statement: Let, op: Callable[..., Any], *args: Atom, **kwargs: Any) -> tuple[Let]:
    """The statement's name as the result of another operation; keywords are constants."""
    constants = tuple([(name, Const(value)) for name, value in kwargs.items()])
    return (Let(statement.targets, op, args, constants, statement.line),)


def plain_arguments(statement: Let) -> tuple[Atom, ...] | None:
    """The arguments, if all are given by position and none is spread."""
    args = tuple([arg for arg in statement.args if not isinstance(arg, Star)])
    return args if len(args) == len(statement.args) and not statement.kwargs else None
