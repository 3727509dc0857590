"""What loops keep for their other half, as lists that stay: a linear map may be called many times.

saved = []                                 saved = []
saved.append((x, i))                       t = (x, i)
...                              =>        saved.append(t)
x, i = saved.pop()                         ...
                                           t = copy.pop()
                                           x, i = t

A stack is emptied on the way back and has a stack of cotangents, which is filled there; a list is copied,
gone through by index, and differentiated as the lists are that people write.
"""

from __future__ import annotations

import builtins
import operator
from dataclasses import replace

from tapeless.ir.names import Names
from tapeless.ir.nesting import rebuild
from tapeless.ir.program import (
    Argument,
    Block,
    Const,
    For,
    Let,
    Statement,
    Var,
    build_list,
    build_tuple,
    free_names,
    inner,
    named,
    new_stack,
    pop,
    push,
    same,
    walk,
)
from tapeless.source.facts import INT, UNKNOWN, Fact, fact_of_constant, join

COUNT = Fact("scalar", INT, (), weak=True)


def as_lists(first: Block, second: Block, facts: dict[str, Fact]) -> tuple[Block, Block]:
    """The blocks with the stacks that `second` finds as lists; facts of these and of new names are added."""
    met = {*free_names(second), *[name for s in walk(second) for name in inner(s)]}
    lets = [s for s in walk(first) if isinstance(s, Let)]
    stacks = {let.targets[0] for let in lets if let.op is new_stack} & met
    work = _Listing(stacks, lets, facts)
    return (rebuild(first, work.block), rebuild(second, work.block)) if stacks else (first, second)


class _Listing:
    def __init__(self, stacks: set[str], lets: list[Let], facts: dict[str, Fact]) -> None:
        self.stacks = stacks
        self.facts = facts
        self.names = Names(facts)
        self.pushes: dict[str, list[Let]] = {}
        for let in lets:
            owner = named(let.args[0]) if let.args else None
            if let.op is push and owner in stacks:
                self.pushes.setdefault(owner or "", []).append(let)
        for name in sorted(stacks):
            self.facts[name] = self._fact_of(name)

    def _fact_of(self, stack: str) -> Fact:
        item: Fact | None = None
        for let in self.pushes.get(stack, ()):
            facts = [self._known(argument) for argument in let.args[1:]]
            own = facts[0] if len(facts) == 1 else Fact("tuple", items=tuple(facts))
            item = own if item is None else join(item, own, f"{stack}[]")
        return Fact("list", item=item)

    def _known(self, argument: Argument) -> Fact:
        if isinstance(argument, Const):
            return fact_of_constant(argument.value)
        name = named(argument) or ""
        return self._fact_of(name) if name in self.stacks else self.facts.get(name, UNKNOWN)

    def _fresh(self, wanted: str, fact: Fact) -> str:
        name = self.names.fresh(wanted)
        self.facts[name] = fact
        return name

    def block(self, block: Block) -> Block:
        found: list[Statement] = []
        for statement in block:
            if isinstance(statement, Let):
                found.extend(self._let(statement))
            elif isinstance(statement, For) and named(statement.iterable) in self.stacks:
                found.extend(self._loop(statement))
            else:
                found.append(statement)
        return tuple(found)

    def _let(self, let: Let) -> list[Statement]:
        owner = named(let.args[0]) if let.args else None
        if let.op is new_stack and let.targets[0] in self.stacks:
            return [replace(let, op=build_list)]
        if owner not in self.stacks or let.op not in (push, pop):
            return [let]
        item = self.facts[owner or ""].item or UNKNOWN
        if let.op is pop:
            return self._popped(let, item)
        values = let.args[1:]
        if len(values) == 1:
            return [replace(let, op=list.append)]
        name = self._fresh("t", item)
        kept = Let((name,), build_tuple, values, line=let.line)
        return [kept, replace(let, op=list.append, args=(let.args[0], Var(name)))]

    def _popped(self, let: Let, item: Fact) -> list[Statement]:
        if len(let.targets) == 1:
            return [replace(let, op=list.pop)]
        name = self._fresh("t", item)
        taken = replace(let, op=list.pop, targets=(name,))
        return [taken, Let(let.targets, same, (Var(name),), line=let.line)]

    def _loop(self, loop: For) -> list[Statement]:
        """By index: the way back through it goes by index, too."""
        count, rounds = self._fresh("count", COUNT), self._fresh("rounds", UNKNOWN)
        index = self._fresh("k", COUNT)
        line = loop.line
        lead: list[Statement] = [Let((count,), builtins.len, (loop.iterable,), line=line)]
        lead.append(Let((rounds,), range, (Var(count),), line=line))
        item = self.facts[named(loop.iterable) or ""].item or UNKNOWN
        one = loop.targets[0] if len(loop.targets) == 1 else self._fresh("t", item)
        lead_in: list[Statement] = [Let((one,), operator.getitem, (loop.iterable, Var(index)), line=line)]
        if len(loop.targets) > 1:
            lead_in.append(Let(loop.targets, same, (Var(one),), line=line))
        body = (*lead_in, *loop.body)
        return [*lead, replace(loop, targets=(index,), iterable=Var(rounds), body=body)]
