"""Keep values as soon as they are there."""

from __future__ import annotations

from dataclasses import replace

from tapeless.ir.program import (
    Block,
    For,
    If,
    Let,
    Program,
    Statement,
    While,
    defined,
    pop,
    push,
    reads,
    walk,
)


def push_early(program: Program) -> Program:
    """Keep the values of an iteration before their names are bound anew.

    x_1 = x + 0.01 * np.sin(x)         push(saved, x)
    push(saved, x)                 =>  x_1 = x + 0.01 * np.sin(x)

    so that the next `x` may be called `x`.  A stack is the program's own: keeping a value changes nothing for
    the statements between.
    """
    return replace(program, body=_block(program.body))


def _block(block: Block) -> Block:
    body: list[Statement] = []
    for statement in block:
        statement = _within(statement)
        if isinstance(statement, Let) and statement.op is push:
            body.insert(_place(body, statement), statement)
        else:
            body.append(statement)
    return tuple(body)


def _within(statement: Statement) -> Statement:
    match statement:
        case Let():
            return statement
        case If():
            return replace(statement, then=_block(statement.then), orelse=_block(statement.orelse))
        case For():
            return replace(statement, body=_block(statement.body))
        case While():
            return replace(statement, head=_block(statement.head), body=_block(statement.body))


def _place(body: list[Statement], kept: Let) -> int:
    """Behind the last statement that defines what is kept, or uses the same stack."""
    stack, *values = reads(kept)
    for place in range(len(body), 0, -1):
        before = body[place - 1]
        if not set(values).isdisjoint(defined(before)) or stack in defined(before):
            return place
        if any(isinstance(s, Let) and s.op in (push, pop) and stack in reads(s) for s in walk((before,))):
            return place
    return 0
