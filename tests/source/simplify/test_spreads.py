"""Numbers that were repeated over a shape are used as numbers, where that comes to the same."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import iadd
from tapeless.rules.support import as_dtype, dtype_of, masked, spread
from tapeless.source.facts import Fact
from tapeless.source.simplify.spreads import narrow_spreads
from tests.source.simplify.writing import PERHAPS_PYTHON, PYTHON_FLOAT, M, N, do, let, made, real

SHAPE = let("s", np.shape, "x")
ALL = let("c", spread, "g", "s", None, False)


def narrowed(*body: Any, g: Fact | None = None, x: Fact | None = None, returns: str | None = None) -> str:
    facts = {"g": g or real(), "x": x or real(N), "y": real(N, dtype=np.float32)}
    return made(narrow_spreads, facts, SHAPE, *body, returns=returns)


@pytest.mark.parametrize("op", [operator.mul, operator.add, operator.truediv, np.maximum])
def test_a_number_is_used_as_it_is(op: Any):
    result = {operator.mul: "g * x", operator.add: "g + x", operator.truediv: "g / x"}.get(op)

    assert narrowed(ALL, let("d", op, "c", "x")) == f"d = {result or 'maximum(g, x)'}\nreturn d"


@pytest.mark.parametrize("make", [let("c", np.broadcast_to, "g", "s"), let("c", np.full, "s", "g")])
def test_other_ways_to_repeat_a_number_are_known(make: Any):
    assert narrowed(make, let("d", operator.mul, "x", "c")) == "d = x * g\nreturn d"


def test_what_is_computed_of_it_is_computed_of_the_number():
    body = (
        ALL,
        let("d", operator.mul, "c", 2.0),
        let("e", operator.neg, "d"),
        let("h", operator.mul, "e", "x"),
    )

    assert narrowed(*body) == "g_1 = g * 2.0\ng_2 = neg(g_1)\nh = g_2 * x\nreturn h"


def test_an_array_without_an_axis_gets_it_back():
    facts = {"g": real(M), "x": real(N, M)}
    body = (SHAPE, let("c", spread, "g", "s", 0, False), let("d", operator.mul, "c", "x"))

    assert made(narrow_spreads, facts, *body) == "g_1 = expand_dims(g, 0)\nd = g_1 * x\nreturn d"


def test_what_has_the_axis_still_is_used_as_it_is():
    facts = {"g": real(1, M), "x": real(N, M)}
    body = (SHAPE, let("c", spread, "g", "s", 0, True), let("d", operator.mul, "c", "x"))

    assert made(narrow_spreads, facts, *body) == "d = g * x\nreturn d"


def test_what_is_returned_is_repeated():
    assert narrowed(ALL) == "s = shape(x)\nc = spread(g, s, None, False)\nreturn c"


def test_of_a_number_that_is_known_a_full_array_is_made():
    one = let("c", spread, 1.0, "s", None, False)

    assert narrowed(one) == "s = shape(x)\nc = full(s, 1.0)\nreturn c"
    assert narrowed(one, let("d", operator.mul, "c", 3.0)) == "s = shape(x)\nd = full(s, 3.0)\nreturn d"


def test_without_an_operand_of_the_whole_shape_it_stays():
    facts = {"g": real(), "x": real(N, M), "y": real(M)}
    body = (SHAPE, ALL, let("d", operator.mul, "c", "y"))

    assert "spread" in made(narrow_spreads, facts, *body)


def test_with_an_operand_of_unknown_length_it_stays():
    body = (SHAPE, ALL, let("d", operator.mul, "c", "y"))

    assert "spread" in made(
        narrow_spreads, {"g": real(), "x": real(N), "y": Fact("array", np.dtype(float))}, *body
    )


def test_a_python_number_does_not_make_the_result_narrower():
    use = let("d", operator.mul, "c", "y")

    assert "spread" in narrowed(ALL, use, g=PYTHON_FLOAT)
    assert "spread" not in narrowed(ALL, use)
    assert "spread" not in narrowed(ALL, let("d", operator.mul, "c", "x"), g=PYTHON_FLOAT)


def test_a_cast_to_the_dtype_of_the_other_operand_is_the_same_for_a_python_number():
    cast = (let("t", dtype_of, "y"), let("k", as_dtype, "c", "t"), let("d", operator.mul, "k", "y"))

    assert narrowed(ALL, *cast, g=PYTHON_FLOAT) == "d = g * y\nreturn d"
    assert narrowed(ALL, *cast) == "t = dtype_of(y)\ng_1 = as_dtype(g, t)\nd = g_1 * y\nreturn d"


def test_what_is_perhaps_a_python_number_is_used_where_that_makes_no_difference():
    cast = (let("t", dtype_of, "y"), let("k", as_dtype, "c", "t"), let("d", operator.mul, "k", "y"))

    assert "spread" in narrowed(ALL, let("d", operator.mul, "c", "y"), g=PERHAPS_PYTHON)
    assert "spread" in narrowed(ALL, *cast, g=PERHAPS_PYTHON)
    assert "spread" not in narrowed(ALL, let("d", operator.mul, "c", "x"), g=PERHAPS_PYTHON)


def test_a_python_number_is_rounded_as_often_as_before():
    cast = (let("t", dtype_of, "y"), let("k", as_dtype, "c", "t"), let("d", operator.mul, "k", "x"))

    assert "as_dtype(c, t)" in narrowed(ALL, *cast, g=PYTHON_FLOAT)


def test_python_divides_by_zero_otherwise_than_numpy():
    body = (ALL, let("d", operator.truediv, "c", 0.0), let("e", operator.mul, "d", "x"))

    assert "spread" in narrowed(*body, g=PYTHON_FLOAT)
    assert "spread" not in narrowed(*body)


def test_a_mask_of_the_whole_shape_repeats_a_number_too():
    body = (ALL, let("k", operator.gt, "x", 0.0), let("d", masked, "c", "k"))

    assert narrowed(*body) == "k = x > 0.0\nd = masked(g, k)\nreturn d"


def test_a_number_is_added_in_place():
    body = (let("z", np.zeros_like, "x"), SHAPE, ALL, do(iadd, "z", "c"))

    assert made(narrow_spreads, {"g": real(), "x": real(N)}, *body, returns="z") == (
        "z = zeros_like(x)\niadd(z, g) !\nreturn z"
    )


def test_a_python_number_is_added_as_precisely_as_before():
    body = (let("z", np.zeros_like, "y"), ALL, do(iadd, "z", "c"))

    assert "iadd(z, c)" in narrowed(*body, g=PYTHON_FLOAT, returns="z")
    assert "iadd(z, g)" in narrowed(*body, returns="z")


@pytest.mark.parametrize("written", ["c", "g"])
def test_what_is_written_into_in_between_stays(written: str):
    body = (ALL, do(operator.setitem, written, Ellipsis, 2.0), let("d", operator.mul, "c", "x"))

    assert "spread" in narrowed(*body, g=Fact("array", np.dtype(float), ()))


def test_a_number_of_another_shape_is_the_same_number():
    body = (
        let("c", np.full, "s", 2.0),
        let("e", np.expand_dims, "c", 0),
        let("d", operator.mul, "e", "w"),
    )

    assert made(narrow_spreads, {"x": real(N), "w": real(1, N)}, SHAPE, *body) == "d = 2.0 * w\nreturn d"
