"""Checkpoints: the same derivatives, with nothing kept but arguments; loops by their schedule."""

from __future__ import annotations

import functools
import gc
import math
import tracemalloc

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import forward_ad
from tapeless.extend import custom_jvp, linear, primitive
from tapeless.graph.array import Array
from tapeless.rules.schedule import binomial_split, root_segment
from tapeless.transforms.checkpoint import checkpoint, checkpoint_loop

x = np.array([0.3, 0.7])
runs: list[int] = []


@primitive
def counted(x):
    """`x`; how often it ran is counted."""
    runs.append(1)
    return x * 1.0


@linear(counted)
def counted_rule(g, x):
    return g


def wave(x, n=10):
    for _ in range(n):
        x = np.sin(x) * 1.1
    return x


again = checkpoint(wave)


def squares(f):
    return lambda x: np.sum(f(x) ** 2)


def recorded(loss, x):
    a = Array(x, requires_grad=True)
    loss(a).backward()
    return np.asarray(a.grad)


# Values ---------------------------------------------------------------------------------------------------


def test_a_call_on_arrays_is_the_function():
    np.testing.assert_array_equal(again(x), wave(x))
    np.testing.assert_array_equal(again(x, n=3), wave(x, 3))
    assert again.__name__ == "wave"


def test_gradients_agree_on_both_roads():
    expected = tl.grad(squares(wave))(x)

    np.testing.assert_allclose(tl.grad(squares(again), mode="source")(x), expected)
    np.testing.assert_allclose(recorded(squares(again), x), expected)
    t = tl.tensor(x, requires_grad=True, dtype=tl.float64)
    squares(again)(t).backward()
    np.testing.assert_allclose(t.grad.numpy(), expected)


def test_every_order_and_forward_mode_agree():
    np.testing.assert_allclose(
        tl.hessian(squares(again), mode="source")(x), tl.hessian(squares(wave))(x), atol=1e-12
    )
    for got, expected in zip(tl.jvp(again, (x,), (x,)), tl.jvp(wave, (x,), (x,)), strict=True):
        np.testing.assert_allclose(got, expected)

    def twice(f):
        return tl.grad(lambda x: np.sum(np.sin(tl.grad(squares(f))(x))))(x)

    np.testing.assert_allclose(twice(again), twice(wave))
    a = Array(x, requires_grad=True)
    (first,) = tl.autograd.grad(squares(again)(a), [a], create_graph=True)
    (second,) = tl.autograd.grad(np.sin(first).sum(), [a])
    np.testing.assert_allclose(np.asarray(second), twice(wave))
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(Array(x), Array(x))
        tangent = forward_ad.unpack_dual(again(dual)).tangent
        np.testing.assert_allclose(np.asarray(tangent), tl.jvp(wave, (x,), (x,))[1])


def test_what_a_function_made_inside_closes_over_has_its_gradient():
    def loss(w, x):
        hidden = checkpoint(lambda h: np.tanh(h * w))(x)
        return np.sum(checkpoint(np.sin)(hidden) * w)

    def plain(w, x):
        return np.sum(np.sin(np.tanh(x * w)) * w)

    for got, expected in zip(
        tl.grad(loss, (0, 1), mode="source")(x, x + 1.0), tl.grad(plain, (0, 1))(x, x + 1.0), strict=True
    ):
        np.testing.assert_allclose(got, expected)
    a = Array(x, requires_grad=True)
    loss(a, Array(x + 1.0)).backward()
    np.testing.assert_allclose(np.asarray(a.grad), tl.grad(plain)(x, x + 1.0))


class Layer:
    def __init__(self, w):
        self.w = w

    @checkpoint
    def __call__(self, x, *, scale=1.0):
        return np.tanh(x * self.w) * scale


def test_methods_containers_and_keywords():
    layer = Layer(3.0)

    @checkpoint
    def parts(p, n):
        return {"a": p["w"] * p["x"] ** n, "b": [p["x"]]}

    def loss(x):
        made = parts({"w": 2.0, "x": layer(x, scale=2.0)}, n=3)
        return np.sum(made["a"] + made["b"][0])

    def plain(x):
        y = np.tanh(x * 3.0) * 2.0
        return np.sum(2.0 * y**3 + y)

    np.testing.assert_allclose(tl.grad(loss, mode="source")(x), tl.grad(plain)(x))
    np.testing.assert_allclose(recorded(loss, x), tl.grad(plain)(x))


# Memory and work ------------------------------------------------------------------------------------------


def peak(run, unit):
    """The most memory that a run holds beyond what is there, in arrays of `unit`."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        run()
        return (tracemalloc.get_traced_memory()[1] - before) / unit.nbytes
    finally:
        tracemalloc.stop()


def kept(run, unit):
    """The memory that the result of a run holds."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        result = run()
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / unit.nbytes, result
    finally:
        tracemalloc.stop()


big = np.linspace(0.0, 1.0, 20_000)


def test_a_pullback_keeps_the_arguments_only():
    for f, most, least in ((wave, 13.0, 9.0), (again, 2.1, 0.0)):
        tl.vjp(f, big)
        arrays, _ = kept(functools.partial(tl.vjp, f, big), big)
        assert least <= arrays <= most, f

        a = Array(big, requires_grad=True)
        arrays, _ = kept(functools.partial(f, a), big)
        assert least <= arrays <= most, f


def test_layers_one_after_the_other_keep_what_is_between_them():
    def deep(f):
        def loss(x):
            for _ in range(20):
                x = f(x)
            return np.sum(x)

        return loss

    g = tl.grad(deep(again), mode="source")
    g(big)

    assert peak(lambda: g(big), big) < 20 + 18
    assert peak(lambda: recorded(deep(again), big), big) < 20 + 18
    assert peak(lambda: recorded(deep(wave), big), big) > 190


def test_what_is_computed_again_runs_twice():
    f = checkpoint(lambda x: np.sin(counted(x)))
    g = tl.grad(squares(f), mode="source")
    g(x)
    runs.clear()
    g(x)
    assert len(runs) == 2
    runs.clear()
    recorded(squares(f), x)
    assert len(runs) == 2


# Schedules ------------------------------------------------------------------------------------------------


@functools.cache
def least_runs(n: int, states: int) -> int:
    """By dynamic programming: how many steps must run for n to be reversed with that many states."""
    if n == 1:
        return 1
    if states == 1:
        return n * (n + 1) // 2
    return min(m + least_runs(n - m, states - 1) + least_runs(m, states) for m in range(1, n))


@functools.cache
def runs_of_split(n: int, states: int) -> int:
    if n == 1:
        return 1
    m = binomial_split(n, states)
    assert 1 <= m < n
    return m + runs_of_split(n - m, states - 1) + runs_of_split(m, states)


def test_no_schedule_runs_fewer_steps():
    for n in range(1, 60):
        for states in range(1, 7):
            assert runs_of_split(n, states) == least_runs(n, states), (n, states)


def test_segments_are_about_as_many_as_their_steps():
    for n in range(1, 200):
        size = root_segment(n)
        assert size >= 1
        assert abs(math.ceil(n / size) - size) <= 2


def step(x, k):
    return np.sin(counted(x)) * (1.0 + 0.01 * k)


def looped(n, budget=None):
    return lambda x: np.sum(checkpoint_loop(step, x, n, budget))


def plain_loop(n):
    def loss(x):
        for k in range(n):
            x = step(x, k)
        return np.sum(x)

    return loss


@pytest.mark.parametrize("n", [0, 1, 2, 7, 20])
@pytest.mark.parametrize("budget", [None, 1, 2, 5])
def test_loops_have_the_gradient_of_plain_ones_and_run_what_their_schedule_says(n, budget):
    expected = tl.grad(plain_loop(n))(x)
    g = tl.grad(looped(n, budget), mode="source")
    g(x)
    runs.clear()
    by_source, by_source_runs = g(x), len(runs)
    runs.clear()
    by_graph, by_graph_runs = recorded(looped(n, budget), x), len(runs)

    np.testing.assert_allclose(by_source, expected)
    np.testing.assert_allclose(by_graph, expected)
    if n:
        promised = 2 * n if budget is None else least_runs(n, budget)
        assert by_source_runs == by_graph_runs == promised


def test_loops_of_containers_with_parameters_outside():
    def loss(w, x):
        def move(state, k):
            position, speed = state
            speed = speed - 0.1 * w * np.sin(position)
            return position + 0.1 * speed, speed

        position, _ = checkpoint_loop(move, (x, np.zeros(2)), 12, budget=3)
        return np.sum(position**2)

    def plain(w, x):
        position, speed = x, np.zeros(2)
        for _ in range(12):
            speed = speed - 0.1 * w * np.sin(position)
            position = position + 0.1 * speed
        return np.sum(position**2)

    for got, expected in zip(
        tl.grad(loss, (0, 1), mode="source")(2.0, x), tl.grad(plain, (0, 1))(2.0, x), strict=True
    ):
        np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize("budget", [None, 2])
def test_second_derivatives_and_forward_mode_of_loops(budget):
    f, plain = looped(6, budget), plain_loop(6)

    np.testing.assert_allclose(tl.hessian(f, mode="source")(x), tl.hessian(plain)(x), atol=1e-12)
    np.testing.assert_allclose(tl.jvp(f, (x,), (x,)), tl.jvp(plain, (x,), (x,)))
    a = Array(x, requires_grad=True)
    (first,) = tl.autograd.grad(f(a), [a], create_graph=True)
    (second,) = tl.autograd.grad((first * x).sum(), [a])
    np.testing.assert_allclose(np.asarray(second), tl.hessian(plain)(x) @ x, atol=1e-12)


def test_a_loop_keeps_no_more_states_than_its_budget_says():
    n = 120
    peaks = {}
    for budget in (None, 4, 8):
        g = tl.grad(looped(n, budget), mode="source")
        g(big)
        peaks[budget] = peak(functools.partial(g, big), big)
        by_graph = peak(lambda budget=budget: recorded(looped(n, budget), big), big)
        repeats = 1 if budget is None else next(r for r in range(n) if math.comb(budget + r, r) >= n)
        most = 4 * math.isqrt(n) if budget is None else budget + 5 * (repeats + 1) + 5
        assert peaks[budget] <= most
        assert by_graph <= most
    assert peak(lambda: recorded(plain_loop(n), big), big) > n


def test_a_budget_of_no_state_is_refused():
    with pytest.raises(ValueError, match="budget >= 1"):
        checkpoint_loop(step, x, 3, budget=0)


def test_a_loop_whose_step_is_made_inside_has_every_order():
    def loss(x):
        return np.sum(checkpoint_loop(lambda s, k: np.sin(s) + x * k, x, 5, budget=2))

    def plain(x):
        s = x
        for k in range(5):
            s = np.sin(s) + x * k
        return np.sum(s)

    np.testing.assert_allclose(tl.grad(loss, mode="source")(x), tl.grad(plain)(x))
    np.testing.assert_allclose(tl.hessian(loss, mode="source")(x), tl.hessian(plain)(x), atol=1e-12)


def test_functions_with_rules_of_their_own_inside_of_a_loop():
    sine = custom_jvp(lambda v: np.sin(v))
    sine.defjvp(lambda primals, tangents: (np.sin(primals[0]), np.cos(primals[0]) * tangents[0]))

    def loss(x):
        return np.sum(checkpoint_loop(lambda s, k: sine(s) + x * k, x, 5, budget=2))

    def plain(x):
        return np.sum(checkpoint_loop(lambda s, k: np.sin(s) + x * k, x, 5))

    np.testing.assert_allclose(tl.hessian(loss, mode="source")(x), tl.hessian(plain)(x), atol=1e-12)
    np.testing.assert_allclose(recorded(loss, x), tl.grad(plain)(x))
