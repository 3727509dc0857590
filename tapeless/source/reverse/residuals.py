"""What the way back through a block must know of the forward block: kept, or computed again."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.program import Argument, Atom, Block, Const, Let, Var, named, reads, walk
from tapeless.rules.support import dtype_of
from tapeless.source.facts import Fact
from tapeless.source.reverse.frame import Frame
from tapeless.source.reverse.work import Work, rename_block
from tapeless.source.reverse.writes import picks_element

SHAPES = (np.shape, np.ndim, np.size, dtype_of)
WHOLE = (operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.neg)


@dataclass(slots=True)
class Needed:
    """`kept`: names of the forward block and what they are called on the way back; `lets` compute the others.

    `names` says for both, and for counters, what stands for them.
    """

    kept: dict[str, str] = field(default_factory=dict)
    lets: list[Let] = field(default_factory=list)
    names: dict[str, Atom] = field(default_factory=dict)


def needed(work: Work, side: Frame, out: Block, ends: list[Atom], counters: dict[str, str]) -> Needed:
    """The names of a forward block that its backward block and the values at its end read."""
    wanted: dict[str, None] = {}
    for statement in walk(out):
        wanted.update(dict.fromkeys(reads(statement)))
    wanted.update(dict.fromkeys([atom.name for atom in ends if isinstance(atom, Var)]))
    own = [name for name in wanted if _is_of(work, side.scope, name)]
    choosing = _Choosing(work, side, counters, own)
    for name in own:
        choosing.choose(name)
    return choosing.found


def _is_of(work: Work, scope: int, name: str) -> bool:
    """Names of the block; and those around it that it reads but that may be unbound in other rounds."""
    where = work.scope_of.get(name)
    if where is None or where == scope:
        return where is not None
    return name in work.outline.maybe_unbound and work.in_loop(where) and work.outline.is_within(scope, where)


class _Choosing:
    def __init__(self, work: Work, side: Frame, counters: dict[str, str], own: list[str]) -> None:
        self.work = work
        self.scope = side.scope
        self.counters = counters
        self.found = Needed()
        self.fixed = {name for name in own if name not in counters and not self._is_cheap(name)}
        self.available: dict[str, bool] = {}

    def choose(self, name: str) -> Atom:
        """What stands for a name on the way back."""
        known = self.found.names.get(name)
        if known is not None:
            return known
        if name in self.counters:
            atom = Var(self.counters[name])
        elif name not in self.fixed and self._is_available(name):
            atom = self._again(name)
        else:
            atom = self._keep(name)
        self.found.names[name] = atom
        return atom

    def _keep(self, name: str) -> Var:
        fact = self.work.fact(name)
        new = self.work.fresh(name, fact)
        self.found.kept[name] = new
        return Var(new)

    def _again(self, name: str) -> Var:
        let = self._let(name)
        assert isinstance(let, Let)
        for argument in let.args:
            other = named(argument)
            if other is not None and not self._is_outside(other):
                self.choose(other)
        new = self.work.fresh(name, self.work.fact(name))
        (renamed,) = rename_block((let,), self.found.names)
        assert isinstance(renamed, Let)
        self.found.lets.append(Let((new,), renamed.op, renamed.args, renamed.kwargs, let.line))
        return Var(new)

    def _is_outside(self, name: str) -> bool:
        return self.work.scope_of.get(name) != self.scope

    def _is_available(self, name: str) -> bool:
        """Whether a name is there on the way back, or can be computed from what is."""
        if name in self.counters or name in self.fixed:
            return True
        known = self.available.get(name)
        if known is None:
            known = self._is_cheap(name) and all([self._is_there(arg) for arg in self._args(name)])
            self.available[name] = known
        return known

    def _is_there(self, argument: Argument) -> bool:
        name = named(argument)
        if name is None:
            return True
        if self._is_outside(name):
            return name not in self.work.outline.maybe_unbound
        return self._is_available(name)

    def _args(self, name: str) -> tuple[Argument, ...]:
        let = self._let(name)
        assert isinstance(let, Let)
        return let.args

    def _let(self, name: str) -> object:
        return self.work.rereads.get(name, self.work.definition.get(name))

    def _is_cheap(self, name: str) -> bool:
        if name in self.work.rereads:
            return True
        let = self.work.definition.get(name)
        if not isinstance(let, Let) or let.targets != (name,) or let.effect or let.kwargs:
            return False
        if let.op in (range, slice, ir.build_tuple):
            return True
        if let.op in SHAPES:
            return self.work.fact(_first(let)).kind not in ("list", "dict", "stack")
        if let.op is len:
            owner = named(let.args[0])
            return owner is None or not self.work.aliases.is_ever_written(owner)
        if let.op in WHOLE:
            return all([_is_whole(self.work, argument) for argument in let.args])
        return let.op is operator.getitem and self._is_element(let)

    def _is_element(self, let: Let) -> bool:
        """A number out of an array that nobody writes into, or an item of a shape."""
        owner = _first(let)
        if not isinstance(owner, Var):
            return False
        fact, index = self.work.fact(owner), let.args[1]
        if fact.kind == "tuple":
            return self.work.fact(let.targets[0]).kind == "scalar"
        if fact.kind != "array" or self.work.aliases.is_ever_written(owner.name):
            return False
        place = index if isinstance(index, Const) else self.work.fact(named(index))
        return picks_element(fact, place)


def _first(let: Let) -> Atom | None:
    first = let.args[0] if let.args else None
    return first if isinstance(first, Var | Const) else None


def _is_whole(work: Work, argument: Argument) -> bool:
    if isinstance(argument, Const):
        return isinstance(argument.value, int)
    fact = work.fact(named(argument))
    return fact.kind == "scalar" and fact.dtype is not None and fact.dtype.kind in "iu"


def pushed(work: Work, found: Needed, line: int) -> tuple[Block, Block]:
    """A stack of its own for what a block must keep: the push at its end, and the pop on the way back."""
    if not found.kept:
        return (), ()
    stack = work.fresh("saved", Fact("stack"))
    work.stacks.append(Let((stack,), ir.new_stack, (), line=line))
    kept = tuple([Var(name) for name in found.kept])
    push = Let((), ir.push, (Var(stack), *kept), line=line, effect=True)
    pop = Let(tuple(found.kept.values()), ir.pop, (Var(stack),), line=line, effect=True)
    return (push,), (pop,)
