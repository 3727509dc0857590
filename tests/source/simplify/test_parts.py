"""Cotangents of numbers in a list are read where they stand."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import build_list
from tapeless.rules.joining import unarray, unstack
from tapeless.rules.support import layout_of
from tapeless.source.facts import Fact
from tapeless.source.simplify.parts import read_in_place
from tests.source.simplify.writing import N, do, let, made, real

get = operator.getitem
PAIR = (let("s", build_list, "a", "b"), let("l", layout_of, "s"), let("p", unarray, "g", "l"))


def read(*body: Any, g: Fact | None = None, **numbers: Fact) -> str:
    facts = {"g": real(2) if g is None else g, "a": real(), "b": real()} | numbers
    return made(read_in_place, facts, *PAIR, *body)


def test_numbers_are_read_from_the_array():
    assert read(let("c", get, "p", 1)) == "c = getitem(g, 1)\nreturn c"
    assert read(let("c", get, "p", 1), g=real(N)) == "c = getitem(g, 1)\nreturn c"


def test_of_a_stack_of_numbers_too():
    parts = let("q", unstack, "g", "l", 0)

    assert read(parts, let("c", get, "q", 0)) == "c = getitem(g, 0)\nreturn c"


def test_nested_lists_are_read_row_by_row():
    rows = let("r", build_list, "s", "s"), let("k", layout_of, "r"), let("q", unarray, "g", "k")
    picked = let("h", get, "q", 1), let("c", get, "h", 0)

    assert read(*rows, *picked, g=real(2, 2)) == "h = getitem(g, 1)\nc = getitem(h, 0)\nreturn c"


@pytest.mark.parametrize(
    ("more", "changed"),
    [
        ((), {"a": real(dtype=np.float32)}),  # its cotangent is cast
        ((), {"a": real(3), "b": real(3)}),
        ((), {"g": real(2, dtype=np.float32)}),
        ((), {"g": Fact("array", np.dtype(float))}),
        ((do(operator.setitem, "g", 0, 1.0),), {}),  # g is another when the part is read
        ((do(print, "p"),), {}),
    ],
)
def test_anything_else_stays(more: Any, changed: dict[str, Fact]):
    assert "unarray" in read(*more, let("c", get, "p", 1), **changed)


def test_a_list_that_is_returned_stays_a_list():
    assert "unarray" in made(read_in_place, {"g": real(2), "a": real(), "b": real()}, *PAIR)
