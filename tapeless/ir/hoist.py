"""Values are kept for the way back as soon as they are known."""

from __future__ import annotations

from dataclasses import replace

from tapeless.ir.nesting import rebuild
from tapeless.ir.program import (
    Block,
    Let,
    Program,
    Statement,
    blocks,
    defined,
    inner,
    named,
    push,
    reads,
    walk,
)


def keep_early(program: Program) -> Program:
    """Keep values for the way back as soon as they are known: later, they need names of their own.

    for i in range(n):                        for i in range(n):
        x_1 = x + 0.01 * np.sin(x)                saved.append(x)
        saved.append(x)                =>         x = x + 0.01 * np.sin(x)
        x = x_1
    """
    if not any([isinstance(statement, Let) and statement.op is push for statement in walk(program.body)]):
        return program
    return replace(program, body=rebuild(program.body, _keep_early))


def _keep_early(block: Block) -> Block:
    stacks = {named(s.args[0]) for s in block if isinstance(s, Let) and s.op is push}
    if not stacks:
        return block
    made: dict[str, int] = {}  # after which statement of the block a name is there
    touched: dict[str, int] = {}  # and which was the last to use a stack
    after: list[list[Statement]] = [[]]
    for statement in block:
        place = len(after) - 1
        if isinstance(statement, Let) and statement.op is push and not statement.targets:
            known = [made.get(name, 0) for name in reads(statement)]
            place = max([*known, touched.get(named(statement.args[0]) or "", 0)])
            after[place].append(statement)
        else:
            place += 1
            after.append([statement])
            made.update(dict.fromkeys(defined(statement), place))
        touched.update(dict.fromkeys(_uses(statement, stacks), place))
    return tuple([statement for group in after for statement in group])


def _uses(statement: Statement, stacks: set[str | None]) -> list[str]:
    """The stacks that a statement or anything in it mentions."""
    found = [name for name in (*reads(statement), *inner(statement)) if name in stacks]
    for part in blocks(statement):
        for each in walk(part):
            found += [name for name in reads(each) if name in stacks]
    return found
