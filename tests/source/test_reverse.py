"""Straight lines, branches and loops on the way back, to first and second order."""

from __future__ import annotations

import math
import operator

import numpy as np

from tapeless.ir.program import UNDEFINED
from tests.source.building import Build, agrees, gradients, weighed

X = np.array([0.3, -0.7, 1.1])


def test_a_straight_line_of_numbers() -> None:
    b = Build("x", "y")
    t = b(operator.mul, b.x, b.y)
    u = b(np.sin, t)
    agrees(b.done(b(operator.add, u, b(operator.mul, t, b.x))), 0.7, 1.3)


def test_broadcasting_is_undone() -> None:
    b = Build("x", "y")
    t = b(operator.mul, b.x, b.y)
    agrees(b.done(b(np.sum, b(np.tanh, t))), X, 0.4)


def test_functions_of_the_math_module() -> None:
    b = Build("x")
    t = b(operator.mul, b(math.exp, b.x), b(abs, b(math.sin, b.x)))
    agrees(b.done(b(operator.add, t, b(max, b.x, 0.2))), 0.6, order=1)


def test_a_matrix_product_and_a_reduction() -> None:
    b = Build("A", "x")
    y = b(operator.matmul, b.A, b.x)
    agrees(b.done(b(np.sum, b(operator.mul, y, y))), np.arange(6.0).reshape(2, 3) / 7, X)


def test_a_branch_takes_the_way_that_was_taken() -> None:
    def program() -> object:
        b = Build("x", "y")
        test = b(operator.gt, b.x, 0.5)

        def then() -> object:
            t = b(np.sin, b.x)
            return b(operator.mul, t, b(operator.mul, t, b.y))

        return b.done(b(operator.mul, b.when(test, then, lambda: b(np.exp, b.x)), b.x))

    agrees(program(), 0.7, 1.3)
    agrees(program(), 0.2, 1.3)


def test_a_range_loop() -> None:
    b = Build("x", "w", "n")

    def body(i, x):
        return b(operator.add, x, b(operator.mul, b(np.sin, x), b.w))

    x = b.loop(b(range, b.n), {"x": b.x}, body)
    program = b.done(b(operator.mul, x, x))
    agrees(program, 0.7, 0.3, 4)
    agrees(program, 0.7, 0.3, 0)


def test_counters_are_not_kept() -> None:
    b = Build("x", "n")

    def body(i, s):
        return b(operator.add, s, b(operator.mul, b(operator.mul, b.x, b.x), b(operator.add, i, 1)))

    program = b.done(b.loop(b(range, b.n), {"s": 0.0}, body))
    joint = agrees(program, 0.7, 4)

    assert "new_stack" not in repr(joint)


def test_a_loop_in_a_loop_with_a_branch() -> None:
    b = Build("x", "n", "m")

    def inner(j, s, i):
        test = b(operator.lt, b(np.sin, b(operator.mul, s, 5.0)), 0.3)
        t = b(operator.mul, s, b(operator.add, b(operator.mul, j, 0.1), 0.5))
        p = b.when(test, lambda: b(np.sin, b(operator.mul, b.x, t)), lambda: b(np.cos, t))
        return b(operator.add, p, b(operator.mul, s, b(operator.mul, i, 0.1)))

    def outer(i, s):
        u = b(np.tanh, s)
        s2 = b.loop(b(range, b(operator.add, i, b.m)), {"s": u}, lambda j, s: inner(j, s, i), targets="j")
        return b(operator.mul, s2, b(operator.add, u, s))

    agrees(b.done(b.loop(b(range, b.n), {"s": b.x}, outer)), 0.9, 3, 2)


def test_a_loop_that_ends_early() -> None:
    b = Build("x", "n")

    def body(i, x):
        y = b(operator.mul, x, b(operator.add, 1.1, b(np.sin, x)))
        return y, b(operator.gt, y, 3.0)

    agrees(b.done(b.loop(b(range, b.n), {"x": b.x}, body, until=True)), 0.5, 20)


def test_a_while_loop() -> None:
    b = Build("x", "y")
    x = b.repeat(
        {"x": b.x}, lambda x: b(operator.lt, x, 5.0), lambda x: b(operator.add, b(operator.mul, x, x), b.y)
    )
    agrees(b.done(b(np.log, x)), 1.2, 0.3)
    agrees(b.done(b(np.log, x)), 6.0, 0.3)


def test_while_loops_in_a_loop() -> None:
    b = Build("x", "n")

    def outer(i, x):
        y = b.repeat(
            {"y": x},
            lambda y: b(operator.lt, y, 2.0),
            lambda y: b(operator.add, b(operator.mul, y, 1.2), 0.2),
        )
        return b(operator.add, b(np.sin, y), 0.3)

    agrees(b.done(b.loop(b(range, b.n), {"x": b.x}, outer)), 0.8, 3)


def test_a_loop_in_a_branch() -> None:
    b = Build("x", "n")
    test = b(operator.gt, b.x, 0.0)

    def then():
        return b.loop(b(range, b.n), {"y": b.x}, lambda i, y: b(operator.mul, b(np.sin, y), b.x))

    y = b.when(test, then, lambda: b(np.exp, b.x))
    agrees(b.done(b(operator.mul, y, y)), 0.7, 3)
    agrees(b.done(b(operator.mul, y, y)), -0.7, 3)


def test_names_that_change_places_around_a_loop() -> None:
    b = Build("x", "y", "n")
    x, y = b.loop(b(range, b.n), {"u": b.x, "v": b.y}, lambda i, u, v: (v, b(operator.mul, u, b(np.sin, v))))
    agrees(b.done(b(operator.add, x, b(operator.mul, y, y))), 0.7, 1.1, 3)


def test_elements_are_read_in_a_loop() -> None:
    b = Build("x", "n")

    def body(i, s):
        e = b(operator.getitem, b.x, i)
        return b(operator.add, s, b(operator.mul, b(np.sin, e), b(operator.mul, e, s)))

    joint = agrees(b.done(b.loop(b(range, b.n), {"s": 0.5}, body)), X, 3)

    assert "index_add" not in repr(joint)


def test_what_does_not_depend_gives_zeros() -> None:
    b = Build("x", "y")
    agrees(b.done(b(np.sin, b.y)), X, 0.3)


def test_a_loop_over_the_rows_of_a_matrix() -> None:
    b = Build("A", "x")
    s = b.loop(
        b.A, {"s": 0.0}, lambda row, s: b(operator.add, s, b(np.sin, b(np.dot, row, b.x))), targets="row"
    )
    agrees(b.done(s), np.arange(6.0).reshape(2, 3) / 7, X)


def test_the_branch_of_where_that_is_not_taken_leaves_no_nan() -> None:
    b = Build("x")
    safe = b(np.where, b(operator.gt, b.x, 0.0), b(np.log, b(operator.mul, b.x, 2.0)), b.x)
    program = b.done(b(np.sum, b(operator.mul, safe, safe)))
    x = np.array([0.5, -0.3, 0.0])
    with np.errstate(all="ignore"):
        _, (dx,) = gradients(program, ("x",), x)
        joint, _ = gradients(program, ("x",), x)
        _, (ddx,) = gradients(weighed(joint), ("x",), x)

    np.testing.assert_allclose(dx, [2 * np.log(1.0) / 0.5, -0.6, 0.0], atol=1e-15)
    np.testing.assert_allclose(ddx[1:], [2 * np.cos(-0.6), 2.0])


def test_programs_without_where_do_not_pay() -> None:
    b = Build("x")
    joint = agrees(b.done(b(np.sum, b(operator.mul, b.x, b(np.sin, b.x)))), X)

    assert "shielded" not in repr(joint)


def test_a_name_that_only_later_rounds_know() -> None:
    b = Build("x", "n")

    def body(i, last, x):
        new = b.when(
            b(operator.gt, i, 0),
            lambda: b(operator.mul, x, b(operator.mul, last, last)),
            lambda: b(np.sin, x),
        )
        return b(np.cos, new), new

    _, x = b.loop(b(range, b.n), {"last": UNDEFINED, "x": b.x}, body)
    agrees(b.done(x), 0.7, 3)
