"""A program's statements in the middle of another: under names that are free there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tapeless.ir.program import (
    Block,
    Carry,
    For,
    If,
    Let,
    Phi,
    Statement,
    Var,
    While,
    defined,
    inner,
    walk,
)
from tapeless.ir.renaming import rename


def own_names(block: Block) -> list[str]:
    """The names that a block assigns, in order."""
    return [name for statement in walk(block) for name in (*defined(statement), *inner(statement))]


def under(block: Block, names: Mapping[str, str]) -> Block:
    """The block with other names in the place of some, where they are assigned and where they are read."""
    atoms = {old: Var(new) for old, new in names.items()}
    return tuple([_under(statement, names, atoms) for statement in block])


def _under(statement: Statement, names: Mapping[str, str], atoms: Mapping[str, Var]) -> Statement:
    statement = rename(statement, atoms)
    match statement:
        case Let():
            return replace(statement, targets=_each(statement.targets, names))
        case If():
            outs = tuple([Phi(names.get(phi.name, phi.name), phi.then, phi.orelse) for phi in statement.outs])
            then, orelse = under(statement.then, names), under(statement.orelse, names)
            return replace(statement, then=then, orelse=orelse, outs=outs)
        case For():
            body, targets = under(statement.body, names), _each(statement.targets, names)
            return replace(statement, targets=targets, body=body, carries=_carries(statement.carries, names))
        case While():
            head, body = under(statement.head, names), under(statement.body, names)
            return replace(statement, head=head, body=body, carries=_carries(statement.carries, names))


def _each(targets: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple([names.get(name, name) for name in targets])


def _carries(carries: tuple[Carry, ...], names: Mapping[str, str]) -> tuple[Carry, ...]:
    return tuple(
        [
            Carry(
                names.get(carry.name, carry.name),
                carry.init,
                carry.next,
                names.get(carry.result, carry.result),
            )
            for carry in carries
        ]
    )
