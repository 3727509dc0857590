"""`np.r_[...]` and `np.c_[...]` where source is read, as where it is recorded."""

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp

V = np.array([0.5, -1.0, 2.0])
M = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]])

FUNCTIONS = {
    "arrays and numbers": (lambda x: tnp.r_[x, x[0] * 2, 3.0, [x[1], 1.0]], V),
    "one array": (lambda x: tnp.r_[x * x], V),
    "ranges": (lambda x: tnp.r_[0:3, x, 0:1:5j], V),
    "matrices": (lambda x: tnp.r_[x, x[:1] ** 2], M),
    "columns": (lambda x: tnp.c_[x, x**2, V], V),
    "columns of a matrix": (lambda x: tnp.c_[x, x[:, 0] ** 2], M),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_stands_in_the_brackets_is_joined(name: str):
    join, x = FUNCTIONS[name]

    def f(x):
        joined = join(x)
        return np.sum(joined**2 * np.reshape(np.arange(1.0, np.size(joined) + 1), np.shape(joined)))

    step = 1e-6
    expected = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        expected[index] = (f(moved[0]) - f(moved[1])) / (2 * step)

    np.testing.assert_allclose(tl.grad(f, mode="source")(x), expected, rtol=1e-7)
    np.testing.assert_allclose(tl.grad(f, mode="tape")(x), expected, rtol=1e-7)


def test_directives_and_unknown_indices_are_refused():
    for f in (lambda x: np.sum(np.r_["0,2", x, x]), lambda x: np.sum(np.s_[x])):
        with pytest.raises(tl.errors.TransformError, match="this index"):
            tl.grad(f, mode="source")(V)
