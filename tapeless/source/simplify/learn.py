"""Find out what is known of the names of a program of which nobody has said anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Statement,
    Var,
    While,
    blocks,
    is_undefined,
    pop,
    walk,
)
from tapeless.ir.stacks import stacks
from tapeless.source.facts import NUMERIC, UNKNOWN, Fact, Size, as_one, as_several, fact_of_constant, join
from tapeless.source.infer import infer
from tapeless.source.simplify.helpers import BY_ID

ROUNDS = 4
CONTAINERS = ("list", "dict", "stack")


def learn(program: Program, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts of all names: those given, and what follows from them.

    y = np.sin(x)      x: float64, (3,)         y: float64, (3,)
    s = y.sum()    +                       =>   s: float64, ()
    """
    learning = _Learning(program, {name: fact for name, fact in facts.items() if fact != UNKNOWN})
    learning.block(program.body)
    return {**learning.given, **learning.learned}


class _Learning:
    def __init__(self, program: Program, given: dict[str, Fact]) -> None:
        self.given = given
        self.learned: dict[str, Fact] = {}
        self.popped = {
            target: stack.pushed(position)
            for stack in stacks(program).values()
            for position in range(stack.width)
            for target in stack.popped(position)
        }
        # What is said of the items of a list holds until it is written into.
        self.writes = any([isinstance(s, Let) and s.effect for s in walk(program.body)])

    def fact(self, argument: Argument) -> Fact:
        if isinstance(argument, Const):
            return UNKNOWN if is_undefined(argument) else fact_of_constant(argument.value)
        name = argument.name if isinstance(argument, Var) else argument.value.name
        return self.learned.get(name) or self.given.get(name, UNKNOWN)

    def term(self, argument: Argument) -> Fact | Const:
        if isinstance(argument, Const):
            return argument
        fact = self.fact(argument)
        return Fact(fact.kind) if self.writes and fact.kind in CONTAINERS else fact

    def block(self, block: Block) -> None:
        for statement in block:
            self._statement(statement)

    def _statement(self, statement: Statement) -> None:
        match statement:
            case Let():
                self._let(statement)
            case If():
                for part in blocks(statement):
                    self.block(part)
                for phi in statement.outs:
                    self._learn(phi.name, self._either(phi.then, phi.orelse, phi.name))
            case For() | While():
                self._loop(statement)

    def _is_whole(self, name: str) -> bool:
        """Whether all is said of a number or array."""
        fact = self.given.get(name, UNKNOWN)
        return fact.kind in NUMERIC and fact.dtype is not None and fact.dims is not None

    def _learn(self, name: str, fact: Fact) -> None:
        """Add to what is said of a name what is found out about it."""
        given = self.given.get(name, UNKNOWN)
        if given == UNKNOWN:
            self.learned[name] = fact
        elif given.kind in NUMERIC and fact.kind in NUMERIC:
            kind = fact.kind if given.kind == "numeric" else given.kind
            weak, dtype = (fact.weak, fact.dtype) if given.dtype is None else (given.weak, given.dtype)
            dims = fact.dims if given.dims is None else given.dims
            self.learned[name] = replace(given, kind=kind, dtype=dtype, dims=dims, weak=weak)

    def _either(self, first: Atom, second: Atom, name: str) -> Fact:
        a, b = (None if is_undefined(atom) else self.fact(atom) for atom in (first, second))
        if b is None:
            a, b = b, a
        return UNKNOWN if b is None else join(a, b, name)

    def _let(self, statement: Let) -> None:
        targets = [name for name in statement.targets if not self._is_whole(name)]
        if not targets:
            return
        if statement.op is pop:
            for name in targets:
                self._learn(name, self._pushed(name))
            return
        if any([isinstance(arg, Star) for arg in statement.args]):
            return
        args = [self.term(arg) for arg in statement.args]
        kwargs = {name: self.term(atom) for name, atom in statement.kwargs}
        name = statement.targets[0]
        helper = BY_ID.get(id(statement.op))
        found = infer(statement.op, args, kwargs, name) if helper is None else helper(*args, **kwargs)
        if len(statement.targets) == 1:
            self._learn(name, as_one(found))
            return
        several = zip(statement.targets, as_several(found, len(statement.targets)), strict=True)
        for name, fact in several:
            self._learn(name, fact)

    def _pushed(self, name: str) -> Fact:
        """What comes off a stack is what went on it; its lengths are those of another round."""
        found = None
        for argument in self.popped.get(name, ()):
            found = join(found, self.fact(argument), name)
        return UNKNOWN if found is None else found

    def _loop(self, loop: For | While) -> None:
        unknown = [carry for carry in loop.carries if carry.name not in self.given]
        guesses = {c.name: UNKNOWN if is_undefined(c.init) else self.fact(c.init) for c in unknown}
        for _ in range(ROUNDS):
            self.learned.update(guesses)
            self._round(loop)
            found = {c.name: join(guesses[c.name], self.fact(c.next), c.name) for c in unknown}
            if found == guesses:
                break
            guesses = found
        else:
            self.learned.update({carry.name: UNKNOWN for carry in unknown})
            self._round(loop)
        for carry in loop.carries:
            self._learn(carry.result, self._after(carry))

    def _round(self, loop: For | While) -> None:
        for part in blocks(loop):
            self.block(part)

    def _after(self, carry: Carry) -> Fact:
        """What held in each round holds after the loop; a length of the loop's own gets another name."""
        fact = self.fact(Var(carry.name))
        if is_undefined(carry.init):
            return UNKNOWN
        if fact.dims is None:
            return Fact(fact.kind, fact.dtype, None, fact.weak)
        own = carry.name + "."
        dims = tuple(
            [
                Size(f"{carry.result}.{axis}", dim.stretches)
                if isinstance(dim, Size) and dim.name.startswith(own)
                else dim
                for axis, dim in enumerate(fact.dims)
            ]
        )
        return replace(fact, dims=dims, items=None, item=None, size=None)
