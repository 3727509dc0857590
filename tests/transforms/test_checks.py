"""`check_grads` sees right derivatives as right, and says which part of a wrong one is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tapeless import check_grads
from tests.transforms.standin import Work

X = np.array([0.5, 1.0, 2.0])
CLOSE = {"atol": 1e-3, "rtol": 1e-3, "eps": 1e-3}

pytestmark = pytest.mark.usefixtures("engine")


def f(x, y=2.0):
    return np.sum(np.sin(x) * x) * y


@pytest.mark.parametrize("modes", ["fwd", "rev", ("fwd", "rev")])
def test_right_derivatives_pass(modes):
    check_grads(f, (X,), order=1, modes=modes, **CLOSE)
    check_grads(f, (X, 3), {}, order=1, modes=modes, **CLOSE)
    check_grads(f, (X,), {"y": 3.0}, order=1, modes=modes, **CLOSE)
    check_grads(lambda p: {"a": p[0] * p[1], "b": "text"}, ([X, 2.0],), order=1, modes=modes, **CLOSE)


def test_the_second_order_is_checked_too(engine):
    check_grads(f, (X,), order=2, atol=1e-2, rtol=1e-2, eps=1e-2)

    assert [call[0] for call in engine.calls if getattr(call[0], "kind", "") == "grad"]


def test_a_wrong_gradient_is_named_by_its_element(monkeypatch):
    right = Work.pulled

    def wrong(self, values, outside, g):
        found = right(self, values, outside, g)
        found[0][1] += 0.5
        return found

    monkeypatch.setattr(Work, "pulled", wrong)
    with pytest.raises(AssertionError) as caught:
        check_grads(f, (X,), order=1, modes="rev", **CLOSE)
    said = str(caught.value)
    assert "reverse-mode gradient of f(x, y) is wrong by args[0], element [1]: it is " in said
    assert "central differences give " in said
    assert "(eps=0.001, atol=0.001, rtol=0.001)" in said


def test_a_wrong_tangent_is_named(monkeypatch):
    monkeypatch.setattr(Work, "along", lambda self, values, outside, moved: [1e3])
    with pytest.raises(AssertionError, match=r"forward-mode tangent of f\(x, y\) is wrong at value, along"):
        check_grads(f, (X,), order=1, modes="fwd", **CLOSE)


def test_a_gradient_of_the_wrong_dtype_is_named(monkeypatch):
    right = Work.pulled
    monkeypatch.setattr(
        Work,
        "pulled",
        lambda self, values, outside, g: (right(self, values, outside, g)[0].astype(np.float32),),
    )
    with pytest.raises(AssertionError, match=r"has shape \(3,\) and dtype float32, the argument has"):
        check_grads(f, (X,), order=1, modes="rev", **CLOSE)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"modes": "sideways"}, ValueError, "modes are 'fwd' and 'rev', got 'sideways'"),
        ({"modes": ()}, ValueError, "modes are 'fwd' and 'rev'"),
        ({"order": 0}, ValueError, "order counts from 1, got 0"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        check_grads(f, (X,), **arguments)
    with pytest.raises(TypeError, match="takes the arguments as a tuple, got a ndarray"):
        check_grads(f, X)


def test_arguments_are_not_written_into():
    def writes(x):
        x *= 2.0
        return np.sum(x)

    x = X.copy()
    check_grads(writes, (x,), order=1, modes="fwd", **CLOSE)
    assert x.tolist() == X.tolist()
