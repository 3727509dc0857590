"""Functions that are traced: each closure of one text has derivatives of its own."""

import numpy as np
import pytest

import tapeless as tl


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
