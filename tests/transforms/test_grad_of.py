"""Blocks that run in the backward pass."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import TransformError
from tapeless.graph.array import Array
from tapeless.transforms.grad_of import grad_of

x = np.array([0.3, 0.7])


def clipped(x, limit=2.0):
    h = np.sin(x) * 3.0
    with grad_of(h) as dh:
        print("cotangent", dh.shape, "of", h.shape)
        dh[:] = np.clip(dh, -limit, limit)
    return np.sum(h**2)


def recorded(f, x):
    a = Array(x, requires_grad=True)
    f(a).backward()
    return np.asarray(a.grad)


def of_clipped(x, limit=2.0):
    h = np.sin(x) * 3.0
    return np.clip(2.0 * h, -limit, limit) * 3.0 * np.cos(x)


def test_nothing_happens_in_the_function_itself(capsys):
    assert clipped(x) == np.sum((np.sin(x) * 3.0) ** 2)
    assert tl.jvp(clipped, (x,), (x,))[0] == clipped(x)
    assert clipped(Array(x, requires_grad=True)) is not None
    assert capsys.readouterr().out == ""


def test_the_block_runs_once_on_the_way_back_by_source(capsys):
    np.testing.assert_allclose(tl.grad(clipped, mode="source")(x), of_clipped(x))
    assert capsys.readouterr().out == "cotangent (2,) of (2,)\n"


def test_the_block_runs_once_on_the_way_back_on_the_graph(capsys):
    np.testing.assert_allclose(recorded(clipped, x), of_clipped(x))
    assert capsys.readouterr().out == "cotangent (2,) of (2,)\n"
    t = tl.tensor(x, requires_grad=True, dtype=tl.float64)
    clipped(t).backward()
    np.testing.assert_allclose(t.grad.numpy(), of_clipped(x))


def test_what_traced_before_traces_again():
    seen = []

    def tracer(frame, event, arg):
        seen.append(event)
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        clipped(x)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert "line" in seen


def test_a_block_on_the_line_of_its_with_and_a_new_value_for_the_cotangent():
    def f(x):
        y = x * x
        with grad_of(y) as dy:
            dy = 10.0 * dy
        return np.sum(y)

    assert f(x) == np.sum(x * x)
    np.testing.assert_allclose(tl.grad(f, mode="source")(x), 20.0 * x)
    np.testing.assert_allclose(recorded(f, x), 20.0 * x)


def test_blocks_in_loops():
    def f(x):
        for k in range(3):
            x = np.sin(x)
            with grad_of(x) as dx:
                dx *= 1.0 + k
        return np.sum(x)

    expected = 6.0 * tl.grad(lambda x: np.sum(np.sin(np.sin(np.sin(x)))))(x)
    np.testing.assert_allclose(tl.grad(f, mode="source")(x), expected)
    np.testing.assert_allclose(recorded(f, x), expected)


def test_derivatives_of_derivatives_go_through_the_block():
    def f(x):
        y = np.sin(x)
        with grad_of(y) as dy:
            dy = dy**2
        return np.sum(y**3)

    def gradient(x):  # (3 sin(x) ** 2) ** 2 cos(x)
        return 9.0 * np.sin(x) ** 4 * np.cos(x)

    np.testing.assert_allclose(tl.grad(f, mode="source")(x), gradient(x))
    np.testing.assert_allclose(np.diag(tl.hessian(f, mode="source")(x)), tl.elementwise_grad(gradient)(x))


def test_assertions_and_exceptions_come_out_of_the_backward_pass():
    def f(x):
        with grad_of(x) as dx:
            assert dx[0] > 10.0, "too small"
        return np.sum(x * x)

    f(x)
    with pytest.raises(AssertionError, match="too small"):
        tl.grad(f, mode="source")(x)
    with pytest.raises(AssertionError, match="too small"):
        recorded(f, x)


def test_what_is_not_differentiated_has_no_block():
    def f(x, data):
        with grad_of(data) as dd:  # noqa: F841
            raise ValueError("nobody asks")
        return np.sum(x * data)

    np.testing.assert_allclose(tl.grad(f, mode="source")(x, x), x)
    a = Array(x, requires_grad=True)
    f(a, x).backward()
    np.testing.assert_allclose(np.asarray(a.grad), x)


def test_exceptions_of_the_function_pass_through():
    def f(x):
        with grad_of(x) as dx:
            print(dx)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        f(x)


def test_a_block_that_returns_is_refused():
    def f(x):
        with grad_of(x) as dx:
            return dx
        return np.sum(x)

    with pytest.raises(TransformError):
        tl.grad(f, mode="source")(x)
    with pytest.raises(SyntaxError, match="left before its end"):
        f(Array(x, requires_grad=True))


def test_something_else_than_a_name_is_refused():
    def f(x):
        with grad_of(x * 2.0) as dx:
            print(dx)
        return np.sum(x)

    with pytest.raises(TransformError, match="with grad_of"):
        tl.grad(f, mode="source")(x)
