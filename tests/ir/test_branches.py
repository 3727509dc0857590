"""Branches on the same test become one."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.branches import join_branches
from tapeless.ir.check import check
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Const,
    If,
    Let,
    Phi,
    Program,
    Return,
    Statement,
    Var,
    iadd,
)
from tests.ir.listing import listing

X, Y, T = Var("x"), Var("y"), Var("t")


def let(target: str, op: Any, *args: Argument) -> Let:
    return Let((target,), op, args)


def joined(*body: Statement, returns: str = "b", kinds: dict[str, str] | None = None) -> str:
    whole = check(Program("f", ("x", "y", "t"), body, Return((Var(returns),))))
    return listing(check(join_branches(whole, kinds)))


def first(orelse: Atom = Y, *more: Let) -> If:
    return If(T, (let("s", np.sin, X), *more), (), (Phi("a", Var("s"), orelse),))


SECOND = If(T, (let("m", operator.mul, Var("a"), X),), (), (Phi("b", Var("m"), Var("a")),))


def test_the_second_reads_what_its_side_of_the_first_made():
    assert (
        joined(first(), SECOND)
        == "if t:\n    s = sin(x)\n    m = s * x\nelse:\na = s | y\nb = m | y\nreturn b"
    )


def test_what_stands_between_goes_before_both_if_it_can():
    text = joined(first(), let("c", np.cos, X), let("d", np.cos, Var("c")), SECOND)

    assert text.startswith("c = cos(x)\nd = cos(c)\nif t:")
    assert text.count("if ") == 1


@pytest.mark.parametrize(
    "between",
    [
        let("c", np.cos, Var("a")),
        Let((), print, (X,), effect=True),
        If(X, (), (), (Phi("c", X, Y),)),
    ],
)
def test_what_needs_the_first_or_has_an_effect_stays_between(between: Statement):
    assert joined(first(), between, SECOND).count("if ") >= 2


def test_another_test_is_another_branch():
    other = If(X, SECOND.then, SECOND.orelse, SECOND.outs)

    assert joined(first(), other).count("if ") == 2


def test_a_branch_that_writes_may_change_what_is_tested():
    write = Let((), iadd, (T, Y), effect=True)

    assert joined(first(Y, write), SECOND).count("if ") == 2
    assert joined(first(Y, write), SECOND, kinds={"t": "scalar"}).count("if ") == 1
    assert joined(first(Y, write), let("c", np.cos, X), SECOND, kinds={"t": "scalar"}).count("if ") == 2


def test_a_side_that_binds_nothing_is_read_by_nobody():
    assert joined(first(UNDEFINED), SECOND).count("if ") == 1
    reading = If(T, (), (let("m", np.sin, Var("a")),), (Phi("b", X, Var("m")),))
    assert joined(first(UNDEFINED), reading).count("if ") == 2


def test_blocks_within_are_joined_too_and_three_become_one():
    third = If(T, (let("k", np.tan, Var("b")),), (), (Phi("c", Var("k"), Const(0.0)),))
    outer = If(X, (first(), SECOND, third), (), (Phi("d", Var("c"), Y),))

    assert joined(outer, returns="d").count("if t") == 1
