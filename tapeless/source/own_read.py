"""Rules of a user's own, read for the arguments of one call: what the way back and forward mode build on."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Argument, Block, Const, Let, Program, Var, build_tuple, names_of, same
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.own import OwnRules


@dataclass(slots=True, eq=False)
class OwnRead:
    """The rules of a procedure, as procedures of leaves: the numbers and arrays in arguments and results.

    `fixed` and `moving` are the places, among the procedure's parameters, of the leaves that are handed to
    the rules as they are, and of the others.  `flows`: which leaves of the result have cotangents.

        forward(*arguments)                         -> *results, *kept
        backward(*fixed, *kept, *cotangents)        -> the cotangents of the leaves in `found`
        pushforward(*fixed, *moving, *tangents)     -> *results, *tangents of those that flow

    Tangents are those of the leaves in `pushed`.
    """

    own: OwnRules
    title: str
    fixed: tuple[int, ...] = ()
    moving: tuple[int, ...] = ()
    flows: tuple[bool, ...] = ()
    forward: Procedure | None = None
    kept: int = 0
    backward: Procedure | None = None
    found: tuple[int, ...] = ()
    pushforward: Procedure | None = None
    pushed: tuple[int, ...] = ()
    facts: tuple[Fact, ...] = ()  # of the leaves of the result
    outside: int = 0  # how many further arguments all of them take: what they find around them

    @property
    def leaf_facts(self) -> tuple[Fact, ...]:
        """Of what the forward half gives."""
        return (*self.facts, *((UNKNOWN,) * self.kept))


class Writing:
    """A program in the making, from the programs of procedures."""

    def __init__(self, like: Program, facts: dict[str, Fact]) -> None:
        self.names = Names(names_of(like))
        self.facts = dict(facts)
        self.body: list[Any] = []

    def fresh(self, hint: str, fact: Fact = UNKNOWN) -> str:
        name = self.names.fresh(hint)
        self.facts[name] = fact
        return name

    def let(self, hint: str, op: Any, *args: Argument, fact: Fact = UNKNOWN) -> Var:
        name = self.fresh(hint, fact)
        self.body.append(Let((name,), op, args))
        return Var(name)

    def leaves(self, program: Program, facts: Sequence[Fact], hint: str) -> list[Any]:
        """What a program returns, item by item; as they went into the tuple, where that is built in it."""
        whole = program.exit.values[0]
        for statement in program.body:
            if (
                isinstance(statement, Let)
                and statement.op is build_tuple
                and statement.targets == (getattr(whole, "name", None),)
            ):
                return list(statement.args)
        return self.unpacked(whole, facts, hint)

    def unpacked(self, whole: Any, facts: Sequence[Fact], hint: str) -> list[Any]:
        """The items of what is one value if it is alone, else a tuple."""
        if len(facts) == 1:
            if isinstance(whole, Var) and self.facts.get(whole.name, UNKNOWN) == UNKNOWN:
                self.facts[whole.name] = facts[0]
            return [whole]
        names = tuple([self.fresh(hint, fact) for fact in facts])
        if names:
            self.body.append(Let(names, same, (whole,)))
        return [Var(name) for name in names]

    def packed(self, atoms: Sequence[Any], hint: str) -> Any:
        """The reverse of it."""
        if len(atoms) == 1:
            return atoms[0]
        return self.let(hint, build_tuple, *atoms, fact=Fact("tuple"))

    def tuple_of(self, atoms: Sequence[Any], hint: str) -> Var:
        facts = tuple([self.facts.get(a.name, UNKNOWN) if isinstance(a, Var) else a for a in atoms])
        return self.let(hint, build_tuple, *atoms, fact=Fact("tuple", items=facts))

    def opened(self, whole: Var, names: Sequence[str]) -> None:
        """A tuple under names that are known."""
        if len(names) == 1:  # several targets unpack, one does not
            self.body.append(Let((names[0],), operator.getitem, (whole, Const(0))))
        elif names:
            self.body.append(Let(tuple(names), same, (whole,)))

    def taken(self) -> Block:
        """The statements written so far; others come after them."""
        block = tuple(self.body)
        self.body = []
        return block
