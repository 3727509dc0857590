"""What is only another name for something else."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.copies import follow_copies
from tapeless.ir.dead import drop_dead
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Star,
    Statement,
    Var,
    build_list,
    build_tuple,
    same,
)
from tests.ir.listing import listing

X, Y = Var("x"), Var("y")


def let(targets: str, op: Any, *args: Argument) -> Let:
    return Let(tuple(targets.split()), op, args)


def followed(*body: Statement, returns: str) -> str:
    whole = check(Program("f", ("x", "y"), body, Return((Var(returns),))))
    return listing(check(drop_dead(check(follow_copies(whole)))))


def test_a_chain_of_names_is_followed_to_its_end():
    body = (let("a", same, X), let("b", same, Var("a")), let("c", np.sin, Var("b")))

    assert followed(*body, returns="c") == "c = sin(x)\nreturn c"


def test_a_name_for_a_constant_is_the_constant():
    assert followed(let("a", same, Const(2.0)), let("b", operator.mul, X, Var("a")), returns="b") == (
        "b = x * 2.0\nreturn b"
    )


def test_what_is_unpacked_from_a_tuple_or_found_in_it_is_what_was_put_in():
    body = (
        let("t", build_tuple, X, Y),
        let("a b", same, Var("t")),
        let("c", operator.getitem, Var("t"), Const(-1)),
        let("d", max, Var("b"), Var("c"), Var("a")),
    )

    assert followed(*body, returns="d") == "d = max(y, y, x)\nreturn d"


@pytest.mark.parametrize("index", [2, -3, True, 1.0, slice(0, 1)])
def test_other_indices_are_left_to_the_tuple(index: Any):
    body = (let("t", build_tuple, X, Y), let("a", operator.getitem, Var("t"), Const(index)))

    assert "getitem" in followed(*body, returns="a")


def test_a_tuple_spread_over_positions_is_written_out():
    body = (let("t", build_tuple, X, Const(3)), let("a", max, Y, Star(Var("t"))))

    assert followed(*body, returns="a") == "a = max(y, x, 3)\nreturn a"


def test_a_constant_cannot_be_spread():
    body = (let("t", same, Const((1, 2))), let("a", max, Star(Var("t"))))

    assert followed(*body, returns="a") == "t = same((1, 2))\na = max(*t)\nreturn a"


def test_a_list_is_looked_into_only_if_nobody_changes_it():
    body = (let("t", build_list, X, Y), let("a", operator.getitem, Var("t"), Const(0)))
    change = Let((), list.reverse, (Var("t"),), effect=True)
    alias = (let("u", operator.getitem, Var("t"), Const(slice(0, 2))), let("w", id, Var("t")))

    assert followed(*body, returns="a") == "return x"
    assert "getitem" in followed(body[0], change, body[1], returns="a")
    assert "getitem" in followed(body[0], *alias, body[1], returns="a")


def test_branches_that_leave_the_same_leave_it():
    branch = If(X, (let("a", same, Y),), (), (Phi("p", Var("a"), Y), Phi("q", X, Y)))

    assert followed(branch, let("b", max, Var("p"), Var("q")), returns="b") == (
        "if x:\nelse:\nq = x | y\nb = max(y, q)\nreturn b"
    )


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (1, 1.0), (1, True)])
def test_constants_that_only_compare_equal_are_not_the_same(one: Any, other: Any):
    branch = If(X, (), (), (Phi("p", Const(one), Const(other)),))

    assert "p = " in followed(branch, returns="p")


def test_a_name_that_neither_branch_binds_stays_unbound():
    branch = If(X, (), (), (Phi("p", UNDEFINED, UNDEFINED),))

    assert "p = UNDEFINED | UNDEFINED" in followed(branch, returns="p")


def test_what_a_loop_hands_on_unchanged_is_what_it_began_with():
    carries = (
        Carry("a", X, Var("b"), "c"),
        Carry("u", Y, Var("u"), "v"),
        Carry("p", Const(2.0), Const(2.0), "q"),
        Carry("m", UNDEFINED, Var("m"), "n"),
    )
    body = (let("t", same, Var("u")), let("b", max, Var("t"), Var("a"), Var("p")))
    loop = For(("i",), Y, carries, body)

    assert followed(loop, let("e", max, Var("c"), Var("v"), Var("q")), returns="e") == (
        "for i in y (a: x, b -> c):\n    b = max(y, a, 2.0)\ne = max(c, y, 2.0)\nreturn e"
    )


def test_values_that_change_places_are_no_copies():
    carries = (Carry("a", X, Var("b"), "c"), Carry("b", Y, Var("a"), "d"))

    assert "(a: x, b -> c; b: y, a -> d)" in followed(For(("i",), Y, carries, ()), returns="c")


def test_without_copies_the_program_is_the_same_object():
    whole = Program("f", ("x",), (let("a", np.sin, X),), Return((Var("a"),)))

    assert follow_copies(whole) is whole
