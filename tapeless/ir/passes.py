"""Program to program, one verb each."""

from __future__ import annotations

from collections import Counter

from tapeless.ir.program import Let, Program, reads


def drop_dead(program: Program) -> Program:
    """Leave out what nobody reads.

    a = x * y          a = x * y
    b = np.sin(x)  =>  return a
    return a
    """
    live = set(reads(program.exit))
    kept: list[Let] = []
    for statement in reversed(program.body):
        if live.intersection(statement.targets):
            live.update(reads(statement))
            kept.append(statement)
    return Program(program.name, program.params, tuple(reversed(kept)), program.exit)


def uses(program: Program) -> Counter[str]:
    """How often each name is read."""
    return Counter(name for statement in (*program.body, program.exit) for name in reads(statement))
