"""Long chains, wide fans, memory that is given back, threads."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import tapeless as tl
from tapeless.graph.array import Array

MILLION = 1_000_000


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chain(x, length):
    y = x
    for _ in range(length):
        y = y * 1.000001
    return y


def test_a_chain_of_a_million_operations_runs_both_ways_and_is_freed():
    x = tl.tensor(1.0, dtype=tl.float64, requires_grad=True)
    with without_collector():
        y = chain(x, MILLION)
        node = weakref.ref(y.grad_fn)
        y.backward()
        np.testing.assert_allclose(x.grad.item(), 1.000001**MILLION, rtol=1e-9)
        del y
        assert node() is None


def test_a_long_chain_that_is_never_pulled_back_is_freed_too():
    x = tl.tensor([1.0], requires_grad=True)
    with without_collector():
        y = chain(x, 200_000)
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None


def test_memory_grows_in_proportion_and_modestly():
    x = tl.tensor(1.0, dtype=tl.float64, requires_grad=True)
    chain(x, 10)

    def taken(length):
        tracemalloc.start()
        y = chain(x, length)
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert y.requires_grad
        return used / length

    short, long = taken(10_000), taken(40_000)

    assert long < 400  # bytes a node: the node, its tuples, the number
    assert abs(long - short) < 60


def test_a_tensor_used_a_hundred_thousand_times():
    x = tl.tensor(2.0, dtype=tl.float64, requires_grad=True)
    total = x * 0.0
    for _ in range(100_000):
        total = total + x
    total.backward()

    assert x.grad.item() == 100_000.0


def test_a_hundred_thousand_results_joined_at_once():
    x = tl.tensor(np.ones(100_000), requires_grad=True)
    parts = [one * 2 for one in x[:2000]]
    tl.stack(parts).sum().backward()

    assert x.grad.sum().item() == 4000.0


def test_second_derivatives_of_a_long_chain():
    x = tl.tensor(1.0, dtype=tl.float64, requires_grad=True)
    y = x
    for _ in range(5_000):
        y = y * x
    (first,) = tl.autograd.grad(y, x, create_graph=True)
    (second,) = tl.autograd.grad(first, x)

    assert first.item() == 5001.0
    assert second.item() == 5001.0 * 5000.0


# Reference counts alone -------------------------------------------------------------------------------------


class Double(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 + 0 * x


class AddOne(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.add_(1)

    @staticmethod
    def backward(ctx, g):
        return g


def plain(x):
    return tl.tanh(x) * x


def several(x):
    values, vectors = tl.linalg.eigh(x.reshape(2, 2) + x.reshape(2, 2).t())
    return values.sum() + vectors.sum()


def view(x):
    return (x[1:].reshape(3, 1).t() * 2).sum()


def in_place(x):
    y = x.clone()
    y[1:3] *= 2
    y.add_(x)
    y[0] = x[3]
    return (y * y).sum()


def function(x):
    return Double.apply(Double.apply(x)).sum()


def function_in_place(x):
    y = x * 2
    AddOne.apply(y)
    return (y * y).sum()


def hooked_together(x):
    y, z = x * x, x.exp()
    tl.autograd.graph.register_multi_grad_hook([y, z, x], lambda grads: None)
    return (y * z).sum()


def hooked(x):
    y = x * x
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    y.grad_fn.register_hook(lambda given, got: None)
    return y.sum()


def metadata(x):
    y = (x * x).sum()
    y.grad_fn.metadata["note"] = "kept"
    return y


def arrays(x):
    a = Array(x.detach().numpy(), requires_grad=True)
    b = a * a
    b[1:] *= a[0]
    b += np.exp(b)
    return np.sum(b)


KINDS = [
    plain,
    several,
    view,
    in_place,
    function,
    function_in_place,
    hooked,
    hooked_together,
    metadata,
    arrays,
]


def nodes_of(tensor):
    found, pending = set(), [tensor.grad_fn]
    while pending:
        node = pending.pop()
        if node is not None and node not in found:
            found.add(node)
            pending += [before for before, _ in node.next_functions]
    return found


@pytest.mark.parametrize("used", [False, True], ids=["not pulled back", "pulled back"])
@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_graphs_are_freed_by_reference_counts_alone(make, used):
    x = tl.tensor([0.5, 1.5, 2.5, 3.5], dtype=tl.float64, requires_grad=True)
    with without_collector():
        y = make(x)
        refs = [weakref.ref(y), *[weakref.ref(node) for node in nodes_of(y)]]
        assert len(refs) > 2
        if used:
            y = y.sum()
            y.backward()
        del y
        assert [ref for ref in refs if ref() is not None] == []


def test_second_order_graphs_are_freed_by_reference_counts_alone():
    x = tl.tensor([0.5, 1.5], requires_grad=True)
    with without_collector():
        y = tl.tanh(x * x).sum()
        (first,) = tl.autograd.grad(y, x, create_graph=True)
        (first * first).sum().backward()
        refs = [weakref.ref(y), weakref.ref(first), weakref.ref(y.grad_fn), weakref.ref(first.grad_fn)]
        del y, first
        assert [ref() for ref in refs] == [None] * 4


def test_residuals_are_freed_while_backward_runs():
    x = tl.tensor(np.ones(1000), requires_grad=True)
    y = tl.exp(x)
    kept = weakref.ref(y._data)
    z = y.sum()
    del y
    assert kept() is not None
    z.backward()

    assert kept() is None


# Threads ----------------------------------------------------------------------------------------------------


def fit(slope: float, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(abs(seed))
    x = tl.tensor(rng.normal(size=(64, 1)))
    target = x * slope + 0.5
    w = tl.zeros(1, 1, dtype=tl.float64, requires_grad=True)
    b = tl.zeros(1, dtype=tl.float64, requires_grad=True)
    for _ in range(150):
        loss = ((x @ w + b - target) ** 2).mean()
        loss.backward()
        with tl.no_grad():
            w -= 0.2 * w.grad
            b -= 0.2 * b.grad
        w.grad = b.grad = None
    return w.item(), b.item()


def test_two_threads_train_different_models():
    found: dict[int, tuple[float, float]] = {}
    threads = [threading.Thread(target=lambda n=n: found.setdefault(n, fit(float(n), n))) for n in (-3, 2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for slope, (w, b) in found.items():
        np.testing.assert_allclose((w, b), (slope, 0.5), atol=1e-3)
    assert set(found) == {-3, 2, 5}


def test_two_threads_pull_back_to_one_leaf():
    x = tl.tensor(np.zeros(100), requires_grad=True)

    def work():
        for _ in range(200):
            (x * 1.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (x.grad == 800.0).all()


def test_no_grad_in_one_thread_is_not_seen_in_another():
    x = tl.tensor([1.0], requires_grad=True)
    seen: list[bool] = []
    with tl.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()

    assert seen == [True]
