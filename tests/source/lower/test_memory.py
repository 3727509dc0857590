"""Names that may stand for the same memory."""

from __future__ import annotations

from tapeless.ir.program import Var
from tapeless.source.lower.memory import Memory


def test_a_name_may_take_the_place_of_one_that_stands_for_it():
    memory = Memory()
    memory.share(Var("a"), Var("b"))

    memory.renamed("a", "b")  # a second reading of a loop gives the same names

    assert memory.may_be_shared("b")


def test_what_is_written_under_a_new_name_is_written_under_all():
    memory = Memory()
    memory.share(Var("view"), Var("base"))
    memory.renamed("base", "y")

    memory.taint("y")

    assert memory.is_tainted("view")
