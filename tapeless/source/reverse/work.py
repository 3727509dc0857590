"""What the reverse of one program knows and shares between its blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tapeless.ir.names import Names
from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Star,
    Statement,
    Var,
    While,
    names_of,
)
from tapeless.source.analyse.activity import Activity, activity, shielded
from tapeless.source.analyse.aliasing import Aliasing, aliasing
from tapeless.source.analyse.lending import note_shown
from tapeless.source.analyse.outline import ROOT, Outline, distinct, outline
from tapeless.source.analyse.storage import Storage, base_name, storage
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.infer import infer


class Work:
    """One program on its way: what is known of the primal, new names, forward statements to be added."""

    def __init__(self, program: Program, facts: Mapping[str, Fact], wrt: Iterable[str]) -> None:
        self.program = replace(program, body=distinct(program.body))
        self.facts: dict[str, Fact] = dict(facts)
        self.wrt = tuple(wrt)
        self.names = Names(names_of(program))
        outputs = [atom.name for atom in program.exit.values[:1] if isinstance(atom, Var)]
        self.outline: Outline = outline(self.program)
        note_shown(self.program)
        self.aliases: Aliasing = aliasing(self.program, self.facts, self.outline)
        self.activity: Activity = activity(self.program, self.facts, self.aliases, self.wrt, outputs)
        self.shielded = shielded(self.program, self.facts, self.aliases, self.activity)
        self.storage: Storage = storage(self.program, self.facts, self.outline, self.aliases, self.activity)
        self.scope_of: dict[str, int] = self.outline.scope_of
        self.definition: dict[str, Statement] = self.outline.definition
        # Forward statements that follow the definition of a name, and stacks to be made before a loop nest.
        self.following: dict[str, list[Let]] = {}
        self.stacks: list[Let] = []
        # How a loop's item is read from what the loop runs over, by the index of the round.
        self.rereads: dict[str, Let] = {}
        # What branches hand on besides, because the way back asks for it around them: names, and the phis.
        self.exported: dict[tuple[int, int, str], str] = {}
        self.exports: dict[int, list[Phi]] = {}
        self.reverse: Any = None  # differentiates the programs of procedures
        self.shapes: dict[tuple[str, Callable[..., Any]], str] = {}

    def fact(self, atom: Argument | str | None) -> Fact:
        if isinstance(atom, Var):
            atom = atom.name
        return self.facts.get(atom, UNKNOWN) if isinstance(atom, str) else UNKNOWN

    def fresh(self, wanted: str, fact: Fact = UNKNOWN) -> str:
        name = self.names.fresh(wanted)
        self.facts[name] = fact
        return name

    def infer(self, let: Let) -> None:
        """Note what is known of the results of a new statement."""
        if any(isinstance(argument, Star) for argument in let.args):
            return
        args = [arg if isinstance(arg, Const) else self.fact(arg) for arg in let.args]
        kwargs = {name: atom if isinstance(atom, Const) else self.fact(atom) for name, atom in let.kwargs}
        found = infer(let.op, args, kwargs, let.targets[0])
        facts = (found,) if isinstance(found, Fact) else found
        if len(facts) == len(let.targets):
            self.facts.update(zip(let.targets, facts, strict=True))

    def cotangent_name(self, primal: str) -> str:
        return self.fresh("d" + base_name(primal), self.fact(primal))

    def forward_name(self, wanted: str, scope: int, fact: Fact = UNKNOWN) -> str:
        """A new name that the forward part defines in a scope."""
        name = self.fresh(wanted, fact)
        self.scope_of[name] = scope
        return name

    def is_active(self, name: str | None) -> bool:
        return name in self.activity.active

    def is_buffer(self, name: str) -> bool:
        return name in self.storage.buffers

    def is_part(self, name: str) -> bool:
        """Whether the cotangent of a name is that of another, or a part of it."""
        return name in self.storage.views or name in self.storage.choices

    def is_of(self, name: str, branch: If) -> bool:
        """Whether a name is seen in a branch only."""
        scope = self.scope_of[name]
        return any(self.outline.is_within(scope, inner) for inner in self.outline.inner[id(branch)])

    def is_held_and_written(self, name: str, scope: int, position: int) -> bool:
        """Whether a value, or what it holds, is overwritten at some time after a position."""
        if self.fact(name).kind in ("scalar", "slice"):
            return False
        return self.aliases.is_written_later(name, scope, position, deep=True)

    def is_shared(self, scope: int) -> bool:
        """Whether names of a scope are gone, or have other values, when the backward part runs."""
        return scope != ROOT

    def in_loop(self, scope: int) -> bool:
        return self.outline.loop_around(scope) is not None


def rename_block(block: Block, names: Mapping[str, Atom]) -> Block:
    """The same statements with other atoms read in the place of some names."""
    return tuple([_renamed(statement, names) for statement in block]) if names else block


def renamed_atom(atom: Any, names: Mapping[str, Atom]) -> Any:
    if isinstance(atom, Star):
        value = names.get(atom.value.name, atom.value)
        return Star(value) if isinstance(value, Var) else atom
    return names.get(atom.name, atom) if isinstance(atom, Var) else atom


def _renamed(statement: Statement, names: Mapping[str, Atom]) -> Statement:
    def new(atom: Any) -> Any:
        return renamed_atom(atom, names)

    match statement:
        case Let():
            kwargs = tuple([(name, new(atom)) for name, atom in statement.kwargs])
            return replace(statement, args=tuple([new(atom) for atom in statement.args]), kwargs=kwargs)
        case If():
            return replace(
                statement,
                test=new(statement.test),
                then=rename_block(statement.then, names),
                orelse=rename_block(statement.orelse, names),
                outs=tuple([Phi(phi.name, new(phi.then), new(phi.orelse)) for phi in statement.outs]),
            )
        case For() | While():
            until = None if statement.until is None else new(statement.until)
            carries = tuple([Carry(c.name, new(c.init), new(c.next), c.result) for c in statement.carries])
            body = rename_block(statement.body, names)
            if isinstance(statement, For):
                iterable = new(statement.iterable)
                return replace(statement, iterable=iterable, carries=carries, body=body, until=until)
            head = rename_block(statement.head, names)
            test = new(statement.test)
            return replace(statement, head=head, test=test, carries=carries, body=body, until=until)
