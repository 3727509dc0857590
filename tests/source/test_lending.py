"""Which of its arguments a procedure shows in its result."""

from __future__ import annotations

import operator
from typing import Any

from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Const, If, Let, Phi, Program, Return, Var, build_list, build_tuple, same
from tapeless.rules.lists import zeros_of
from tapeless.source.analyse.aliasing import SHOWN
from tapeless.source.analyse.lending import note_shown
from tapeless.source.facts import Fact

LIST = Fact("list")


def shown(*body: Any, params: tuple[str, ...] = ("a", "b"), result: str = "out") -> frozenset[int]:
    """What the procedure with these statements shows."""
    one = Procedure("one")
    one.program = Program("one", params, body, Return((Var(result),)))
    one.facts = dict.fromkeys((*params, "out", "own"), LIST)
    return shown_by(one)


def shown_by(one: Procedure) -> frozenset[int]:
    call = Let(("y",), one, (Var("x"), Var("x")))
    note_shown(Program("main", ("x",), (call,), Return((Var("y"),))))
    return one.derived[SHOWN]


def test_a_new_list_shows_nothing() -> None:
    assert shown(Let(("own",), zeros_of, (Var("a"),)), Let(("out",), list, (Var("own"),))) == frozenset()


def test_an_argument_in_a_container_is_shown() -> None:
    assert shown(Let(("out",), build_list, (Var("b"),))) == {1}


def test_what_an_argument_holds_is_shown() -> None:
    assert shown(Let(("item",), operator.getitem, (Var("a"), Const(0))), result="item") == {0}


def test_either_side_of_a_branch_is_shown() -> None:
    branch = If(Const(True), (), (Let(("own",), list, (Var("a"),)),), (Phi("out", Var("b"), Var("own")),))

    assert shown(branch) == {0, 1}


def test_what_it_shows_by_calling_itself_is_found() -> None:
    """It gives its second argument, or itself with the arguments exchanged: so it may give the first."""
    one = Procedure("one")
    again = Let(("again",), one, (Var("b"), Var("a")))
    branch = If(Const(True), (), (again,), (Phi("out", Var("b"), Var("again")),))
    one.program = Program("one", ("a", "b"), (branch,), Return((Var("out"),)))
    one.facts = dict.fromkeys(("a", "b", "out", "again"), LIST)

    assert shown_by(one) == {0, 1}


def test_of_what_is_still_made_nothing_is_known() -> None:
    one = Procedure("one")
    note_shown(Program("main", ("x",), (Let(("y",), one, (Var("x"),)),), Return((Var("y"),))))

    assert SHOWN not in one.derived


def test_stacks_that_are_handed_over_are_each_their_own() -> None:
    """To show one is to show the argument that holds it."""
    one = Procedure("one")
    unpack = Let(("first", "second"), same, (Var("kept"),))
    pack = Let(("out",), build_tuple, (Var("second"),))
    one.program = Program("one", ("kept",), (unpack, pack), Return((Var("out"),)))
    stack = Fact("stack")
    one.facts = {"kept": Fact("tuple", items=(stack, stack)), "first": stack, "second": stack}

    assert shown_by(one) == {0}
