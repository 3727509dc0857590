"""`vjp`, `jvp`, `linearize`, `hvp`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tapeless import hvp, jvp, linearize, vjp

pytestmark = pytest.mark.usefixtures("engine")

X = np.array([1.0, 2.0, 3.0])


class Point(NamedTuple):
    x: Any
    y: Any


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_vjp_gives_the_value_and_the_way_back():
    out, pullback = vjp(lambda x, y: x * y, X, 2.0)

    near(out, 2.0 * X)
    for g in (np.ones(3), X):  # as often as one likes
        dx, dy = pullback(g)
        near(dx, 2.0 * g)
        near(dy, np.sum(g * X))


def test_vjp_of_containers():
    out, pullback = vjp(lambda p: {"a": p.x * p.y, "b": (p.x, "text")}, Point(2.0, 3.0))
    (g,) = pullback({"b": (10.0, None), "a": 1})

    assert out["b"][1] == "text"
    assert type(g) is Point
    near(g, (13.0, 2.0))


def test_vjp_with_aux():
    out, pullback, aux = vjp(lambda x: (x * x, "aux"), X, has_aux=True)

    near(out, X * X)
    near(pullback(np.ones(3))[0], 2.0 * X)
    assert aux == "aux"


@pytest.mark.parametrize(
    ("g", "error", "said"),
    [
        (np.ones(2), ValueError, "the cotangent has shape (2,), its output has shape (3,)"),
        (1.0, ValueError, "the cotangent has shape (), its output has shape (3,)"),
        (np.ones(3) * 1j, TypeError, "the cotangent has dtype complex128, its output has dtype float64"),
        ([1.0, 1.0, 1.0], TypeError, "the cotangent is a list where an array or number is expected"),
        (None, TypeError, "the cotangent is a NoneType where"),
    ],
    ids=repr,
)
def test_cotangents_that_do_not_fit_are_refused(g, error, said):
    _, pullback = vjp(lambda x: x * x, X)
    with pytest.raises(error) as caught:
        pullback(g)
    assert said in str(caught.value)


def test_cotangents_in_the_wrong_structure_are_refused():
    _, pullback = vjp(lambda x: [x, {"a": x}], X)
    with pytest.raises(ValueError, match=r"the cotangent\[1\] lacks the key 'a'"):
        pullback([X, {"b": X}])


def test_cotangents_take_the_outputs_dtype(engine):
    x = X.astype(np.float32)
    seen = []
    _, pullback = vjp(lambda x: x * x, x)
    inner = pullback._backward
    pullback._backward = lambda residuals, g: seen.append(g) or inner(residuals, g)
    pullback(np.ones(3, int))

    assert seen[0].dtype == np.float32


def test_writing_into_the_arguments_later_changes_nothing():
    x, y = X.copy(), X.copy()
    out, pullback = vjp(lambda x, y: x * y, x, y)
    x[:] = y[:] = out[:] = 100.0

    near(pullback(np.ones(3)), (X, X))


def test_an_output_that_is_no_float_is_refused():
    with pytest.raises(
        TypeError, match=r"vjp requires a float output; <lambda>\(x\) returned int64: nothing"
    ):
        vjp(lambda x: np.argsort(x), X)


def test_vjp_tells_what_it_is():
    _, pullback = vjp(lambda x, y: x * y, X, 2.0)

    assert repr(pullback) == "<pullback to x, y>"
    assert "_backward(residuals, g)" in pullback.source


def test_jvp_gives_the_value_and_its_tangent():
    out, t = jvp(lambda x, y: x * y, (X, 2.0), (np.ones(3), 10.0))

    near(out, 2.0 * X)
    near(t, 2.0 + 10.0 * X)


def test_jvp_with_aux_of_star_and_containers():
    out, t, aux = jvp(
        lambda *args: (args[0]["a"] * args[1], "aux"), [{"a": 2.0}, 3], [{"a": 1.0}, 10], has_aux=True
    )

    near(out, 6.0)
    near(t, 23.0)
    assert aux == "aux"


@pytest.mark.parametrize(
    ("primals", "tangents", "error", "said"),
    [
        (
            X,
            X,
            TypeError,
            "jvp takes primals and tangents as tuples: jvp(f, (x,), (t,)), got ndarray and ndarray",
        ),
        ((X,), (X, X), TypeError, "jvp got 1 primals but 2 tangents"),
        ((X,), (1.0,), ValueError, "the tangent of x has shape (), its argument has shape (3,)"),
        ((X,), (X * 1j,), TypeError, "the tangent of x has dtype complex128"),
        (
            (np.arange(3),),
            (X,),
            TypeError,
            "jvp requires float or complex inputs; argument 'x' has dtype int64",
        ),
    ],
)
def test_tangents_that_do_not_fit_are_refused(primals, tangents, error, said):
    with pytest.raises(error) as caught:
        jvp(lambda x: x * x, primals, tangents)
    assert said in str(caught.value)


def test_linearize_is_linear_and_stays_where_it_was():
    x = X.copy()
    out, linear = linearize(lambda x: x * x, x)
    x[:] = 100.0

    near(out, X * X)
    near(linear(np.ones(3)), 2.0 * X)
    near(linear(X) + linear(np.ones(3)), linear(X + 1.0))
    assert repr(linear) == "<linear map of x>"
    with pytest.raises(TypeError, match="takes 1 tangents, got 2"):
        linear(X, X)


def test_linearize_of_a_function_that_writes_into_its_argument(engine):
    engine.written = (0,)

    def f(x):
        x *= 2.0
        return x * x

    _, linear = linearize(f, X)
    first = linear(np.ones(3))
    near(linear(np.ones(3)), first)
    near(X, [1.0, 2.0, 3.0])


def test_hvp_comes_in_the_structure_of_its_primals():
    f = lambda x, y: np.sum(x**3) * y
    g = lambda x: np.sum(x**3)

    near(hvp(g, X, np.ones(3)), 6.0 * X)
    (one,) = hvp(g, (X,), (np.ones(3),))
    near(one, 6.0 * X)
    found = hvp(f, [X, 2.0], [np.ones(3), 1.0])
    assert type(found) is list
    near(found[0], 12.0 * X + 3.0 * X**2)
    near(found[1], np.sum(3.0 * X**2))
    named = hvp(lambda p: p.x**2 * p.y, Point(2.0, 3.0), Point(1.0, 0.0))
    assert type(named) is Point
    near(named, (6.0, 4.0))


def test_hvp_wants_a_tangent_for_each_primal():
    with pytest.raises(TypeError, match="hvp got 2 primals but 1 tangents"):
        hvp(lambda x, y: x * y, (1.0, 2.0), (1.0,))
