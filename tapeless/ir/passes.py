"""Program to program, one verb each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tapeless.ir.program import Const, Let, Program, Star, Var, reads


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


def share(program: Program) -> Program:
    """Compute once what is written twice; every operation of a straight line is a function of its arguments.

    a = np.sin(x)      a = np.sin(x)
    b = np.sin(x)  =>  return a * a
    return a * b
    """
    first: dict[Any, Var] = {}
    same: dict[str, Var] = {}
    body: list[Let] = []
    for original in program.body:
        statement = rename(original, same)
        key = (
            statement.op,
            tuple([_identity(arg) for arg in statement.args]),
            tuple([(name, _identity(value)) for name, value in statement.kwargs]),
        )
        if len(statement.targets) == 1 and key in first:
            same[statement.targets[0]] = first[key]
            continue
        if len(statement.targets) == 1:
            first[key] = Var(statement.targets[0])
        body.append(statement)
    values = tuple([renamed(value, same) for value in program.exit.values])
    return Program(program.name, program.params, tuple(body), replace(program.exit, values=values))


def _identity(argument: Any) -> Any:
    """What makes two arguments the same: 0.0 is neither -0.0 nor 0, and objects are only themselves."""
    if not isinstance(argument, Const):
        return argument
    value = argument.value
    return (type(value), repr(value)) if isinstance(value, bool | int | float | complex | str) else id(value)


def rename(statement: Let, names: Mapping[str, Var]) -> Let:
    """The statement with other names read in the place of some."""
    args = tuple([renamed(arg, names) for arg in statement.args])
    kwargs = tuple([(name, renamed(value, names)) for name, value in statement.kwargs])
    return replace(statement, args=args, kwargs=kwargs)


def renamed(argument: Any, names: Mapping[str, Var]) -> Any:
    """An argument under its other name, if it has one."""
    if isinstance(argument, Star):
        return Star(names.get(argument.value.name, argument.value))
    return names.get(argument.name, argument) if isinstance(argument, Var) else argument


def uses(program: Program) -> Counter[str]:
    """How often each name is read."""
    return Counter(name for statement in (*program.body, program.exit) for name in reads(statement))
