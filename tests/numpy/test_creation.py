"""Arrays that are made in a function that is traced: of Arrays, and written to."""

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp
from tapeless.graph.array import tracing


def slope(f, x, step=1e-6):
    return (f(x + step) - f(x - step)) / (2 * step)


def traced(f, x):
    return tl.grad(f, mode="tape")(x)


WEIGHTS = np.arange(1.0, 13.0)


def weighed(a):
    """A number that depends on every element and its place."""
    flat = np.ravel(a)
    return np.sum(WEIGHTS[: flat.size] * flat * flat)


MAKERS = {
    "array of a list": lambda x: tnp.array([x, 2.0, x * x]),
    "array of nested lists": lambda x: tnp.array([[x, 1.0], (2.0, np.sin(x))]),
    "array of rows": lambda x: tnp.array([tnp.ones(2) * x, [3.0, x]]),
    "array with a dtype": lambda x: tnp.array([x, 1], dtype=float),
    "array with ndmin": lambda x: tnp.array([x, x * x], ndmin=2),
    "array of an Array": lambda x: tnp.array(x * tnp.ones(3)),
    "array of a number": lambda x: tnp.array(x),
    "asarray": lambda x: tnp.asarray([x, x * x]),
    "asanyarray": lambda x: tnp.asanyarray([[x], [x * x]]),
    "ascontiguousarray": lambda x: tnp.ascontiguousarray((tnp.ones((2, 3)) * x).T),
    "asfortranarray": lambda x: tnp.asfortranarray([[x, 1.0], [x * x, x]]),
    "copy of a list": lambda x: tnp.copy([x, x * x]),
    "full": lambda x: tnp.full((2, 2), x),
    "full of a row": lambda x: tnp.full((2, 2), [x, x * x]),
    "full_like": lambda x: tnp.full_like(np.ones((2, 2)), x),
    "fromiter": lambda x: tnp.fromiter((x * k for k in range(4)), float),
    "fromiter with a count": lambda x: tnp.fromiter((x * k for k in range(9)), float, 3),
    "r_": lambda x: tnp.r_[x, 0.0, [x * x, 1.0], tnp.ones(2) * x, 1:3],
    "r_ of matrices": lambda x: tnp.r_[tnp.ones((2, 2)) * x, np.ones((1, 2))],
    "c_": lambda x: tnp.c_[tnp.ones(3) * x, [1.0, 2.0, 3.0], np.arange(6.0).reshape(3, 2)],
    "float64": lambda x: tnp.float64(x) * x,
    "float64 of a list": lambda x: tnp.float64([x, x * x]),
    "complex128": lambda x: np.abs(tnp.complex128(x) + 2j),
    "double of an array": lambda x: tnp.double(tnp.ones(2) * x),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_what_is_made_of_arrays_is_differentiated(make):
    def f(x):
        return weighed(make(x))

    assert traced(f, 0.7) == pytest.approx(slope(f, 0.7), rel=1e-7)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_what_is_made_is_what_numpy_makes(make):
    x = tl.Array(0.7, requires_grad=True)
    with tracing():
        found = make(x)
    expected = make(0.7)

    assert isinstance(found, tl.Array)
    assert (found.shape, found.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    np.testing.assert_array_equal(np.asarray(expected), found.detach()._data)


@pytest.mark.parametrize("name", [name for name in MAKERS if not name.startswith("fromiter")])
def test_arrays_are_followed_outside_of_what_is_traced(name: str):
    x = tl.Array(0.7, requires_grad=True)
    weighed(MAKERS[name](x)).backward()

    assert float(x.grad.detach()) == pytest.approx(slope(lambda x: weighed(MAKERS[name](x)), 0.7), rel=1e-7)


BLANKS = {
    "arange": lambda: tnp.arange(3.0),
    "linspace": lambda: tnp.linspace(0.0, 1.0, 3),
    "zeros": lambda: tnp.zeros(3),
    "ones": lambda: tnp.ones(3),
    "empty": lambda: tnp.empty(3),
    "full": lambda: tnp.full(3, 2.0),
    "eye": lambda: tnp.eye(3)[0],
    "identity": lambda: tnp.identity(3)[1],
    "tri": lambda: tnp.tri(3)[2],
    "array": lambda: tnp.array([0.0, 1.0, 2.0]),
    "copy": lambda: tnp.copy(np.arange(3.0)),
    "asarray": lambda: tnp.asarray([0.0, 1.0, 2.0]),
    "zeros_like": lambda: tnp.zeros_like(np.arange(3.0)),
    "ones_like": lambda: tnp.ones_like([1.0, 2.0, 3.0]),
    "empty_like": lambda: tnp.empty_like(np.arange(3.0)),
    "full_like": lambda: tnp.full_like(np.arange(3.0), 1.5),
    "fromiter": lambda: tnp.fromiter(iter([1.0, 2.0, 3.0]), float),
    "complex zeros": lambda: tnp.zeros(3, complex),
}


@pytest.mark.parametrize("blank", BLANKS.values(), ids=BLANKS.keys())
def test_what_is_made_while_tracing_can_be_written_to(blank):
    def f(x):
        a = blank()
        a[0] = x * x
        a[1:] = [1.0, np.sin(x)]
        a[2] *= x
        return np.real(weighed(a))

    assert traced(f, 0.7) == pytest.approx(slope(f, 0.7), rel=1e-7)


def test_a_loop_that_fills_an_array():
    def f(x):
        path = tnp.zeros((5, 2))
        path[0] = x
        for k in range(4):
            path[k + 1] = path[k] + 0.1 * tnp.array([path[k, 1], -np.sin(path[k, 0])])
        return np.sum(path[-1] ** 2)

    x = np.array([0.3, -0.4])

    np.testing.assert_allclose(tl.grad(f, mode="source")(x), traced(f, x), rtol=1e-12)


def test_second_derivatives_and_forward_mode_go_through_writes():
    def f(x):
        a = tnp.zeros(2)
        a[0] = x**3
        a[1] = a[0] * x
        return tnp.sum([a[0], a[1]])

    assert tl.grad(tl.grad(f, mode="tape"), mode="tape")(0.5) == pytest.approx(6 * 0.5 + 12 * 0.25)
    assert tl.jvp(f, (0.5,), (2.0,), mode="tape")[1] == pytest.approx(2 * (3 * 0.25 + 4 * 0.125))


def test_integers_and_booleans_stay_ndarrays():
    with tracing():
        assert type(tnp.zeros(3, int)) is type(tnp.ones(2, bool)) is type(tnp.array([1, 2])) is np.ndarray


def test_nothing_is_watched_outside_of_what_is_traced():
    for blank in BLANKS.values():
        assert type(blank()) is np.ndarray
    tl.grad(lambda x: x * tnp.zeros(1)[0], mode="tape")(1.0)

    assert type(tnp.zeros(3)) is np.ndarray


def test_asarray_of_an_array_is_the_array():
    x = tl.Array([1.0, 2.0], requires_grad=True)

    assert tnp.asarray(x) is tnp.asarray(x, float) is tnp.asanyarray(x) is tnp.ascontiguousarray(x) is x
    assert tnp.array(x, copy=False) is tnp.array(x, copy=None) is x
    assert tnp.array(x) is not x
    assert tnp.asarray(x, np.float32).dtype == np.float32


def test_asarray_of_data_is_the_data():
    data = np.arange(3.0)
    with tracing():
        assert tnp.asarray(data) is tnp.asanyarray(data) is tnp.ascontiguousarray(data) is data


def test_tensors_in_a_list_make_a_tensor():
    x = tl.tensor(2.0, requires_grad=True)
    found = tnp.array([x, x * x])

    assert isinstance(found, tl.Tensor)
    found.sum().backward()
    assert float(x.grad) == 5.0


def test_r_with_directives_is_refused_for_arrays():
    x = tl.Array([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.stack or np\.concatenate"):
        tnp.r_["0,2", x, x]


def test_fromiter_says_when_there_are_too_few():
    x = tl.Array(1.0, requires_grad=True)
    with pytest.raises(ValueError, match="Expected 3 but iterator had only 2"):
        tnp.fromiter([x, x], float, 3)
