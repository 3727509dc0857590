"""The backward pass itself: depth, order, threads, passes within passes, errors on the way."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import Function, grad
from tapeless.graph.engine import NESTED, current_pass


@pytest.fixture
def x():
    return tl.ones(2, requires_grad=True)


# Depth ----------------------------------------------------------------------------------------------------


def test_a_long_chain_is_walked_and_freed_without_recursion():
    x = tl.ones(1, requires_grad=True)
    y = x
    for _ in range(150_000):
        y = y + 1
    (g,) = grad(y, x, retain_graph=True)
    del y

    assert g.item() == 1.0


def test_a_graph_is_freed_by_reference_counts():
    gc.disable()
    try:
        x = tl.ones(2, requires_grad=True)
        y = (x.exp() * x).tanh().view(2, 1).sum(0)
        y = y.cumsum(0).unbind()[0] * 2
        node, middle = weakref.ref(y.grad_fn), weakref.ref(y.grad_fn.next_functions[0][0])
        y.backward(retain_graph=True)
        del y

        assert node() is None
        assert middle() is None
    finally:
        gc.enable()


def test_a_tensor_used_many_times_gets_the_sum(x):
    y = sum((x * float(i) for i in range(100)), tl.zeros(2))
    y.sum().backward()

    assert x.grad.tolist() == [4950.0, 4950.0]


def test_each_node_runs_once_however_many_ways_lead_to_it(x):
    y = x
    for _ in range(40):  # 2 ** 40 ways
        y = y + y
    (y * 2.0**-40).sum().backward()

    assert x.grad.tolist() == [1.0, 1.0]


def test_leaves_made_anew_between_passes_do_not_mix(x):
    for _ in range(3):
        (x * 2).sum().backward()

    assert x.grad.tolist() == [6.0, 6.0]


def test_a_younger_leaf_than_its_neighbours_is_right(x):
    y = x * 2
    w = tl.ones(2, requires_grad=True)
    z = (y * w + y).sum()
    z.backward()

    assert x.grad.tolist() == [4.0, 4.0]
    assert w.grad.tolist() == [2.0, 2.0]


# Passes within passes -------------------------------------------------------------------------------------


class Reentrant(Function):
    """x * 1, whose backward runs a backward of its own, `depth` deep."""

    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth
        return x * 1

    @staticmethod
    def backward(ctx, g):
        if ctx.depth:
            with tl.enable_grad():
                inner = tl.ones(2, requires_grad=True)
                Reentrant.apply(inner, ctx.depth - 1).sum().backward()
            return g * inner.grad, None
        return g * 3, None


@pytest.mark.parametrize("depth", [1, NESTED, 1000])
def test_backward_within_backward_goes_deep(x, depth):
    Reentrant.apply(x, depth).sum().backward()

    assert x.grad.tolist() == [3.0, 3.0]
    assert current_pass() is None


def test_backward_within_hooks_goes_deep():
    x = tl.ones(1, requires_grad=True)
    count = [0]

    def again(_):
        count[0] += 1
        if count[0] < 300:
            with tl.enable_grad():
                (x * 1).sum().backward()

    x.register_hook(again)
    (x * 1).sum().backward()

    assert count == [300]
    assert x.grad.item() == 300.0


def test_an_error_deep_inside_comes_out():
    class Fails(Reentrant):
        @staticmethod
        def backward(ctx, g):
            if ctx.depth == 0:
                raise ZeroDivisionError("deep inside")
            with tl.enable_grad():
                Fails.apply(tl.ones(2, requires_grad=True), ctx.depth - 1).sum().backward()
            return g, None

    x = tl.ones(2, requires_grad=True)
    with pytest.raises(ZeroDivisionError, match="deep inside"):
        Fails.apply(x, 100).sum().backward()

    assert tl.is_grad_enabled()
    assert current_pass() is None
    assert x.grad is None


def test_a_hook_may_backward_through_another_graph(x):
    w = tl.ones(2, requires_grad=True)
    y = x * 2

    def hook(g):
        with tl.enable_grad():
            (w * 5).sum().backward()

    y.register_hook(hook)
    (y * 3).sum().backward()

    assert w.grad.tolist() == [5.0, 5.0]
    assert x.grad.tolist() == [6.0, 6.0]


# Errors ---------------------------------------------------------------------------------------------------


def fail(_):
    raise ZeroDivisionError


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_error_restores_the_mode(x, create_graph, recording):
    y = x * 1
    y.register_hook(fail)
    with tl.set_grad_enabled(recording):
        with pytest.raises(ZeroDivisionError):
            grad(y, x, tl.ones(2), create_graph=create_graph)
        assert tl.is_grad_enabled() is recording


def test_leaves_that_were_reached_before_an_error_are_filled(x):
    w = tl.ones(2, requires_grad=True)
    y = x * 1
    y.register_hook(fail)
    z = w * 5
    with pytest.raises(ZeroDivisionError):
        (y + z).sum().backward()

    assert w.grad.tolist() == [5.0, 5.0]
    assert x.grad is None
    assert tl.is_grad_enabled()


def test_nan_and_inf_come_through_silently(x):
    (x - 1).sqrt().sum().backward()

    assert np.isinf(x.grad.numpy()).all()


# Threads --------------------------------------------------------------------------------------------------


def in_threads(run, count=2):
    errors = []

    def work(number):
        try:
            run(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_threads_accumulate_into_one_leaf(x):
    def run(_):
        for _ in range(200):
            (x * 2).sum().backward()

    in_threads(run, 4)

    assert x.grad.tolist() == [1600.0, 1600.0]


def test_threads_share_a_retained_graph(x):
    y = (x.exp() * x).sum()
    in_threads(lambda _: [y.backward(retain_graph=True) for _ in range(50)])

    assert x.grad.tolist() == pytest.approx((100 * 2 * x.exp()).tolist(), rel=1e-4)


def test_threads_have_gradients_of_their_own():
    found = {}

    def run(number):
        x = tl.full((2,), float(number + 1), requires_grad=True)
        for _ in range(100):
            (found[number],) = grad((x**3).sum(), x)

    in_threads(run, 3)

    assert [found[number].tolist()[0] for number in range(3)] == [3.0, 12.0, 27.0]


def test_a_thread_may_walk_what_another_recorded(x):
    y = (x * x).sum()
    in_threads(lambda _: y.backward(), 1)

    assert x.grad.tolist() == [2.0, 2.0]
