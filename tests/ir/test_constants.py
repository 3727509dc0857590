"""What is computed when the program is written, and what is not."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.constants import fold_constants
from tapeless.ir.program import UNDEFINED, Const, If, Let, Phi, Program, Return, Statement, Var
from tests.ir.listing import listing

X = Var("x")


def folded(*body: Statement, returns: str = "a") -> str:
    whole = check(Program("f", ("x",), body, Return((Var(returns),))))
    return listing(check(fold_constants(whole)))


def of(op: Any, *values: Any) -> str:
    return folded(Let(("a",), op, tuple(map(Const, values))))


@pytest.mark.parametrize(
    ("op", "values", "result"),
    [
        (operator.add, (1, 2.5), "3.5"),
        (operator.neg, (0.0,), "-0.0"),
        (operator.truediv, (1, 4), "0.25"),
        (operator.pow, (2, -1), "0.5"),
        (operator.gt, (2, 1.0), "True"),
        (operator.not_, (None,), "True"),
        (operator.is_, (None, None), "True"),
        (operator.is_not, ("a", None), "True"),
        (math.sqrt, (4.0,), "2.0"),
        (bool, (0,), "False"),
    ],
)
def test_numbers_that_are_known_are_computed(op: Any, values: tuple[Any, ...], result: str):
    assert of(op, *values) == f"return {result}"


@pytest.mark.parametrize(
    ("op", "values"),
    [
        (operator.truediv, (1.0, 0.0)),
        (operator.mul, (1e300, 1e300)),
        (operator.pow, (10, 100)),
        (operator.pow, (-8.0, 0.5)),
        (operator.pow, (0.0, -1.0)),
        (operator.add, ("a", "b")),
        (operator.add, (np.float32(1.0), 2.0)),
        (operator.is_, (1000, 1000)),
        (math.log, (0.0,)),
        (np.sin, (1.0,)),
        (print, (1.0,)),
    ],
)
def test_what_raises_or_is_not_finite_or_no_plain_number_is_left(op: Any, values: tuple[Any, ...]):
    assert of(op, *values).startswith("a = ")


def test_the_branch_that_is_taken_is_written_out():
    branch = If(
        Const(0),
        (Let((), print, (X,), effect=True),),
        (Let(("c",), operator.add, (Const(1.0), Const(1.0))), Let(("d",), operator.mul, (X, Var("c")))),
        (Phi("a", X, Var("d")), Phi("b", X, Var("c"))),
    )

    assert folded(branch, Let(("e",), operator.mul, (Var("a"), Var("b"))), returns="e") == (
        "d = x * 2.0\ne = d * 2.0\nreturn e"
    )


def test_a_branch_that_leaves_a_name_unbound_stays():
    branch = If(Const(True), (), (), (Phi("a", UNDEFINED, X),))

    assert folded(branch) == "if True:\nelse:\na = UNDEFINED | x\nreturn a"


def test_a_test_that_folds_chooses():
    test = Let(("t",), operator.gt, (Const(1), Const(2)))
    branch = If(Var("t"), (Let(("b",), np.sin, (X,)),), (), (Phi("a", Var("b"), X),))

    assert folded(test, branch) == "return x"
