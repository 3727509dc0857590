"""To which names' cotangents the way back through a statement adds."""

from __future__ import annotations

from tapeless.ir.effects import written
from tapeless.ir.program import Argument, Block, For, If, Let, Statement, While, atoms, named
from tapeless.source.analyse.outline import SHAPES
from tapeless.source.reverse.work import Work


def touched(work: Work, statement: Statement) -> list[str]:
    """Active names that the blocks of a statement read or write, in order; but not carries' first values."""
    found: dict[str, None] = {}
    _inside(work, statement, found)
    return [name for name in found if work.is_active(name)]


def _inside(work: Work, statement: Statement, found: dict[str, None]) -> None:
    match statement:
        case Let():
            if statement.op not in SHAPES and work.activity.differentiates(statement):
                _note(found, atoms(statement))
                target = written(statement)
                if target is not None:
                    found[target] = None
        case If():
            _blocks(work, (statement.then, statement.orelse), found)
            active = [phi for phi in statement.outs if work.is_active(phi.name)]
            _note(found, [atom for phi in active for atom in (phi.then, phi.orelse)])
        case For() | While():
            if isinstance(statement, For) and any(work.is_active(name) for name in statement.targets):
                _note(found, [statement.iterable])
            head = statement.head if isinstance(statement, While) else ()
            _blocks(work, (head, statement.body), found)
            _note(found, [carry.next for carry in statement.carries])


def _blocks(work: Work, blocks: tuple[Block, ...], found: dict[str, None]) -> None:
    for block in blocks:
        for statement in block:
            _inside(work, statement, found)
            if isinstance(statement, For | While):
                _note(found, [carry.init for carry in statement.carries])


def _note(found: dict[str, None], arguments: list[Argument]) -> None:
    found.update(dict.fromkeys([name for argument in arguments if (name := named(argument)) is not None]))
