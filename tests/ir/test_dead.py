"""What is left out because nobody reads it, and what must stay."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.dead import drop_dead
from tapeless.ir.program import (
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Statement,
    Var,
    While,
    add_at,
    build_list,
    build_tuple,
    call,
    iadd,
    new_stack,
    pop,
    push,
    same,
)
from tests.ir.listing import listing

X, Y, N = Var("x"), Var("y"), Var("n")


def program(*body: Statement, returns: str = "x", free: tuple[str, ...] = ()) -> Program:
    return check(Program("f", ("x", "y", "n"), body, Return((Var(returns),)), free))


def let(target: str, op: Any, *args: Any) -> Let:
    return Let((target,) if target else (), op, args)


def do(op: Any, *args: Any, targets: tuple[str, ...] = ()) -> Let:
    return Let(targets, op, args, effect=True)


def rounds(name: str = "r") -> Let:
    return let(name, range, N)


def left(whole: Program, kinds: dict[str, str] | None = None) -> str:
    return listing(check(drop_dead(whole, kinds)))


def test_a_value_that_only_goes_round_is_dropped_with_what_computes_it():
    carries = (Carry("a", X, Var("b"), "c"), Carry("s", Const(0.0), Var("t"), "u"))
    body = (let("b", np.sin, Var("a")), let("t", operator.add, Var("s"), Var("a")))

    kept = left(program(rounds(), For(("i",), Var("r"), carries, body), returns="c"))

    assert kept == "r = range(n)\nfor i in r (a: x, b -> c):\n    b = sin(a)\nreturn c"


def test_a_loop_of_which_nothing_is_read_goes_and_a_while_loop_too():
    head = (let("t", operator.lt, Var("a"), N),)
    loop = While(
        head, Var("t"), (Carry("a", Const(0), Var("b"), "c"),), (let("b", operator.add, Var("a"), Const(1)),)
    )

    assert left(program(rounds(), For(("i",), Var("r"), (), (let("q", np.sin, X),)), loop)) == "return x"


def test_what_a_while_loop_tests_stays_if_anything_in_it_does():
    head = (let("t", operator.lt, Var("a"), N), let("u", np.cos, X))
    body = (do(print, Var("a")), let("b", operator.add, Var("a"), Const(1)))
    loop = While(head, Var("t"), (Carry("a", Const(0), Var("b"), "c"),), body)

    assert left(program(loop)) == (
        "while (a: 0, b -> c):\n    t = a < n\ntest t:\n    print(a) !\n    b = a + 1\nreturn x"
    )


def test_when_a_loop_ends_early_what_ends_it_stays():
    body = (let("b", np.sin, Var("a")), let("q", np.cos, X), let("e", operator.gt, Var("b"), Const(1.0)))
    loop = For(("i",), Var("r"), (Carry("a", X, Var("b"), "c"),), body, Var("e"))

    kept = left(program(rounds(), loop, returns="c"))

    assert "e = b > 1.0" in kept
    assert "cos" not in kept


def test_a_branch_keeps_what_is_read_and_an_empty_one_goes():
    then, orelse = (let("a", np.sin, X), let("b", np.cos, X)), (let("c", np.exp, X),)
    outs = (Phi("p", Var("a"), Var("c")), Phi("q", Var("b"), Const(0.0)))
    whole = program(let("t", operator.lt, X, Y), If(Var("t"), then, orelse, outs), returns="p")

    assert left(whole) == "t = x < y\nif t:\n    a = sin(x)\nelse:\n    c = exp(x)\np = a | c\nreturn p"
    assert left(program(*whole.body)) == "return x"


def test_effects_stay_and_so_do_the_branches_around_them():
    whole = program(If(X, (do(print, Y),), ()), do(call, Var("g"), X, targets=("z",)), free=("g", "h"))

    assert left(whole) == "if x:\n    print(y) !\nelse:\nz = call(g, x) !\nreturn x"
    assert drop_dead(whole).free == ("g",)


def test_an_array_that_is_only_written_goes_with_all_writes():
    body = (
        let("z", np.zeros, N),
        let("v", operator.getitem, Var("z"), Const(slice(1, None))),
        do(operator.setitem, Var("v"), Const(0), X),
        do(add_at, Var("z"), Const(0), Y),
        let("t", np.sum, Var("z")),
    )

    assert left(program(*body)) == "return x"
    assert left(program(*body, returns="t")).count("!") == 2


@pytest.mark.parametrize("op", [np.ravel, np.asarray, same, abs])
def test_writing_into_what_may_be_an_argument_stays(op):
    whole = program(let("v", op, X), do(operator.setitem, Var("v"), Const(0), Y), returns="y")

    assert left(whole) == listing(whole)


def test_writing_into_a_copy_of_an_argument_goes():
    whole = program(let("v", np.copy, X), do(operator.setitem, Var("v"), Const(0), Y), returns="y")

    assert left(whole) == "return y"


def test_what_is_in_a_container_is_read_with_it():
    body = (let("z", np.zeros, N), let("t", build_tuple, Var("z"), Const(1)), do(iadd, Var("z"), X))

    assert "iadd" in left(program(*body, returns="t"))
    assert "iadd" not in left(program(*body))


@pytest.mark.parametrize("more", [(), (do(print, Var("s")),)])
def test_what_comes_off_a_stack_is_what_went_on_it(more: tuple[Let, ...]):
    body = (
        let("z", np.zeros, N),
        let("s", new_stack),
        do(push, Var("s"), Var("z")),
        *more,
        do(pop, Var("s"), targets=("p",)),
        do(iadd, Var("p"), X),
    )

    assert "iadd(p, x) !" in left(program(*body, returns="z"))


def test_what_is_taken_from_a_list_is_what_was_put_in():
    body = (
        let("z", np.zeros, N),
        let("l", build_list),
        do(list.append, Var("l"), Var("z")),
        do(list.pop, Var("l"), targets=("p",)),
        do(iadd, Var("p"), X),
    )

    assert "iadd(p, x) !" in left(program(*body, returns="z"), {"p": "array"})


def test_what_is_found_in_a_list_of_another_name_is_what_was_put_in():
    body = (
        let("z", np.zeros, N),
        let("l", build_list, Var("z")),
        let("m", same, Var("l")),
        let("p", operator.getitem, Var("m"), Const(0)),
        do(iadd, Var("p"), X),
    )

    assert "iadd(p, x) !" in left(program(*body, returns="z"), {"p": "array"})


def stacked(*taken: str, returns: str) -> Program:
    """Two values kept in each round, and taken on the way back."""
    keep = (let("b", np.sin, Var("a")), let("k", np.cos, Var("a")), do(push, Var("s"), Var("a"), Var("k")))
    take = (
        do(pop, Var("s"), targets=("p", "q")),
        let("e", operator.mul, Var("d"), Var(taken[0]) if taken else Const(2.0)),
    )
    return program(
        let("s", new_stack),
        rounds(),
        For(("i",), Var("r"), (Carry("a", X, Var("b"), "c"),), keep),
        For(("j",), Var("r"), (Carry("d", Const(1.0), Var("e"), "g"),), take),
        returns=returns,
    )


def test_nobody_keeps_what_nobody_takes():
    kept = left(stacked("q", returns="g"))

    assert "push(s, k) !" in kept
    assert "q = pop(s) !" in kept


def test_a_stack_from_which_nothing_is_read_goes():
    assert "push" in listing(stacked(returns="g"))
    assert "s" not in left(stacked(returns="g")).replace("cos", "").replace("sin", "").split()
    assert "pop" not in left(stacked(returns="g"))
    assert left(stacked("q", returns="c")).count("\n") == 3


def test_a_stack_that_somebody_else_sees_keeps_all():
    whole = stacked("q", returns="g")
    seen = check(Program("f", whole.params, (*whole.body, do(print, Var("s"))), whole.exit))

    assert "push(s, a, k) !" in left(seen)
    assert "p, q = pop(s) !" in left(seen)


def test_pops_stay_in_step_where_one_of_them_reads_nothing():
    body = (
        let("s", new_stack),
        do(push, Var("s"), X, Y),
        do(push, Var("s"), Y, X),
        do(pop, Var("s"), targets=("p", "q")),
        do(pop, Var("s"), targets=("u", "v")),
    )

    kept = left(program(*body, returns="u"))

    assert kept == "s = new_stack()\npush(s, x) !\npush(s, y) !\np = pop(s) !\nu = pop(s) !\nreturn u"


def test_nothing_dead_is_the_program_itself():
    whole = stacked("q", returns="g")
    cut = drop_dead(whole)

    assert drop_dead(cut) is cut


def test_five_thousand_statements_and_writes_take_no_time():
    body: list[Statement] = [let("v0", np.zeros, N)]
    for i in range(1, 5000):
        body += [let(f"v{i}", np.sin, Var(f"v{i - 1}")), do(iadd, Var(f"v{i}"), X)]

    cut = drop_dead(program(*body, returns="v4999"))

    assert len(cut.body) == len(body)
    assert len(drop_dead(program(*body)).body) == 0
