"""What the kinds of rules add to fit a cotangent goes where facts show that it fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tapeless.rules.indexing import last_written
from tapeless.rules.reductions import at_least_one, degrees_of_freedom
from tapeless.rules.support import as_dtype, conjugate, dtype_of, filled, masked, restore_axes, unbroadcast
from tapeless.source.facts import Fact, Size
from tapeless.source.simplify.fits import leave_out_fits
from tests.source.simplify.writing import M, N, let, made, real

STRETCHES = Size("k")


def fitted(g: Fact, x: Fact, *body: Any) -> str:
    return made(leave_out_fits, {"g": g, "x": x}, *body)


@pytest.mark.parametrize(
    ("g", "x", "result"),
    [
        (real(N), real(N), "return g"),
        (real(M, N), real(N), "d = add.reduce(g, axis=0)\nreturn d"),
        (real(2, M, N), real(N), "d = add.reduce(g, axis=(0, 1))\nreturn d"),
        (real(M, N), real(), "d = add.reduce(g, axis=None)\nreturn d"),
        (real(M, N), real(1, N), "d = add.reduce(g, axis=0, keepdims=True)\nreturn d"),
        (real(M, N, 3), real(1, N, 1), "d = add.reduce(g, axis=(0, 2), keepdims=True)\nreturn d"),
        (real(M), real(N), "return g"),
        (real(), real(), "return g"),
    ],
)
def test_only_what_was_stretched_is_summed(g: Fact, x: Fact, result: str):
    assert fitted(g, x, let("s", np.shape, "x"), let("d", unbroadcast, "g", "s")) == result


@pytest.mark.parametrize(
    ("g", "x"),
    [
        (real(N), real(STRETCHES)),
        (real(2, N), real(1)),
        (real(2, M, N), real(1, N)),
        (Fact("array", np.dtype(float)), real(N)),
        (real(N), Fact("array", np.dtype(float))),
    ],
)
def test_where_only_the_run_can_tell_the_run_tells(g: Fact, x: Fact):
    text = fitted(g, x, let("s", np.shape, "x"), let("d", unbroadcast, "g", "s"))

    assert "unbroadcast" in text or "add.reduce(g, axis=0)" in text


def test_a_dtype_that_is_right_is_left():
    ask = let("t", dtype_of, "x")

    assert fitted(real(N), real(M), ask, let("d", as_dtype, "g", "t")) == "return g"
    assert "as_dtype" in fitted(real(N), real(M, dtype=np.float32), ask, let("d", as_dtype, "g", "t"))
    assert "as_dtype" in fitted(Fact("array"), Fact("array"), ask, let("d", as_dtype, "g", "t"))


def test_masks_that_are_true_and_conjugates_of_real_numbers_go():
    assert fitted(real(N), real(N), let("d", masked, "g", True)) == "return g"
    assert fitted(real(N), real(N), let("d", filled, "g", True, 1.0)) == "return g"
    assert fitted(real(N), real(N), let("d", conjugate, "g")) == "return g"
    assert "masked" in fitted(real(N), real(N), let("d", masked, "g", "x"))
    assert "conjugate" in fitted(real(N, dtype=np.complex64), real(N), let("d", conjugate, "g"))


@pytest.mark.parametrize(
    ("axis", "keepdims", "goes"), [(None, False, True), (0, True, True), (0, False, False)]
)
def test_axes_that_are_there_need_not_be_restored(axis: int | None, keepdims: bool, goes: bool):
    ask = let("s", np.shape, "x")

    assert (
        fitted(real(), real(N), ask, let("d", restore_axes, "g", "s", axis, keepdims)) == "return g"
    ) is goes


def test_counts_are_taken_as_they_are():
    assert fitted(real(), real(N), let("d", at_least_one, 3)) == "return 3"
    assert fitted(real(), real(N), let("d", at_least_one, 0)) == "return 1"
    assert fitted(real(), real(N), let("n", np.size, "x"), let("d", degrees_of_freedom, "n", 0, None)) == (
        "n = size(x)\nreturn n"
    )
    assert "degrees" in fitted(
        real(), real(N), let("n", np.size, "x"), let("d", degrees_of_freedom, "n", 1, None)
    )


def test_the_shape_it_has_is_given_to_nothing():
    ask = let("s", np.shape, "x")

    assert fitted(real(N), real(N), ask, let("d", np.reshape, "g", "s")) == "return g"
    assert "reshape" in fitted(real(N, 1), real(N), ask, let("d", np.reshape, "g", "s"))
    assert fitted(real(), real(2, 3), ask, let("d", tuple, "s")) == "d = tuple((2, 3))\nreturn d"


@pytest.mark.parametrize("index", [0, slice(1, None), (slice(None, None, 2),), ...])
def test_what_was_written_to_places_that_differ_is_read_there(index: Any):
    value = real() if index == 0 else real(M)
    body = let("s", np.shape, "x"), let("d", last_written, "g", index, "s")

    assert fitted(real(N), value, *body).startswith("d = getitem(g, ")


@pytest.mark.parametrize(
    ("value", "index"),
    [(real(1), slice(1, None)), (real(STRETCHES), ...), (real(), slice(1, None)), (real(2), [0, 0])],
)
def test_what_was_stretched_or_overwritten_is_left_to_the_run(value: Fact, index: Any):
    body = let("s", np.shape, "x"), let("d", last_written, "g", index, "s")

    assert "last_written" in fitted(real(N), value, *body)
