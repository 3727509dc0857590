"""What a program must show before it is differentiated again: facts of all names, and rules that branch.

dx = norm(g, out, x, ord=2)      =>      t = np.conjugate(x)
                                         dx = g * divide_or_zero(t, out)

A rule that branches is called where its function is differentiated once; to be differentiated itself it is
read for the arguments that it has there, and only the branch taken stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

from tapeless.errors import LoweringError, TransformError
from tapeless.ir.effects import written
from tapeless.ir.names import Names
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Block,
    Const,
    If,
    Let,
    Program,
    Star,
    Statement,
    Var,
    build_list,
    build_tuple,
    named,
    names_of,
    same,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import rename_block
from tapeless.rules import table
from tapeless.source.arrays import with_arrays
from tapeless.source.facts import UNKNOWN, Fact, as_one, as_several, join
from tapeless.source.infer import infer
from tapeless.source.lower.calls import inline
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.reader import reader
from tapeless.source.lower.values import Dyn, Items, Known, Tup, Value

RULES = "tapeless.rules."


def is_rule_function(op: Any) -> bool:
    """Whether an operation is a rule itself, or what one calls, and has no rule of its own."""
    if table.is_rule(op):
        return True
    return isinstance(op, FunctionType) and str(op.__module__).startswith(RULES) and table.find(op) is None


def expanded(program: Program, facts: Mapping[str, Fact]) -> tuple[Program, dict[str, Fact]]:
    """The program with the rules that it calls read into it, where they can be; and facts of its names."""
    known = completed(program, facts)
    program, arrays = with_arrays(program, known)
    if arrays:
        known = {**dict.fromkeys(arrays, Fact("array")), **completed(program, known)}
    if not any(isinstance(s, Let) and is_rule_function(s.op) for s in walk(program.body)):
        return program, known
    work = _Expanding(program, known)
    body = work.block(program.body)
    made = replace(program, body=body)
    return made, completed(made, work.facts)


# Facts ------------------------------------------------------------------------------------------------


def completed(program: Program, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts, and what can be inferred from them of names without any."""
    found = dict(facts)
    changed = {written(s) for s in walk(program.body) if isinstance(s, Let)}
    _complete(program.body, found, changed)
    return found


def _complete(block: Block, found: dict[str, Fact], changed: set[str | None]) -> None:
    for statement in block:
        match statement:
            case Let():
                learn(statement, found, changed)
            case If():
                _complete(statement.then, found, changed)
                _complete(statement.orelse, found, changed)
                for phi in statement.outs:
                    if found.get(phi.name, UNKNOWN) == UNKNOWN:
                        found[phi.name] = _joined(phi.then, phi.orelse, phi.name, found)
            case _:
                with_blocks(statement, lambda inner: (_complete(inner, found, changed), inner)[1])


def _joined(then: Atom, orelse: Atom, name: str, found: dict[str, Fact]) -> Fact:
    facts = [found.get(a.name, UNKNOWN) for a in (then, orelse) if isinstance(a, Var)]
    constants = any(isinstance(a, Const) and a.value is not UNDEFINED.value for a in (then, orelse))
    if constants or not facts:
        return UNKNOWN
    return facts[0] if len(facts) == 1 else join(facts[0], facts[1], name)


def learn(let: Let, found: dict[str, Fact], changed: set[str | None] = frozenset()) -> None:  # type: ignore[assignment]
    """Facts of what a statement defines, where there are none; lists that are written into tell nothing."""
    missing = [name for name in let.targets if found.get(name, UNKNOWN) == UNKNOWN]
    if not missing or any(isinstance(arg, Star) for arg in let.args):
        return
    names = [named(arg) for arg in let.args]
    if any(found.get(name or "", UNKNOWN).kind in ("list", "dict") and name in changed for name in names):
        return
    args = [_term(arg, found) for arg in let.args]
    kwargs = {key: _term(atom, found) for key, atom in let.kwargs}
    result = infer(let.op, args, kwargs, let.targets[0])
    several = (as_one(result),)
    if len(let.targets) > 1:
        several = as_several(as_one(result), len(let.targets))
    inferred = zip(let.targets, several, strict=True)
    found.update({name: fact for name, fact in inferred if name in missing})


def _term(argument: Argument, found: Mapping[str, Fact]) -> Fact | Const:
    return argument if isinstance(argument, Const) else found.get(named(argument) or "", UNKNOWN)


# Rules that branch ------------------------------------------------------------------------------------


class _Expanding:
    def __init__(self, program: Program, facts: dict[str, Fact]) -> None:
        self.names = Names(names_of(program))
        self.facts = facts
        self.displays: dict[str, Let] = {}
        self.written = {written(s) for s in walk(program.body) if isinstance(s, Let)}

    def block(self, block: Block) -> Block:
        out: list[Statement] = []
        for statement in block:
            if not isinstance(statement, Let):
                out.append(with_blocks(statement, self.block))
                continue
            if statement.op in (build_list, build_tuple) and len(statement.targets) == 1:
                self.displays[statement.targets[0]] = statement
            read = self.read(statement) if is_rule_function(statement.op) else None
            out.extend([statement] if read is None else read)
        return tuple(out)

    def read(self, let: Let) -> list[Statement] | None:
        """The statements of a rule for these arguments; None where it cannot be read."""
        machine = reader()
        machine.names, machine.facts = self.names, self.facts
        try:
            args = [value for arg in let.args for value in self.values(machine, arg)]
            kwargs = {name: self.value(machine, atom) for name, atom in let.kwargs}
            result = inline(machine, let.op, args, kwargs)
            values = _results(machine, result, len(let.targets))
        except (TransformError, LoweringError):
            return None
        if values is None or machine.found.free:
            return None
        body = rename_block(tuple(machine.block), machine.renamed)
        for name, value in zip(let.targets, values, strict=True):
            atom = machine.renamed.get(value.name, value) if isinstance(value, Var) else value
            body = (*body, Let((name,), same, (atom,), line=let.line))
        return [replace(s, line=let.line) for s in body]

    def values(self, machine: Machine, argument: Argument) -> list[Value]:
        if not isinstance(argument, Star):
            return [self.value(machine, argument)]
        spread = self.value(machine, argument.value)
        if not isinstance(spread, Tup):
            raise LoweringError("a list of unknown length is spread over the arguments of a rule")
        return list(spread.items)

    def value(self, machine: Machine, argument: Argument) -> Value:
        if isinstance(argument, Const):
            return Known(argument.value)
        assert isinstance(argument, Var)
        made = self.displays.get(argument.name)
        if made is not None and argument.name not in self.written and not _has_star(made.args):
            items = tuple([self.value(machine, arg) for arg in made.args])
            return Tup(items) if made.op is build_tuple else machine.new(Items(items))
        fact = self.facts.get(argument.name, UNKNOWN)
        return Dyn(argument, fact, True)


def _has_star(args: Iterable[Argument]) -> bool:
    return any(isinstance(arg, Star) for arg in args)


def _results(machine: Machine, result: Value, count: int) -> tuple[Atom, ...] | None:
    if count == 1:
        return (machine.atom(result),)
    if isinstance(result, Tup) and len(result.items) == count:
        return tuple([machine.atom(item) for item in result.items])
    return None
