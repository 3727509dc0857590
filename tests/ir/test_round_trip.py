"""Any straight-line program: what it computes survives printing, reading back, and every pass."""

from __future__ import annotations

import gast
from hypothesis import given

from tapeless.ir.check import check
from tapeless.ir.emit import emit, load
from tapeless.ir.lower import lower
from tapeless.ir.passes import drop_dead, uses
from tapeless.ir.program import Program
from tests.ir.terms import Term, programs, run

X, Y = Term("x"), Term("y")


def read_back(program: Program) -> Program:
    source, names, _ = emit(program)
    (tree,) = gast.parse(source).body
    return lower(tree, names, program.name)


@given(programs())
def test_the_source_of_a_program_computes_what_the_program_does(program: Program):
    assert repr(load(program)(X, Y)) == repr(run(check(program), X, Y))


@given(programs(stars=False))
def test_a_program_read_back_from_its_source_computes_the_same(program: Program):
    assert repr(run(check(read_back(program)), X, Y)) == repr(run(program, X, Y))


@given(programs(stars=False))
def test_printing_what_was_read_back_gives_the_same_source(program: Program):
    once = read_back(drop_dead(program))
    twice = read_back(once)

    assert emit(once)[0] == emit(twice)[0]


@given(programs())
def test_dropping_what_is_dead_keeps_the_result_and_leaves_nothing_unread(program: Program):
    cut = check(drop_dead(program))

    read = uses(cut)
    assert repr(run(cut, X, Y)) == repr(run(program, X, Y))
    assert all(any(read[target] for target in statement.targets) for statement in cut.body)
    assert drop_dead(cut) == cut
