"""A sum with an array that is zero but for some places is added at those places."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.rules.indexing import index_add
from tapeless.source.simplify.late import add_in_place
from tests.source.simplify.writing import N, do, let, made, real

FACTS = {"g": real(N), "y": real(N), "d": real(), "at": real(2, dtype=np.int64)}
WHOLE = let("a", operator.mul, "g", "y")
SHAPE = let("s", np.shape, "g")
PART = let("b", index_add, "d", "s", 0)


def added(*body: Any, returns: str | None = None) -> str:
    return made(add_in_place, FACTS, *body, returns=returns)


@pytest.mark.parametrize("pair", [("a", "b"), ("b", "a")])
def test_a_part_is_added_into_a_new_array(pair: tuple[str, str]):
    text = added(WHOLE, SHAPE, PART, let("c", operator.add, *pair))

    assert text == "c = g * y\nadd_at(c, 0, d) !\nreturn c"


def test_one_after_the_other():
    more = let("e", index_add, "d", "s", 1), let("h", operator.add, "c", "e")
    text = added(WHOLE, SHAPE, PART, let("c", operator.add, "a", "b"), *more)

    assert text == "h = g * y\nadd_at(h, 0, d) !\nadd_at(h, 1, d) !\nreturn h"


@pytest.mark.parametrize(
    ("first", "part", "last"),
    [
        (WHOLE, let("b", index_add, "d", "s", "at"), ()),  # an element may be named twice
        (let("a", operator.getitem, "g", slice(None)), PART, ()),  # somebody else's array
        (WHOLE, PART, (let("e", operator.mul, "a", 2.0),)),  # read once more
        (WHOLE, PART, (do(print, "b"),)),
    ],
)
def test_anything_else_is_a_sum(first: Any, part: Any, last: Any):
    assert "index_add" in added(first, SHAPE, part, let("c", operator.add, "a", "b"), *last, returns="c g")
