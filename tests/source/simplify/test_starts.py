"""A sum that begins with a number begins as an array of that number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import iadd, isub
from tapeless.source.simplify.starts import start_full
from tests.source.simplify.writing import N, do, let, made, real

ZEROS = let("z", np.zeros_like, "x")


def started(*body: Any) -> str:
    return made(start_full, {"x": real(N), "y": real(N)}, *body, returns="z")


def test_zeros_and_a_number_are_an_array_of_the_number():
    assert started(ZEROS, do(iadd, "z", 1.0)) == "z = ones_like(x)\nreturn z"
    assert started(ZEROS, do(iadd, "z", 2.5)) == "z = full_like(x, 2.5)\nreturn z"


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
