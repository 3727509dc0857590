"""What goes round a loop is computed when nobody reads its present value any more."""

from __future__ import annotations

import operator

import numpy as np

from tapeless.ir.late import hand_on_late
from tapeless.ir.program import Carry, Const, For, Let, Program, Return, Var, new_stack, push
from tests.ir.evaluate import evaluate

MUL, ADD = operator.mul, operator.add


def let(target, op, *args, effect=False):
    atoms = tuple([Var(arg) if isinstance(arg, str) else Const(arg) for arg in args])
    return Let((target,) if target else (), op, atoms, effect=effect)


def looping(*body, carries, until=None):
    carried = tuple([Carry(name, Var(init), Var(after), f"{name}_out") for name, init, after in carries])
    loop = For(("i",), Var("r"), carried, tuple(body), until)
    exit_ = Return(tuple([Var(f"{name}_out") for name, _, _ in carries]), as_tuple=True)
    return Program("f", ("x", "y", "n"), (let("r", range, "n"), loop), exit_)


def body_of(program):
    return [s.targets for s in hand_on_late(program).body[1].body if isinstance(s, Let)]


def agrees(program):
    assert evaluate(hand_on_late(program), 1.5, 0.5, 4) == evaluate(program, 1.5, 0.5, 4)


def test_the_next_value_comes_behind_what_reads_the_present_one():
    program = looping(
        let("g", MUL, "a", "y"),
        let("c", MUL, "a", "x"),
        let("d", ADD, "b", "c"),
        carries=[("a", "x", "g"), ("b", "y", "d")],
    )

    assert body_of(program) == [("c",), ("d",), ("g",)]
    agrees(program)


def test_a_whole_expression_moves():
    program = looping(
        let("t", MUL, "a", "y"),
        let("g", ADD, "t", "x"),
        let("d", ADD, "b", "a"),
        carries=[("a", "x", "g"), ("b", "y", "d")],
    )

    assert body_of(program) == [("d",), ("t",), ("g",)]
    agrees(program)


def test_what_each_reads_of_the_other_stays_in_order():
    program = looping(
        let("g", MUL, "a", "b"), let("d", ADD, "b", "a"), carries=[("a", "x", "g"), ("b", "y", "d")]
    )

    assert body_of(program) == [("g",), ("d",)]
    agrees(program)


def test_what_is_read_again_stays():
    program = looping(
        let("g", MUL, "a", "y"),
        let("c", MUL, "g", "a"),
        let("d", ADD, "b", "c"),
        carries=[("a", "x", "g"), ("b", "y", "d")],
    )

    assert body_of(program) == [("g",), ("c",), ("d",)]


def test_nothing_moves_past_a_write_but_past_what_is_kept():
    def with_(effect):
        return looping(
            let("g", MUL, "a", "y"),
            let("d", ADD, "b", "a"),
            effect,
            let("e", MUL, "a", "a"),
            let("h", ADD, "d", "e"),
            carries=[("a", "x", "g"), ("b", "y", "h")],
        )

    write = let(None, operator.setitem, "z", 0, 1.0, effect=True)
    keep = let(None, push, "s", "d", effect=True)

    assert body_of(with_(write))[0] == ("g",)
    assert body_of(with_(keep))[-1] == ("g",)


def test_a_loop_that_is_left_early_stays_as_it_is():
    program = looping(
        let("g", MUL, "a", "y"),
        let("d", ADD, "b", "a"),
        let("done", np.greater, "a", "x"),
        carries=[("a", "x", "g"), ("b", "y", "d")],
        until=Var("done"),
    )

    assert hand_on_late(program) is program


def test_a_program_without_loops_is_itself():
    program = Program("f", ("x",), (let("s", new_stack),), Return((Var("x"),)))

    assert hand_on_late(program) is program
