"""Which of its arguments a procedure shows in its result: it may return one, or what one holds.

def longest(xs):                  longest shows its first argument, and
    if len(xs) < 2:               doubled none: its result is new
        return xs                 whatever it is given
    ...
"""

from __future__ import annotations

from tapeless.ir.procedures import Procedure, procedures_of
from tapeless.ir.program import Program, named
from tapeless.source.analyse.aliasing import SHOWN, aliasing
from tapeless.source.analyse.outline import distinct, outline


def note_shown(program: Program) -> None:
    """Note for each procedure that a program calls which positions of its arguments its result shows.

    What calls itself shows nothing at first, and then more and more; what is still being made is not known.
    """
    group = _unknown(program)
    if any(one.program is None for one in group):
        return
    for one in group:
        one.derived[SHOWN] = frozenset()
    changed = True
    while changed:
        changed = False
        for one in group:
            found = _shown(one)
            if found != one.derived[SHOWN]:
                one.derived[SHOWN] = found
                changed = True


def _unknown(program: Program) -> list[Procedure]:
    """The procedures of which nothing is noted, also those that only procedures call."""
    found: dict[Procedure, None] = {}
    waiting = procedures_of(program)
    while waiting:
        one = waiting.pop(0)
        if one not in found and SHOWN not in one.derived:
            found[one] = None
            waiting.extend(procedures_of(one.program) if one.program is not None else [])
    return list(found)


def _shown(procedure: Procedure) -> frozenset[int]:
    assert procedure.program is not None
    program = distinct(procedure.program.body)
    body = Program(procedure.name, procedure.program.params, program, procedure.program.exit)
    known = aliasing(body, procedure.facts, outline(body))
    result = frozenset(
        site for atom in body.exit.values if (name := named(atom)) is not None for site in known.within(name)
    )
    places = enumerate(body.params)
    return frozenset([k for k, name in places if any(_is_of(site[0], name) for site in result)])


def _is_of(site: str, name: str) -> bool:
    """Whether storage is that of a parameter, or of what it holds."""
    return site == name or site.startswith(f"{name}[")
