"""Printed programs with branches, loops, writes and stacks compute what the programs do."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeless.ir.check import check
from tapeless.ir.emit import emit, load
from tapeless.ir.names import Names
from tapeless.ir.nesting import rebuild
from tapeless.ir.program import (
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Statement,
    Var,
    While,
    defined,
    inner,
    walk,
)
from tapeless.ir.renaming import rename
from tests.ir.structured import FAILED, LOG, _seen, arguments, observe, record, structured_programs

VARIABLES = st.sampled_from(["t", "t", "x", "y", "s", "i", "np", "record"])


@st.composite
def versioned_programs(draw: st.DrawFn) -> Program:
    """Structured programs whose names look like versions of a few variables and of temporaries."""
    program = draw(structured_programs())
    program = replace(program, body=rebuild(program.body, lambda block: _with_flags(block, draw)))
    names = Names((*program.params, program.name))
    new: dict[str, str] = {}
    for statement in walk(program.body):
        for name in (*defined(statement), *inner(statement)):
            new[name] = names.fresh(draw(VARIABLES))
    atoms: dict[str, Atom] = {name: Var(other) for name, other in new.items()}
    exit_ = rename(program.exit, atoms)
    return check(replace(program, body=_block(program.body, new, atoms), exit=exit_))


def _with_flags(block: Block, draw: st.DrawFn) -> Block:
    """Some loops that end early do so by a flag that the branches at the end of their body set."""
    return tuple(_with_flag(s, draw) if isinstance(s, For | While) else s for s in block)


def _with_flag(loop: For | While, draw: st.DrawFn) -> For | While:
    if loop.until is None or draw(st.booleans()):
        return loop
    flag = f"flag_of_{next(_counter)}"
    says = Let((), record, (Const(0.5), loop.until), effect=True)
    then, orelse = draw(st.sampled_from([((says,), ()), ((), (says,)), ((), ()), ((says,), (says,))]))
    outs = [Phi(flag, Const(True), Const(False))]
    end = If(loop.until, then, orelse, tuple(outs))
    inner_flag = Var(flag)
    if draw(st.booleans()):
        outer = f"flag_of_{next(_counter)}"
        test, ends = draw(
            st.sampled_from([(Var("a"), (inner_flag, Const(False))), (loop.until, (Const(True), inner_flag))])
        )
        branches = ((end,), ()) if isinstance(ends[0], Var) else ((), (end,))
        end, inner_flag = If(test, *branches, (Phi(outer, *ends),)), Var(outer)
    return replace(loop, body=(*loop.body, end), until=inner_flag)


_counter = itertools.count()


def _block(block: Block, new: dict[str, str], atoms: dict[str, Atom]) -> Block:
    return tuple(_statement(rename(statement, atoms), new, atoms) for statement in block)


def _statement(statement: Statement, new: dict[str, str], atoms: dict[str, Atom]) -> Statement:
    def carries(loop: For | While) -> tuple[Carry, ...]:
        return tuple(Carry(new[c.name], c.init, c.next, new[c.result]) for c in loop.carries)

    def block(part: Block) -> Block:
        return _block(part, new, atoms)

    match statement:
        case Let():
            return replace(statement, targets=tuple(new[name] for name in statement.targets))
        case If(_, then, orelse, outs):
            phis = tuple(Phi(new[phi.name], phi.then, phi.orelse) for phi in outs)
            return replace(statement, then=block(then), orelse=block(orelse), outs=phis)
        case For():
            targets = tuple(new[name] for name in statement.targets)
            return replace(statement, targets=targets, carries=carries(statement), body=block(statement.body))
        case While():
            head, body = block(statement.head), block(statement.body)
            return replace(statement, head=head, carries=carries(statement), body=body)


def watch(function: Callable[..., Any], *args: Any) -> Any:
    """Everything that a run of a function can be seen by, as `observe` sees a program."""
    args = copy.deepcopy(args)
    LOG.clear()
    with np.errstate(all="ignore"):
        try:
            result = function(*args)
        except (NameError, ValueError, TypeError, ZeroDivisionError):
            return FAILED
    return _seen(result), _seen(tuple(LOG)), _seen(args)


@given(versioned_programs())
@settings(max_examples=3000, deadline=None)
def test_the_source_of_a_structured_program_computes_what_the_program_does(program: Program):
    expected = observe(program, *arguments())[0]

    found = watch(load(program), *arguments())

    if expected == FAILED and "UNDEFINED" in repr(program):
        return  # whoever only renames what is unbound is not printed
    assert found == expected, emit(program).source


@given(versioned_programs())
@settings(max_examples=100, deadline=None)
def test_lines_have_no_more_columns_than_a_screen_and_as_many_numbers_as_there_are(program: Program):
    source, _, lines = emit(program)

    assert len(lines) == len(source.splitlines())
    assert max(map(len, source.splitlines())) <= 100
