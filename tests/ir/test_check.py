"""`check` fires on every program that is broken, and says where."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tapeless.ir.check import check
from tapeless.ir.passes import drop_dead
from tapeless.ir.program import Const, Let, Program, Return, Star, Var
from tests.ir.terms import programs

ADD = Let(("a",), operator.add, (Var("x"), Var("y")), line=3)
NEGATE = Let(("b",), operator.neg, (Var("a"),), line=4)
WHOLE = Program("f", ("x", "y"), (ADD, NEGATE), Return((Var("b"),)))


def test_a_whole_program_is_given_back():
    assert check(WHOLE) is WHOLE


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (replace(WHOLE, params=("x", "x")), "f: a parameter is named twice"),
        (replace(WHOLE, params=("x",)), r"f: y is read before it is assigned \(line 3\)"),
        (replace(WHOLE, body=(NEGATE, ADD)), r"f: a is read before it is assigned \(line 4\)"),
        (replace(WHOLE, body=(ADD,)), "f: b is returned but never assigned"),
        (replace(WHOLE, body=(ADD, NEGATE, replace(NEGATE, line=5))), r"f: b is assigned twice \(line 5\)"),
        (replace(WHOLE, body=(replace(ADD, targets=("x",)), NEGATE)), r"f: x is assigned twice \(line 3\)"),
        (
            replace(WHOLE, body=(replace(ADD, targets=("a", "a")), NEGATE)),
            r"f: a is assigned twice \(line 3\)",
        ),
        (
            replace(WHOLE, body=(replace(ADD, kwargs=(("axis", Var("n")),)), NEGATE)),
            r"f: n is read before it is assigned \(line 3\)",
        ),
        (
            replace(WHOLE, body=(replace(ADD, args=(Star(Var("z")),)), NEGATE)),
            r"f: z is read before it is assigned \(line 3\)",
        ),
        (replace(WHOLE, exit=Return((Const(1), Var("c")))), "f: c is returned but never assigned"),
    ],
)
def test_a_broken_program_is_refused(broken: Program, message: str):
    with pytest.raises(ValueError, match=f"^{message}$"):
        check(broken)


@given(programs(), st.data())
def test_a_program_that_lost_a_statement_is_refused(program: Program, data: st.DataObject):
    whole = drop_dead(program)
    assume(whole.body)
    lost = data.draw(st.integers(0, len(whole.body) - 1))

    with pytest.raises(ValueError, match=r"is read before it is assigned|is returned but never assigned"):
        check(replace(whole, body=whole.body[:lost] + whole.body[lost + 1 :]))
