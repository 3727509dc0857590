"""A joint program in two halves, the second of which may run several times."""

from __future__ import annotations

import operator

import numpy as np

from tapeless.ir.program import Const, Let, Program, Return, Var, iadd
from tapeless.source.cut import cut
from tests.ir.evaluate import evaluate

Y, G, B = Var("y"), Var("g"), Var("b")


def joint(*before: Let) -> Program:
    """A value, and the cotangent added into an array `b` that was made before."""
    body = (
        Let(("y",), np.copy, (Var("x"),)),
        *before,
        Let(("v",), np.sum, (Y,)),
        Let((), iadd, (B, G), effect=True),
    )
    return Program("f", ("x", "g"), body, Return((Var("v"), B), as_tuple=True))


def run_twice(program: Program, kinds: dict[str, str]) -> list[np.ndarray]:
    first, second = cut(program, 1, "f", kinds)
    value, residuals = evaluate(first, np.array([1.0, 2.0]))
    found = [evaluate(second, residuals, 10.0) for _ in range(2)]
    return [np.asarray(value), *[np.array(one) for one in found]]


ARRAYS = {"y": "array", "b": "array", "x": "array"}


def test_what_is_written_on_the_way_back_is_made_there_each_time():
    value, one, two = run_twice(joint(Let(("b",), np.copy, (Y,))), ARRAYS)

    assert value == 3.0
    np.testing.assert_array_equal(one, [11.0, 12.0])
    np.testing.assert_array_equal(two, [11.0, 12.0])


def test_what_is_written_on_the_way_back_keeps_what_it_was_before_a_write():
    write = Let((), operator.setitem, (Y, Const(0), Const(7.0)), effect=True)
    value, one, two = run_twice(joint(Let(("b",), np.copy, (Y,)), write), ARRAYS)

    assert value == 9.0
    np.testing.assert_array_equal(one, [11.0, 12.0])
    np.testing.assert_array_equal(two, [11.0, 12.0])
