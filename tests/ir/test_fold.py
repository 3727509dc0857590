"""What stands where it is used, and what must not: nothing is computed from other values than before."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.emit import load
from tapeless.ir.program import For, If, Star, Var, add_at, iadd, new_stack, pop, push
from tests.ir.evaluate import evaluate
from tests.ir.writing import ADD, MUL, SUB, do, let, program, text


def draw(numbers: Any) -> Any:
    """An effect with a result: takes a number away."""
    return numbers.pop()


def grow(array: Any) -> float:
    """An effect with a result: writes into its argument."""
    array += 1.0
    return 10.0


def test_what_an_array_held_before_a_write_is_read_before_it():
    body = (
        let("t", operator.getitem, "x", 0),
        do(operator.setitem, "x", 0, 5.0),
        let("t_1", ADD, "t", 1.0),
    )
    found = program("x", *body, gives="t_1")

    assert text("x", *body, gives="t_1") == "t = x[0]\nx[0] = 5.0\nreturn t + 1.0"
    assert load(found)(np.zeros(2)) == evaluate(found, np.zeros(2)) == 1.0


def test_the_value_that_is_written_stands_in_the_write():
    body = (let("t", operator.getitem, "x", 0), let("t_1", MUL, "t", 2.0), do(add_at, "x", 1, "t_1"))

    assert text("x", *body) == "x[1] += x[0] * 2.0\nreturn None"


def test_sums_of_counters_are_computed_after_writes_too():
    body = (let("t", ADD, "i", 1), do(operator.setitem, "x", "i", 0.0), do(operator.setitem, "x", "t", 1.0))
    loop = For(("i",), Var("r"), (), body)

    assert "x[i] = 0.0\n    x[i + 1] = 1.0" in text("x", let("r", range, 3), loop)


def test_numbers_from_arguments_are_computed_before_writes():
    body = (let("t", ADD, "i", 1), do(operator.setitem, "x", "i", 0.0), do(operator.setitem, "x", "t", 1.0))

    assert "t = i + 1\n" in text("x i", *body)  # `i` may be a part of `x`


def test_numbers_are_computed_after_what_is_kept_for_the_way_back():
    body = (
        let("saved", new_stack),
        let("t", np.sin, "x"),
        let("u", np.cos, "x"),
        do(push, "saved", "u", "x"),
    )

    assert text("x", *body, let("y", ADD, "t", "u"), gives=["y", "saved"]) == "\n".join(
        ["saved = []", "u = np.cos(x)", "saved.append((u, x))", "return np.sin(x) + u, saved"]
    )


def test_effects_keep_their_order():
    body = (do(draw, "x", to="t"), do(draw, "x", to="t_1"), let("y", SUB, "t_1", "t"))
    found = program("x", *body, gives="y")

    assert text("x", *body, gives="y") == "t = draw(x)\nreturn draw(x) - t"
    assert load(found)([1.0, 5.0]) == evaluate(found, [1.0, 5.0])


def test_an_effect_stands_in_the_next_statement_only():
    body = (do(draw, "x", to="t"), let("t_1", operator.getitem, "x", 0), let("y", ADD, "t_1", "t"))
    found = program("x", *body, gives="y")

    assert text("x", *body, gives="y") == "t = draw(x)\nreturn x[0] + t"
    assert load(found)([1.0, 5.0]) == evaluate(found, [1.0, 5.0])


@pytest.mark.parametrize("write", [(add_at, "x", 0), (iadd, "x")])
def test_an_effect_comes_before_what_the_augmented_assignment_reads(write: Any):
    found = program("x", do(grow, "x", to="t"), do(*write, "t"), gives="x")

    assert np.array_equal(load(found)(np.zeros(1)), evaluate(found, np.zeros(1)))
    assert np.array_equal(load(found)(np.zeros(1)), [11.0])


def test_a_part_that_is_added_to_in_place_has_a_name():
    index = np.array([0, 0])
    body = (let("t", operator.getitem, "x", index), do(iadd, "t", 1.0), let("y", np.sum, "t"))
    found = program("x", *body, gives=["y", "x"])

    assert np.array_equal(load(found)(np.zeros(2))[1], [0.0, 0.0])


def test_a_new_list_that_is_written_into_has_a_name():
    assert text("x", let("t", list), do(list.append, "t", "x")) == "t = list()\nt.append(x)\nreturn None"


def test_nothing_folds_into_a_loop_or_a_branch():
    loop = For((), Var("r"), (), (do(print, "t"),))
    branch = If(Var("x"), (do(print, "t_1"),), ())

    found = text("x r", let("t", np.sin, "x"), loop, let("t_1", np.cos, "x"), branch)
    assert found.startswith("t = np.sin(x)\nfor _ in r:\n    print(t)\nt = np.cos(x)\nif x:\n    print(t)")


def test_nothing_moves_past_a_loop():
    loop = For((), Var("r"), (), (do(operator.setitem, "x", 0, 1.0),))

    found = text("x r", let("t", np.sin, "x"), loop, let("t_1", MUL, "t", 2.0), gives="t_1")
    assert found.startswith("t = np.sin(x)\nfor _ in r:")


def test_a_value_that_is_used_twice_has_a_name_and_an_alias_has_none():
    body = (let("t", np.sin, "x"), let("y", MUL, "t", "t"))

    assert text("x", *body, gives="y") == "t = np.sin(x)\nreturn t * t"


def test_the_users_names_stay_where_an_expression_would_be_long():
    names = " ".join(f"quantity_{letter}" for letter in "abcdef")
    a, b, c, d, e, f = names.split()
    body = (let("first_part", ADD, a, b), let("second_part", ADD, c, d), let("t", MUL, e, f))
    long = (let("t_1", ADD, "first_part", "second_part"), let("t_2", ADD, "t_1", "t"))

    assert text(names, *body, *long, gives="t_2") == "\n".join(
        [
            "first_part = quantity_a + quantity_b",
            "second_part = quantity_c + quantity_d",
            "return first_part + second_part + quantity_e * quantity_f",
        ]
    )


def test_the_users_statements_keep_their_order():
    body = (let("y", np.sin, "x"), let("z", np.cos, "x"), do(print, "z", "z"), let("w", ADD, "y", "z"))

    assert text("x", *body, gives="w").splitlines()[:2] == ["y = np.sin(x)", "z = np.cos(x)"]


def test_no_line_is_longer_than_a_screen_for_what_folds():
    body = [let("t", np.sin, "some_longer_name")]
    body += [let(f"t_{i + 1}", np.logaddexp, f"t_{i}" if i else "t", "some_longer_name") for i in range(12)]

    assert max(map(len, text("some_longer_name", *body, gives="t_12").splitlines())) <= 92


def test_a_starred_argument_folds():
    body = (let("t", operator.getitem, "x", 0), let("y", max, Star(Var("t"))))

    assert text("x", *body, gives="y") == "return max(*x[0])"


def test_what_is_popped_stands_in_the_next_statement():
    body = (
        let("saved", new_stack),
        do(push, "saved", "x"),
        do(pop, "saved", to="t"),
        let("y", MUL, "t", 2.0),
    )

    assert text("x", *body, gives="y") == "saved = []\nsaved.append(x)\nreturn saved.pop() * 2.0"
