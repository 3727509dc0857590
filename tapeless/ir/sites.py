"""Where values are used, for those who print: in which block a value's only use stands, and what repeats."""

from __future__ import annotations

import operator
from collections.abc import Container, Mapping
from typing import Any

from tapeless.ir.forms import Choice
from tapeless.ir.names import is_temporary
from tapeless.ir.program import (
    Argument,
    Atom,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Var,
    While,
    add_at,
    atoms,
    build_tuple,
    named,
    reads,
    same,
    set_imag,
    subtract_at,
    walk,
)

SEVERAL = -1
INDEXED: dict[Any, int] = {
    operator.getitem: 1,
    operator.setitem: 1,
    operator.delitem: 1,
    add_at: 1,
    subtract_at: 1,
    set_imag: 1,
}


def only_uses(program: Program) -> dict[str, int]:
    """By name, the block in which its only use stands, if a value could stand there itself; else SEVERAL.

    Blocks go by their identity.  What a branch or a loop hands on needs a name.
    """
    found: dict[str, int] = {}

    def use(atom: Argument | None, block: int) -> None:
        name = named(atom) if atom is not None else None
        if name is not None:
            found[name] = SEVERAL if name in found else block

    for atom in program.exit.values:
        use(atom, id(program.body))
    waiting = [program.body]
    while waiting:
        block = waiting.pop()
        for statement in block:
            match statement:
                case Let():
                    for atom in atoms(statement):
                        use(atom, id(block))
                case If():
                    use(statement.test, id(block))
                    waiting += (statement.then, statement.orelse)
                    for phi in statement.outs:
                        use(phi.then, SEVERAL)
                        use(phi.orelse, SEVERAL)
                case For():
                    use(statement.iterable, id(block))
                    use(statement.until, id(statement.body))
                    waiting.append(statement.body)
                case While():
                    use(statement.test, id(statement.head))
                    use(statement.until, id(statement.body))
                    waiting += (statement.head, statement.body)
            if isinstance(statement, For | While):
                for carry in statement.carries:
                    use(carry.init, SEVERAL)
                    use(carry.next, SEVERAL)
    return found


def repeated(program: Program, immutable: Container[str]) -> dict[str, Let]:
    """Other names of names, and what only indexes: nobody gives a name to a slice, a tuple or `i + 1`.

    t = slice(1, n)
    y = x[t]         =>  y = x[1:n]
    dx[t] += dy          dx[1:n] += dy
    """
    made = {
        statement.targets[0]: statement
        for statement in walk(program.body)
        if isinstance(statement, Let) and _may_repeat(statement, immutable)
    }
    users: dict[str, list[str]] = {}
    others = _other_uses(program, made, users)
    settled = {name for name in made if name in others and made[name].op is not same}
    for name in reversed(made):
        if any([user in settled for user in users.get(name, ())]) and made[name].op is not same:
            settled.add(name)
    return {name: let for name, let in made.items() if name not in settled}


def within_choices(program: Program) -> dict[str, Let]:
    """What is computed on one side of a choice stands in its expression."""
    choices = [s.op for s in walk(program.body) if isinstance(s, Let) and isinstance(s.op, Choice)]
    waiting = [let for choice in choices for let in choice.lets]
    found: dict[str, Let] = {}
    while waiting:
        let = waiting.pop()
        found[let.targets[0]] = let
        if isinstance(let.op, Choice):
            waiting += let.op.lets
    return found


def _may_repeat(let: Let, immutable: Container[str]) -> bool:
    if len(let.targets) != 1 or let.effect or let.kwargs or not is_temporary(let.targets[0]):
        return False
    if any([isinstance(argument, Star) for argument in let.args]):
        return False
    if let.op in (operator.add, operator.sub):
        left, right = let.args
        return (named(left) or "") in immutable and isinstance(right, Const)
    return (let.op is same and len(let.args) == 1) or let.op is build_tuple or let.op is slice


def _other_uses(program: Program, made: Mapping[str, Let], users: dict[str, list[str]]) -> set[str]:
    """What is used otherwise than as an index, or in the tuple or slice that `users` then says."""
    found: set[str] = set()
    for statement in (*walk(program.body), program.exit):
        if not isinstance(statement, Let):
            found.update(reads(statement))
            continue
        own = statement.targets[0] if statement.targets else ""
        place = INDEXED.get(statement.op)
        for position, argument in enumerate(atoms(statement)):
            name = named(argument)
            if name is None or name not in made or position == place:
                continue
            if made.get(own) is statement:
                users.setdefault(name, []).append(own)
            else:
                found.add(name)
    return found


class Leaves:
    """What is read where an argument stands, through all that is folded there."""

    def __init__(self, folded: Mapping[str, Let]) -> None:
        self.folded = folded
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, argument: Argument | None) -> tuple[str, ...]:
        name = named(argument) if argument is not None else None
        if name is None:
            return ()
        let = self.folded.get(name)
        if let is None:
            return (name,)
        if name not in self._known:
            self._known[name] = tuple(dict.fromkeys(self.of_let(let)))
        return self._known[name]

    def of_let(self, let: Let) -> list[str]:
        return [name for argument in atoms(let) for name in self.of(argument)]

    def atom(self, atom: Atom) -> Atom:
        """The value that is meant by what is folded for being only another name."""
        while isinstance(atom, Var) and atom.name in self.folded and self.folded[atom.name].op is same:
            (source,) = self.folded[atom.name].args
            assert not isinstance(source, Star)
            atom = source
        return atom
