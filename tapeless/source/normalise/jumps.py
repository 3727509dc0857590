"""Control leaves a block at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import gast

from tapeless.source.normalise.exits import Exits, ExitTable, Jump, either, is_endless
from tapeless.source.normalise.syntax import (
    Block,
    Function,
    again,
    assign,
    at,
    branch,
    changed,
    constant,
    is_elif,
    is_simple,
    joined,
    load,
    names_in,
    negated,
    store,
)

# After so many early exits in a row, what follows is no longer nested in the branch of each.
_DEEPEST = 50


def structured_jumps(tree: Function) -> Function:
    """Say jumps with branches and flags.

    There is no `continue` afterwards and no `else` of a loop; `break` stands last in the body of its loop, or
    last in a branch that stands last there; so does `return` in the function, and in no loop.  If a path
    returns a value, every path that gets to its end returns one.

    Before:
        for i in range(n):
            if x[i] < 0:
                continue
            if x[i] > 9:
                return i
            s += x[i]
        return s
    After:
        returned = False
        for i in range(n):
            if x[i] < 0:
                pass
            elif x[i] > 9:
                result = i
                returned = True
                break
            else:
                s += x[i]
        if returned:
            return result
        else:
            return s

    No statement is written twice but a `return` of a name or literal, or a `break`.
    """
    if isinstance(tree, gast.Lambda):
        return tree
    exits = ExitTable(tree.body)
    if exits.whole.plain:
        return tree
    structuring = _Structuring(exits)
    body = structuring.function(tree.body)
    structuring.name_flags(tree)
    return changed(tree, body=body or [at(tree, gast.Pass())])


@dataclass
class _Flag:
    """A name to be: chosen when all uses are known, so that the first in the text gets the shortest."""

    wanted: str
    order: int
    uses: list[gast.Name] = field(default_factory=list)

    def read(self, place: gast.AST) -> gast.Name:
        self.uses.append(load("", place))
        return self.uses[-1]

    def set(self, value: gast.expr, place: gast.AST) -> gast.stmt:
        self.uses.append(store("", place))
        return assign(self.uses[-1], value, place)

    def name(self, name: str) -> None:
        for use in self.uses:
            vars(use)["id"] = name


@dataclass(frozen=True)
class _Region:
    """Around a block: what it ends, the loop that it is in, and the flags that tell how it was left.

    A "marked" block is followed by more; its jumps set flags that those who follow ask.  The flags are False
    where the region begins.
    """

    ends: Literal["function", "loop", "marked"]
    loop: gast.AST | None = None
    flags: Mapping[Jump, _Flag] = field(default_factory=dict)


@dataclass
class _Tail:
    """What runs from somewhere to the end of a block, last statement first.

    `unset`: flags that must be False when it begins, each with the number of steps from its first use on;
    `depth`: into how many branches it moved.
    """

    steps: Block = field(default_factory=list)
    unset: list[tuple[_Flag, int]] = field(default_factory=list)
    depth: int = 0

    def add(self, *statements: gast.stmt) -> None:
        self.steps.extend(reversed(statements))

    def needs(self, flag: _Flag) -> None:
        self.unset.append((flag, len(self.steps)))

    def closed(self, known: Iterable[_Flag]) -> Block:
        """The statements in order; flags start as False right before their first use, if not known to be."""
        settled = list(known)
        starts: dict[int, list[_Flag]] = {}
        for flag, count in self.unset:
            if not any(flag is other for other in settled):
                starts.setdefault(count, []).append(flag)
        block: Block = []
        for count in range(len(self.steps), 0, -1):
            place = self.steps[count - 1]
            block += [flag.set(constant(False, place), place) for flag in starts.get(count, ())]
            block.append(place)
        return block

    def is_copyable(self) -> bool:
        """Whether it may be written twice: nothing, `break`, or `return` of a name or literal."""
        if not self.steps:
            return True
        last = self.steps[0]
        if len(self.steps) > 1 or self.unset:
            return False
        return isinstance(last, gast.Break) or (isinstance(last, gast.Return) and is_simple(last.value))

    def copy(self) -> _Tail:
        assert self.is_copyable()
        return _Tail([_copied(step) for step in self.steps])

    def is_return_none(self) -> bool:
        if len(self.steps) != 1 or not isinstance(self.steps[0], gast.Return):
            return False
        value = self.steps[0].value
        return isinstance(value, gast.Constant) and value.value is None


def _copied(step: gast.stmt) -> gast.stmt:
    return changed(step, value=again(step.value)) if isinstance(step, gast.Return) else changed(step)


class _Structuring:
    """One function, from its last statement to its first: what follows a statement is there before it."""

    def __init__(self, exits: ExitTable) -> None:
        self._exits = exits
        self._flags: dict[tuple[Jump, int], _Flag] = {}
        self._result = _Flag("result", -1)

    def function(self, body: Block) -> Block:
        end = _Tail()
        if self._exits.gives_value and self._exits.whole.completes:
            end.add(at(body[-1], gast.Return(constant(None, body[-1]))))
        return self._block(body, _Region("function"), end).closed(())

    def name_flags(self, tree: gast.AST) -> None:
        names = names_in(tree)
        flags = sorted([self._result, *self._flags.values()], key=lambda flag: flag.order)
        for flag in flags:
            if flag.uses:
                flag.name(names.fresh(flag.wanted))

    def _flag(self, jump: Jump, loop: gast.AST | None) -> _Flag:
        """The flag that tells of a jump: one for each loop that it may leave, one for the function."""
        if jump is Jump.RETURN or loop is None:
            return self._flags.setdefault((jump, 0), _Flag(jump.value, -1))
        return self._flags.setdefault((jump, id(loop)), _Flag(jump.value, self._exits.order[id(loop)]))

    def _leave(self, jump: Jump, region: _Region, place: gast.AST) -> Block:
        """How to end a region when flag and result of a jump say already what happened."""
        if not self._leaves(jump, region):
            return []
        if region.ends == "loop":
            return [at(place, gast.Break())]
        return [at(place, gast.Return(self._result.read(place)))]

    def _leaves(self, jump: Jump, region: _Region) -> bool:
        """Whether a region is left by a statement, not by coming to its end."""
        if region.ends == "loop":
            return jump is not Jump.CONTINUE
        return region.ends == "function" and self._exits.gives_value

    def _jump(self, statement: gast.stmt, jump: Jump, region: _Region) -> Block:
        """What a jump becomes, last in its region."""
        gives_value = jump is Jump.RETURN and self._exits.gives_value
        value = (statement.value or constant(None, statement)) if gives_value else None
        if value is not None and region.ends == "function":
            return [statement if statement.value is value else changed(statement, value=value)]
        steps: Block = []
        if value is not None:
            steps.append(self._result.set(value, statement))
        if jump in region.flags:
            # After the result: if that fails and a context swallows it, nothing was returned.
            steps.append(region.flags[jump].set(constant(True, statement), statement))
        return steps + self._leave(jump, region, statement)

    def _block(self, block: Block, region: _Region, later: _Tail) -> _Tail:
        """The statements of a block and what follows it."""
        reached = len(block)
        for count, statement in enumerate(block, 1):
            if not self._exits[statement].completes:
                reached, later = count, _Tail()
                break
        for count in range(reached, 0, -1):
            if later.depth >= _DEEPEST and self._exits[block[count - 1]].jumps:
                return self._in_a_row(block[:count], region, later)
            later = self._statement(block[count - 1], region, later)
        return later

    def _in_a_row(self, block: Block, region: _Region, later: _Tail) -> _Tail:
        """Statements that set flags, and behind them, not inside them, what follows."""
        jumps = frozenset[Jump]().union(*(self._exits[statement].jumps for statement in block))
        inner = self._marking(jumps, region)
        return self._asked(self._alone(block, inner), inner.flags, region, later)

    def _alone(self, block: Block, region: _Region) -> Block:
        return self._block(block, region, _Tail()).closed(region.flags.values())

    def _statement(self, statement: gast.stmt, region: _Region, later: _Tail) -> _Tail:
        if isinstance(statement, gast.Pass):  # it is put back where nothing else is
            return later
        if self._exits[statement].plain:
            later.add(statement)
            return later
        match statement:
            case gast.Return():
                return self._ended(self._jump(statement, Jump.RETURN, region))
            case gast.Break():
                return self._ended(self._jump(statement, Jump.BREAK, region))
            case gast.Continue():
                return self._ended(self._jump(statement, Jump.CONTINUE, region))
            case gast.If():
                return self._branches(statement, region, later)
            case gast.With():
                return self._context(statement, region, later)
            case _:
                assert isinstance(statement, gast.For | gast.While)
                return self._loop(statement, region, later)

    def _ended(self, steps: Block) -> _Tail:
        return _Tail(steps[::-1])

    def _branches(self, link: gast.If, region: _Region, later: _Tail) -> _Tail:
        """What follows an `if` moves into the one branch that gets there; if several do, they set flags.

        The `elif`s are walked, not descended into.
        """
        done: list[tuple[gast.If, Block]] = []
        depth = 0
        while True:
            exits = self._exits[link]
            assert exits.body is not None
            assert exits.orelse is not None
            if not exits.jumps and later.steps:
                later.add(*self._branches(link, region, _Tail()).closed(()))
                break
            if exits.body.completes and exits.orelse.completes and not later.is_copyable():
                later = self._marked(link, region, later)
                break
            body_later, later = _shared_out(later, exits.body, exits.orelse)
            body = self._block(link.body, region, body_later)
            depth = max(depth, body.depth)
            done.append((link, body.closed(region.flags.values())))
            if not is_elif(link.orelse):
                later = self._block(link.orelse, region, later)
                break
            link = link.orelse[0]
        depth = max(depth, later.depth) + 1
        for link, body in reversed(done):
            step = branch(link.test, body, later.closed(region.flags.values()), link)
            later = _Tail([step], depth=depth)
        return later

    def _marked(self, statement: gast.If | gast.With, region: _Region, later: _Tail) -> _Tail:
        """A statement that is followed by more, which runs unless a flag forbids it."""
        inner = self._marking(self._exits[statement].jumps, region)
        steps = self._statement(statement, inner, _Tail()).closed(inner.flags.values())
        return self._asked(steps, inner.flags, region, later)

    def _marking(self, jumps: frozenset[Jump], region: _Region) -> _Region:
        flags = {jump: self._flag(jump, region.loop) for jump in Jump if jump in jumps}
        return _Region("marked", region.loop, flags)

    def _asked(self, steps: Block, flags: Mapping[Jump, _Flag], region: _Region, later: _Tail) -> _Tail:
        """Some statements, and what follows them as their flags say."""
        step = steps[-1]
        rest: Block = later.closed([*region.flags.values(), *flags.values()])
        leaving = {jump: flag for jump, flag in flags.items() if self._leaves(jump, region)}
        staying = [flag for jump, flag in flags.items() if jump not in leaving]
        if staying and rest:
            rest = [branch(negated(_any(staying, step)), rest, [], step)]
        if leaving:
            left = self._leave(next(iter(leaving)), region, step)  # a loop is left alike by all of them
            rest = [branch(_any(leaving.values(), step), left, rest, step)]
        tail = _Tail(depth=later.depth + 1)
        tail.add(*steps, *rest)
        for flag in flags.values():
            tail.needs(flag)
        return tail

    def _context(self, statement: gast.With, region: _Region, later: _Tail) -> _Tail:
        if not self._exits[statement].jumps:
            body = self._alone(statement.body, region)
        elif not later.steps or (region.ends == "function" and later.is_return_none()):
            # Falling off the end returns None too, should the context swallow an exception of its body.
            body = self._block(statement.body, region, later).closed(region.flags.values())
            later = _Tail()
        else:
            return self._marked(statement, region, later)
        later.add(changed(statement, body=body or [at(statement, gast.Pass())]))
        return later

    def _loop(self, loop: gast.For | gast.While, region: _Region, later: _Tail) -> _Tail:
        """A loop without `else`; after it, what its flags leave to be done."""
        exits = self._exits[loop]
        assert exits.body is not None
        assert exits.orelse is not None
        orelse = [] if is_endless(loop) else loop.orelse
        flags: dict[Jump, _Flag] = {}
        if orelse and Jump.BREAK in exits.body.jumps:
            flags[Jump.BREAK] = self._flag(Jump.BREAK, loop)
            later = self._unless_broken(loop, exits.orelse, region, later)
        elif orelse:
            later = self._block(orelse, region, later)
        only_returns = is_endless(loop) and Jump.BREAK not in exits.body.jumps
        asks = not only_returns and (later.steps or self._leaves(Jump.RETURN, region))
        if Jump.RETURN in exits.body.jumps and (asks or Jump.RETURN in region.flags):
            flags[Jump.RETURN] = self._flag(Jump.RETURN, None)
        body = self._alone(loop.body, _Region("loop", loop, flags))
        step = changed(loop, body=body or [at(loop, gast.Pass())], orelse=[])
        if only_returns:
            tail = _Tail()
            tail.add(step, *(self._leave(Jump.RETURN, region, loop) if Jump.RETURN in exits.jumps else []))
        elif Jump.RETURN in flags:
            tail = self._asked([step], {Jump.RETURN: flags[Jump.RETURN]}, region, later)
        else:
            tail = later
            tail.add(step)
        if Jump.BREAK in flags:
            tail.needs(flags[Jump.BREAK])
        return tail

    def _unless_broken(self, loop: gast.AST, orelse: Exits, region: _Region, later: _Tail) -> _Tail:
        """The `else` of a loop that may break."""
        test = negated(self._flag(Jump.BREAK, loop).read(loop))
        guard = branch(test, loop.orelse, [], loop)
        self._exits.add(guard, either(orelse, Exits()))
        return self._statement(guard, region, later)


def _shared_out(later: _Tail, body: Exits, orelse: Exits) -> tuple[_Tail, _Tail]:
    """What follows a branch, for each of its sides."""
    if body.completes and orelse.completes:
        return later.copy(), later
    return (later, _Tail()) if body.completes else (_Tail(), later)


def _any(flags: Iterable[_Flag], place: gast.AST) -> gast.expr:
    return joined(gast.Or, [flag.read(place) for flag in flags], place)
