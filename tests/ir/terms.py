"""Random straight-line programs, and values that remember exactly how they were computed."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tapeless.ir.lower import BINARY, COMPARE, UNARY, same
from tapeless.ir.names import Names
from tapeless.ir.program import Argument, Const, Let, Program, Return, Star, Var, build_list, build_tuple


class Term:
    """Nothing but the expression it came from; it has no truth, so that a chained comparison fails."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __repr__(self) -> str:
        return f"({' '.join(map(repr, self.parts))})"

    def __bool__(self) -> bool:
        raise AssertionError("a program asked for the truth of a value")

    def __getitem__(self, index: Any) -> Term:
        return Term("getitem", self, index)

    def __iter__(self) -> Any:
        return iter([Term("item", self, 0), Term("item", self, 1)])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Term:
        return Term(ufunc.__name__, method, *args, kwargs)

    def __array_function__(self, function: Any, _: Any, args: Any, kwargs: Any) -> Term:
        return Term(function.__name__, args, kwargs)

    __hash__ = object.__hash__


def _record(name: str) -> Any:
    return lambda *operands: Term(name, *operands)


_WORDS = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
for _word in [
    *_WORDS,
    *(f"r{word}" for word in _WORDS),
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "neg",
    "pos",
    "invert",
]:
    setattr(Term, f"__{_word}__", _record(_word))


def f(*args: Any, **kwargs: Any) -> Term:
    return Term("f", *args, kwargs)


def t(*args: Any, **kwargs: Any) -> Term:
    """Has the name that temporaries have."""
    return Term("t", *args, kwargs)


def run(program: Program, *args: Any) -> Any:
    """What the program computes, statement by statement."""
    known = dict(zip(program.params, args, strict=True))

    def value(atom: Argument) -> Any:
        if isinstance(atom, Star):
            return known[atom.value.name]
        return known[atom.name] if isinstance(atom, Var) else atom.value

    for statement in program.body:
        positional: list[Any] = []
        for argument in statement.args:
            positional.extend(value(argument) if isinstance(argument, Star) else (value(argument),))
        result = statement.op(*positional, **{name: value(atom) for name, atom in statement.kwargs})
        results = (result,) if len(statement.targets) == 1 else tuple(result)
        known.update(zip(statement.targets, results, strict=True))
    values = tuple(value(atom) for atom in program.exit.values)
    return values if program.exit.as_tuple else values[0]


NAMES = st.sampled_from(["x", "t", "np", "f", "a", "float", "tuple", "sin", "slice"])
NUMBERS = st.sampled_from([0.0, -1.0, 2.5, -0.0, 1e300, float("inf"), 3, -2, True, None, np.float64(2.0), 2j])
OTHERS = st.sampled_from(["ij", ..., (1, 2), np.float32, np.dtype("f4"), np.pi])
ONE = [*UNARY.values(), np.sin, np.linalg.det, np.add.reduce, f, lambda value: Term("lambda", value)]
TWO = [*BINARY.values(), *COMPARE.values(), np.multiply, np.matmul, t]


@st.composite
def programs(draw: st.DrawFn, stars: bool = True) -> Program:
    """Programs whose names clash with those of callees, of other temporaries and of the program itself.

    `stars`: whether an argument may be spread over positions, which lowering does not accept.
    """
    params = ("x", draw(st.sampled_from(["y", "np", "t", "f"])))
    names, body = Names(params), list[Let]()
    terms, known = [*params], [*params]  # what operators take, and also tuples, lists and slices
    for _ in range(draw(st.integers(1, 12))):
        body.append(draw(_statements(terms, known, names, stars)))
        terms += () if body[-1].op in (build_tuple, build_list, slice) else body[-1].targets
        known += body[-1].targets
    values = tuple(Var(name) for name in draw(st.lists(st.sampled_from(known), min_size=1, max_size=3)))
    packed = len(values) > 1 or draw(st.booleans())
    return Program(draw(st.sampled_from(["program", "f", "t"])), params, tuple(body), Return(values, packed))


@st.composite
def _statements(draw: st.DrawFn, terms: list[str], known: list[str], names: Names, stars: bool) -> Let:
    term = st.builds(Var, st.sampled_from(terms))
    anything = st.builds(Var, st.sampled_from(known)) | st.builds(Const, NUMBERS | OTHERS)
    number = term | st.builds(Const, NUMBERS)
    target = names.fresh(draw(NAMES))
    match draw(st.sampled_from(["one", "two", "two", "index", "call", "display", "unpack", "slice"])):
        case "one":
            return Let((target,), draw(st.sampled_from(ONE)), (draw(term),))
        case "two":
            operands = draw(st.sampled_from([(term, number), (number, term)]))
            return Let((target,), draw(st.sampled_from(TWO)), tuple(map(draw, operands)))
        case "index":
            return Let((target,), operator.getitem, (draw(term), draw(anything)))
        case "call":
            last = Star(draw(term)) if stars else draw(term)
            return Let((target,), f, (draw(anything), last), (("axis", draw(anything)),))
        case "display":
            items = draw(st.lists(anything, max_size=3))
            return Let((target,), draw(st.sampled_from([build_tuple, build_list])), tuple(items))
        case "slice":
            return Let((target,), slice, (Const(None), draw(anything), Const(None)))
        case _:
            return Let((target, names.fresh(draw(NAMES))), same, (draw(term),))
