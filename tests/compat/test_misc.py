"""Flat parameters, optimisers, fixed points, differences, SciPy's solver."""

import collections
import importlib

import numpy as np
import pytest

import tapeless as tl
from tapeless.compat.autograd import builtins, make_vjp, multigrad, multigrad_dict, value_and_multigrad
from tapeless.compat.autograd.misc.flatten import flatten, flatten_func
from tapeless.compat.autograd.misc.optimizers import adam, rmsprop, sgd
from tapeless.compat.autograd.numpy.numpy_boxes import ArrayBox
from tapeless.compat.autograd.scipy.integrate import odeint
from tapeless.compat.autograd.test_util import (
    check_equivalent,
    check_grads,
    check_jvp,
    check_vjp,
    combo_check,
    scalar_close,
)
from tapeless.compat.autograd.tracer import getval, isbox

V = np.array([0.3, -0.7, 1.1])
Point = collections.namedtuple("Point", "x y")


def test_flatten_and_back():
    value = {"b": [np.arange(6.0).reshape(2, 3), (2.0,)], "a": Point(V, np.float64(4.0)), "c": []}
    flat, unflatten = flatten(value)

    np.testing.assert_array_equal([*V, 4.0, *np.arange(6.0), 2.0], flat)
    check_equivalent(unflatten(flat), {**value, "b": [value["b"][0], (np.array(2.0),)]})
    assert list(unflatten(flat)) == ["b", "a", "c"]
    assert flatten([])[0].shape == (0,)


@pytest.mark.parametrize("mode", ["source", "tape"])
def test_unflatten_and_flatten_are_differentiated_on_both_roads(mode: str):
    flat, unflatten = flatten({"w": np.ones((2, 2)), "b": [V, 1.0]})

    def f(flat):
        tree = unflatten(flat)
        again, _ = flatten({"w": tree["w"] ** 2, "b": tree["b"][0] * tree["b"][1]})
        return np.sum(again * again)

    x = flat * np.linspace(0.5, 1.5, len(flat))
    step = 1e-6
    expected = [(f(x + step * unit) - f(x - step * unit)) / (2 * step) for unit in np.eye(len(x))]

    np.testing.assert_allclose(tl.grad(f, mode=mode)(x), expected, rtol=1e-7, atol=1e-8)


def test_the_sorted_keys_of_a_dict_are_known_where_source_is_read():
    def f(tree):
        total = 0.0
        for key in sorted(tree):
            total = total * 2.0 + tree[key]
        return total

    assert tl.grad(f, mode="source")({"b": 3.0, "a": 1.0}) == {"b": 1.0, "a": 2.0}


def test_numbers_of_python_have_gradients_of_full_precision():
    special = importlib.import_module("tapeless.compat.autograd.scipy.special")

    assert tl.grad(lambda x: special.multigammaln(x, 2))(3.0) == pytest.approx(1.6259409757437102, rel=1e-14)


def test_flatten_func_takes_other_arguments_as_they_are():
    flat_func, unflatten, flat = flatten_func(lambda p, k: {"s": p["a"] * k}, {"a": V})

    np.testing.assert_array_equal(3 * V, flat_func(flat, 3))
    assert unflatten(flat).keys() == {"a"}


@pytest.mark.parametrize(
    ("optimizer", "step_size", "rounds"), [(sgd, 0.1, 200), (rmsprop, 0.05, 300), (adam, 0.1, 300)]
)
def test_an_optimizer_finds_a_minimum_and_keeps_the_structure(optimizer, step_size, rounds):
    seen = []
    found = optimizer(
        tl.grad(lambda p, i: np.sum((p["a"] - 2.0) ** 2) + (p["b"][0] + 1.0) ** 2),
        {"a": V, "b": (0.0,)},
        lambda x, i, g: seen.append((i, x["b"][0], g["b"][0])),
        num_iters=rounds,
        step_size=step_size,
    )

    np.testing.assert_allclose(found["a"], 2.0, atol=0.05)
    assert float(found["b"][0]) == pytest.approx(-1.0, abs=0.05)
    assert seen[0] == (0, 0.0, 2.0)
    assert len(seen) == rounds


def test_several_gradients():
    def f(x, y=2.0, *rest, k, **more):
        return x * y * k * sum(rest) * more["m"]

    assert multigrad(lambda x, y: x * y, [0, 1])(2.0, 3.0) == (3.0, 2.0)
    assert value_and_multigrad(lambda x, y: x * y, [1])(2.0, 3.0) == (6.0, (2.0,))
    found = multigrad_dict(f)(1.0, 2.0, 3.0, 4.0, k=5.0, m=6.0)
    assert found == {"x": 420.0, "y": 210.0, "rest": (60.0, 60.0), "k": 84.0, "more": {"m": 70.0}}
    assert multigrad_dict(lambda x, y=3.0: x * y)(2.0) == {"x": 3.0, "y": 2.0}


@pytest.mark.parametrize("mode", ["source", "tape"])
def test_builtins_see_the_data_of_what_is_traced(mode: str):
    def f(x):
        assert builtins.isinstance(x, np.ndarray)
        assert builtins.isinstance(x[0], float)
        assert not builtins.isinstance(x, (list, float))
        assert builtins.type(x) is np.ndarray
        pair = builtins.tuple([x[0], builtins.list((x[1],))])
        return pair[0] * builtins.dict(a=pair[1])["a"][0]

    np.testing.assert_allclose(tl.grad(f, mode=mode)(V), [V[1], V[0], 0.0])


def test_what_is_traced_can_be_told():
    seen = []

    def f(x):
        seen.append((isbox(x), isinstance(x, ArrayBox), type(getval(x))))
        return np.sum(x * getval(x))

    np.testing.assert_array_equal(V, tl.grad(f, mode="tape")(V))
    assert seen == [(True, True, np.ndarray)]
    assert not isbox(V)
    np.testing.assert_array_equal(V, tl.grad(lambda x: np.sum(x * getval(x)), mode="source")(V))


def test_check_grads_checks_the_chosen_arguments():
    def half_wrong(x, y):
        return np.sum(x * getval(y))

    check_grads(half_wrong)(V, V)
    check_grads(half_wrong, 0, ["rev"], 1)(V, V)
    with pytest.raises(AssertionError):
        check_grads(half_wrong, [0, 1])(V, V)
    with pytest.raises(AssertionError):
        check_grads(half_wrong, argnum=1, modes=["fwd"], order=1)(V, V)
    check_vjp(np.tanh, V)
    check_jvp(np.tanh, V)


def test_combo_check_tries_all_combinations():
    seen = []

    def f(x, y, axis=None):
        seen.append((np.shape(x), float(y), axis))
        return np.sum(x, axis=axis) * y

    combo_check(f, [0], order=1)([np.ones((2, 2)), np.ones((3, 2))], [1.0, 2.0], axis=[None, 0])

    assert len(set(seen)) == 8
    with pytest.raises(AssertionError):
        combo_check(lambda x, k: x * getval(x) if k else x, 0)([1.5], [0, 1])


def test_values_are_compared_with_their_structure():
    check_equivalent([1.0, V], [1.0, V + 1e-9])
    for one, other in (([1.0], (1.0,)), (V, V[:2]), (V, V + 0.1)):
        with pytest.raises(AssertionError):
            check_equivalent(one, other)
    assert scalar_close(1.0, 1.0 + 1e-9)
    assert not scalar_close(1.0, 1.1)


def test_make_vjp_may_be_used_many_times():
    vjp, out = make_vjp(lambda x, y: x * y, (0, 1))(V, 2 * V)

    np.testing.assert_array_equal(2 * V * V, out)
    for scale in (1.0, 3.0):
        by_x, by_y = vjp(scale * np.ones(3))
        np.testing.assert_array_equal(scale * 2 * V, by_x)
        np.testing.assert_array_equal(scale * V, by_y)


# SciPy's solver -------------------------------------------------------------------------------------------


def pendulum(y, t, length, drive):
    return np.array([y[1], -np.sin(y[0]) / length + drive[0] * np.cos(drive[1] * t)])


TIMES = np.array([0.0, 0.4, 1.0, 1.7])
EXACT = {"rtol": 1e-11, "atol": 1e-12}


def weigh(y0, times, length, drive):
    out = odeint(pendulum, y0, times, (length, drive), **EXACT)
    return np.sum(out * np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.7], [2.0, 1.0]]))


@pytest.mark.parametrize("mode", ["auto", "tape"])
@pytest.mark.parametrize("argnum", range(4))
def test_odeint_is_differentiated_by_all_its_arguments(argnum: int, mode: str):
    args = [np.array([0.5, -0.2]), TIMES, 1.3, np.array([0.3, 2.0])]
    found = tl.grad(weigh, argnum, mode=mode)(*args)
    step = 1e-5
    at = np.asarray(args[argnum], float)
    expected = np.zeros(at.shape)
    for index in np.ndindex(at.shape):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[index] += sign * step
            ends.append(weigh(*args[:argnum], moved[()], *args[argnum + 1 :]))
        expected[index] = (ends[0] - ends[1]) / (2 * step)

    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_odeint_without_arguments():
    def end(y0):
        return odeint(lambda y, t: -y, y0, np.array([0.0, 1.0]), **EXACT)[-1, 0]

    np.testing.assert_allclose(tl.grad(end)(np.array([2.0])), [np.exp(-1.0)], rtol=1e-8)


def test_odeint_refuses_options_that_change_the_equation():
    def end(y0):
        return odeint(lambda t, y: -y, y0, np.array([0.0, 1.0]), tfirst=True)[-1, 0]

    assert end(np.array([2.0])) == pytest.approx(2 * np.exp(-1.0))
    with pytest.raises(TypeError, match="option 'tfirst'"):
        tl.grad(end)(np.array([2.0]))


def test_odeint_refuses_what_is_differentiated_in_a_closure():
    def end(rate):
        return odeint(lambda y, t: -rate * y, np.array([2.0]), np.array([0.0, 1.0]))[-1, 0]

    for mode in ("source", "tape", "auto"):
        with pytest.raises((tl.errors.TapelessError, TypeError, RuntimeError)):
            tl.grad(end, mode=mode)(0.5)
