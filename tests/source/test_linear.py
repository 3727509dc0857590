"""Value and linear map apart: the derivative along any direction is that of value and tangent together."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless
from tapeless.errors import MissingRuleError, TransformError
from tests.source.programs import PROGRAMS
from tests.source.programs.containers import assert_same, leaves
from tests.source.programs.refused import REFUSED
from tests.source.programs.registry import Program
from tests.source.programs.runs import along_inputs, primals_and_tangents, projected, run

CHANGED_OUTSIDE = ("writes.integer_counts_written",)  # each run finds what the one before has left


def is_listed(program: Program, way: str) -> bool:
    return way in REFUSED.get(program.name, ())


FORWARD = [one for one in PROGRAMS if not is_listed(one, "forward") and one.name not in CHANGED_OUTSIDE]
MIXED = [one for one in FORWARD if one.second and not is_listed(one, "mixed")]


def function_of(program: Program, mixed: bool):
    function = along_inputs(program, projected(program), "linearized")
    count = len(program.positions)
    return tapeless.grad(function, tuple(range(count))) if mixed else function


def agree(program: Program, mixed: bool) -> None:
    primals, tangents = primals_and_tangents(program)
    try:
        value, tangent = run(tapeless.jvp, (function_of(program, mixed), primals, tangents), {}).value
    except (TransformError, MissingRuleError):
        pytest.skip("refused in this order")
    primals, tangents = primals_and_tangents(program)

    out, linear = run(tapeless.linearize, (function_of(program, mixed), *primals), {}).value
    first, second = (run(linear, tangents, {}).value for _ in range(2))

    assert_same(out, value)
    for mine, again, theirs in zip(leaves(first), leaves(second), leaves(tangent), strict=True):
        single = np.asarray(theirs[1]).dtype.itemsize < 8
        np.testing.assert_allclose(mine[1], theirs[1], rtol=1e-5 if single else 1e-11, atol=1e-11)
        np.testing.assert_array_equal(again[1], mine[1])


@pytest.mark.parametrize("program", FORWARD, ids=[one.name for one in FORWARD])
def test_the_linear_map_gives_the_tangent_each_time(program: Program):
    agree(program, mixed=False)


@pytest.mark.parametrize("program", MIXED, ids=[one.name for one in MIXED])
def test_the_linear_map_of_a_gradient_gives_its_tangent_each_time(program: Program):
    agree(program, mixed=True)


def sources(function, *args):
    _, linear = tapeless.linearize(function, *args)
    return linear.source


def test_a_loop_becomes_two_of_which_the_second_reads_what_the_first_kept():
    def steps(x):
        for i in range(4):
            x = np.sin(x) * x if i % 2 else np.exp(x)
        return x

    text = sources(steps, 0.3)

    assert "np.sin" not in text
    assert "np.exp" not in text
    assert "for " in text


def test_a_loop_whose_tangents_read_nothing_of_it_keeps_nothing():
    def steps(x, a):
        for _ in range(4):
            x = a @ x
        return x

    a = np.array([[0.5, 1.0], [-1.0, 0.25]])
    _, linear = tapeless.linearize(lambda x: steps(x, a), np.ones(2))

    np.testing.assert_allclose(linear(np.array([1.0, 2.0])), np.linalg.matrix_power(a, 4) @ [1.0, 2.0])
    assert "in range(4)" in linear.source


def test_what_is_overwritten_later_is_kept_as_it_was():
    def f(x):
        y = x * 2.0
        a = np.sin(y[1:])
        b = y * a[0]
        y[...] = 5.0
        return np.sum(b * b) + np.sum(y)

    x = np.array([0.3, 0.7, -0.2])
    _, linear = tapeless.linearize(f, x)

    h = 1e-6
    unit = np.array([0.2, -1.0, 0.5])
    slope = (f(x + h * unit) - f(x - h * unit)) / (2 * h)
    np.testing.assert_allclose(linear(unit), slope, rtol=1e-7)


def test_a_loop_that_ends_early_is_gone_through_as_often_again():
    def f(x):
        n = 0
        while x < 3.0:
            x = x * 1.5 + 0.1
            n = n + 1
            if n > 20:
                break
        return x * x

    _, linear = tapeless.linearize(f, 0.4)

    np.testing.assert_allclose(linear(1.0), (f(0.4 + 1e-7) - f(0.4 - 1e-7)) / 2e-7, rtol=1e-6)


def test_side_effects_happen_once(capsys):
    def f(x):
        print("run")
        return x * x

    _, linear = tapeless.linearize(f, 2.0)
    linear(1.0)
    linear(2.0)

    assert capsys.readouterr().out == "run\n"


def test_a_hessian_runs_the_function_once(capsys):
    def f(x):
        print("run")
        return np.sum(x**3)

    found = tapeless.hessian(f)(np.array([1.0, 2.0, 3.0]))

    np.testing.assert_allclose(found, np.diag([6.0, 12.0, 18.0]))
    assert capsys.readouterr().out == "run\n"


def test_the_layout_of_an_argument_is_that_of_the_call():
    def f(x):
        return np.sum(x.ravel(order="K") * np.arange(6.0))

    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))

    out, linear = tapeless.linearize(f, x)

    np.testing.assert_allclose(out, f(x))
    np.testing.assert_allclose(linear(np.asfortranarray(np.ones((2, 3)))), 15.0)
