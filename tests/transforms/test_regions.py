"""Calls that cannot be read, in functions that can: recorded at run time, against the whole on the graph."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless

X = np.array([0.7, -1.2, 2.0])


def halves(x):
    yield x / 2.0
    yield x / 3.0


def hard(x, y, n=2):
    return sum([np.sum(half**n * y) for half in halves(x)])


def pair(x):
    first = next(halves(x))
    return first, {"scaled": first * x}


def noisy(x, tag):
    print("in", tag)
    return hard(x, 1.0)


def ident(x):
    list(halves(x))
    return x


def grows(x, seen):
    seen.append(len(list(halves(x))))
    return np.sum(x**2)


def overwrites(x):
    for half in halves(x):
        x[0] = half[0]
    return x * 2.0


exec("def without_source(x):\n    return np.tanh(x) * x", globals())


def several_calls(x):
    y = np.sin(x)
    z = hard(y, x[0]) + hard(y, 2.0, n=3)
    return z * z + np.sum(x)


def in_a_loop(x):
    total = 0.0
    for i in range(3):
        if x[i] > 0.0:
            total = total + hard(x * i, x[i])
    return total


def containers_come_out(x):
    a, rest = pair(x * 2.0)
    return np.sum(a * rest["scaled"])


def source_is_missing(x):
    return np.sum(without_source(x * 2.0) ** 2)  # noqa: F821


def what_comes_out_is_what_went_in(x):
    y = x * 2.0
    z = ident(y)
    z *= 3.0
    return np.sum(y * z)


def a_list_goes_in(x):
    seen = []
    return (grows(x, seen) + grows(x * 2.0, seen)) * sum(seen)


def it_writes(x):
    y = x * 3.0
    return np.sum(overwrites(y) * y)


def a_closure(x):
    def inner(v):
        return sum(halves(v * x[0]))

    return np.sum(inner(x) * x)


REGIONS = [several_calls, in_a_loop, containers_come_out, source_is_missing]
WHOLE = [what_comes_out_is_what_went_in, a_list_goes_in, it_writes, a_closure]


@pytest.mark.parametrize("function", REGIONS + WHOLE)
def test_every_derivative_is_that_of_the_graph(function):
    tangent = np.array([0.3, 1.0, -0.4])

    def of(mode):
        out, pullback = tapeless.vjp(function, X.copy(), mode=mode)
        return [
            tapeless.grad(function, mode=mode)(X.copy()),
            out,
            pullback(out)[0],
            pullback(2.0 * out)[0],
            tapeless.jvp(function, (X.copy(),), (tangent,), mode=mode)[1],
            tapeless.hessian(function, mode=mode)(X.copy()),
            tapeless.grad(lambda x: np.sum(tapeless.grad(function, mode=mode)(x) ** 2), mode=mode)(X.copy()),
        ]

    for found, expected in zip(of("auto"), of("tape"), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", REGIONS)
def test_only_the_call_is_recorded(function):
    gradient = tapeless.grad(function)
    gradient(X.copy())

    (note,) = gradient.explain().report.notes
    assert note.split()[0] in ("hard", "pair", "without_source")
    assert "is recorded on the graph at each call, as" in note
    assert "_backward(" in gradient.source


@pytest.mark.parametrize("function", WHOLE)
def test_what_a_region_could_hide_is_recorded_with_all_around_it(function):
    (note,) = tapeless.grad(function).explain(X.copy()).report.notes

    assert note.startswith("recorded on the graph at each call, as")


def test_side_effects_keep_their_order(capsys):
    def f(x):
        print("a")
        first = noisy(x, 1)
        print("b")
        second = noisy(x * 2.0, 2)
        print("c")
        return first * second

    f(X)
    expected = capsys.readouterr().out
    tapeless.grad(f)(X)

    assert capsys.readouterr().out == expected


def test_a_write_that_nobody_could_foresee_is_refused():
    scope = {"np": np}
    exec("def hidden(x):\n    x[0] = 1.0\n    return np.sum(x)", scope)
    hidden = scope["hidden"]

    def f(x):
        y = x * 2.0
        return hidden(y) * np.sum(y)

    with pytest.raises(TypeError, match=r"hidden is recorded .* writes into its argument.*mode=\"tape\""):
        tapeless.grad(f)(X)
    np.testing.assert_allclose(tapeless.grad(f, mode="tape")(X).shape, (3,))


def test_a_constant_that_is_written_to_is_refused():
    scope = {"np": np}
    exec("def hidden(x, buffer):\n    buffer[0] = 1.0\n    return np.sum(x)", scope)
    hidden = scope["hidden"]

    with pytest.raises(ValueError, match="read-only"):
        tapeless.grad(lambda x: hidden(x, np.zeros(3)))(X)


def test_with_the_source_alone_it_is_refused():
    with pytest.raises(tapeless.errors.TransformError, match="generator"):
        tapeless.grad(several_calls, mode="source")(X)
