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
    pop,
    same,
    walk,
)
from tapeless.ir.stacks import Stack, stacks

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
        self.stacks = stacks(program)
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
            stack = self.stacks.get(named(let.args[0]) or "") if let.op is pop else None
            if stack is not None and stack.width > position:
                self.sources[target] = stack.pushed(position)
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
            stack = self.stacks.get(named(let.args[0]) or "")
            if stack is not None:
                self._popped(loop, stack)
                return
            let = self.made.get(named(let.args[0]) or "")
        if let is not None and let.op is range:
            self.sources.update({target: [] for target in loop.targets})
        else:
            self.mutable += loop.targets

    def _popped(self, loop: For, stack: Stack) -> None:
        for position, target in enumerate(loop.targets):
            self.sources[target] = stack.pushed(position)

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


def _is_plain(value: Any) -> bool:
    if type(value) is tuple:
        items: tuple[Any, ...] = value
        return all(map(_is_plain, items))
    return type(value) in _PLAIN or (isinstance(value, slice))
