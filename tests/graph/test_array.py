"""Arrays: unmodified NumPy programs give NumPy's values, and gradients that agree with differences."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

from tapeless.errors import MissingRuleError
from tapeless.graph.array import Array
from tapeless.graph.backward import backward, grad
from tapeless.graph.modes import no_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import wrap
from tapeless.rules import table
from tests.graph.programs import PROGRAMS, V
from tests.rules.sample import Sample
from tests.rules.samples import SAMPLES


def differences(f, x, eps=1e-6):
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        found[index] = (float(f(x + step)) - float(f(x - step))) / (2 * eps)
    return found


@pytest.mark.parametrize(("program", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_program_gives_the_same_value_and_the_right_gradient(program, x):
    a = Array(x, requires_grad=True)

    out = program(a)

    expected = program(x.copy())
    np.testing.assert_allclose(out.item(), expected, rtol=1e-12)
    assert out.dtype == expected.dtype
    np.testing.assert_allclose(np.asarray(grad(out, a)[0]), differences(program, x), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(a.detach()), x)


@pytest.mark.parametrize(("program", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_second_derivatives_of_a_program(program, x):
    a = Array(x, requires_grad=True)
    direction = np.cos(np.arange(float(x.size))).reshape(x.shape)

    (first,) = grad(program(a), a, create_graph=True)
    second = (
        np.zeros_like(x) if not first.requires_grad else grad(first, a, wrap(Array, direction))[0].detach()
    )

    def slope(y):
        b = Array(y, requires_grad=True)
        return float((grad(program(b), b)[0] * direction).sum())

    np.testing.assert_allclose(np.asarray(second), differences(slope, x, 1e-5), rtol=1e-4, atol=1e-4)


EACH_ITS_OWN = (np.atleast_1d, np.atleast_2d, np.atleast_3d, np.broadcast_arrays)
PUBLIC = [
    sample
    for sample in SAMPLES
    if getattr(np, getattr(sample.function, "__name__", ""), None) is sample.function
    and sample.function not in (np.asarray, np.array, np.asanyarray, np.ascontiguousarray, np.asfortranarray)
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("sample", PUBLIC, ids=str)
def test_every_row_on_arrays_is_numpy_itself(sample: Sample):
    wrt = range(len(sample.args)) if sample.function in (np.einsum, np.full_like) else sample.wrt
    args = tuple([_lifted(arg) if position in wrt else arg for position, arg in enumerate(sample.args)])
    if not any(isinstance(arg, Array | list | tuple) for arg in args):
        return

    with np.errstate(all="ignore"):
        expected = sample.function(*copy.deepcopy(sample.args), **sample.kwargs)
        actual = sample.function(*args, **sample.kwargs)

    for mine, theirs in zip(_parts(actual), _parts(expected), strict=True):
        if isinstance(mine, np.ndarray):
            assert sample.function in EACH_ITS_OWN
        elif isinstance(theirs, np.ndarray | np.generic):
            assert type(mine) is Array
            assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
            np.testing.assert_array_equal(mine._data, theirs)
            _check_view(mine, args)


def _lifted(arg):
    if isinstance(arg, list | tuple):
        return type(arg)([_lifted(one) for one in arg])
    return Array(arg, requires_grad=True) if _is_inexact(arg) else arg


def _is_inexact(arg):
    return isinstance(arg, np.ndarray | np.generic) and arg.dtype.kind in "fc"


def _parts(value):
    return value if isinstance(value, tuple | list) else (value,)


def _check_view(mine, args):
    """What shares memory in NumPy is a view here: else a write through it would go unseen."""
    for lifted in args:
        if type(lifted) is Array and np.may_share_memory(mine._data, lifted._data):
            assert mine is lifted or mine.base is lifted


# Dtypes and scalars -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64])
def test_gradient_has_the_dtype_of_its_input(dtype):
    x = Array(np.array([1.0, 2.0], dtype), requires_grad=True)

    y = np.sum((x * 2.0 + np.ones(2, np.float32)).real)

    assert (x * 2.0).dtype == dtype
    assert grad(y, x)[0].dtype == dtype


def test_dtypes_mix_as_in_numpy():
    x = Array(V, requires_grad=True)
    y = x.astype(np.float32) * np.arange(3) + np.float32(0.5) * x.astype(np.float16) + 1

    assert y.dtype == np.float64
    np.testing.assert_allclose(np.asarray(grad(np.sum(y), x)[0]), [0.5, 1.5, 2.5])
    assert (x.astype(np.float32) * 2.0).dtype == np.float32
    assert (np.arange(3) * x.astype(np.float32)).dtype == np.float64


def test_numbers_are_scalars_that_in_place_operators_leave_alone():
    x = Array([1.0, 2.0], requires_grad=True)
    s = x[0]
    kept = s
    s += x[1]

    assert kept.item() == 1.0
    assert s.item() == 3.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        kept[()] = 2.0


def test_zero_dimensional_arrays_are_written_to_as_numpy_does():
    x = Array(2.0, requires_grad=True)
    y = np.zeros_like(Array(np.array(0.0)))
    y = np.zeros((), like=x)
    y[...] = x * 3
    z = Array(np.array(1.0))
    same = z
    z += x

    assert y.item() == 6.0
    assert same.item() == 3.0
    assert grad(z, x)[0] == 1.0


def test_integer_arrays_cannot_require_grad():
    with pytest.raises(TypeError, match=r"dtype int64: convert it with \.astype\(float\)"):
        Array([1, 2], requires_grad=True)


def test_no_gradient_flows_through_integers():
    x = Array([1.5, 2.5], requires_grad=True)

    assert not x.astype(np.int64).requires_grad
    assert not np.argmax(x).requires_grad
    assert not (x > 2).requires_grad


def test_in_place_errors_are_those_of_numpy():
    x = Array([1.0, 2.0])
    n = Array([1, 2])

    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        x += np.ones((3, 2))
    with pytest.raises(TypeError, match="Cannot cast ufunc"):
        n += 1.5
    with pytest.raises(TypeError, match="Cannot cast ufunc"):
        n /= 2
    with pytest.raises(TypeError, match="annot cast"):
        np.add(x, 1.0, out=n)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)


def test_complex_gradients_are_not_conjugated():
    z = Array(np.array([1.0 + 2.0j]), requires_grad=True)

    (found,) = grad(np.sum(z * z).real, z)

    np.testing.assert_allclose(np.asarray(found), [2.0 + 4.0j])


def store(y, index, value):
    y[index] = value


# Cutting the graph ------------------------------------------------------------------------------------------


def test_asarray_of_a_recorded_array_is_refused():
    x = Array([1.0, 2.0], requires_grad=True)

    with pytest.raises(RuntimeError, match=r"np\.asarray would take this Array out of the graph"):
        np.asarray(x)
    with pytest.raises(RuntimeError, match=r"x\.detach\(\)"):
        np.array([x * 2, x])
    np.testing.assert_array_equal(np.asarray(x.detach()), [1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(Array([3.0])), [3.0])


@pytest.mark.parametrize(
    "write",
    [
        lambda y, x: store(y, 0, x[0]),
        lambda y, x: store(y, slice(None), x),
        lambda y, x: store(y, slice(0, 1), x[0]),
        lambda y, x: np.add(y, x, out=y),
        lambda y, x: y.__iadd__(x),
        lambda y, x: np.add.at(y, [0], x),
        lambda y, x: np.copyto(y, x),
        lambda y, x: np.put(y, [0], x),
        lambda y, x: np.sum(x, out=y[0, ...]),
    ],
)
def test_a_recorded_value_is_not_written_into_an_ordinary_ndarray(write):
    y = np.zeros(2)

    with pytest.raises((RuntimeError, TypeError, ValueError)):
        write(y, Array([1.0, 2.0], requires_grad=True))

    np.testing.assert_array_equal(y, [0.0, 0.0])


def test_plain_values_are_written_into_ndarrays():
    y = np.zeros(2)
    np.add(y, Array([1.0, 2.0]), out=y)
    np.copyto(y[:1], Array([5.0]))
    with no_grad():
        y += Array([1.0, 1.0], requires_grad=True)

    np.testing.assert_array_equal(y, [6.0, 3.0])


def test_functions_without_a_rule_are_named():
    x = Array([1.0, 2.0], requires_grad=True)

    with pytest.raises(MissingRuleError, match=r"np\.unwrap"):
        np.unwrap(x)
    with pytest.raises(MissingRuleError, match=r"np\.add\.reduceat"):
        np.add.reduceat(x, [0, 1])
    with pytest.raises(MissingRuleError, match=r"np\.maximum\.at"):
        np.maximum.at(x * 1, [0, 0], x)
    np.testing.assert_array_equal(np.asarray(np.unwrap(x.detach())), np.unwrap([1.0, 2.0]))


def test_tensors_and_arrays_do_not_mix():
    x, t = Array([1.0]), wrap(Tensor, np.ones(1))

    for mix in (
        lambda: np.add(x, t),
        lambda: np.concatenate([x, t]),
        lambda: x * t,
        lambda: np.where(t, x, t),
    ):
        with pytest.raises(TypeError):
            mix()


# The graph --------------------------------------------------------------------------------------------------


def test_backward_accumulates_into_leaves():
    x = Array(V, requires_grad=True)

    np.sum(x * x).backward()
    backward(np.sum(x))

    np.testing.assert_allclose(np.asarray(x.grad), 2 * V + 1)
    assert x.is_leaf
    assert (x * 2).grad_fn.name() == "MultiplyBackward0"


def test_leaves_that_require_grad_are_not_written_to():
    x = Array(V, requires_grad=True)

    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
        x += 1.0
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        x[0] = 1.0
    with no_grad():
        x -= 1.0
    np.testing.assert_allclose(np.asarray(x.detach()), V - 1)


def test_what_backward_needs_survives_writes_without_recording():
    w, x = Array(V, requires_grad=True), Array(V)
    y = np.sum(w * w * x)
    with no_grad():
        w += 1.0
        x[:] = 0.0

    np.testing.assert_allclose(np.asarray(grad(y, w)[0]), 2 * V * V)


def test_repr_is_numpys():
    x = Array([1.0, 2.0], requires_grad=True)

    assert repr(x) == "Array([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Array([2., 4.], grad_fn=<MultiplyBackward0>)"
    assert repr(Array([1, 2], False)) == "Array([1, 2])"
    assert f"{x[0]:.2f}" == "1.00"
    assert str(x) == "[1. 2.]"


def test_leaves_are_pickled_and_copied():
    x = Array(V, requires_grad=True)

    again = pickle.loads(pickle.dumps(x))

    assert again.requires_grad
    np.testing.assert_array_equal(again._data, V)
    assert copy.deepcopy(x).is_leaf
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(x * 2)


def test_every_mutating_function_of_numpy_is_known():
    mutating = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}

    assert not any(table.find(function) for function in mutating)


@pytest.mark.parametrize("cut", [float, complex, math.exp, lambda y: math.sqrt(y) + 1.0])
def test_numbers_that_would_be_cut_from_the_graph_are_refused(cut):
    y = np.sum(Array([1.0, 2.0], requires_grad=True) ** 2)

    with pytest.raises(TypeError, match="cut its gradient"):
        cut(y)


def test_float_says_what_to_use_instead():
    y = np.sum(Array([1.0, 2.0], requires_grad=True) ** 2)

    with pytest.raises(TypeError, match=r"float\(\) of an Array that requires grad would cut its gradient"):
        float(y)
    assert (bool(y), int(y), float(y.detach())) == (True, 5, 5.0)
    with no_grad():
        assert float(y) == 5.0
