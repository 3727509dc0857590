"""Branches that only choose a value stand in expressions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tapeless.ir.forms import Choice
from tapeless.ir.names import is_temporary
from tapeless.ir.nesting import rebuild
from tapeless.ir.program import (
    Atom,
    Block,
    If,
    Let,
    Program,
    Statement,
    Var,
    atoms,
    is_undefined,
    named,
    reads,
    walk,
)
from tapeless.ir.widths import LONG, width_of_argument, width_of_form


def choose(program: Program) -> Program:
    """Write branches that only choose a value for an expression as expressions.

    t = n > 3
    if t:
        t_1 = x > 0.0       =>    if n > 3 and x > 0.0:
    (t_2: t_1 or else t)              ...
    if t_2:
        ...
    """
    if not any([_may_choose(statement) for statement in walk(program.body)]):
        return program
    return replace(program, body=rebuild(program.body, _with_choices))


def _with_choices(block: Block) -> Block:
    return tuple([_choice(statement) or statement for statement in block])


def _may_choose(statement: Statement) -> bool:
    return isinstance(statement, If) and len(statement.outs) == 1 and is_temporary(statement.outs[0].name)


def _choice(statement: Statement) -> Let | None:
    if not isinstance(statement, If) or not _may_choose(statement):
        return None
    (phi,) = statement.outs
    sides = [(statement.then, phi.then), (statement.orelse, phi.orelse)]
    if not all([_is_expression(block, end) for block, end in sides]):
        return None
    lets = tuple([s for block, _ in sides for s in block if isinstance(s, Let)])
    own = {let.targets[0] for let in lets}
    used = [atom for let in lets for atom in atoms(let) if named(atom) not in own]
    width = sum(map(width_of_form, lets)) + sum(map(width_of_argument, (*used, phi.then, phi.orelse)))
    if width > LONG:
        return None
    others = [name for let in lets for name in reads(let) if name not in own]
    kind = _kind(statement)
    ends = {"and": (phi.then,), "or": (phi.orelse,), "if": (phi.then, phi.orelse)}[kind]
    args = (statement.test, *ends, *map(Var, others))
    return Let((phi.name,), Choice(lets, kind, width), args, line=statement.line)


def _kind(statement: If) -> str:
    """`test and then` is `then if test else test`."""
    (phi,) = statement.outs
    if not statement.orelse and phi.orelse == statement.test:
        return "and"
    return "or" if not statement.then and phi.then == statement.test else "if"


def _is_expression(block: Block, end: Atom) -> bool:
    """Whether a branch computes one value, by operations each of which is used once, in the next."""
    if is_undefined(end):
        return False
    wanted = Counter(name for name in [named(end)] if name is not None)
    for statement in reversed(block):
        if not isinstance(statement, Let) or statement.effect or len(statement.targets) != 1:
            return False
        (target,) = statement.targets
        if wanted[target] != 1:
            return False
        wanted.update(reads(statement))
    return True
