"""What holds of every program between passes."""

from __future__ import annotations

from tapeless.ir.program import Program, reads


def check(program: Program) -> Program:
    """The program itself; ValueError if a name is assigned twice or read before it is assigned."""
    known = set(program.params)
    if len(known) != len(program.params):
        raise ValueError(f"{program.name}: a parameter is named twice")
    for statement in program.body:
        for name in reads(statement):
            if name not in known:
                where = f"line {statement.line}"
                raise ValueError(f"{program.name}: {name} is read before it is assigned ({where})")
        for name in statement.targets:
            if name in known:
                raise ValueError(f"{program.name}: {name} is assigned twice (line {statement.line})")
            known.add(name)
    for name in reads(program.exit):
        if name not in known:
            raise ValueError(f"{program.name}: {name} is returned but never assigned")
    return program
