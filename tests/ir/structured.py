"""Random programs with branches, loops, writes, containers and stacks, and what can be seen of a run."""

from __future__ import annotations

import copy
import operator
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tapeless.ir.program import (
    UNDEFINED,
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
    add_at,
    build_list,
    build_tuple,
    iadd,
    new_stack,
    pop,
    push,
    reads,
    same,
)
from tests.ir.evaluate import evaluate

LOG: list[Any] = []
LENGTH = 3
FAILED = ("it raised an error",)


def record(*values: Any) -> None:
    """An effect that is seen: what `print` is to a user."""
    LOG.append(copy.deepcopy(values))


def disturb(array: Any) -> Any:
    """Some function of the user's: writes into what it is given, keeps it, gives it back."""
    LOG.append(array)
    array[0] = array[0] + 1.0
    return array


def observe(program: Program, *args: Any) -> tuple[Any, ...]:
    """Everything that a run of the program can be seen by, and the results themselves."""
    args = copy.deepcopy(args)
    LOG.clear()
    with np.errstate(all="ignore"):
        try:
            result = evaluate(program, *args)
        except (UnboundLocalError, ValueError, TypeError, ZeroDivisionError):
            return FAILED, None, args
    return (_seen(result), _seen(tuple(LOG)), _seen(args)), result, args


def _seen(value: Any) -> Any:
    """Values to the last bit, with their dtypes; a number of NumPy is what an array of no axes is."""
    if isinstance(value, tuple | list):
        return (type(value).__name__, *map(_seen, value))
    if isinstance(value, float | complex | np.generic | np.ndarray) and not isinstance(value, np.bool_):
        array = np.asarray(value)
        if array.dtype.kind in "fc":
            array = np.where(np.isnan(array), np.nan, array).astype(array.dtype)
        return type(value).__name__ == "float", array.dtype.str, array.shape, array.tobytes()
    return repr(value)


NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, float("nan"), float("inf")])
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, np.multiply, np.maximum]
UNARY = [operator.neg, np.sin, np.exp, operator.pos, np.conjugate]
VIEWS = [np.ravel, np.transpose, np.real, np.asarray]
FRESH = [np.zeros_like, np.copy, np.ones_like]
REDUCTIONS = [np.sum, np.max]
PARAMS = ("x", "y", "a", "b")


def arguments() -> tuple[Any, ...]:
    return np.array([1.0, -0.0, 3.0]), np.array([-2.0, 0.5, np.inf]), 1.5, np.float64(-0.0)


class Writer:
    """One program in the making: the names that are there, by what they are."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0
        self.depth = 0
        self.arrays = ["x", "y"]
        self.numbers = ["a", "b"]
        self.pure: list[tuple[str, Let]] = []

    def fresh(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def pick(self, items: Any) -> Any:
        return self.draw(st.sampled_from(items))

    def number(self) -> Atom:
        return (
            Const(self.draw(NUMBERS)) if self.draw(st.integers(0, 3)) == 0 else Var(self.pick(self.numbers))
        )

    def array(self) -> Var:
        return Var(self.pick(self.arrays))

    def any(self) -> Atom:
        return self.pick([self.array(), self.array(), self.number()])

    def atom(self, kind: str) -> Atom:
        return self.array() if kind == "array" else self.number()

    def new(self, kind: str) -> str:
        name = self.fresh()
        (self.arrays if kind == "array" else self.numbers).append(name)
        return name

    def block(self, most: int = 4) -> Block:
        return tuple([s for _ in range(self.draw(st.integers(0, most))) for s in self.some()])

    def inside(self, write: Any) -> Any:
        """What `write` gives, whose names are not there afterwards."""
        arrays, numbers = list(self.arrays), list(self.numbers)
        self.depth += 1
        result = write()
        self.depth -= 1
        self.arrays, self.numbers = arrays, numbers
        return result

    more: tuple[str, ...] = ()

    def some(self) -> tuple[Statement, ...]:
        simple = [
            "binary",
            "binary",
            "binary",
            "unary",
            "view",
            "fresh",
            "reduce",
            "item",
            "copy",
            "set",
            "set",
        ]
        simple += ["iadd", "add_at", "record", "disturb", "tuple", "list", *self.more]
        nested = ["if", "if", "for", "for", "while", "stack"] if self.depth < 2 else []
        mark = len(self.arrays)
        written = getattr(self, self.pick(simple + nested + ["again"] * 4) + "_")()
        if len(written) == 1 and isinstance(written[0], Let) and written[0].targets and not written[0].effect:
            self.pure.append(("array" if len(self.arrays) > mark else "number", written[0]))
        return written

    def again_(self) -> tuple[Statement, ...]:
        """What was written before, under another name."""
        there = {*self.arrays, *self.numbers}
        known = [(kind, let) for kind, let in self.pure if there.issuperset(reads(let))]
        if not known:
            return ()
        kind, let = self.pick(known[-4:])
        return (replace(let, targets=(self.new(kind),)),)

    def binary_(self) -> tuple[Statement, ...]:
        left, right = self.pick([(self.array(), self.any()), (self.any(), self.array())])
        op = self.pick(BINARY)
        return (Let((self.new("array"),), op, (left, right)),)

    def unary_(self) -> tuple[Statement, ...]:
        return (
            Let((self.new("array"),), self.pick(UNARY), (Var(self.pick(self.arrays[:-1] or self.arrays)),)),
        )

    def view_(self) -> tuple[Statement, ...]:
        source = self.array()
        if self.draw(st.booleans()):
            backwards = Const(slice(None, None, -1))
            return (Let((self.new("array"),), operator.getitem, (source, backwards)),)
        return (Let((self.new("array"),), self.pick(VIEWS), (source,)),)

    def fresh_(self) -> tuple[Statement, ...]:
        source = self.array()
        return (Let((self.new("array"),), self.pick(FRESH), (source,)),)

    def reduce_(self) -> tuple[Statement, ...]:
        source = self.array()
        return (Let((self.new("number"),), self.pick(REDUCTIONS), (source,)),)

    def item_(self) -> tuple[Statement, ...]:
        source = self.array()
        return (Let((self.new("number"),), operator.getitem, (source, self.index())),)

    def index(self) -> Const:
        return Const(self.draw(st.integers(0, LENGTH - 1)))

    def copy_(self) -> tuple[Statement, ...]:
        kind = self.pick(["array", "number"])
        source = self.atom(kind)
        return (Let((self.new(kind),), same, (source,)),)

    def set_(self) -> tuple[Statement, ...]:
        return (Let((), operator.setitem, (self.array(), self.index(), self.number()), effect=True),)

    def iadd_(self) -> tuple[Statement, ...]:
        return (Let((), iadd, (self.array(), self.any()), effect=True),)

    def add_at_(self) -> tuple[Statement, ...]:
        return (Let((), add_at, (self.array(), self.index(), self.number()), effect=True),)

    def record_(self) -> tuple[Statement, ...]:
        return (Let((), record, (self.any(),), effect=True),) if self.draw(st.booleans()) else ()

    def disturb_(self) -> tuple[Statement, ...]:
        if self.draw(st.integers(0, 3)):
            return ()
        source = self.array()
        return (Let((self.new("array"),), disturb, (source,), effect=True),)

    def tuple_(self) -> tuple[Statement, ...]:
        name, parts = self.fresh(), (self.array(), self.number())
        made = Let((name,), self.pick([build_tuple, build_list]), parts)
        if self.draw(st.booleans()):
            return made, Let((self.new("array"), self.new("number")), same, (Var(name),))
        index = self.draw(st.integers(0, 1))
        target = self.new("number" if index else "array")
        return made, Let((target,), operator.getitem, (Var(name), Const(index)))

    def list_(self) -> tuple[Statement, ...]:
        name = self.fresh()
        parts = (self.array(), self.array())
        grown = Let((), list.append, (Var(name), self.array()), effect=True)
        written = Let((), operator.setitem, (Var(name), Const(0), self.array()), effect=True)
        taken = Let((self.new("array"),), operator.getitem, (Var(name), Const(self.pick([0, -1]))))
        return (
            Let((name,), build_list, parts),
            *self.pick([(), (grown,), (written,), (grown, written)]),
            taken,
        )

    def test(self) -> tuple[tuple[Statement, ...], Atom]:
        if self.draw(st.integers(0, 3)) == 0:
            return (), Const(self.draw(st.booleans()))
        name = self.fresh()
        return (Let((name,), operator.gt, (self.number(), Const(self.pick([-1.0, 1.0])))),), Var(name)

    def if_(self) -> tuple[Statement, ...]:
        before, test = self.test()
        kinds = [self.pick(["array", "number"]) for _ in range(self.draw(st.integers(0, 3)))]

        def branch() -> tuple[Block, list[Atom]]:
            block = self.block()
            return block, [self.atom(kind) for kind in kinds]

        then, ends = self.inside(branch)
        orelse, others = self.inside(branch)
        if kinds and self.draw(st.integers(0, 5)) == 0:
            others = [UNDEFINED, *others[1:]]
        outs = tuple(Phi(self.new(kind), a, b) for kind, a, b in zip(kinds, ends, others, strict=True))
        return (*before, If(test, then, orelse, outs))

    def carries(self, write: Any) -> tuple[Any, list[Carry], list[str]]:
        """What `write` gives within a loop, and what is carried round it; results are not there yet."""
        kinds = [self.pick(["array", "number"]) for _ in range(self.draw(st.integers(0, 3)))]
        inits = [self.atom(kind) for kind in kinds]

        def body() -> tuple[Any, list[Carry]]:
            names = [self.new(kind) for kind in kinds]
            result = write()
            nexts = [self.pick([self.atom(kind), Var(name)]) for kind, name in zip(kinds, names, strict=True)]
            parts = zip(names, inits, nexts, strict=True)
            return result, [Carry(name, init, after, self.fresh()) for name, init, after in parts]

        result, carries = self.inside(body)
        return result, carries, kinds

    def leave(self, carries: list[Carry], kinds: list[str]) -> None:
        for carry, kind in zip(carries, kinds, strict=True):
            (self.arrays if kind == "array" else self.numbers).append(carry.result)

    def for_(self) -> tuple[Statement, ...]:
        items, item = self.fresh(), self.fresh()
        values = tuple(self.number() for _ in range(self.draw(st.integers(0, 3))))

        def body() -> tuple[Block, Atom | None]:
            self.numbers.append(item)
            block = self.block()
            before, test = self.test() if self.draw(st.integers(0, 3)) == 0 else ((), None)
            return (*block, *before), test

        (block, until), carries, kinds = self.carries(body)
        self.leave(carries, kinds)
        made = Let((items,), build_tuple, values)
        return made, For((item,), Var(items), tuple(carries), block, until)

    def while_(self) -> tuple[Statement, ...]:
        counter, after, test = self.fresh(), self.fresh(), self.fresh()

        def body() -> tuple[Block, Block]:
            head = (*self.block(2), Let((test,), operator.lt, (Var(counter), Const(self.pick([0, 2, 3])))))
            step = Let((after,), operator.add, (Var(counter), Const(1)))
            return head, (*self.block(), step)

        (head, block), carries, kinds = self.carries(body)
        self.leave(carries, kinds)
        count = Carry(counter, Const(0), Var(after), self.fresh())
        return (While(head, Var(test), (count, *carries), block),)

    def stack_(self) -> tuple[Statement, ...]:
        """A loop that keeps, and one that goes the way back."""
        stack, items = self.fresh(), self.fresh()
        width, count = self.draw(st.integers(1, 3)), self.draw(st.integers(0, 2))
        kinds = [self.pick(["array", "number"]) for _ in range(width)]

        def keep() -> Block:
            return (*self.block(2), Let((), push, (Var(stack), *map(self.atom, kinds)), effect=True))

        def take() -> Block:
            targets = tuple(self.new(kind) for kind in kinds)
            return (Let(targets, pop, (Var(stack),), effect=True), *self.block(2))

        kept, there, names = self.carries(keep)
        self.leave(there, names)
        between = self.block(1)
        taken, back, others = self.carries(take)
        self.leave(back, others)
        return (
            Let((stack,), new_stack, ()),
            Let((items,), range, (Const(count),)),
            For((self.fresh(),), Var(items), tuple(there), kept),
            *between,
            For((self.fresh(),), Var(items), tuple(back), taken),
        )


@st.composite
def structured_programs(draw: st.DrawFn, writing: type[Writer] = Writer) -> Program:
    """Programs of two arrays and two numbers, for `arguments()`."""
    writer = writing(draw)
    body = writer.block(8)
    values = [writer.pick([writer.array(), writer.number()]) for _ in range(draw(st.integers(1, 3)))]
    return Program("f", PARAMS, body, Return(tuple(values), as_tuple=True))
