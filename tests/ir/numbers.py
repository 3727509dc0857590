"""Random programs of whole numbers, all control flow: quick to make and to run, and every value counts."""

from __future__ import annotations

import operator
import random

from tapeless.ir.names import Names
from tapeless.ir.program import (
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Statement,
    Var,
    While,
    new_stack,
    pop,
    push,
    same,
)

OPERATIONS = (operator.add, operator.sub, operator.mul, max, min)
VARIABLES = ("t", "t", "t", "x", "y", "s", "i")


def number_program(seed: int) -> Program:
    """A program of two whole numbers."""
    return _Author(random.Random(seed)).program()


class _Author:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = Names(("f", "x", "y"))
        self.known = ["x", "y"]
        self.depth = 0

    def program(self) -> Program:
        body = self.block(6)
        values = tuple(Var(name) for name in self.rng.sample(self.known, min(3, len(self.known))))
        return Program("f", ("x", "y"), body, Return(values, as_tuple=True))

    def fresh(self) -> str:
        return self.names.fresh(self.rng.choice(VARIABLES))

    def atom(self) -> Atom:
        if self.rng.random() < 0.2:
            return Const(self.rng.randint(-2, 3))
        recent = self.known[-4:] if self.rng.random() < 0.6 else self.known
        return Var(self.rng.choice(recent))

    def new(self) -> str:
        name = self.fresh()
        self.known.append(name)
        return name

    def block(self, most: int) -> Block:
        found: list[Statement] = []
        for _ in range(self.rng.randint(0, most)):
            kinds = [self.let] * 6 + (
                [self.branch, self.loop, self.loop, self.stack] if self.depth < 3 else []
            )
            found += self.rng.choice(kinds)()
        return tuple(found)

    def nested(self, most: int = 4) -> Block:
        self.depth += 1
        block = self.block(most)
        self.depth -= 1
        return block

    def let(self) -> list[Statement]:
        if self.rng.random() < 0.15:
            source = self.atom()
            return [Let((self.new(),), same, (source,))]
        args = (self.atom(), self.atom())
        made = Let((self.fresh(),), self.rng.choice(OPERATIONS), args)
        bound = Let((self.new(),), operator.mod, (Var(made.targets[0]), Const(self.rng.choice((5, 7, 11)))))
        return [made, bound]

    def test(self) -> tuple[list[Statement], Atom]:
        args = (self.atom(), self.atom())
        name = self.fresh()
        return [Let((name,), self.rng.choice((operator.gt, operator.eq, operator.le)), args)], Var(name)

    def branch(self) -> list[Statement]:
        before, test = self.test()
        count = self.rng.choice((0, 1, 1, 2, 3))
        mark = len(self.known)
        then = self.nested()
        first = [self.atom() for _ in range(count)]
        del self.known[mark:]
        orelse = self.nested()
        second = [test if self.rng.random() < 0.1 else self.atom() for _ in range(count)]
        del self.known[mark:]
        outs = tuple(Phi(self.new(), a, b) for a, b in zip(first, second, strict=True))
        return [*before, If(test, then, orelse, outs)]

    def loop(self) -> list[Statement]:
        before: list[Statement] = []
        inits = [self.atom() for _ in range(self.rng.choice((0, 1, 2, 2, 3)))]
        is_for = self.rng.random() < 0.5
        trips = Const(self.rng.randint(0, 3))
        if is_for:
            start, name = self.atom(), self.fresh()
            stop = self.fresh()
            before.append(Let((stop,), operator.add, (start, trips)))
            before.append(Let((name,), range, (start, Var(stop))))
        mark = len(self.known)
        names = [self.new() for _ in inits]
        head, test, rounds = (), Var(""), ()
        target = self.fresh()
        if is_for:
            self.known.append(target)
        else:
            head, test, rounds = self.head(trips)
        body = [*self.nested(5), *[s for _, _, s in rounds]]
        nexts = [self.atom() for _ in inits]
        body, until = self.ending(body)
        del self.known[mark:]
        carries = [Carry(n, a, b, self.new()) for n, a, b in zip(names, inits, nexts, strict=True)]
        if is_for:
            return [*before, For((target,), Var(name), tuple(carries), tuple(body), until)]
        carries += [Carry(n, Const(0), a, self.fresh()) for n, a, _ in rounds]
        return [*before, While(head, test, tuple(carries), tuple(body), until)]

    def head(self, trips: Const) -> tuple[Block, Var, tuple[tuple[str, Atom, Statement], ...]]:
        counter, after, test = self.fresh(), self.fresh(), self.fresh()
        asks = Let((test,), operator.lt, (Var(counter), trips))
        step = Let((after,), operator.add, (Var(counter), Const(1)))
        return (*self.nested(2), asks), Var(test), ((counter, Var(after), step),)

    def ending(self, body: list[Statement]) -> tuple[list[Statement], Atom | None]:
        """How a loop may end early: by a value, or by a flag that branches set."""
        how = self.rng.random()
        if how < 0.5:
            return body, None
        before, test = self.test()
        if how < 0.75:
            return [*body, *before], test
        flag: Atom = Const(self.rng.random() < 0.5)
        end: Block = ()
        for _ in range(self.rng.choice((1, 1, 2))):
            more, test = self.test()
            name = self.fresh()
            mark = len(self.known)
            sides = [(end, flag), (self.nested(1), Const(self.rng.random() < 0.5))]
            del self.known[mark:]
            self.rng.shuffle(sides)
            (then, a), (orelse, b) = sides
            end, flag = (*more, If(test, then, orelse, (Phi(name, a, b),))), Var(name)
        return [*body, *end], flag

    def stack(self) -> list[Statement]:
        """A loop that keeps, and one that goes the way back."""
        stack, items, length = self.fresh(), self.fresh(), self.fresh()
        first = self.loop()
        loop = first[-1]
        assert isinstance(loop, For | While)
        inside = [
            s.targets[0] for s in loop.body if isinstance(s, Let) and s.op in (*OPERATIONS, operator.mod)
        ]
        kept = [Var(self.rng.choice(inside)) if inside else Const(1) for _ in range(self.rng.randint(1, 2))]
        keep = Let((), push, (Var(stack), *kept), effect=True)
        body = (*loop.body, keep)
        first[-1] = (
            For(loop.targets, loop.iterable, loop.carries, body, loop.until)
            if isinstance(loop, For)
            else While(loop.head, loop.test, loop.carries, body, loop.until)
        )
        total, after = self.fresh(), self.fresh()
        taken = [self.fresh() for _ in kept]
        back: tuple[Statement, ...] = (
            Let(tuple(taken), pop, (Var(stack),), effect=True),
            *(Let((f"{after}_{k}",), operator.add, (Var(f"{after}_{k - 1}" if k else total), Var(n)))
              for k, n in enumerate(taken)),
        )  # fmt: skip
        last = f"{after}_{len(taken) - 1}"
        for name in [f"{after}_{k}" for k in range(len(taken))]:
            self.names.take(name)
        carry = Carry(total, self.atom(), Var(last), self.new())
        return [
            Let((stack,), new_stack, ()),
            *first,
            Let((length,), len, (Var(stack),)),
            Let((items,), range, (Var(length),)),
            For((), Var(items), (carry,), back),
        ]
