"""Random programs with the helpers that rules call, and facts that a run shows."""

from __future__ import annotations

import copy
import operator
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tapeless.ir.program import UNDEFINED, Const, Let, Program, Statement, Var, iadd, isub
from tapeless.rules.contractions import dot_to_left, matmul_to_left, matmul_to_right
from tapeless.rules.reductions import at_least_one, count_reduced, degrees_of_freedom
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import (
    as_dtype,
    conjugate,
    divide_or_zero,
    dtype_of,
    masked,
    restore_axes,
    spread,
    unbroadcast,
)
from tapeless.source.facts import Fact, Size, fact_of_constant, join
from tests.ir import evaluate as evaluator
from tests.ir.structured import LENGTH, Writer

N = Size("n", stretches=False)


class HelperWriter(Writer):
    """Also writes what differentiation writes."""

    more = ("spread", "spread", "fit", "cast", "mean", "matrix", "sign", "sign", "power", "chain", "product")
    more += ("one", "one")

    def let(self, kind: str, op: Any, *args: Any) -> Let:
        return Let((self.new(kind),), op, args)

    def shape_of(self) -> tuple[Let, Var]:
        name = self.fresh()
        return Let((name,), np.shape, (self.array(),)), Var(name)

    def spread_(self) -> tuple[Statement, ...]:
        made, shape = self.shape_of()
        number = self.number()
        op = self.pick([spread, np.broadcast_to, np.full])
        if op is spread:
            return made, self.let("array", spread, number, shape, Const(None), Const(False))
        return made, self.let("array", op, *((shape, number) if op is np.full else (number, shape)))

    def fit_(self) -> tuple[Statement, ...]:
        made, shape = self.shape_of()
        source = self.array()
        if self.draw(st.booleans()):
            return made, self.let("array", unbroadcast, source, shape)
        return (self.let("number", unbroadcast, source, Const(())),)

    def cast_(self) -> tuple[Statement, ...]:
        dtype, source, like = self.fresh(), self.array(), self.any()
        ask = Let((dtype,), dtype_of, (like,))
        op = self.pick([as_dtype, masked, conjugate])
        second = {as_dtype: (Var(dtype),), masked: (Const(True),), conjugate: ()}[op]
        return ask, self.let("array", op, source, *second)

    def mean_(self) -> tuple[Statement, ...]:
        """What the rules of means, variances and maxima begin with."""
        made, shape = self.shape_of()
        names = [self.fresh() for _ in range(4)]
        number, count = self.pick([Const(1.0), self.number()]), Var(names[1])
        return (
            made,
            Let((names[0],), dtype_of, (number,)),
            Let((names[1],), count_reduced, (shape, Const(None), Const(True), Var(names[0]))),
            Let(
                (names[2],),
                *self.pick([(at_least_one, (count,)), (degrees_of_freedom, (count, Const(0), Const(None)))]),
            ),
            Let((names[3],), restore_axes, (number, shape, Const(None), Const(False))),
            self.let("array", operator.truediv, self.array(), Var(names[2])),
            self.let("number", operator.mul, Var(names[3]), Var(names[2])),
        )

    def matrix_(self) -> tuple[Statement, ...]:
        """A row and a column, and back."""
        column, matrix, shape, back = (self.fresh() for _ in range(4))
        first, second = self.array(), self.any()
        kind = self.pick(["sum", "spread", "outer"])
        if kind == "outer":
            ask = Let((shape,), np.shape, (first,))
            self.arrays.append(back)
            return (
                Let((column,), np.expand_dims, (first, Const(1))),
                Let((matrix,), np.multiply, (Var(column), second)),
                Let((f"{matrix}_w",), np.multiply, (Var(matrix), first)),
                ask,
                Let((back,), unbroadcast, (Var(f"{matrix}_w"), Var(shape))),
            )
        other = self.array()
        self.arrays.append(back)
        axis = self.draw(st.integers(0, 1))
        wide = Let((matrix,), np.outer, (first, other))
        ask = Let((shape,), np.shape, (Var(matrix),))
        spreading = Let((column,), spread, (first, Var(shape), Const(axis), Const(False)))
        used = Let((f"{matrix}_w",), operator.mul, (Var(column), Var(matrix)))
        return (
            wide,
            ask,
            spreading,
            used,
            Let((back,), np.add.reduce, (Var(f"{matrix}_w"),), (("axis", Const(axis)),)),
        )

    def sign_(self) -> tuple[Statement, ...]:
        negative, source = self.fresh(), self.any()
        op = self.pick([operator.add, operator.sub, operator.mul, np.add])
        args = (self.array(), Var(negative))
        made = Let((negative,), operator.neg, (source,))
        return made, self.let("array", op, *(args if self.draw(st.booleans()) else args[::-1]))

    def one_(self) -> tuple[Statement, ...]:
        constant = Const(self.pick([1.0, 1, -1.0, 0.0, -0.0]))
        op = self.pick([operator.mul, np.multiply, operator.truediv, operator.sub, operator.add])
        kind = self.pick(["array", "array", "number"])
        source = self.array() if kind == "array" else Var(self.pick(self.numbers))
        args = (source, constant)
        return (self.let(kind, op, *(args if self.draw(st.booleans()) else args[::-1])),)

    def power_(self) -> tuple[Statement, ...]:
        exponent = Const(self.pick([2, 3.0, 2.0, 1, 0.5, 1.5, -1.0, 4]))
        args = (self.array(), exponent)
        if self.draw(st.booleans()):
            return (self.let("array", operator.pow, args[0], Const(1)),)
        return (self.let("array", power_derivative, *args, Const(1), Const(0)),)

    def chain_(self) -> tuple[Statement, ...]:
        """A number repeated, and what is computed of it, used with arrays and written into them."""
        made, shape = self.shape_of()
        wide, more, target = self.fresh(), self.fresh(), self.array()
        op, number = self.pick([operator.mul, operator.add, operator.truediv]), self.number()
        first = Let((wide,), spread, (self.number(), shape, Const(None), Const(True)))
        second = Let((more,), op, (Var(wide), number))
        self.arrays += [wide, more]
        if self.draw(st.booleans()):
            op = self.pick([iadd, isub])
            return made, first, second, Let((), op, (target, Var(more)), effect=True)
        return made, first, second, self.let("array", divide_or_zero, Var(more), target)

    def product_(self) -> tuple[Statement, ...]:
        op = self.pick([matmul_to_left, matmul_to_right, dot_to_left])
        made, shape = self.shape_of()
        return made, self.let("array", op, self.number(), self.array(), shape)


def arguments() -> tuple[Any, ...]:
    """Of several dtypes, strong and weak."""
    return np.array([1.0, -0.0, 3.0]), np.array([-2.0, 0.5, np.inf], np.float32), 1.5, np.float32(-0.0)


class _Seen(dict[str, Any]):
    """Values by name; what is known of all that ever had a name."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: dict[str, Fact] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if value is not UNDEFINED.value:
            self.facts[name] = join(self.facts.get(name), fact_of(value), name)

    def update(self, pairs: Any) -> None:
        for name, value in pairs:
            self[name] = value


def fact_of(value: Any) -> Fact:
    """What is known of a value, whose length nobody knows."""
    fact = fact_of_constant(value)
    if isinstance(value, np.dtype):
        return Fact("object", value)
    if fact.dims is not None:
        return replace(fact, dims=tuple([N if n == LENGTH else n for n in fact.dims]), size=None)
    if fact.kind == "tuple":
        return Fact("tuple", items=tuple([fact_of_length(item) for item in value]))
    return Fact(fact.kind)


def fact_of_length(value: Any) -> Fact | Const:
    if type(value) is int:
        return Fact("scalar", np.dtype(np.int64), (), weak=True, size=N) if value == LENGTH else Const(value)
    return fact_of(value)


def facts_of(program: Program, *args: Any) -> dict[str, Fact]:
    """What a run shows of each name."""
    seen = _Seen()
    seen.update(zip(program.params, copy.deepcopy(args), strict=True))
    with np.errstate(all="ignore"):
        evaluator._block(program.body, seen)
    return seen.facts
