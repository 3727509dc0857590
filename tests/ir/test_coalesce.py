"""Names in the source: one for the versions of a variable, where that loses no value."""

from __future__ import annotations

import operator
import time
from typing import Any

import numpy as np
import pytest

from tapeless.ir.emit import emit, load
from tapeless.ir.program import (
    UNDEFINED,
    Carry,
    Const,
    For,
    If,
    Phi,
    Program,
    Return,
    Statement,
    Var,
    While,
    same,
)
from tapeless.ir.writing import name_values
from tests.ir.evaluate import evaluate
from tests.ir.writing import ADD, MUL, do, let, program, text


def names(found: Program) -> dict[str, str]:
    return name_values(found).called


def carry(name: str, init: Any, after: Any, result: str) -> Carry:
    return Carry(name, init, after, result)


def test_versions_take_the_name_of_their_variable_when_the_last_one_is_read():
    found = program("x", let("x_1", MUL, "x", "x"), let("x_2", MUL, "x_1", "x_1"), gives="x_2")

    assert set(names(found).values()) == {"x"}


def test_versions_that_are_needed_together_have_two_names():
    body = (let("x_1", np.sin, "x"), let("y", ADD, "x_1", "x_1"), let("z", ADD, "y", "x"))
    found = program("x", *body, let("w", MUL, "z", "y"), gives=["w", "x_1"])

    assert names(found)["x_1"] == "x_1"


def test_values_of_two_branches_have_one_name_at_different_times():
    branch = If(
        Var("x"),
        (let("y", np.sin, "x"), let("z", MUL, "y", "y")),
        (let("y_1", np.cos, "x"), let("z_1", MUL, "y_1", "y_1")),
        (Phi("z_2", Var("z"), Var("z_1")),),
    )
    found = names(program("x", branch, gives="z_2"))

    assert found["y"] == found["y_1"] == "y"
    assert found["z"] == found["z_1"] == found["z_2"] == "z"


def test_what_only_one_branch_reads_is_no_hindrance_in_the_other():
    branch = If(
        Var("c"),
        (let("y_1", np.sin, "x"), let("z", MUL, "y_1", "y_1")),
        (let("z_1", MUL, "y", "y"),),
        (Phi("z_2", Var("z"), Var("z_1")),),
    )
    found = names(program("x c", let("y", np.cos, "x"), branch, gives="z_2"))

    assert found["y"] == found["y_1"] == "y"


def test_what_each_iteration_reads_is_kept_until_the_last():
    body = (let("y_1", MUL, "y", "x_1"), let("x_2", ADD, "y_1", "y_1"))
    loop = For((), Var("r"), (carry("x_1", Var("x"), Var("x_2"), "x_3"),), body)
    found = names(program("x r", let("y", np.cos, "x"), loop, gives="x_3"))

    assert found["y"] == "y"
    assert found["y_1"] == "y_1"
    assert found["x_1"] == found["x_2"] == found["x_3"] == "x"


def test_a_counter_takes_no_name_that_is_read_after_the_loop():
    loop = For(("i_1",), Var("r"), (), (let("y", np.sin, "i_1"),))
    found = names(program("i r", loop, gives="i"))

    assert found["i_1"] == "i_1"


def test_the_last_item_of_a_loop_needs_no_name_of_its_own():
    loop = For(("i",), Var("r"), (carry("i_1", UNDEFINED, Var("i"), "i_2"),), ())

    assert text("r", loop, gives="i_2") == "for i in r:\n    pass\nreturn i"


def test_what_is_carried_takes_no_name_that_the_head_of_the_loop_reads():
    head = (let("t", MUL, "x_1", "y"),)
    loop = While(head, Var("t"), (carry("x_1", Var("x"), Var("x_2"), "x_3"),), (let("x_2", ADD, "x_1", 1.0),))
    found = names(program("x y", loop, gives="x_3"))

    assert len({found["x_1"], found["y"]}) == 2


def test_what_comes_out_of_a_loop_is_not_lost_in_its_head():
    head = (let("x_4", MUL, "y_1", 2.0), do(print, "x_4"), let("t", operator.lt, "x_4", 9.0))
    carries = (carry("x_1", Var("x"), Var("x_2"), "x_3"), carry("y_1", Var("y"), Var("y_2"), "y_3"))
    body = (let("x_2", np.sin, "y_1"), let("y_2", ADD, "y_1", 1.0))
    found = program("x y", While(head, Var("t"), carries, body), gives="x_3")

    assert names(found)["x_4"] != names(found)["x_1"] == names(found)["x_3"]
    assert load(found)(0.5, 3.0) == evaluate(found, 0.5, 3.0)
    assert load(found)(0.5, 7.0) == 0.5


def test_what_ends_a_loop_is_computed_from_values_that_are_still_there():
    body = (let("x_2", np.sin, "x_1"), do(max, "x_2", 0.0), let("t", operator.gt, "x_2", 0.5))
    carries = (carry("x_1", Var("x"), Const(2.0), "x_3"), carry("n", Const(0), Var("n_1"), "n_2"))
    loop = While((), Const(True), carries, (let("n_1", ADD, "n", 1), *body), until=Var("t"))
    found = program("x", loop, gives=["x_3", "n_2"])

    assert "if x_1 > 0.5:" in emit(found).source
    assert load(found)(0.1) == evaluate(found, 0.1) == (2.0, 2)


@pytest.mark.parametrize("until", ["x_1", "t"])
def test_what_ends_a_loop_may_be_what_it_carries(until: str):
    body = (let("x_2", operator.floordiv, "x_1", 2), let("t", same, "x_1"), let("n_1", ADD, "n", 1))
    carries = (carry("x_1", Var("x"), Var("x_2"), "x_3"), carry("n", Const(0), Var("n_1"), "n_2"))
    found = program("x", While((), Const(True), carries, body, until=Var(until)), gives=["x_3", "n_2"])

    assert load(found)(1) == evaluate(found, 1) == (0, 1)


def test_another_variable_keeps_its_name_when_it_is_handed_on():
    branch = If(Var("c"), (), (), (Phi("z", Var("x"), Var("y")),))

    assert text("c x y", branch, gives="z") == "if c:\n    z = x\nelse:\n    z = y\nreturn z"


def test_what_is_made_only_to_be_handed_on_is_made_under_that_name():
    branch = If(Var("c"), (let("y", np.sin, "x"),), (), (Phi("z", Var("y"), Const(0.0)),))

    assert text("c x", branch, gives="z") == "if c:\n    z = np.sin(x)\nelse:\n    z = 0.0\nreturn z"


def test_the_same_program_has_the_same_text_each_time():
    body = [let(f"y_{i}", np.add, "x", float(i)) for i in range(9)]
    found = program("x", *body, gives=[f"y_{i}" for i in range(9)] * 2)

    assert emit(found) == emit(found)


def at(name: str, version: int) -> str:
    return f"{name}_{version}" if version else name


def test_a_long_program_takes_little_time():
    there: list[Statement] = [let(f"x_{i + 1}", np.multiply, at("x", i), at("x", i)) for i in range(2500)]
    back = [let(f"dx_{i + 1}", np.multiply, at("dx", i), at("x", 2500 - i)) for i in range(2500)]
    found = Program("f", ("x", "dx"), (*there, *back), Return((Var("dx_2500"),)))

    start = time.process_time()
    called = name_values(found).called
    assert time.process_time() - start < 2.0
    assert len(set(called.values())) == 2501  # all of x that is read, and one dx
