"""Which values nothing can write into: numbers of Python's, lengths, counters, tuples of such."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import operator
from typing import Any

from tapeless.ir.forms import OPERATORS
from tapeless.ir.program import (
    Argument,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Var,
    While,
    atoms,
    build_tuple,
    named,
    new_stack,
    pop,
    push,
    reads,
    same,
    walk,
)

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_ALWAYS = frozenset(map(id, (len, range, int, float, bool, str)))
# Of values that nothing can write into, these make others.
COMPUTED = frozenset(map(id, (*OPERATORS, operator.getitem, build_tuple, slice, min, max, abs, same)))


def immutable(program: Program) -> frozenset[str]:
    """The names of values that nothing can write into, as far as that is known.

    n = len(x)
    for i in range(n):     =>  {n, i, k}
        k = i + 1
        y[k] = x[i]
    """
    return frozenset(_Search(program).found)


class _Search:
    """Everything is taken for immutable until it depends on something that may not be."""

    def __init__(self, program: Program) -> None:
        self.pushes = _pushes(program)
        self.made: dict[str, Let] = {}
        self.sources: dict[str, list[Argument]] = {}
        self.mutable: list[str] = list(program.params)
        for statement in walk(program.body):
            match statement:
                case Let():
                    self._let(statement)
                case If():
                    self.sources.update({phi.name: [phi.then, phi.orelse] for phi in statement.outs})
                case For():
                    self._items(statement)
                case While():
                    pass
            if isinstance(statement, For | While):
                for carry in statement.carries:
                    self.sources[carry.name] = [carry.init, carry.next]
                    self.sources[carry.result] = [Var(carry.name)]
        self.found = self._spread()

    def _let(self, let: Let) -> None:
        for position, target in enumerate(let.targets):
            self.made[target] = let
            if let.op is pop:
                self._popped(target, position, let.targets, let.args[0])
            elif id(let.op) in _ALWAYS:
                self.sources[target] = []
            elif id(let.op) in COMPUTED and not let.effect:
                self.sources[target] = atoms(let)
            else:
                self.mutable.append(target)

    def _items(self, loop: For) -> None:
        """What a loop runs over: a range, or a stack backwards."""
        let = self.made.get(named(loop.iterable) or "")
        if let is not None and let.op is builtins.reversed:
            if named(let.args[0]) in self.pushes:
                for position, target in enumerate(loop.targets):
                    self._popped(target, position, loop.targets, let.args[0])
                return
            let = self.made.get(named(let.args[0]) or "")
        if let is not None and let.op is range:
            self.sources.update({target: [] for target in loop.targets})
        else:
            self.mutable += loop.targets

    def _popped(self, target: str, position: int, targets: tuple[str, ...], stack: Argument) -> None:
        """What comes from a stack is what went there."""
        pushes = self.pushes.get(named(stack) or "")
        if pushes and all([len(push_.args) == len(targets) + 1 for push_ in pushes]):
            self.sources[target] = [push_.args[position + 1] for push_ in pushes]
        else:
            self.mutable.append(target)

    def _spread(self) -> set[str]:
        dependents: dict[str, list[str]] = {}
        waiting = list(self.mutable)
        for name, sources in self.sources.items():
            for source in sources:
                if isinstance(source, Const):
                    waiting += [] if _is_plain(source.value) else [name]
                elif isinstance(source, Star):
                    waiting.append(name)
                else:
                    dependents.setdefault(source.name, []).append(name)
        mutable: set[str] = set()
        known = self.sources.keys()
        waiting += [source for source in dependents if source not in known]
        while waiting:
            name = waiting.pop()
            if name not in mutable:
                mutable.add(name)
                waiting += dependents.get(name, ())
        return set(known) - mutable


def _pushes(program: Program) -> dict[str, list[Let]]:
    """By name, what is pushed on the stacks of which every use is known."""
    found: dict[str, list[Let]] = {}
    for statement in walk(program.body):
        if isinstance(statement, Let) and statement.op is new_stack:
            found.update({target: [] for target in statement.targets})
    for statement in (*walk(program.body), program.exit):
        used = [name for name in reads(statement) if name in found]
        if not used:
            continue
        let = statement if isinstance(statement, Let) else None
        is_known = let is not None and let.op in (push, pop, len, builtins.reversed)
        if let is None or not is_known or len(used) > 1 or named(let.args[0]) != used[0]:
            for name in used:
                found.pop(name, None)
        elif let.op is push:
            found[used[0]].append(let)
    return found


def _is_plain(value: Any) -> bool:
    if type(value) is tuple:
        items: tuple[Any, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return all(map(_is_plain, items))
    return type(value) in _PLAIN or type(value) is slice
