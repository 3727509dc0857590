"""What goes round a loop gets its next value when nobody reads the present one any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tapeless.ir.nesting import rebuild
from tapeless.ir.program import (
    Block,
    Carry,
    For,
    Let,
    Program,
    Statement,
    Var,
    While,
    blocks,
    push,
    reads,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import uses


def hand_on_late(program: Program) -> Program:
    """Compute what goes round a loop when nobody reads its present value any more: one name is enough.

    for x in reversed(saved):               for x in reversed(saved):
        g = dx * y                              dy = dy + dx * x
        dy = dy + dx * x          =>            dx = dx * y
        dx = g

    A loop that is left early is left as it is: what ends it comes last.
    """
    if not any([isinstance(s, For | While) and len(s.carries) > 1 for s in walk(program.body)]):
        return program
    used = uses(program)

    def change(block: Block) -> Block:
        new = [_later(s, used) if isinstance(s, For | While) else s for s in block]
        return block if all([a is b for a, b in zip(new, block, strict=True)]) else tuple(new)

    body = rebuild(program.body, change)
    return program if body is program.body else replace(program, body=body)


def _later(loop: For | While, used: Counter[str]) -> For | While:
    body = loop.body
    handed = {carry.next.name for carry in loop.carries if isinstance(carry.next, Var)}
    for carry in loop.carries if loop.until is None else ():
        if carry.name not in handed:
            body = _moved(body, carry, loop.carries, used)
    if body is loop.body:
        return loop
    old = blocks(loop)
    made = with_blocks(loop, lambda block: body if block is old[-1] else block)
    assert isinstance(made, For | While)
    return made


def _moved(body: Block, carry: Carry, carries: Iterable[Carry], used: Counter[str]) -> Block:
    """The body with the statements of a carry's next value behind the last that reads its present one."""
    name = carry.next.name if isinstance(carry.next, Var) else None
    place = next((k for k, s in enumerate(body) if isinstance(s, Let) and s.targets == (name,)), None)
    if place is None or name is None or used[name] != 1:
        return body
    last = _end(body, max([k for k, s in enumerate(body) if carry.name in _reads(s)], default=-1), used)
    group = _group(body, place, used)
    if last <= place:
        return body
    between = [s for k, s in enumerate(body[: last + 1]) if k > group[0] and k not in group]
    following = {c.name for c in carries if c is not carry and any(_makes(s, c) for s in between)}
    moved = [body[k] for k in group]
    wanted = {read for s in moved for read in reads(s)}
    if not wanted.isdisjoint(following) or any(map(_writes, (*moved, *between))):
        return body
    rest = [s for k, s in enumerate(body) if k not in group]
    at = last + 1 - len(group)
    return (*rest[:at], *moved, *rest[at:])


def _group(body: Block, place: int, used: Counter[str]) -> list[int]:
    """The places of a statement and of those whose results it alone reads: they become one expression."""
    found, wanted = [place], set(reads(body[place]))
    for k in range(place - 1, -1, -1):
        statement = body[k]
        if isinstance(statement, Let) and len(statement.targets) == 1 and not statement.effect:
            target = statement.targets[0]
            if target in wanted and used[target] == 1:
                found.append(k)
                wanted.update(reads(statement))
    return found[::-1]


def _end(body: Block, place: int, used: Counter[str]) -> int:
    """Where the expression ends that a statement is a part of."""
    for k in range(place + 1, len(body)):
        statement, after = body[place], body[k]
        if not isinstance(statement, Let) or len(statement.targets) != 1 or used[statement.targets[0]] != 1:
            break
        if statement.targets[0] in reads(after):
            place = k
    return place


def _makes(statement: Statement, carry: Carry) -> bool:
    return isinstance(carry.next, Var) and isinstance(statement, Let) and carry.next.name in statement.targets


def _reads(statement: Statement) -> set[str]:
    return {name for s in walk((statement,)) for name in reads(s)}


def _writes(statement: Statement) -> bool:
    """Whether a statement does more than to compute; what is kept on a stack is no matter."""
    return any([isinstance(s, Let) and s.effect and s.op is not push for s in walk((statement,))])
