"""Loops that empty a stack go through it backwards."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, replace

from tapeless.ir.names import Names
from tapeless.ir.nesting import rebuild
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import (
    Argument,
    Block,
    For,
    Let,
    Program,
    Return,
    Statement,
    Var,
    named,
    names_of,
    new_stack,
    pop,
    push,
    reads,
    walk,
)


def rewind(program: Program) -> Program:
    """Go through a stack backwards where a loop does nothing else with it than to empty it.

    saved = []                               saved = []
    for i in range(n):                       for i in range(n):
        saved.append((x, y))                     saved.append((x, y))
        ...                          =>          ...
    for i in range(n):                       for x, y in reversed(saved):
        x, y = saved.pop()                       ...
        ...
    """
    if not any([_first_pop(statement) for statement in walk(program.body)]):
        return program
    return replace(program, body=rebuild(program.body, _Rewinding(program).block))


def _first_pop(statement: Statement) -> Let | None:
    """What a loop takes from a stack at the beginning of its body."""
    first = statement.body[0] if isinstance(statement, For) and statement.body else None
    is_pop = isinstance(first, Let) and first.op is pop and isinstance(first.args[0], Var)
    return first if is_pop and isinstance(first, Let) else None


def _computes_again(statement: Statement) -> bool:
    """Whether much memory is needed there, so that what was taken from a stack should not stay on it."""
    return (
        isinstance(statement, Let) and isinstance(statement.op, Procedure) and statement.op.rules is not None
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    at: int  # in the order of the source
    statement: Statement | Return


class _Rewinding:
    def __init__(self, program: Program) -> None:
        self.names = Names(names_of(program))
        self.readers: dict[str, list[_Reader]] = {}
        self.made: dict[str, Let] = {}
        self.at: dict[int, int] = {}
        for at, statement in enumerate((*walk(program.body), program.exit)):
            self.at[id(statement)] = at
            for name in reads(statement):
                self.readers.setdefault(name, []).append(_Reader(at, statement))
            if isinstance(statement, Let):
                self.made.update(dict.fromkeys(statement.targets, statement))

    def block(self, block: Block) -> Block:
        found: list[Statement] = []
        gone: set[str] = set()
        for place, statement in enumerate(block):
            taken = _first_pop(statement)
            if taken is not None and isinstance(statement, For) and self._empties(statement, block, place):
                name = self.names.fresh("t")
                found.append(Let((name,), builtins.reversed, (taken.args[0],), line=statement.line))
                gone.update(self._chain(statement.iterable))
                statement = replace(
                    statement, targets=taken.targets, iterable=Var(name), body=statement.body[1:]
                )
            found.append(statement)
        kept = [s for s in found if not (isinstance(s, Let) and s.targets and s.targets[0] in gone)]
        return tuple(kept) if gone or any([a is not b for a, b in zip(kept, block, strict=False)]) else block

    def _empties(self, loop: For, block: Block, place: int) -> bool:
        """Whether the loop takes all there is on a stack made in its own block, and nobody else takes any."""
        stack = named(loop.body[0].args[0]) if isinstance(loop.body[0], Let) else None
        if stack is None or any([self.readers.get(target) for target in loop.targets]):
            return False
        if any([_computes_again(statement) for statement in walk(loop.body)]):
            return False
        made = self.made.get(stack)
        if made is None or made.op not in (new_stack, pop) or not any([made is s for s in block[:place]]):
            return False
        others = [r for r in self.readers[stack] if r.statement is not loop.body[0]]
        pushes = [r.statement for r in others if self._is_push(r, stack, self.at[id(loop.body[0])])]
        lengths = [r.statement for r in others if isinstance(r.statement, Let) and r.statement.op is len]
        if len(pushes) + len(lengths) != len(others):
            return False
        if lengths:
            return len(lengths) == 1 and self._runs_over(loop.iterable, lengths[0], block[:place])
        return made.op is new_stack and len(pushes) == 1 and self._mirrors(loop, pushes[0], block[:place])

    def _is_push(self, reader: _Reader, stack: str, before: int) -> bool:
        statement = reader.statement
        if not isinstance(statement, Let) or statement.op is not push or reader.at > before:
            return False
        return named(statement.args[0]) == stack and reads(statement).count(stack) == 1

    def _range(self, iterable: Argument) -> tuple[Argument, ...] | None:
        """The arguments of the range that is gone through, in whichever direction."""
        let = self.made.get(named(iterable) or "")
        if let is not None and let.op is builtins.reversed and len(self.readers[let.targets[0]]) == 1:
            let = self.made.get(named(let.args[0]) or "")
        return let.args if let is not None and let.op is range and not let.kwargs else None

    def _runs_over(self, iterable: Argument, length: Statement | Return, before: Block) -> bool:
        """Whether a loop runs as often as `length` says, which is asked just before."""
        names = length.targets if isinstance(length, Let) else ()
        if self._range(iterable) != tuple(map(Var, names)) or not any([length is s for s in before]):
            return False
        for statement in reversed(before):
            if statement is length:
                break
            if not isinstance(statement, Let) or statement.effect:
                return False
        return True

    def _mirrors(self, loop: For, pushed: Statement | Return, before: Block) -> bool:
        """Whether a loop before runs as often and pushes once in each iteration."""
        for other in before:
            if isinstance(other, For) and any([pushed is s for s in other.body]):
                over = self._range(loop.iterable)
                return other.until is None and over is not None and over == self._range(other.iterable)
        return False

    def _chain(self, iterable: Argument) -> list[str]:
        """What was computed for nothing but to say how often the loop runs."""
        found: list[str] = []
        name = named(iterable)
        while name in self.made and len(self.readers.get(name, ())) == 1:
            let = self.made[name]
            if let.effect or let.op not in (builtins.reversed, range, len) or len(let.args) != 1:
                break
            found.append(name)
            name = named(let.args[0]) if let.op is not len else None
        return found
