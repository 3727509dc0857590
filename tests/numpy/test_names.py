"""The names of tapeless.numpy: NumPy's own objects, but for those that speak to Arrays."""

import pickle
import subprocess
import sys
import types

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp
from tapeless.graph.array import tracing
from tapeless.rules.table import STAND_INS, meant

PUBLIC = sorted(set(np.__all__) & set(tnp.__all__))


def test_every_public_name_is_there_but_modules():
    missing = set(np.__all__) - set(tnp.__all__)

    assert len(PUBLIC) > 450
    assert all(isinstance(getattr(np, name), types.ModuleType) for name in missing)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_or_means_numpys(name: str):
    own = getattr(tnp, name)

    assert own is getattr(np, name) or meant(own) is getattr(np, name)


def test_submodules_are_imported_as_numpys_are():
    import tapeless.numpy.fft as fft
    import tapeless.numpy.linalg as linalg
    import tapeless.numpy.random as random

    assert linalg.eig is np.linalg.eig
    assert STAND_INS[linalg.solve] is np.linalg.solve
    assert fft.fft is np.fft.fft
    assert random.default_rng is np.random.default_rng
    assert tnp.linalg is linalg
    assert "solve" in dir(linalg)
    assert "solve" in linalg.__all__


def test_a_name_that_numpy_lacks_is_named():
    with pytest.raises(AttributeError, match=r"module 'tapeless\.numpy' has no attribute 'nonsense'"):
        tnp.nonsense


def test_a_star_import_gives_all_names():
    scope: dict = {}
    exec("from tapeless.numpy import *", scope)

    assert scope["sin"] is np.sin
    assert set(tnp.__all__) <= set(scope)


def test_importing_tapeless_does_not_load_it():
    code = "import sys, tapeless; assert 'tapeless.numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


TYPES = [
    name for name in dir(tnp) if isinstance(getattr(tnp, name), type) and getattr(tnp, name) in STAND_INS
]
CONCRETE = [name for name in TYPES if name != "ndarray" and not getattr(np, name).__subclasses__()]


@pytest.mark.parametrize("name", CONCRETE)
def test_a_type_is_numpys_type_to_numpy(name: str):
    own, original = getattr(tnp, name), getattr(np, name)
    dtype = np.dtype(original)

    assert np.dtype(own) == dtype == own
    assert own == original
    assert original == own
    assert {original: 1}[own] == 1
    assert np.zeros(2, own).dtype == dtype
    assert np.zeros(2).astype(own).dtype == dtype
    assert type(own(1)) is original
    assert isinstance(original(1), own)
    assert issubclass(own, original)
    assert issubclass(original, own)
    assert np.issubdtype(dtype, own)
    assert np.result_type(own, np.int8) == np.result_type(original, np.int8)
    assert pickle.loads(pickle.dumps(own)) is own
    assert own != np.bool
    assert own != 1


def test_functions_can_be_pickled():
    for name in ("array", "zeros", "sum", "where", "full", "isscalar", "sin"):
        own = getattr(tnp, name)

        assert pickle.loads(pickle.dumps(own)) is own


def test_abstract_types_are_numpys():
    assert isinstance(np.float32(1), tnp.floating)
    assert not isinstance(np.int64(1), tnp.inexact)
    assert np.issubdtype(np.float32, tnp.floating)
    assert issubclass(np.int8, tnp.integer)
    assert isinstance(np.ones(1), tnp.ndarray)
    assert not isinstance([1.0], tnp.ndarray)
    assert type(tnp.ndarray((2, 3))) is np.ndarray


def test_an_array_is_an_instance_of_what_its_data_is():
    x, number = tl.Array([1.0, 2.0], requires_grad=True), tl.Array(1.0, requires_grad=True)

    assert isinstance(x, tnp.ndarray)
    assert not isinstance(number, tnp.ndarray)
    assert isinstance(number, tnp.float64)
    assert isinstance(number, tnp.floating)
    assert not isinstance(number, tnp.float32)
    assert not isinstance(x, tnp.float64)
    assert tnp.isscalar(number)
    assert not tnp.isscalar(x)
    assert tnp.isscalar(2.0)


def test_users_may_derive_classes():
    class Named(tnp.ndarray):
        name = "a"

    own = np.arange(3.0).view(Named)

    assert type(own) is Named
    assert isinstance(own, Named)
    assert not isinstance(np.ones(1), Named)
    assert issubclass(Named, np.ndarray)
    assert not issubclass(np.ndarray, Named)


def test_integer_types_take_the_number_out():
    x = tl.Array(2.7, requires_grad=True)

    assert tnp.int64(x) == 2
    assert type(tnp.int64(x)) is np.int64


LISTS = {
    "sum": lambda x: tnp.sum([x, x * x]),
    "mean along an axis": lambda x: tnp.mean([[x, 1.0], [x * x, 2.0]], axis=0)[0],
    "max": lambda x: tnp.max([x, x * x, 0.1]),
    "min": lambda x: tnp.min((x, x * x)),
    "prod": lambda x: tnp.prod([x, x, 2.0]),
    "std": lambda x: tnp.std([x, 1.0, x * x]),
    "var": lambda x: tnp.var([x, 1.0, x * x]),
    "median": lambda x: tnp.median([x, 1.0, x * x]),
    "cumsum": lambda x: tnp.cumsum([x, x * x])[1],
    "dot": lambda x: tnp.dot([x, x * x], [1.0, 2.0]),
    "dot from the right": lambda x: tnp.dot(np.ones(2), [x, x * x]),
    "outer": lambda x: tnp.outer([x, 1.0], [x, 2.0])[0, 0],
    "inner": lambda x: tnp.inner([x, 1.0], [x, 2.0]),
    "where": lambda x: tnp.where([True, False], [x, x], [x * x, x * x])[1],
    "reshape": lambda x: tnp.reshape([x, x * x], (2, 1))[1, 0],
    "transpose": lambda x: tnp.transpose([[x, 1.0]])[0, 0],
    "atleast_2d": lambda x: tnp.atleast_2d([x, x * x])[0, 1],
    "diag": lambda x: tnp.diag([x, x * x])[1, 1],
    "concatenate": lambda x: tnp.concatenate([[x, 1.0], (x * x, 2.0)])[2],
    "stack": lambda x: tnp.sum(tnp.stack([[x, 1.0], [x * x, 2.0]], axis=1)[:, 1]),
    "vstack of Arrays and lists": lambda x: tnp.sum(tnp.vstack([x * np.ones(2), [x, 2.0]]) ** 2),
    "argmin": lambda x: x * tnp.argmin([x * x, x, 0.1]),
    "sort": lambda x: tnp.sort([x, x * x])[0],
    "solve": lambda x: tnp.linalg.solve([[x, 1.0], [0.5, 2.0]], [1.0, x])[0],
    "det": lambda x: tnp.linalg.det([[x, 1.0], [0.5, x]]),
    "norm": lambda x: tnp.linalg.norm([x, 2.0 * x, 1.0]),
    "size": lambda x: x * tnp.size([x, x]),
    "shape": lambda x: x * tnp.shape([[x, x]])[1],
    "ndim": lambda x: x * tnp.ndim([[x, x]]),
}


@pytest.mark.parametrize("f", LISTS.values(), ids=LISTS.keys())
def test_lists_of_arrays_are_read_as_arrays(f):
    slope = (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6

    assert tl.grad(f, mode="tape")(0.7) == pytest.approx(slope, rel=1e-7)
    assert tl.grad(f, mode="source")(0.7) == pytest.approx(slope, rel=1e-7)


def test_vectorize_maps_arrays_too():
    x, y = np.array([[0.5], [-2.0]]), np.array([1.0, 2.0, 3.0])

    @tnp.vectorize
    def f(a, b):
        return a * b if a > 0 else a**2

    def both(x, y):
        one, other = tnp.vectorize(lambda a, b: (a * b, a + b))(x, y)
        return np.sum(one * other)

    np.testing.assert_array_equal(np.vectorize(f.pyfunc)(x, y), f(x, y))
    for mode in ("tape", "auto"):
        by_x, by_y = tl.grad(lambda x, y: np.sum(f(x, y)), (0, 1), mode=mode)(x, y)
        np.testing.assert_allclose(by_x, [[6.0], [-12.0]])
        np.testing.assert_allclose(by_y, [0.5, 0.5, 0.5])
        np.testing.assert_allclose(
            tl.grad(both, mode=mode)(x, y), np.sum(2 * x * y + y**2, axis=1, keepdims=True)
        )
    with pytest.raises(TypeError, match="all arguments are positional"):
        tl.grad(lambda x: np.sum(f(x, b=y)), mode="tape")(x)


def test_on_plain_data_the_result_is_numpys():
    data = [[1.0, 2.0], [3.0, 4.0]]
    for name in (
        "sum",
        "mean",
        "array",
        "asarray",
        "max",
        "transpose",
        "ravel",
        "cumsum",
        "zeros_like",
        "copy",
    ):
        for value in (data, np.array(data), np.array(data, np.float32)):
            own, expected = getattr(tnp, name)(value), getattr(np, name)(value)

            assert type(own) is type(expected)
            assert own.dtype == expected.dtype
            np.testing.assert_array_equal(expected, own)


def test_tracing_ends_with_an_exception():
    def fails(x):
        raise KeyError("no")

    with pytest.raises(KeyError):
        tl.grad(fails, mode="tape")(1.0)
    assert type(tnp.zeros(2)) is np.ndarray
    with tracing():
        assert type(tnp.zeros(2)) is tl.Array
