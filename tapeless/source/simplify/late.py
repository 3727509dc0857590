"""Add into arrays that nobody else knows."""

from __future__ import annotations

import operator
from dataclasses import replace

import numpy as np

from tapeless.ir.aliases import NEW_ARRAYS
from tapeless.ir.program import Block, Let, Program, Statement, Var, add_at, with_blocks
from tapeless.ir.renaming import same_or
from tapeless.rules.indexing import index_add
from tapeless.source.facts import Fact, same_dtype
from tapeless.source.simplify.fits import is_basic
from tapeless.source.simplify.known import Known, plain_arguments


def add_in_place(program: Program, facts: dict[str, Fact]) -> Program:
    """Add at the places of an array that nobody else knows, in the place of a sum with zeros elsewhere.

    a = g * y                               c = g * y
    b = index_add(d, np.shape(x), 0)   =>   c[0] += d
    c = a + b
    """
    known = Known(program, facts)
    body = _block(program.body, known)
    return program if body is program.body else replace(program, body=body)


def _block(block: Block, known: Known) -> Block:
    found: list[Statement] = []
    made: dict[str, list[int]] = {}  # where arrays were made in this block, and where they were added to
    for statement in block:
        statement = with_blocks(statement, lambda inner: _block(inner, known))
        sums = _sum_with_part(statement, known, made) if isinstance(statement, Let) else None
        if sums is not None:
            whole, total, added = sums
            places = made[total] = [*made.pop(whole), len(found)]
            found.append(added)
            for place in places:
                found[place] = _under_the_name(found[place], whole, total)
            continue
        if isinstance(statement, Let) and _is_new(statement):
            made[statement.targets[0]] = [len(found)]
        found.append(statement)
    return same_or(block, found)


def _sum_with_part(statement: Let, known: Known, made: dict[str, list[int]]) -> tuple[str, str, Let] | None:
    """The array that is added to, the name of the sum, and the statement that adds."""
    if statement.op not in (operator.add, np.add):
        return None
    operands = plain_arguments(statement) or ()
    for whole, part in (operands, operands[::-1]) if len(operands) == 2 else ():
        maker = known.maker(part)
        args = plain_arguments(maker) if maker is not None and maker.op is index_add else None
        if args is None or not isinstance(whole, Var) or not isinstance(part, Var):
            continue
        (value, _, index), (total,) = args, statement.targets
        if not {whole.name, part.name} <= made.keys() or not _is_own(known, whole, part, total):
            continue
        if is_basic(known, index) and known.is_steady(value):
            add = Let((), add_at, (whole, index, value), line=statement.line, effect=True)
            return whole.name, total, add
    return None


def _under_the_name(statement: Statement, old: str, new: str) -> Statement:
    """What made an array, or added to it, with another name for the array."""
    assert isinstance(statement, Let)
    if statement.effect:
        return replace(statement, args=(Var(new), *statement.args[1:]))
    return replace(statement, targets=(new,))


def _is_new(let: Let) -> bool:
    is_array = id(let.op) in NEW_ARRAYS or let.op is index_add
    return is_array and not let.effect and len(let.targets) == 1


def _is_own(known: Known, whole: Var, part: Var, total: str) -> bool:
    """Whether nothing but the sum reads either, and an array becomes no other by it."""
    a, t = known.fact(whole), known.fact(Var(total))
    alike = a.kind == "array" and a.dims == t.dims is not None and same_dtype(a.dtype, t.dtype)
    return alike and known.uses.get(whole.name) == known.uses.get(part.name) == 1 and bool(a.dims)
