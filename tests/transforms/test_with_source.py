"""The transforms over the engine that reads source: what only the two together can get right or wrong."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from tapeless import (
    check_grads,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
)
from tapeless.transforms import engine

X = np.array([1.0, 2.0, 3.0])
W = np.array([2.0, 3.0, 5.0])
SCALE = 2.0


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.fixture
def asked(monkeypatch):
    """The functions that were transformed."""
    functions: list[Any] = []
    derive = engine.derive

    def counted(function, *rest):
        functions.append(function)
        return derive(function, *rest)

    monkeypatch.setattr(engine, "derive", counted)
    return functions


def loss(w, x):
    return np.sum(np.tanh(x * w) ** 2)


def test_all_ways_agree():
    g = grad(loss)(W, X)
    out, pullback = vjp(loss, W, X)
    value, again = value_and_grad(loss)(W, X)

    near(pullback(1.0)[0], g)
    near(again, g)
    near(value, loss(W, X))
    near(out, value)
    for i, unit in enumerate(np.eye(3)):
        near(jvp(loss, (W, X), (unit, np.zeros(3)))[1], g[i])
        near(linearize(loss, W, X)[1](unit, np.zeros(3)), g[i])
    near(jacrev(loss)(W, X), g)
    near(jacfwd(loss)(W, X), g)
    check_grads(loss, (W, X))


def test_second_orders_agree():
    h = hessian(loss)(W / 5, X / 5)
    product = hvp(lambda w: loss(w, X / 5), W / 5, X)

    near(h, h.T)
    near(h @ X, product)
    near(jacrev(grad(loss))(W / 5, X / 5), h)
    near(jacfwd(grad(loss))(W / 5, X / 5), h)
    near(grad(lambda w: np.sum(grad(loss)(w, X / 5) * X))(W / 5), product)


def test_gradients_are_nobody_elses():
    w = W.copy()

    @dataclass
    class Holder:
        w: Any

    holder = Holder(w)
    held = [
        grad(lambda x: x @ w),
        grad(lambda x: x @ W),
        grad(lambda x: np.sum(x * holder.w)),
    ]
    for g in held:
        found = g(X.copy())
        found *= 0.0
    near(w, [2.0, 3.0, 5.0])
    near(W, [2.0, 3.0, 5.0])

    first, second = grad(lambda x, y: np.sum(x + y), (0, 1))(X, X)
    first += 1.0
    near(second, np.ones(3))

    (found,) = vjp(lambda x: x, X)[1](w)
    assert not np.shares_memory(found, w)


def test_large_sums_give_gradients_that_can_be_written_into():
    found = grad(lambda x: np.sum(x))(np.ones((200, 100)))
    found[0] = 5.0

    assert found[1, 0] == 1.0


def test_a_step_in_a_loop_is_transformed_once(asked):
    w = np.zeros(3)
    for i in range(5):
        batch = np.full((4 + i, 3), 1.0)
        w = w - 0.1 * grad(lambda w: np.mean((batch @ w - 1.0) ** 2))(w)  # noqa: B023

    assert len({function.__code__ for function in asked}) == 1
    assert len(asked) <= 2
    near(w, w[0])


def test_closures_see_their_own_values():
    def scaled(k):
        return grad(lambda x: np.sum(k * x * x))

    near(scaled(2.0)(X), 4.0 * X)
    near(scaled(W)(X), 2.0 * W * X)
    near(scaled(3.0)(X), 6.0 * X)


def test_globals_are_those_of_the_call(monkeypatch):
    g = grad(lambda x: np.sum(x * x) * SCALE)

    near(g(X), 4.0 * X)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    near(g(X), 10.0 * X)
    monkeypatch.setitem(globals(), "SCALE", W)
    with pytest.raises(TypeError, match=r"shape \(3,\)"):
        g(X)


def test_attributes_are_those_of_the_call():
    class Model:
        def __init__(self):
            self.w = W

        @grad
        def loss(self, x):
            return np.sum(self.w * x * x)

    model = Model()
    near(model.loss(X), 2.0 * W * X)
    model.w = 3.0
    near(model.loss(X), 6.0 * X)
    model.w = np.ones((2, 1))
    near(model.loss(X), 4.0 * X)
    near(Model().loss(X), 2.0 * W * X)


def test_nothing_of_a_call_is_kept():
    @dataclass(eq=False)
    class Thing:
        w: Any

    def run():
        batch, x, thing = np.ones(3), X.copy(), Thing(W.copy())
        f = lambda x: np.sum(x * batch)
        g = grad(f)
        g(x)
        grad(lambda x, thing: np.sum(x * thing.w))(x, thing)
        return [weakref.ref(one) for one in (batch, x, f, thing, thing.w)]

    refs = run()
    gc.collect()

    assert [ref() for ref in refs] == [None] * 5


def test_containers_through_the_real_engine():
    @dataclass
    class Layer:
        w: Any
        b: Any
        name: str = "dense"

    def f(p, x):
        return np.sum(p["one"].w * x) ** 2 + p["two"][0].b * p["two"][1]

    p = {"one": Layer(W, None), "two": (Layer(None, 3.0), 2)}
    found = grad(f)(p, X)

    assert type(found["one"]) is Layer
    near(found["one"].w, 2.0 * (W @ X) * X)
    near(found["two"][0].b, 2.0)
    near(found["two"][1], 3.0)
    assert found["one"].name is None


def test_outputs_are_judged_by_what_they_are():
    with pytest.raises(
        TypeError, match=r"returned an array of shape \(3,\): use jacobian, vjp or elementwise_grad"
    ):
        grad(lambda x: x * x)(X)
    with pytest.raises(TypeError, match="requires a float output"):
        grad(lambda x: np.argmax(x))(X)
    near(grad(lambda x: x[:1] * x[1:2])(X), [2.0, 1.0, 0.0])
    near(grad(lambda x: np.sum(x, keepdims=True).reshape(1, 1))(X), np.ones(3))
    with pytest.raises(TypeError, match="use holomorphic=True"):
        grad(lambda x: x * 1j)(1.0)


def test_aux_and_stop_gradient():
    g, aux = grad(lambda x: (np.sum(x * stop_gradient(x)), {"n": len(x)}), has_aux=True)(X)

    near(g, X)
    assert aux == {"n": 3}


def test_elementwise_derivatives_of_numpys_functions():
    near(elementwise_grad(np.sin)(X), np.cos(X))


def test_jacobians_of_containers():
    found = jacrev(lambda p: {"y": p[0] * p[1]})([X, 2.0])
    again = jacfwd(lambda p: {"y": p[0] * p[1]})([X, 2.0])

    near(found["y"][0], 2.0 * np.eye(3))
    near(found["y"][1], X)
    near(again["y"][0], found["y"][0])
    near(again["y"][1], found["y"][1])


def test_pullbacks_can_be_called_again_and_do_not_see_later_writes():
    def f(x):
        y = np.zeros(3)
        for i in range(3):
            y[i] = x[i] ** 2
            x = x * 2.0
        return y

    x = X.copy()
    _, pullback = vjp(f, x)
    x[:] = 100.0

    expected = 2.0 * X * np.array([1.0, 4.0, 16.0])
    for _ in range(2):
        near(pullback(np.ones(3))[0], expected)


def test_pullbacks_of_writes_in_place_can_be_called_again():
    def f(x):
        y = x * 1.0
        for i in range(3):
            y[i] = y[i] ** 2 * y[i - 1]
        y *= y
        return y

    out, pullback = vjp(f, X)
    first = pullback(np.ones(3))[0]

    near(pullback(np.ones(3))[0], first)
    near(jacrev(f)(X), jacfwd(f)(X))
    near(np.sum(jacfwd(f)(X), axis=0), first)
    near(out, f(X))


def test_a_pair_shown_runs():
    g = grad(loss)
    g(W, X)
    value, residuals = g.forward(W, X)

    near(value, loss(W, X))
    near(g.backward(residuals), g(W, X))
    assert "def " in g.forward.source
    assert "def " in g.backward.source
    assert "W" not in str(g.explain()).split("def ")[0].splitlines()[0]


class Point(NamedTuple):
    height: Any
    place: Any


@dataclass
class Held:
    height: Any
    place: Any


@pytest.mark.parametrize("record", [Point, Held])
def test_records_are_given_back_and_taken_as_cotangents(record: Any):
    x = np.array([1.0, 2.0])
    by_keyword = lambda x: record(place=x * 2.0, height=x[0] ** 2)
    for made in (lambda x: record(x[0] ** 2, x * 2.0), by_keyword):
        out, pullback = vjp(made, x)

        near(out.place, [2.0, 4.0])
        near(pullback(record(10.0, np.ones(2)))[0], [22.0, 2.0])


def test_a_gradient_that_is_a_named_tuple_is_differentiated():
    gradient = grad(lambda p: p.height * np.sum(p.place**2))
    _, pullback = vjp(gradient, Point(2.0, np.ones(2)))
    (found,) = pullback(Point(1.0, np.ones(2)))

    near(found.height, 4.0)
    near(found.place, [6.0, 6.0])
