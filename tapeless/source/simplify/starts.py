"""Begin with what is added first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tapeless.ir.aliases import NEW_ARRAYS
from tapeless.ir.program import (
    Block,
    Const,
    Let,
    Program,
    Statement,
    Var,
    defined,
    iadd,
    reshaped_part,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import same_or
from tapeless.source.facts import UNKNOWN, Fact, same_dtype
from tapeless.source.simplify.known import Known


def start_full(program: Program, facts: dict[str, Fact]) -> Program:
    """Begin with what is added first, and copy nothing that is new.

    dx = np.zeros_like(x)      dx = np.ones_like(x)
    dx += 1.0              =>
    dy = np.zeros_like(y)      dy = 2.0 * z
    dy += 2.0 * z

    Of cotangents only: 0.0 + -0.0 is 0.0, which the user's own sums must keep.  Not where one is seen in
    another shape: that is a view, as it is of the primal, because both are laid out alike in memory.
    """
    if any(isinstance(s, Let) and s.op is reshaped_part for s in walk(program.body)):
        return program
    known = Known(program, facts)
    body = _block(program.body, known)
    return program if body is program.body else replace(program, body=body)


def _block(block: Block, known: Known) -> Block:
    found: list[Statement] = []
    places: dict[str, int] = {}  # where arrays were made in this block that share nothing
    for statement in block:
        statement = with_blocks(statement, lambda inner: _block(inner, known))
        made = _started(found[-1], statement, known) if found else None
        if made is not None:
            statement = made
            found.pop()
        place = places.get(_copied(statement, known))
        if place is not None:  # what is copied is made under the name of the copy instead
            found[place] = replace(found[place], targets=tuple(defined(statement)))
            places[defined(statement)[0]] = place
            continue
        if isinstance(statement, Let) and id(statement.op) in NEW_ARRAYS and not statement.effect:
            places.update(dict.fromkeys(statement.targets, len(found)))
        found.append(statement)
    return same_or(block, found)


def _copied(statement: Statement, known: Known) -> str:
    """The array of which a statement is a copy, if nobody else reads it."""
    match statement:
        case Let(op=np.copy, args=(Var(name=name),), kwargs=()) if known.uses.get(name) == 1:
            return name if known.facts.get(name, UNKNOWN).kind == "array" else ""
        case _:
            return ""


def _started(first: Statement, second: Statement, known: Known) -> Let | None:
    match first, second:
        case (
            Let(targets=(target,), op=op, args=(like,), kwargs=()),
            Let(op=add, args=(Var(name=name), Const(value=float() as number))),
        ) if op is np.zeros_like and add is iadd and name == target and number != 0.0:
            if number == 1.0:
                return replace(first, op=np.ones_like)
            return replace(first, op=np.full_like, args=(like, Const(number)))
        case (
            Let(targets=(target,), op=op, args=(_,), kwargs=()),
            Let(op=add, args=(Var(name=name), Var() as value)),
        ) if op is np.zeros_like and add is iadd and name == target and second.line < 0:
            own, other = known.fact(Var(target)), known.fact(value)
            alike = own.dims == other.dims is not None and same_dtype(own.dtype, other.dtype)
            return replace(first, op=np.copy, args=(value,)) if alike and other.kind == "array" else None
        case _:
            return None
