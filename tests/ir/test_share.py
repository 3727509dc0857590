"""What is computed once, and what must be computed again."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.check import check
from tapeless.ir.program import (
    Argument,
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
    build_list,
    build_tuple,
    call,
    iadd,
    same,
)
from tapeless.ir.share import share
from tests.ir.listing import listing

X, Y, N = Var("x"), Var("y"), Var("n")


def let(targets: str, op: Any, *args: Argument) -> Let:
    return Let(tuple(targets.split()), op, args)


def do(op: Any, *args: Argument) -> Let:
    return Let((), op, args, effect=True)


def shared(*body: Statement, returns: str = "b", kinds: dict[str, str] | None = None) -> str:
    values = tuple(map(Var, returns.split()))
    whole = check(Program("f", ("x", "y", "n"), body, Return(values), ("g",)))
    return listing(check(share(whole, kinds)))


SIN = (let("a", np.sin, X), let("b", np.sin, X))


def test_what_was_computed_before_a_block_is_there_in_it_but_not_the_other_way():
    inside = (let("b", np.sin, X), let("c", np.cos, X), let("d", operator.add, Var("b"), Var("c")))
    branch = If(Y, inside, (let("e", np.cos, X),), (Phi("p", Var("d"), Var("e")),))

    text = shared(SIN[0], branch, let("h", np.cos, X), let("r", max, Var("p"), Var("h")), returns="r")

    assert text.count("sin(x)") == 1
    assert text.count("cos(x)") == 3


def test_in_both_blocks_of_a_while_loop_what_its_head_computed_is_there():
    head = (let("t", operator.lt, Var("a"), X), let("u", np.sin, X))
    body = (let("v", np.sin, X), let("w", operator.add, Var("a"), Var("v")))
    loop = While(head, Var("t"), (Carry("a", Const(0), Var("w"), "b"),), body)

    assert shared(loop).count("sin(x)") == 1


@pytest.mark.parametrize(
    "write", [do(operator.setitem, X, Const(0), Y), do(iadd, X, Y), do(call, Var("g"), N), do(iadd, Y, N)]
)
def test_a_write_into_what_is_read_ends_it(write: Let):
    assert shared(SIN[0], write, SIN[1]).count("sin(x)") == 2


@pytest.mark.parametrize("write", [do(print, X), do(iadd, Var("z"), Y)])
def test_a_write_into_something_else_does_not(write: Let):
    assert shared(let("z", np.zeros, N), SIN[0], write, SIN[1]).count("sin(x)") == 1


def test_a_number_stays_what_it_is():
    write = do(call, Var("g"), Y)

    assert shared(SIN[0], write, SIN[1], kinds={"x": "scalar"}).count("sin(x)") == 1


def test_a_view_is_written_with_its_array():
    body = (
        let("z", np.copy, X),
        let("v", operator.getitem, Var("z"), Const(slice(0, 1))),
        let("a", np.sin, Var("z")),
        do(iadd, Var("v"), Y),
        let("b", np.sin, Var("z")),
    )

    assert shared(*body).count("sin(z)") == 2


def test_a_write_in_a_loop_ends_what_was_computed_before_the_loop():
    loop = For(("i",), N, (), (let("b", np.sin, X), do(print, Var("b")), do(iadd, X, Y)))

    assert shared(SIN[0], loop, returns="a").count("sin(x)") == 2


def test_what_is_written_into_is_an_object_of_its_own():
    assert shared(*SIN, do(iadd, Var("b"), Y), returns="a b").count("sin(x)") == 2


def test_what_is_written_after_it_was_made_does_not_stand_for_it():
    write = do(operator.setitem, Var("a"), Const(0), Const(1.0))

    arrays = dict.fromkeys("xabc", "array")

    for body in [(SIN[0], write, SIN[1]), (*SIN, write)]:
        text = shared(*body, let("c", operator.mul, Var("a"), Var("b")), returns="c", kinds=arrays)
        assert text.count("sin(x)") == 2


@pytest.mark.parametrize(("op", "args"), [(np.zeros_like, (X,)), (np.zeros, (N,)), (build_list, (X, Y))])
def test_what_is_made_and_returned_is_an_object_of_its_own(op: Any, args: tuple[Argument, ...]):
    twice = (let("a", op, *args), let("b", op, *args))
    tuples = let("t", build_tuple, Var("a"), Var("b"))

    assert shared(*twice, returns="a b").count(op.__name__) == 2
    assert shared(*twice, tuples, returns="t").count(op.__name__) == 2
    assert shared(*twice, let("s", np.add, Var("a"), Var("b")), returns="s").count(op.__name__) == 1


def test_an_iterator_is_used_up_by_one_loop():
    text = shared(let("a", reversed, X), let("b", reversed, X), let("c", len, X), let("d", len, X))

    assert text.count("reversed") == 2
    assert text.count("len") == 1


def test_results_that_are_unpacked_are_shared_too():
    twice = (let("p q", np.divmod, X, Y), let("r b", np.divmod, X, Y), let("s t u", same, X))

    assert shared(*twice) == "p, q = divmod(x, y)\ns, t, u = same(x)\nreturn q"


def test_what_two_branches_leave_alike_is_left_once():
    branch = If(X, (), (), (Phi("a", X, Y), Phi("b", X, Y), Phi("c", Y, X)))

    assert shared(branch, returns="a b c") == "if x:\nelse:\na = x | y\nc = y | x\nreturn a, a, c"


def test_what_goes_round_alike_goes_round_once():
    carries = (Carry("a", X, Var("t"), "c"), Carry("b", X, Var("t"), "d"), Carry("e", Y, Var("t"), "h"))
    loop = For(("i",), N, carries, (let("t", operator.add, Var("a"), Var("b")),))

    assert shared(loop, returns="c d h") == (
        "for i in n (a: x, t -> c; e: y, t -> h):\n    t = a + a\nreturn c, c, h"
    )


def test_five_thousand_statements_with_writes_take_no_time():
    body: list[Statement] = [let("z", np.zeros, N)]
    for i in range(2500):
        body += [let(f"v{i}", np.sin, X), do(iadd, Var("z"), Var(f"v{i}"))]

    assert shared(*body, returns="z").count("sin(x)") == 1
