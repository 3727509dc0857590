"""Stacks of which every use is known: what goes in at a position comes out at that position."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapeless.ir.program import Argument, Let, Program, Star, named, new_stack, pop, push, reads, walk


@dataclass(eq=False, slots=True)
class Stack:
    """The pushes to a stack and the pops from it, each of as many values as the others."""

    pushes: list[Let] = field(default_factory=list[Let])
    pops: list[Let] = field(default_factory=list[Let])

    @property
    def width(self) -> int:
        return len(self.pushes[0].args) - 1 if self.pushes else 0

    def pushed(self, position: int) -> list[Argument]:
        """What may have gone in at a position."""
        return [statement.args[position + 1] for statement in self.pushes]

    def popped(self, position: int) -> list[str]:
        """The names under which it may come out."""
        return [statement.targets[position] for statement in self.pops]


def stacks(program: Program) -> dict[str, Stack]:
    """By name, the stacks that are only pushed to and popped from, always the same number of values."""
    found: dict[str, Stack] = {}
    for statement in walk(program.body):
        if isinstance(statement, Let) and statement.op is new_stack and len(statement.targets) == 1:
            found[statement.targets[0]] = Stack()
    if not found:
        return found
    others: set[str] = set()
    for statement in (*walk(program.body), program.exit):
        used = [name for name in reads(statement) if name in found]
        if len(used) == 1 and isinstance(statement, Let) and named(statement.args[0]) == used[0]:
            if statement.op is push and not any(isinstance(value, Star) for value in statement.args):
                found[used[0]].pushes.append(statement)
                continue
            if statement.op is pop:
                found[used[0]].pops.append(statement)
                continue
        others.update(used)
    return {name: stack for name, stack in found.items() if name not in others and _is_regular(stack)}


def _is_regular(stack: Stack) -> bool:
    pushed = all([len(statement.args) - 1 == stack.width for statement in stack.pushes])
    return pushed and all([len(statement.targets) == stack.width for statement in stack.pops])
