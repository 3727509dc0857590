"""Passes: what they leave out, and what they must not."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.emit import emit
from tapeless.ir.passes import share
from tapeless.ir.program import Const, Let, Program, Return, Star, Var

X = Var("x")


def two(first: Let, second: Let) -> Program:
    return Program("f", ("x",), (first, second), Return((Var("a"), Var("b")), as_tuple=True))


def test_what_is_written_twice_is_computed_once():
    body = (
        Let(("a",), np.sin, (X,)),
        Let(("b",), np.sin, (X,)),
        Let(("c",), operator.mul, (Var("a"), Var("b"))),
        Let(("d",), max, (Star(Var("b")), Var("c"))),
    )

    shared = check(share(Program("f", ("x",), body, Return((Var("b"), Var("d")), as_tuple=True))))

    assert emit(shared)[0] == "def f(x):\n    a = np.sin(x)\n    return a, max(*a, a * a)\n"


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), (2, 2.0), (1, True), ("1", 1), (np.float32, np.float64), ([], [])]
)
def test_constants_that_only_compare_equal_stay_apart(one, other):
    program = two(Let(("a",), np.add, (X, Const(one))), Let(("b",), np.add, (X, Const(other))))

    assert share(program) == program


def test_keywords_and_operations_make_a_difference():
    program = two(Let(("a",), np.sum, (X,)), Let(("b",), np.sum, (X,), (("axis", Const(0)),)))

    assert share(program) == program
