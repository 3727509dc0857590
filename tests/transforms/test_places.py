"""Exceptions out of generated code say which of the user's lines they come from."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

import tapeless


def product(a: Any, b: Any) -> Any:
    return a @ b


def loss(x: Any, w: Any) -> Any:
    y = np.tanh(x)
    return np.sum(product(y, w))


def checked(x: Any) -> Any:
    with np.errstate(divide="ignore"):
        y = x / x[0]
        assert x[1] > 0, "too small"
    return np.sum(y)


GOOD, BAD = np.ones((3, 2)), np.ones((4, 2))
X = np.ones((2, 3))


def note_of(call: Any, *args: Any) -> str:
    with pytest.raises(Exception) as caught:
        call(*args)
    (note,) = caught.value.__notes__
    return note


@pytest.mark.parametrize("make", [tapeless.grad, tapeless.value_and_grad, tapeless.jacrev, tapeless.jacfwd])
def test_a_note_names_the_line_in_the_function_that_was_inlined(make: Any):
    derivative = make(loss)
    derivative(X, GOOD)

    place = f"{__file__}:{product.__code__.co_firstlineno + 1}: return a @ b"
    note = note_of(derivative, X, BAD)
    assert note.startswith("in the derivative of ")
    assert place in note


def test_lines_are_counted_below_what_was_put_around_them():
    derivative = tapeless.grad(checked)
    derivative(np.ones(2))

    assert "errstate" in derivative.source
    assert note_of(derivative, np.array([1.0, -1.0])).endswith('assert x[1] > 0, "too small"')


def test_pairs_and_pullbacks_say_it_too():
    _, pullback = tapeless.vjp(loss, X, GOOD)

    with pytest.raises(ValueError, match="shape") as caught:
        pullback(np.ones(3))
    assert not hasattr(caught.value, "__notes__")  # it was found before the generated code ran
    assert "return a @ b" in note_of(tapeless.vjp, loss, X, BAD)


def test_a_traceback_shows_the_generated_line():
    derivative = tapeless.grad(loss)
    derivative(X, GOOD)
    try:
        derivative(X, BAD)
    except ValueError:
        shown = traceback.format_exc()
    else:
        raise AssertionError

    assert "y @ w" in shown
