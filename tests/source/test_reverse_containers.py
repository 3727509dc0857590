"""Tuples, lists, dicts and stacks on the way back, to first and second order."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.errors import MissingRuleError
from tapeless.ir.program import build_dict, build_list, build_tuple, pop, push, same
from tapeless.source.facts import Fact
from tapeless.source.reverse import reverse, reverse_pair
from tests.ir.evaluate import evaluate
from tests.source.building import Build, agrees, facts_of

X = np.array([0.3, -0.7, 1.1])
get, put, mul, add = operator.getitem, operator.setitem, operator.mul, operator.add


def test_a_tuple_is_taken_apart() -> None:
    b = Build("x", "y")
    t = b(build_tuple, b(mul, b.x, b.y), b(np.sin, b.x), 3.0)
    p, q, r = b.unpack(same, t, names="p q r")
    agrees(b.done(b(add, b(mul, p, q), b(mul, b(get, t, 0), r))), 0.7, 1.2)


def test_a_dict_is_read() -> None:
    b = Build("x", "y")
    t = b(build_dict, "a", b(mul, b.x, b.y), "b", b(np.sin, b.x))
    agrees(b.done(b(mul, b(get, t, "a"), b(add, b(get, t, "b"), b(get, t, "a")))), 0.7, 1.2)


def test_a_list_is_joined() -> None:
    b = Build("x", "y")
    xs = b(build_list, b(mul, b.x, b.x), b.y, b(np.sin, b.x))
    c = b(np.concatenate, xs)
    s = b(np.stack, xs)
    agrees(b.done(b(add, b(np.sum, b(mul, c, c)), b(np.sum, b(np.sin, s)))), X, X + 1)


def test_several_results_of_one_call() -> None:
    b = Build("A")
    q, r = b.unpack(np.linalg.qr, b.A, names="q r")
    agrees(
        b.done(b(add, b(np.sum, b(np.sin, q)), b(get, r, (0, 1)))),
        np.array([[2.0, 0.3], [0.1, 1.5]]),
        order=1,
    )


def test_a_list_that_grows() -> None:
    b = Build("x", "n")
    xs = b(build_list)

    def body(i: Any, s: Any) -> Any:
        b.do(list.append, xs, b(mul, s, b(np.sin, s)))
        return b(add, s, 0.1)

    b.loop(b(range, b.n), {"s": b.x}, body)
    total = b.loop(b(range, b.n), {"t": 0.0}, lambda i, t: b(add, b(mul, t, 0.5), b(np.exp, b(get, xs, i))))
    agrees(b.done(b(add, total, b(np.sum, b(np.stack, xs)))), 0.7, 3)


def test_a_list_of_arrays_that_grows_and_shrinks() -> None:
    b = Build("x", "n")
    xs = b(build_list, b(np.sin, b.x))

    def body(i: Any) -> None:
        last = b(get, xs, -1)
        b.do(list.append, xs, b(mul, last, b(np.cos, last)))

    b.loop(b(range, b.n), {}, body)
    top = b.get(list.pop, xs, names="top")
    b.do(put, xs, 0, b(mul, top, b(get, xs, 1)))
    agrees(b.done(b(add, b(np.sum, top), b(np.sum, b(np.concatenate, xs)))), X, 3)


def test_lists_are_extended_reversed_and_added() -> None:
    b = Build("x")
    xs = b(build_list, b(np.sin, b.x), b.x)
    ys = b(build_list, b(np.exp, b.x), b(mul, b.x, b.x))
    b.do(list.extend, xs, ys)
    b.do(list.reverse, xs)
    b.do(list.insert, xs, 1, b(np.cos, b.x))
    zs = b(add, xs, ys)
    w = b(np.arange, 1.0, 8.0)
    agrees(b.done(b(np.dot, b(np.stack, zs), w)), 0.6)


def test_a_stack_of_the_program() -> None:
    b = Build("x", "n")
    s = b(build_list)

    def up(i: Any, x: Any) -> Any:
        b.do(push, s, x, b(mul, x, x))
        return b(np.sin, x)

    def down(i: Any, t: Any) -> Any:
        p, q = b.get(pop, s, names="p q")
        return b(add, b(mul, t, p), q)

    x = b.loop(b(range, b.n), {"x": b.x}, up)
    agrees(b.done(b.loop(b(range, b.n), {"t": x}, down)), 0.7, 3)


def test_a_list_of_parameters() -> None:
    b = Build("ps", "x", "n")
    y = b.loop(b(range, b.n), {"y": b.x}, lambda i, y: b(np.sin, b(mul, y, b(get, b.ps, i))))
    program = b.done(b(np.sum, y))
    params = [np.array([0.5, 1.0, 1.5]), np.array([0.2, 0.4, 0.3])]
    facts = facts_of(program, params, X, 2)
    joint, _ = reverse(program, facts, ("ps", "x"))
    found, dx = evaluate(joint, params, X, 2)
    for k in range(2):
        moved = [p.copy() for p in params]
        moved[k][1] += 1e-6
        change = (evaluate(program, moved, X, 2) - evaluate(program, params, X, 2)) / 1e-6
        assert abs(found[k][1] - change) < 1e-5
    assert dx.shape == X.shape


def test_a_list_of_arrays_is_run_over() -> None:
    b = Build("ps")
    s = b.loop(b.ps, {"s": 1.0}, lambda p, s: b(mul, s, b(np.sum, b(np.sin, p))), targets="p")
    program = b.done(s)
    params = [np.array([0.5, 1.0]), np.array([0.2])]
    joint, _ = reverse(program, facts_of(program, params), ("ps",))
    found = evaluate(joint, params)

    sums = [np.sum(np.sin(p)) for p in params]
    np.testing.assert_allclose(found[0], np.cos(params[0]) * sums[1])
    np.testing.assert_allclose(found[1], np.cos(params[1]) * sums[0])


def test_a_tuple_around_a_loop() -> None:
    b = Build("x", "y", "n")
    start = b(build_tuple, b.x, b.y)

    def body(i: Any, t: Any) -> Any:
        p, q = b.unpack(same, t, names="p q")
        return b(build_tuple, b(mul, p, b(np.sin, q)), b(add, p, q))

    t = b.loop(b(range, b.n), {"t": start}, body)
    agrees(b.done(b(mul, b(get, t, 0), b(get, t, 1))), 0.7, 1.2, 3)


def test_a_tuple_out_of_a_branch() -> None:
    b = Build("x", "y")
    t = b.when(
        b(operator.gt, b.x, 0.0),
        lambda: b(build_tuple, b.x, b(mul, b.x, b.y)),
        lambda: b(build_tuple, b(np.exp, b.y), b.x),
    )
    program = b.done(b(mul, b(get, t, 0), b(get, t, 1)))
    agrees(program, 0.7, 1.2)
    agrees(program, -0.7, 1.2)


def test_a_pair_of_programs() -> None:
    b = Build("x", "w", "n")
    x = b.loop(b(range, b.n), {"x": b.x}, lambda i, x: b(np.sin, b(mul, x, b.w)))
    program = b.done(x)
    facts = facts_of(program, X, 0.7, 3)
    forward, backward, _ = reverse_pair(program, facts, ("x", "w"))
    value, kept = evaluate(forward, X, 0.7, 3)
    seed = np.array([1.0, 2.0, -1.0])
    dx, dw = evaluate(backward, kept, seed)

    def f(x: Any, w: Any) -> Any:
        return float(np.dot(evaluate(program, x, w, 3), seed))

    np.testing.assert_allclose(value, evaluate(program, X, 0.7, 3))
    assert abs(dw - (f(X, 0.7 + 1e-6) - f(X, 0.7 - 1e-6)) / 2e-6) < 1e-7
    step = np.array([1e-6, 0.0, 0.0])
    assert abs(dx[0] - (f(X + step, 0.7) - f(X - step, 0.7)) / 2e-6) < 1e-7


def test_a_container_as_result_takes_a_container_as_cotangent() -> None:
    b = Build("x", "y")
    program = b.done(b(build_tuple, b(mul, b.x, b.y), b(build_list, b(np.sin, b.x))))
    joint, _ = reverse(program, facts_of(program, 0.7, 1.2), ("x", "y"), seed=None)
    dx, dy = evaluate(joint, 0.7, 1.2, (2.0, [3.0]))

    assert abs(dx - (2.0 * 1.2 + 3.0 * np.cos(0.7))) < 1e-12
    assert abs(dy - 1.4) < 1e-12


def test_the_value_comes_first_and_inner_names_end_the_way_back() -> None:
    b = Build("ps", "x")
    w = b(get, b.ps, 0)
    program = b.done(b(np.sin, b(mul, w, b.x)))
    facts = facts_of(program, [2.0], 0.4)
    joint, _ = reverse(program, facts, (w.name, "x"), value=True)
    value, dw, dx = evaluate(joint, [2.0], 0.4)

    np.testing.assert_allclose([value, dw, dx], [np.sin(0.8), 0.4 * np.cos(0.8), 2.0 * np.cos(0.8)])


def test_facts_of_cotangents_are_those_of_the_primal() -> None:
    b = Build("x")
    program = b.done(b(np.sum, b(np.sin, b.x)))
    joint, facts = reverse(program, facts_of(program, X), ("x",))
    (value,) = joint.exit.values

    assert facts[value.name] == Fact("array", np.dtype(float), (3,))


def test_what_a_list_holds_must_not_be_written_into() -> None:
    b = Build("x", "n")
    y = b(np.copy, b.x)
    history = b(build_list)

    def body(i: Any) -> None:
        b.do(list.append, history, y)
        b.do(put, y, i, b(mul, b(get, y, i), 2.0))

    b.loop(b(range, b.n), {}, body)
    program = b.done(b(np.sum, b(np.stack, history)))

    with pytest.raises(MissingRuleError, match=r"\.copy\(\)"):
        reverse(program, facts_of(program, X, 3), ("x",))


def test_slices_of_lists() -> None:
    b = Build("x")
    xs = b(build_list, b(np.sin, b.x), b(np.exp, b.x), b.x)
    ys = b(get, xs, slice(1, None))
    b.do(list.append, xs, b(mul, b(get, ys, 0), b(get, xs, 0)))
    zs = b(get, xs, slice(-2, None))
    agrees(b.done(b(add, b(np.sum, b(np.stack, zs)), b(mul, b(get, ys, 1), b(get, ys, 0)))), 0.6)


def test_a_dict_is_filled_in_a_loop() -> None:
    b = Build("x", "n")
    d = b(build_dict, "a", 0.0)

    def body(i: Any, x: Any) -> Any:
        b.do(put, d, i, b(mul, x, b(np.sin, x)))
        b.do(put, d, "a", b(add, b(get, d, "a"), b(get, d, i)))
        return b(np.cos, x)

    b.loop(b(range, b.n), {"x": b.x}, body)
    agrees(b.done(b(mul, b(get, d, "a"), b(get, d, 1))), 0.7, 3)
