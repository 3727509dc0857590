"""`source`, `forward`, `backward`, `explain` and the notebook's display."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tapeless import elementwise_grad, grad, vjp
from tapeless.errors import NotSpecialisedError
from tapeless.source.facts import Fact

X = np.array([1.0, 2.0, 3.0])


@pytest.fixture(autouse=True)
def known(engine):
    engine.output = Fact("scalar", np.dtype(float), ())


def loss(w, x):
    return np.sum(w * w * x)


def test_source_is_that_of_the_latest_call(engine):
    g = grad(loss)
    g(X, 2.0)
    assert g.source == "def dloss(w, x):\n    return _work.gradient((w, x,), {})\n"

    engine.output = Fact("scalar", None, ())
    g(1.0, 2.0)
    assert "value_and_gradient" in g.source


@pytest.mark.parametrize("ask", [lambda g: g.source, lambda g: g.forward.source, lambda g: g.explain()])
def test_source_before_any_call_says_what_to_do(ask):
    with pytest.raises(NotSpecialisedError) as caught:
        ask(grad(loss))
    assert "grad of loss(w, x) has no source yet" in str(caught.value)
    assert "Call it first, or use g.specialise(*args)." in str(caught.value)


def test_specialise_makes_without_running():
    ran = []

    def f(x):
        ran.append(1)
        return x * x

    g = grad(f)
    assert g.specialise(3.0) is g
    assert "def df(x)" in g.source
    assert ran == []


def test_defaults_are_enough_to_specialise():
    assert "def df(x)" in grad(eval("lambda x=3.0: x * x")).source.replace("dlambda", "df")


def test_forward_and_backward_are_functions_with_sources():
    g = grad(loss, (0, 1))
    value, residuals = g.forward(X, 2.0)
    dw, dx = g.backward(residuals, 10.0)

    np.testing.assert_allclose(value, 28.0)
    np.testing.assert_allclose(dw, 40.0 * X, rtol=1e-6)
    np.testing.assert_allclose(dx, 140.0, rtol=1e-6)
    g(X, 2.0)
    assert "def dloss_forward(w, x)" in g.forward.source
    assert "def dloss_backward(residuals, g)" in g.backward.source
    assert repr(g.forward) == "<forward of <grad of loss(w, x) by w, x>>"


def test_backward_gives_one_gradient_where_one_is_asked_for():
    g = grad(loss)
    _, residuals = g.forward(X, 2.0)

    np.testing.assert_allclose(g.backward(residuals), 4.0 * X, rtol=1e-6)


def test_forward_and_backward_of_a_method():
    class Model:
        @grad
        def loss(self, x):
            return np.sum(x * x)

    model = Model()
    model.loss(X)
    assert "def dloss_backward" in model.loss.backward.source
    assert "def dloss_backward" in Model.loss.backward.source

    value, residuals = model.loss.forward(X)
    np.testing.assert_allclose(value, 14.0)
    np.testing.assert_allclose(model.loss.backward(residuals), 2.0 * X, rtol=1e-6)


def test_a_source_for_an_object_that_is_gone(engine):
    class Thing:
        w = 2.0

    g = grad(lambda x, thing: x * thing.w)
    g(3.0, Thing())
    engine.calls.clear()
    assert g.source
    with pytest.raises(NotSpecialisedError, match="an object that the derivative was made for is no more"):
        g.forward.source


def test_explain_says_what_was_made_from_what():
    g = grad(loss, ("x", "w"))
    g(np.ones((3, 1)), 2.0)
    said = str(g.explain()).splitlines()

    assert said[0] == "grad of loss by x, w"
    assert said[1].startswith("  of      loss, ")
    assert said[1].endswith(f"test_display.py:{loss.__code__.co_firstlineno}")
    assert said[2] == "  for     w: float64[?, 1]"
    assert said[3] == "          x: float"
    assert said[4] == "  inlined helper"
    assert said[5] == "  keeps   x"
    assert said[6] == "  took    4.0 ms: read 1.5, reverse 2.5"
    assert said[8] == "def dloss(w, x):"


def test_explain_takes_arguments():
    assert "w: float32[?]" in str(grad(loss).explain(X.astype(np.float32), {"a": [1, "k"]}.get("b", 2.0)))
    assert "p: dict(['a']: float, ['b']: list([0]: 'k'))" in str(
        grad(eval("lambda p: p['a']")).explain({"a": 1, "b": ["k"]})
    )


def test_notebooks_show_nothing_before_a_call():
    assert grad(loss)._repr_html_() is None


def test_notebooks_show_forward_and_backward_side_by_side(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygments", None)  # not installed
    g = grad(loss)
    g(X, 2.0)
    shown = g._repr_html_()

    assert shown.count("<td") == 2
    assert shown.index("dloss_forward") < shown.index("dloss_backward")
    assert "&lt;grad of loss" in shown
    assert "<pre>" in g.explain()._repr_html_()


def test_notebooks_show_colours_where_pygments_is_there():
    pytest.importorskip("pygments")
    g = elementwise_grad(loss)
    g(X, 2.0)

    assert "<span style=" in g._repr_html_()


def test_the_pullback_shows_its_text():
    assert vjp(loss, X, 2.0)[1].source.startswith("def dloss_backward")
