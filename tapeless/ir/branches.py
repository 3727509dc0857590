"""Decide once what is decided twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tapeless.ir.program import (
    Atom,
    Block,
    If,
    Let,
    Phi,
    Program,
    Statement,
    Var,
    defined,
    is_undefined,
    reads,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import identity, rename_block, renamed, same_or


def join_branches(program: Program, kinds: Mapping[str, str] | None = None) -> Program:
    """Decide once what is decided twice.

    if t:                  c = np.cos(x)
        a = np.sin(x)      if t:
    else:                      a = np.sin(x)
        a = y                  b = a * c
    c = np.cos(x)      =>  else:
    if t:                      a = y
        b = a * c              b = y
    else:
        b = y

    What stands between two branches goes before them, if it needs nothing of the first and has no effect.
    Branches that write are joined only if nothing stands between, and the test is a number ("scalar" in
    `kinds`).
    """
    numbers = {name for name, kind in (kinds or {}).items() if kind == "scalar"}
    body = _block(program.body, numbers)
    return program if body is program.body else replace(program, body=body)


def _block(block: Block, numbers: set[str]) -> Block:
    done: list[Statement] = []
    for old in block:
        statement = with_blocks(old, lambda inner: _block(inner, numbers))
        if not isinstance(statement, If) or not _join(done, statement, numbers):
            done.append(statement)
    return same_or(block, done)


def _join(done: list[Statement], second: If, numbers: set[str]) -> bool:
    """Join a branch with one among the statements done, if it can be."""
    position = _last_branch(done)
    first = None if position is None else done[position]
    if position is None or not isinstance(first, If) or identity(first.test) != identity(second.test):
        return False
    between = done[position + 1 :]
    may_change = isinstance(first.test, Var) and first.test.name not in numbers
    if (between or may_change) and _writes(first):
        return False
    left = set(defined(first))
    if any([not left.isdisjoint(reads(statement)) for statement in between]):
        return False
    joined = _joined(first, second)
    if joined is None:
        return False
    done[position:] = [*between, joined]
    return True


def _last_branch(done: Sequence[Statement]) -> int | None:
    """The last branch after which there are only statements that can go before it."""
    for position in range(len(done) - 1, -1, -1):
        statement = done[position]
        if isinstance(statement, If):
            return position
        if not isinstance(statement, Let) or statement.effect:
            return None
    return None


def _writes(branch: If) -> bool:
    return any(
        [isinstance(s, Let) and s.effect for block in (branch.then, branch.orelse) for s in walk(block)]
    )


def _joined(first: If, second: If) -> If | None:
    then = {phi.name: phi.then for phi in first.outs}
    orelse = {phi.name: phi.orelse for phi in first.outs}
    if _reads_unbound(second.then, then) or _reads_unbound(second.orelse, orelse):
        return None
    outs = [Phi(p.name, renamed(p.then, then), renamed(p.orelse, orelse)) for p in second.outs]
    return If(
        first.test,
        (*first.then, *rename_block(second.then, then)),
        (*first.orelse, *rename_block(second.orelse, orelse)),
        (*first.outs, *outs),
        first.line,
    )


def _reads_unbound(block: Block, sides: dict[str, Atom]) -> bool:
    unbound = {name for name, side in sides.items() if is_undefined(side)}
    return bool(unbound) and any([not unbound.isdisjoint(reads(statement)) for statement in walk(block)])
