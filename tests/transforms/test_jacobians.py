"""`jacrev`, `jacfwd`, `jacobian`, `hessian`: shapes, structures, and that both ways agree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tapeless import hessian, jacfwd, jacobian, jacrev

pytestmark = pytest.mark.usefixtures("engine")

X = np.array([1.0, 2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)


class Point(NamedTuple):
    x: Any
    y: Any


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


@pytest.fixture(params=[jacrev, jacfwd, jacobian], ids=lambda jac: jac.__name__)
def jac(request):
    return request.param


def test_shapes_are_the_outputs_then_the_arguments(jac):
    near(jac(lambda x: A @ x)(X), A)
    assert jac(lambda x: x * np.ones((2, 1)))(A[:1]).shape == (2, 3, 1, 3)
    assert jac(lambda x: np.sum(x))(A).shape == (2, 3)
    assert jac(lambda x: x * X)(2.0).shape == (3,)


def test_numbers_give_numbers(jac):
    found = jac(lambda x: x * x)(3.0)

    assert isinstance(found, float)
    near(found, 6.0)


def test_an_empty_argument_and_an_empty_output(jac):
    assert jac(lambda x: np.append(x, 1.0) * 1.0)(np.zeros(0)).shape == (1, 0)
    assert jac(lambda x: x[:0] * 1.0)(X).shape == (0, 3)


def test_a_tuple_of_arguments_gives_tuples(jac):
    found = jac(lambda x, y: x * y, (0, 1))(X, 2.0)

    assert type(found) is tuple
    near(found[0], 2.0 * np.eye(3))
    near(found[1], X)


def test_structures_are_the_outputs_of_the_arguments(jac):
    found = jac(lambda p: {"sum": np.sum(p.x) * p.y, "x": [p.x]})(Point(X, 2.0))

    assert list(found) == ["sum", "x"]
    near(found["sum"].x, 2.0 * np.ones(3))
    near(found["sum"].y, 6.0)
    near(found["x"][0].x, np.eye(3))
    near(found["x"][0].y, np.zeros(3))


def test_what_is_no_number_in_an_argument_has_no_derivative(jac):
    found = jac(lambda p: p["x"] * 2.0)({"name": "x", "x": X})

    assert found["name"] is None
    near(found["x"], 2.0 * np.eye(3))


def test_parts_of_star(jac):
    near(jac(lambda *args: args[0] * args[1], -1)(X, X), np.diag(X))


def test_aux(jac):
    found, aux = jac(lambda x: (x * x, "aux"), has_aux=True)(X)

    near(found, np.diag(2.0 * X))
    assert aux == "aux"


def test_dtypes_are_kept(jac):
    assert jac(lambda x: x * x)(X.astype(np.float32)).dtype == np.float32


def test_outputs_that_do_not_flow_are_refused(jac):
    with pytest.raises(TypeError, match=r"requires a float output; <lambda>\(x\) returned int64"):
        jac(lambda x: np.argsort(x))(X)
    with pytest.raises(TypeError, match=r"requires arrays; <lambda>\(x\) returned a str"):
        jac(lambda x: [x, "text"])(X)
    with pytest.raises(TypeError, match="requires a real output"):
        jac(lambda x: x * 1j)(X)


def test_complex_arguments_need_holomorphic_forward():
    with pytest.raises(TypeError, match="jacfwd takes complex arguments with holomorphic=True only"):
        jacfwd(lambda x: np.abs(x))(X * 1j)
    near(jacfwd(lambda x: x * x, holomorphic=True)(X * 1j), np.diag(2j * X))
    near(jacrev(lambda x: x * x, holomorphic=True)(X * 1j), np.diag(2j * X))


def test_hessians():
    near(hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0])), [[4.0, 2.0], [2.0, 0.0]])
    assert hessian(lambda x: np.sum(x**2))(A).shape == (2, 3, 2, 3)
    found = hessian(lambda x, y: np.sum(x * x) * y, (0, 1))(X, 2.0)
    near(found[0][0], 4.0 * np.eye(3))
    near(found[0][1], 2.0 * X)
    near(found[1][0], 2.0 * X)
    near(found[1][1], 0.0)
    found = hessian(lambda p: p.x * p.x * p.y)(Point(2.0, 3.0))
    near(found.x, (6.0, 4.0))
    near(found.y, (4.0, 0.0))


def test_hessian_as_a_decorator_with_arguments():
    @hessian(argnum="y")
    def f(x, y):
        return x * y**2

    near(f(3.0, 1.0), 6.0)
    assert f.__name__ == "f"
    assert f.kind == "hessian"
    assert repr(f) == "<hessian of f(x, y) by y>"


def test_a_method_of_jacobians():
    class Model:
        k = 2.0

        @jacobian
        def f(self, x):
            return self.k * x

        @hessian
        def g(self, x):
            return self.k * x * x

    near(Model().f(X), 2.0 * np.eye(3))
    near(Model().g(3.0), 4.0)
