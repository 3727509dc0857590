"""Functions that programs call: what calls itself is no part of its caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tapeless.ir.effects import written
from tapeless.ir.program import Block, Let, Program, Return, Var, build_tuple, walk, with_blocks


@dataclass(eq=False, slots=True)
class Procedure:
    """A program as the operation of a `Let`: its one result may be a tuple, which several targets unpack.

    The program is set once it is known, for it may call the procedure itself.  `facts` are those of its
    names; `derived` is what was made of it, so that a derivative that calls itself is made once.
    `rules`: how it is differentiated, if its program does not say.
    """

    name: str
    program: Program | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    derived: dict[Any, Any] = field(default_factory=dict[Any, Any])
    rules: Any = None

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{self.name} runs in the module that it is written into")


def procedures_of(program: Program) -> list[Procedure]:
    """The procedures that a program calls itself, in the order of their first calls."""
    lets = [s for s in walk(program.body) if isinstance(s, Let)]
    return list(dict.fromkeys([let.op for let in lets if isinstance(let.op, Procedure)]))


def with_one_result(program: Program, name: str) -> Program:
    """Several results as one tuple of this name."""
    if not program.exit.as_tuple:
        return program
    pack = Let((name,), build_tuple, program.exit.values)
    return replace(program, body=(*program.body, pack), exit=Return((Var(name),)))


def reachable(program: Program, ready: Callable[[Procedure], Program]) -> dict[Procedure, Program]:
    """The procedures that a program calls, and those that these call, each with its program made ready."""
    found: dict[Procedure, Program] = {}
    waiting = procedures_of(program)
    while waiting:
        procedure = waiting.pop(0)
        if procedure not in found:
            found[procedure] = ready(procedure)
            waiting.extend(procedures_of(found[procedure]))
    return found


def mark_effects(procedures: Iterable[Procedure]) -> dict[Procedure, bool]:
    """Which of the procedures do more than give a result; the calls among them are marked."""
    group = list(procedures)
    found = dict.fromkeys(group, False)
    changed = True
    while changed:
        changed = False
        for each in group:
            assert each.program is not None
            lets = [s for s in walk(each.program.body) if isinstance(s, Let)]
            if not found[each] and any(_has_effect(let, found) for let in lets):
                found[each] = changed = True
    for each in group:
        assert each.program is not None
        each.program = replace(each.program, body=_marked(each.program.body, found))
    return found


def _has_effect(let: Let, found: Mapping[Any, bool]) -> bool:
    if isinstance(let.op, Procedure):
        return found.get(let.op, let.effect)
    return let.effect and written(let) is None


def _marked(block: Block, found: Mapping[Any, bool]) -> Block:
    return tuple(
        [
            replace(s, effect=found[s.op])
            if isinstance(s, Let) and isinstance(s.op, Procedure) and s.op in found
            else with_blocks(s, lambda inner: _marked(inner, found))
            for s in block
        ]
    )
