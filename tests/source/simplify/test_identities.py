"""Arithmetic that changes nothing goes; what changes a sign, a dtype or a nan stays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import iadd
from tapeless.source.facts import Fact
from tapeless.source.simplify.identities import use_identities
from tests.source.simplify.writing import PERHAPS_PYTHON, PYTHON_FLOAT, N, do, let, made, real

COS = let("c", np.cos, "x")


def identified(x: Fact, op: Any, *args: Any) -> str:
    return made(use_identities, {"x": x, "y": real(N)}, COS, let("d", op, *args))


@pytest.mark.parametrize(
    ("op", "args", "left"),
    [
        (operator.mul, (1.0, "c"), "c"),
        (np.multiply, ("c", 1), "c"),
        (operator.truediv, ("c", 1.0), "c"),
        (operator.sub, ("c", 0.0), "c"),
        (operator.sub, ("c", 0), "c"),
        (operator.pow, ("c", 1), "c"),
        (operator.pos, ("c",), "c"),
    ],
)
@pytest.mark.parametrize("x", [real(N), real(N, dtype=np.float32), real()])
def test_neutral_elements_go(op: Any, args: tuple[Any, ...], left: str, x: Fact):
    assert identified(x, op, *args) == f"c = cos(x)\nreturn {left}"


@pytest.mark.parametrize(
    ("op", "args"), [(operator.mul, (-1.0, "c")), (np.multiply, ("c", -1)), (operator.truediv, ("c", -1.0))]
)
def test_minus_one_is_a_sign(op: Any, args: tuple[Any, ...]):
    assert identified(real(N), op, *args) == "c = cos(x)\nd = neg(c)\nreturn d"


@pytest.mark.parametrize(
    ("op", "args"),
    [
        (operator.add, ("c", 0.0)),
        (operator.sub, ("c", -0.0)),
        (operator.sub, (0.0, "c")),
        (operator.mul, ("c", 0.0)),
        (operator.mul, ("c", True)),
        (operator.mul, ("c", np.float64(1.0))),
        (operator.truediv, (1.0, "c")),
        (operator.pow, (1.0, "c")),
    ],
)
def test_what_only_looks_neutral_stays(op: Any, args: tuple[Any, ...]):
    assert "d = " in identified(real(N, dtype=np.float32), op, *args)


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, None])
def test_one_times_what_is_not_real_or_not_known_stays(dtype: Any):
    fact = Fact("array", None if dtype is None else np.dtype(dtype), (N,))

    assert "1.0 * x" in made(use_identities, {"x": fact}, let("d", operator.mul, 1.0, "x"))


@pytest.mark.parametrize("x", [PYTHON_FLOAT, PERHAPS_PYTHON])
def test_numpy_makes_a_python_number_its_own_and_an_operator_does_not(x: Fact):
    assert made(use_identities, {"x": x}, let("d", operator.mul, 1.0, "x")) == "return x"
    assert "multiply" in made(use_identities, {"x": x}, let("d", np.multiply, 1.0, "x"))


def test_a_result_does_not_become_an_argument_of_the_caller():
    assert made(use_identities, {"x": real(N)}, let("d", operator.mul, 1.0, "x")) == "d = copy(x)\nreturn d"
    assert made(use_identities, {"x": real()}, let("d", operator.mul, 1.0, "x")) == "return x"
    assert made(use_identities, {"x": real(N)}, let("d", operator.mul, 1.0, "x"), let("e", np.sin, "d")) == (
        "e = sin(x)\nreturn e"
    )


def test_two_results_do_not_become_one():
    text = made(use_identities, {"x": real(N)}, COS, let("d", operator.mul, 1.0, "c"), returns="c d")

    assert text == "c = cos(x)\nd = copy(c)\nreturn c, d"


@pytest.mark.parametrize("target", ["c", "d"])
def test_what_is_written_into_stays_apart(target: str):
    body = (COS, let("d", operator.mul, 1.0, "c"), do(iadd, target, 2.0), let("e", operator.mul, "c", "d"))

    assert "d = copy(c)" in made(use_identities, {"x": real(N)}, *body)


@pytest.mark.parametrize(
    ("op", "args", "result"),
    [
        (operator.add, ("y", "m"), "y - x"),
        (operator.add, ("m", "y"), "y - x"),
        (np.subtract, ("y", "m"), "y + x"),
        (operator.neg, ("m",), None),
    ],
)
def test_signs_meet(op: Any, args: tuple[Any, ...], result: str | None):
    text = made(
        use_identities, {"x": real(N), "y": real(N)}, let("m", operator.neg, "x"), let("d", op, *args)
    )

    assert text == ("d = copy(x)\nreturn d" if result is None else f"d = {result}\nreturn d")


@pytest.mark.parametrize("op", [operator.add, operator.sub])
def test_signs_of_whole_numbers_stay(op: Any):
    facts = {"x": real(N, dtype=np.uint8), "y": real(N, dtype=np.int64)}

    assert "m = neg(x)" in made(use_identities, facts, let("m", operator.neg, "x"), let("d", op, "y", "m"))


def test_a_sign_that_others_read_too_stays():
    body = (let("m", operator.neg, "x"), let("d", operator.add, "y", "m"), let("e", operator.mul, "d", "m"))

    assert "y + m" in made(use_identities, {"x": real(N), "y": real(N)}, *body)


def test_the_negative_of_what_was_written_into_since_stays():
    body = (let("m", operator.neg, "x"), do(iadd, "x", 1.0), let("d", operator.add, "y", "m"))

    assert "y + m" in made(use_identities, {"x": real(N), "y": real(N)}, *body)
