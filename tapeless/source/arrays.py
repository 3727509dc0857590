"""Lists that stand for arrays are made arrays, where a derivative rule takes an array.

y = np.dot([a, b], v)      =>      t = np.array([a, b])
                                   y = np.dot(t, v)

What a list is to a rule, its cotangent must be to the list: np.array takes the one to the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.ir.names import Names
from tapeless.ir.program import Argument, Block, Const, Let, Program, Statement, Var, names_of, with_blocks
from tapeless.rules import table
from tapeless.rules.table import Rule
from tapeless.source.facts import Fact

SEQUENCES = ("list", "tuple")


def with_arrays(program: Program, facts: Mapping[str, Fact]) -> tuple[Program, list[str]]:
    """The program with an np.array around each list that a rule takes for an array; the names of these."""
    names = Names(names_of(program))
    arrays: list[str] = []

    def block(old: Block) -> Block:
        new: list[Statement] = []
        for statement in old:
            if isinstance(statement, Let):
                lets = _converted(statement, facts, names)
                arrays.extend([let.targets[0] for let in lets[:-1]])
                new.extend(lets)
            else:
                new.append(with_blocks(statement, block))
        return tuple(new)

    body = block(program.body)
    return (replace(program, body=body) if arrays else program), arrays


def _converted(let: Let, facts: Mapping[str, Fact], names: Names) -> list[Let]:
    lists = [name for name in _taken_as_arrays(let) if name in facts and facts[name].kind in SEQUENCES]
    if not lists:
        return [let]
    made = {name: names.fresh(name) for name in lists}
    lets = [Let((new,), np.array, (Var(old),), line=let.line) for old, new in made.items()]

    def new(atom: Any) -> Any:
        return Var(made[atom.name]) if isinstance(atom, Var) and atom.name in made else atom

    args = tuple([new(argument) for argument in let.args])
    kwargs = tuple([(key, new(atom)) for key, atom in let.kwargs])
    return [*lets, replace(let, args=args, kwargs=kwargs)]


def _taken_as_arrays(let: Let) -> list[str]:
    """The names that a call passes where its rule takes an array."""
    rule = table.find(let.op)
    if (
        rule is None
        or rule.kind == "constant"
        or getattr(let.op, "__module__", "") in ("_operator", "builtins")
    ):
        return []
    try:
        bound = rule.bind(tuple(map(_value, let.args)), {key: _value(atom) for key, atom in let.kwargs})
    except (MissingRuleError, TypeError):  # which is refused where it matters
        return []
    pairs = zip(_takes_arrays(rule), bound, strict=True)
    return list(dict.fromkeys([value.name for takes, value in pairs if takes and isinstance(value, Var)]))


def _value(argument: Argument) -> Any:
    return argument.value if isinstance(argument, Const) else argument


def _takes_arrays(rule: Rule) -> list[bool]:
    """Which parameters of a rule are arrays: all of an elementwise one, else those that say so."""
    if rule.kind == "elementwise":
        return [True] * len(rule.params)
    assert rule.derivative is not None
    parameters = inspect.signature(rule.derivative).parameters
    return [parameters[name].annotation == "Array" and name != rule.star for name in rule.params]
