"""Begin with what is added first, where that is a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tapeless.ir.program import Block, Const, Let, Program, Statement, Var, iadd, with_blocks
from tapeless.ir.renaming import same_or
from tapeless.source.facts import Fact


def start_full(program: Program, facts: dict[str, Fact]) -> Program:
    """Begin with what is added first, where that is a number.

    dx = np.zeros_like(x)      dx = np.ones_like(x)
    dx += 1.0              =>
    """
    body = _block(program.body)
    return program if body is program.body else replace(program, body=body)


def _block(block: Block) -> Block:
    found: list[Statement] = []
    for statement in block:
        made = _started(found[-1], statement) if found else None
        if made is not None:
            found[-1] = made
        else:
            found.append(with_blocks(statement, _block))
    return same_or(block, found)


def _started(first: Statement, second: Statement) -> Let | None:
    match first, second:
        case (
            Let(targets=(target,), op=op, args=(like,), kwargs=()),
            Let(op=add, args=(Var(name=name), Const(value=float() as number))),
        ) if op is np.zeros_like and add is iadd and name == target and number != 0.0:
            if number == 1.0:
                return replace(first, op=np.ones_like)
            return replace(first, op=np.full_like, args=(like, Const(number)))
        case _:
            return None
