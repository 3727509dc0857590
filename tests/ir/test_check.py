"""`check` fires on every program that is broken, and says where."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tapeless.ir.check import check
from tapeless.ir.passes import drop_dead
from tapeless.ir.program import (
    UNDEFINED,
    Block,
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
    While,
)
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


def copied(target: str, source: str, line: int = 5) -> Let:
    return Let((target,), operator.pos, (Var(source),), line=line)


INSIDE: Block = (copied("b", "x"),)
LOOP = For(("i",), Var("y"), (Carry("c", Var("x"), Var("b"), "d"),), INSIDE, line=3)
BRANCH = If(Var("x"), INSIDE, (copied("e", "y"),), (Phi("p", Var("b"), Var("e")),), line=3)
WHILE = While(
    (copied("t", "c"),),
    Var("t"),
    (Carry("c", UNDEFINED, Var("b"), "d"),),
    (copied("b", "t"),),
    Var("t"),
    line=3,
)


def holding(*body: Statement, returns: str = "x") -> Program:
    return Program("f", ("x", "y"), body, Return((Var(returns),)))


@pytest.mark.parametrize(
    "program",
    [
        holding(LOOP, returns="d"),
        holding(replace(LOOP, until=Var("b")), copied("q", "d"), returns="q"),
        holding(replace(LOOP, body=(copied("b", "c"), copied("k", "i")))),
        holding(BRANCH, returns="p"),
        holding(replace(BRANCH, outs=(Phi("p", UNDEFINED, Var("y")),)), returns="p"),
        holding(WHILE, returns="d"),
        holding(replace(LOOP, body=(BRANCH, copied("g", "p")), carries=())),
        replace(holding(copied("a", "g")), free=("g",)),
    ],
)
def test_names_are_seen_where_they_are(program: Program):
    assert check(program) is program


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (holding(LOOP, copied("q", "b")), r"b is read before it is assigned \(line 5\)"),
        (holding(LOOP, copied("q", "i")), r"i is read before it is assigned \(line 5\)"),
        (holding(LOOP, copied("q", "c")), r"c is read before it is assigned \(line 5\)"),
        (holding(LOOP, returns="b"), "b is returned but never assigned"),
        (holding(replace(LOOP, iterable=Var("c"))), r"c is read before it is assigned \(line 3\)"),
        (holding(replace(LOOP, until=Var("d"))), r"d is read before it is assigned \(line 3\)"),
        (
            holding(replace(LOOP, carries=(Carry("c", Var("b"), Var("b"), "d"),))),
            r"b is read before it is assigned \(line 3\)",
        ),
        (
            holding(replace(LOOP, carries=(Carry("c", Var("x"), UNDEFINED, "d"),))),
            r"UNDEFINED is read \(line 3\)",
        ),
        (holding(replace(LOOP, body=(copied("i", "x"),))), r"i is assigned twice \(line 5\)"),
        (holding(replace(LOOP, targets=("c",))), r"c is assigned twice \(line 3\)"),
        (holding(LOOP, copied("b", "x")), r"b is assigned twice \(line 5\)"),
        (holding(BRANCH, copied("q", "b")), r"b is read before it is assigned \(line 5\)"),
        (
            holding(replace(BRANCH, outs=(Phi("p", Var("e"), Var("e")),))),
            r"e is read before it is assigned \(line 3\)",
        ),
        (holding(replace(BRANCH, orelse=INSIDE, outs=())), r"b is assigned twice \(line 5\)"),
        (holding(replace(BRANCH, outs=(Phi("x", Var("b"), Var("e")),))), r"x is assigned twice \(line 3\)"),
        (holding(replace(WHILE, head=(copied("t", "b"),))), r"b is read before it is assigned \(line 5\)"),
        (holding(WHILE, copied("q", "t")), r"t is read before it is assigned \(line 5\)"),
        (holding(replace(WHILE, test=Var("b"))), r"b is read before it is assigned \(line 3\)"),
        (holding(Let(("a",), operator.pos, (UNDEFINED,), line=2)), r"UNDEFINED is read \(line 2\)"),
        (replace(holding(), exit=Return((UNDEFINED,))), "UNDEFINED is returned"),
        (replace(holding(copied("g", "x")), free=("g",)), r"g is assigned twice \(line 5\)"),
    ],
)
def test_names_are_not_seen_where_they_are_not(broken: Program, message: str):
    with pytest.raises(ValueError, match=f"^f: {message}$"):
        check(broken)


def test_ten_thousand_statements_and_thirty_blocks_within_each_other_are_checked():
    body: Block = (copied("v0", "x"), *(copied(f"v{i}", f"v{i - 1}") for i in range(1, 10_000)))
    for depth in range(30):
        body = (For((f"i{depth}",), Var("y"), (), body),)

    assert check(holding(*body))
