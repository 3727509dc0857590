"""Writes into arrays, views, aliases and moves of storage on the way back, to first and second order."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.errors import MissingRuleError
from tapeless.ir.program import add_at, iadd, isub, same
from tapeless.source.reverse import reverse
from tests.source.building import Build, agrees, facts_of

X = np.array([0.3, -0.7, 1.1, 0.4])
get, put, mul, add = operator.getitem, operator.setitem, operator.mul, operator.add


def test_an_element_is_overwritten() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    first = b(np.sum, b(mul, a, a))
    b.do(put, a, 1, b(np.sin, b(get, a, 2)))
    agrees(b.done(b(add, first, b(np.sum, b(np.exp, a)))), X)


def test_a_parameter_is_written_into() -> None:
    b = Build("x", "y")
    b.do(put, b.x, 0, b(mul, b.y, b(get, b.x, 0)))
    agrees(b.done(b(np.sum, b(mul, b.x, b.x))), X, 0.7)


def test_elements_are_written_in_a_loop() -> None:
    b = Build("x", "n")
    a = b(np.zeros, b.n)

    def body(i):
        e = b(get, b.x, i)
        b.do(put, a, i, b(mul, e, b(np.sin, e)))

    b.loop(b(range, b.n), {}, body)
    agrees(b.done(b(np.sum, b(mul, a, a))), X, 4)


def test_a_recurrence_within_one_array() -> None:
    b = Build("x", "n")
    a = b(np.zeros, 5)
    b.do(put, a, 0, b(get, b.x, 0))

    def body(i):
        before = b(get, a, b(operator.sub, i, 1))
        b.do(put, a, i, b(add, b(mul, before, b(np.cos, before)), b(get, b.x, 1)))

    b.loop(b(range, 1, b.n), {}, body)
    agrees(b.done(b(add, b(get, a, 4), b(mul, b(get, a, 2), b(get, a, 1)))), X, 5)


def test_sums_in_place() -> None:
    b = Build("x", "y")
    a = b(mul, b.x, 2.0)
    b.do(iadd, a, b(np.sin, b.x))
    b.do(isub, a, b.y)
    b.do(add_at, a, 1, b(mul, b.y, b.y))
    agrees(b.done(b(np.sum, b(mul, a, b(mul, a, a)))), X, 0.7)


def test_a_value_is_kept_before_it_is_overwritten() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    s = b(np.sum, b(np.sin, a))
    b.do(put, a, slice(0, 2), b(mul, b(get, a, slice(2, 4)), s))
    b.do(iadd, a, b(mul, a, a))
    agrees(b.done(b(np.sum, b(mul, a, a))), X)


def test_a_result_is_kept_before_it_is_overwritten() -> None:
    b = Build("x")
    a = b(np.exp, b.x)
    b.do(put, a, 0, 0.5)
    agrees(b.done(b(np.sum, b(mul, a, a))), X)


def test_a_write_through_a_view_is_seen_by_its_base() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    v = b(get, a, slice(1, 3))
    b.do(iadd, v, b(mul, b(get, b.x, slice(0, 2)), 3.0))
    b.do(put, v, 0, b(mul, b(get, v, 1), b(get, a, 0)))
    agrees(b.done(b(np.sum, b(mul, a, b(mul, a, a)))), X)


def test_a_write_to_the_base_is_seen_by_a_view() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    v = b(get, a, slice(1, None))
    b.do(put, a, 2, b(mul, b(get, a, 0), b(get, a, 3)))
    agrees(b.done(b(np.sum, b(mul, v, b(np.sin, v)))), X)


def test_views_of_views_and_transposes() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    t = b(np.transpose, a)
    row = b(get, t, 1)
    b.do(iadd, row, b(mul, row, row))
    b.do(put, t, (0, 1), b(np.sum, row))
    agrees(b.done(b(np.sum, b(mul, a, b(np.sin, a)))), np.arange(6.0).reshape(2, 3) / 5)


@pytest.mark.parametrize("layout", ["C", "F"])
def test_a_write_through_a_reshape(layout: Any) -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    flat = b(np.reshape, a, -1)
    b.do(put, flat, 2, b(mul, b(get, flat, 1), b(get, flat, 1)))
    y = b(add, b(np.sum, b(mul, a, a)), b(np.sum, b(np.sin, flat)))
    agrees(b.done(y), np.asarray(np.arange(6.0).reshape(2, 3) / 5, order=layout))


def test_shifted_parts_of_one_array() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    b.do(put, a, slice(1, None), b(get, a, slice(None, -1)))
    agrees(b.done(b(np.sum, b(mul, a, b(np.sin, a)))), X)


def test_a_value_is_spread_by_a_write() -> None:
    b = Build("x", "y")
    a = b(np.zeros, (3, 4))
    b.do(put, a, slice(0, 2), b.x)
    b.do(put, a, (slice(None), 1), b.y)
    agrees(b.done(b(np.sum, b(mul, a, b(add, a, 1.0)))), X, 0.3)


def test_the_last_of_several_writes_stays() -> None:
    b = Build("x")
    a = b(np.zeros, 3)
    b.do(put, a, np.array([0, 2, 0, 1]), b.x)
    b.do(np.add.at, a, np.array([0, 0, 1, 1]), b(mul, b.x, b.x))
    agrees(b.done(b(np.sum, b(np.sin, a))), X)


def test_a_mask_is_written() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    b.do(put, a, b(operator.lt, a, 0.35), 0.0)
    agrees(b.done(b(np.sum, b(mul, a, b(np.sin, a)))), X)


def test_arrays_change_names_around_a_loop() -> None:
    b = Build("x", "n")

    def body(i, u):
        new = b(np.zeros, 4)

        def inner(j):
            left = b(get, u, b(operator.sub, j, 1))
            b.do(put, new, j, b(add, b(mul, left, b(get, u, j)), b(mul, left, 0.1)))

        b.loop(b(range, 4), {}, inner, targets="j")
        return new

    u = b.loop(b(range, b.n), {"u": b.x}, body)
    agrees(b.done(b(np.sum, b(mul, b(operator.sub, u, b.x), u))), X, 3)
    agrees(b.done(b(np.sum, b(mul, b(operator.sub, u, b.x), u))), X, 0)


def test_slices_change_names_around_a_loop() -> None:
    b = Build("x", "n")

    def body(i, u):
        new = b(np.copy, u)
        left, right = b(get, u, slice(None, -2)), b(get, u, slice(2, None))
        b.do(put, new, slice(1, -1), b(mul, left, b(np.sin, right)))
        return new

    u = b.loop(b(range, b.n), {"u": b.x}, body)
    agrees(b.done(b(np.sum, b(mul, u, u))), X, 3)


def test_two_arrays_change_places() -> None:
    b = Build("x", "n")
    u, v = b(np.copy, b.x), b(np.zeros, 4)

    def body(i, u, v):
        b.do(put, v, slice(None), b(mul, u, b(np.cos, u)))
        b.do(add_at, v, 0, b(get, u, 1))
        return v, u

    u, v = b.loop(b(range, b.n), {"u": u, "v": v}, body)
    agrees(b.done(b(add, b(np.sum, b(mul, u, u)), b(np.sum, v))), X, 3)


def test_a_branch_writes() -> None:
    b = Build("x", "n")
    a = b(np.copy, b.x)

    def body(i):
        e = b(get, a, i)

        def then():
            b.do(put, a, i, b(mul, e, b(get, b.x, 0)))

        def orelse():
            b.do(put, a, 0, b(add, b(np.sin, e), b(get, a, 0)))

        b.when(b(operator.gt, e, 0.0), then, orelse)

    b.loop(b(range, b.n), {}, body)
    agrees(b.done(b(np.sum, b(mul, a, a))), X, 4)


def test_an_alias_is_the_array_itself() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    c = b(same, a)
    b.do(put, c, 0, b(mul, b(get, a, 1), 2.0))
    b.do(put, a, 1, b(mul, b(get, c, 0), b(get, c, 2)))
    agrees(b.done(b(add, b(np.sum, b(mul, a, a)), b(np.sum, b(np.sin, c)))), X)


def test_an_array_in_one_of_two_names_when_both_go_on() -> None:
    b = Build("x", "k")
    a, c = b(np.copy, b.x), b(np.zeros, 4)
    p = b.when(b(operator.gt, b.k, 0), lambda: a, lambda: c)
    b.do(put, p, 0, b(get, a, 1))
    program = b.done(b(add, b(np.sum, b(mul, a, a)), b(np.sum, p)))
    agrees(program, X, 1)
    agrees(program, X, -1)


def test_an_array_that_goes_round_a_loop_is_refused_when_its_old_name_goes_on() -> None:
    b = Build("x", "n")
    a, c = b(np.copy, b.x), b(mul, b.x, 3.0)

    def body(i: Any, u: Any, v: Any) -> Any:
        b.do(put, v, i, b(get, u, 1))
        return v, u

    u, v = b.loop(b(range, b.n), {"u": a, "v": c}, body)
    program = b.done(b(add, b(np.sum, b(mul, a, u)), b(np.sum, v)))

    with pytest.raises(MissingRuleError, match="second name"):
        reverse(program, facts_of(program, X, 3), ("x",))


def test_an_array_in_one_of_two_names_that_are_not_used_again() -> None:
    b = Build("x", "k")
    a, c = b(np.copy, b.x), b(mul, b.x, 3.0)
    p = b.when(b(operator.gt, b.k, 0), lambda: a, lambda: c)
    b.do(put, p, 0, b(mul, b(get, p, 1), b(get, p, 2)))
    program = b.done(b(np.sum, b(mul, p, p)))
    agrees(program, X, 1)
    agrees(program, X, -1)


def test_what_may_be_a_copy_is_refused_when_it_is_written() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    c = b(np.asarray, a)
    b.do(put, a, 0, b(get, c, 1))
    program = b.done(b(np.sum, b(mul, c, a)))

    with pytest.raises(MissingRuleError, match="copy"):
        reverse(program, facts_of(program, X), ("x",))


def test_a_value_is_kept_before_the_next_round_overwrites_it() -> None:
    b = Build("x", "n")
    a = b(np.copy, b.x)

    def body(i: Any, s: Any) -> Any:
        b.do(put, a, i, b(mul, b(get, b.x, i), 2.0))
        return b(add, s, b(np.sum, b(np.sin, a)))

    agrees(b.done(b.loop(b(range, b.n), {"s": 0.0}, body)), X, 4)


def test_what_is_ravelled_from_a_strided_part_is_a_copy_on_the_way_back_too() -> None:
    b = Build("x")
    a = b(np.cos, b.x)
    flat = b(np.ravel, b(get, a, (..., slice(1, None))))
    b.do(put, a, ..., 0.4)
    program = b.done(b(np.sum, b(mul, flat, flat)))

    agrees(program, np.linspace(0.1, 0.9, 8).reshape(2, 2, 2))
