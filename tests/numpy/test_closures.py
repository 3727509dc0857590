"""Functions that are traced: each closure of one text has derivatives of its own."""

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp
from tapeless.extend import elementwise, primitive


def twice(make):
    def f(x):
        return make(x) * x

    return f


@pytest.mark.parametrize("mode", ["tape", "source", "auto"])
def test_closures_of_one_text_have_their_own_gradients(mode: str):
    first, second = tl.grad(twice(np.sin), mode=mode), tl.grad(twice(np.cos), mode=mode)

    assert first(1.0) == pytest.approx(np.cos(1.0) + np.sin(1.0))
    assert second(1.0) == pytest.approx(np.cos(1.0) - np.sin(1.0))
    assert first(1.0) == pytest.approx(np.cos(1.0) + np.sin(1.0))


def test_defaults_of_one_text_have_their_own_gradients():
    made = [lambda x, n=n: x**n for n in (2.0, 3.0)]

    assert [float(tl.grad(f, mode="tape")(2.0)) for f in made] == [4.0, 12.0]


@pytest.mark.parametrize("mode", ["tape", "source", "auto"])
def test_functions_with_rows_have_their_own_gradients_though_they_share_their_code(mode: str):
    made = [primitive(power_of(n)) for n in (2.0, 3.0)]
    for n, function in zip((2.0, 3.0), made, strict=True):
        elementwise(function, ROWS[n])

    assert [float(tl.grad(f, mode=mode)(2.0)) for f in made] == [4.0, 12.0]
    assert [float(tl.jvp(f, (2.0,), (1.0,), mode=mode)[1]) for f in made] == [4.0, 12.0]


def power_of(n):
    def power(x):
        return x**n

    return power


ROWS = {
    2.0: lambda out, x: 2.0 * x,
    3.0: lambda out, x: 3.0 * x**2,
}


@pytest.mark.parametrize("mode", ["tape", "source", "auto"])
@pytest.mark.parametrize("name", ["sum", "max", "min", "mean", "std", "var", "cumsum", "prod", "ravel"])
def test_a_function_of_tapeless_numpy_is_differentiated_itself(name: str, mode: str):
    x = np.array([0.5, -1.0, 2.0])
    expected = tl.elementwise_grad(getattr(np, name), mode="source")(x)

    np.testing.assert_array_equal(expected, tl.elementwise_grad(getattr(tnp, name), mode=mode)(x))
    np.testing.assert_array_equal(expected, tl.elementwise_grad(getattr(np, name), mode=mode)(x))
