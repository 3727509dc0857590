"""A sum that begins with a number begins as an array of that number."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import iadd, isub
from tapeless.source.facts import Fact
from tapeless.source.simplify.starts import start_full
from tests.source.simplify.writing import N, do, let, made, real

ZEROS = let("z", np.zeros_like, "x")


def started(*body: Any) -> str:
    return made(start_full, {"x": real(N), "y": real(N)}, *body, returns="z")


def test_zeros_and_a_number_are_an_array_of_the_number():
    assert started(ZEROS, do(iadd, "z", 1.0)) == "z = ones_like(x)\nreturn z"
    assert started(ZEROS, do(iadd, "z", 2.5)) == "z = full_like(x, 2.5)\nreturn z"


def on_the_way_back(op: Any, *args: Any) -> Any:
    return replace(do(op, *args), line=-1)


def test_a_cotangent_begins_as_a_copy_of_what_is_added_first():
    assert started(ZEROS, on_the_way_back(iadd, "z", "y")) == "z = copy(y)\nreturn z"


def test_what_is_new_is_not_copied():
    twice = let("d", operator.mul, "y", 2.0)

    assert started(twice, ZEROS, on_the_way_back(iadd, "z", "d")) == "z = y * 2.0\nreturn z"
    assert made(start_full, {"y": real(N)}, twice, let("z", np.copy, "d")) == "z = y * 2.0\nreturn z"


@pytest.mark.parametrize(
    "body", [(let("d", np.reshape, "y", (3,)),), (let("d", operator.mul, "y", 2.0), do(print, "d"))]
)
def test_what_somebody_else_knows_is_copied(body: Any):
    assert "copy(d)" in made(start_full, {"y": real(3)}, *body, let("z", np.copy, "d"))


@pytest.mark.parametrize("other", [real(dtype=np.float32), real(1), real(N, dtype=np.float32)])
def test_another_shape_or_dtype_is_added(other: Fact):
    facts = {"x": real(N), "y": other}

    assert "zeros_like" in made(start_full, facts, ZEROS, on_the_way_back(iadd, "z", "y"), returns="z")


@pytest.mark.parametrize(
    "more",
    [
        (do(iadd, "z", "y"),),
        (do(iadd, "z", -0.0),),
        (do(iadd, "z", 2),),
        (do(isub, "z", 1.0),),
        (do(iadd, "y", 1.0),),
        (do(print, "z"), do(iadd, "z", 1.0)),
    ],
)
def test_anything_else_is_added(more: Any):
    assert "z = zeros_like(x)" in started(ZEROS, *more)
