"""The way back through a loop: its rounds in the other order, cotangents carried from one to the next."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.program import Atom, Block, Carry, Const, For, Let, Statement, Var, While, walk
from tapeless.source.facts import Fact
from tapeless.source.reverse.frame import Cotangent, Frame
from tapeless.source.reverse.residuals import needed, pushed
from tapeless.source.reverse.touched import touched
from tapeless.source.reverse.work import rename_block, renamed_atom

INTEGER = Fact("scalar", np.dtype(np.int64), (), weak=True)
Backward = Callable[[Frame, Block], Block]


def outer_values(frame: Frame, statement: Statement) -> list[str]:
    """Names from outside to whose cotangents the blocks add, without writing into them."""
    inner = frame.work.outline.inner[id(statement)]
    found = []
    for name in touched(frame.work, statement):
        scope = frame.work.scope_of[name]
        outside = not any(frame.work.outline.is_within(scope, s) for s in inner)
        known = frame.find(name)
        if outside and not (known is not None and known.owned):
            found.append(name)
    return found


def loop(frame: Frame, statement: For | While, backward: Backward) -> Block:
    """Write the backward loop; the forward loop that keeps what it needs, after the stacks that it fills."""
    work = frame.work
    body = Frame(work, work.outline.inner[id(statement)][0], frame)
    body.statement = statement
    carries = _Carries(frame, body, statement)
    rounds = _rounds(frame, body, statement)
    forward = backward(body, statement.body)
    head = backward(body, statement.head) if isinstance(statement, While) else ()
    body.statement = frame.statement = statement
    rounds.item(body)
    start = tuple([let for name in ir.inner(statement) for let in work.following.pop(name, ())])
    _check_head(frame, head)
    back = carries.finish()
    if not body.out and all(carry.next == Var(carry.name) for carry in back):
        carries.deliver({})
        return (_with_body(statement, head, (*start, *forward), ()),)
    return _written(frame, statement, carries, rounds, body, back, head, (*start, *forward))


def _written(
    frame: Frame,
    statement: For | While,
    carries: _Carries,
    rounds: _Rounds,
    body: Frame,
    back: list[Carry],
    head: Block,
    forward: Block,
) -> Block:
    work = frame.work
    ends = [carry.next for carry in back]
    found = needed(work, body, tuple(body.out), ends, rounds.counters)
    push, pop = pushed(work, found, statement.line)
    is_outermost = not work.in_loop(frame.scope)
    rounds.count(frame, pop if is_outermost else ())
    inside = (*pop, *found.lets, *rename_block(tuple(body.out), found.names))
    back = [replace(carry, next=renamed_atom(carry.next, found.names)) for carry in back]
    targets = rounds.targets
    assert rounds.iterable is not None
    frame.out.append(For(targets, rounds.iterable, tuple(back), inside, line=statement.line))
    carries.deliver({carry.name: carry.result for carry in back})
    again = _with_body(statement, head, (*forward, *rounds.counting, *push), rounds.carries)
    return (*_stacks(frame), again) if is_outermost else (again,)


def _stacks(frame: Frame) -> list[Let]:
    """The stacks that a nest of loops fills, made before it."""
    work = frame.work
    stacks, work.stacks = work.stacks, []
    for let in stacks:
        work.scope_of[let.targets[0]] = frame.scope
        work.definition[let.targets[0]] = let
    return stacks


def _with_body(statement: For | While, head: Block, block: Block, more: tuple[Carry, ...]) -> For | While:
    carries = (*statement.carries, *more)
    if isinstance(statement, For):
        return replace(statement, body=block, carries=carries)
    return replace(statement, head=head, body=block, carries=carries)


def _check_head(frame: Frame, head: Block) -> None:
    """A head runs once more than its loop: what it would keep then, nobody would take."""
    if any(isinstance(s, Let) and s.op is ir.push for s in walk(head)):
        raise frame.refuse(
            "computes in its condition, behind `and` or `or`, what the result depends on",
            "compute it in the loop, and leave with break",
        )


@dataclass(slots=True)
class _Entry:
    """What the backward loop carries: the cotangent of what goes round, or of a name from outside."""

    name: str
    init: Atom
    carry: Carry | None = None
    outer: str | None = None
    owned: bool = False


class _Carries:
    """What goes round the backward loop."""

    def __init__(self, frame: Frame, body: Frame, statement: For | While) -> None:
        self.frame = frame
        self.body = body
        self.entries: list[_Entry] = []
        for name in outer_values(frame, statement):
            new = frame.work.cotangent_name(name)
            self.entries.append(_Entry(new, Const(0.0), outer=name))
            body.known[name] = Cotangent(Var(new))
        for carry in statement.carries:
            if frame.work.is_active(carry.name) or frame.work.is_active(carry.result):
                self._carry(carry)

    def _carry(self, carry: Carry) -> None:
        frame, work = self.frame, self.frame.work
        owned = work.is_buffer(carry.result) or work.is_buffer(carry.name)
        if owned:
            frame.own(carry.result)
        init = frame.take(carry.result)
        if init is None:
            init = frame.zero(carry.result)
        new = work.cotangent_name(carry.name)
        self.entries.append(_Entry(new, init, carry=carry, owned=owned))
        self.body.contribute(carry.next, Var(new), owned)

    def finish(self) -> list[Carry]:
        """The carries of the backward loop; a name from outside that nothing was added to needs none."""
        made = []
        for entry in self.entries:
            following = self._following(entry)
            if entry.outer is not None and following == Var(entry.name):
                continue
            if entry.outer is not None:
                entry.init = self._before(entry.outer)
            wanted = entry.outer if entry.carry is None else entry.carry.name
            assert wanted is not None
            made.append(Carry(entry.name, entry.init, following, self.frame.work.cotangent_name(wanted)))
        return made

    def _following(self, entry: _Entry) -> Atom:
        name = entry.outer if entry.carry is None else entry.carry.name
        assert name is not None
        if entry.owned:
            self.body.own(name)
        atom = self.body.take(name)
        if atom is not None:
            return atom
        dims = self.frame.work.fact(name).dims
        result = None if entry.carry is None else self.frame.work.fact(entry.carry.result)
        if result is not None and result.kind == "array" and dims is not None and dims == result.dims:
            return self.body.let(f"d{name}", np.zeros_like, Var(entry.name))
        return self.body.zero(name)

    def _before(self, name: str) -> Atom:
        atom = self.frame.take(name)
        return self.frame.zero(name) if atom is None else atom

    def deliver(self, results: dict[str, str]) -> None:
        """After the loop: to the first value of what went round, and to the names from outside."""
        for entry in self.entries:
            result = results.get(entry.name)
            if entry.carry is not None:
                atom = entry.init if result is None else Var(result)
                self.frame.contribute(entry.carry.init, atom, entry.owned)
            elif result is not None and entry.outer is not None:
                self.frame.known[entry.outer] = Cotangent(Var(result))


# Which rounds there were ------------------------------------------------------------------------------


class _Rounds:
    """How the backward loop knows how often to go round, and with which counter."""

    def __init__(self, frame: Frame, statement: For | While) -> None:
        self.frame = frame
        self.statement = statement
        self.targets: tuple[str, ...] = ()
        self.counters: dict[str, str] = {}
        self.iterable: Atom | None = None
        self.carries: tuple[Carry, ...] = ()
        self.counting: Block = ()

    def item(self, body: Frame) -> None:
        """The cotangent of the item that the loop is at goes to what it runs over."""
        if isinstance(self.statement, For):
            for name in self.statement.targets:
                if body.take(name) is not None:
                    raise body.refuse("runs over something whose length is not known", "run over a list")

    def count(self, frame: Frame, pop: Block) -> None:
        """By the length of what was kept, or by counting."""
        if pop:
            (let,) = pop
            assert isinstance(let, Let)
            (stack,) = let.args
            number: Atom = frame.let("count", len, stack, fact=INTEGER)
        else:
            number = self._counted(frame)
        self.iterable = frame.let("rounds", range, number)

    def _counted(self, frame: Frame) -> Var:
        work = frame.work
        inner = work.outline.inner[id(self.statement)][0]
        name = work.forward_name("count", inner, INTEGER)
        following = work.forward_name("count", inner, INTEGER)
        result = work.forward_name("count", frame.scope, INTEGER)
        self.carries = (Carry(name, Const(0), Var(following), result),)
        self.counting = (Let((following,), operator.add, (Var(name), Const(1)), line=frame.line),)
        return Var(result)


class _RangeRounds(_Rounds):
    """Over a range, backward."""

    def __init__(self, frame: Frame, statement: For) -> None:
        super().__init__(frame, statement)
        if statement.targets:
            new = frame.work.fresh(statement.targets[0], INTEGER)
            self.targets = (new,)
            self.counters = {statement.targets[0]: new}

    def item(self, body: Frame) -> None:
        pass

    def count(self, frame: Frame, pop: Block) -> None:
        assert isinstance(self.statement, For)
        self.iterable = frame.let("rounds", reversed, self.statement.iterable)


class _SequenceRounds(_Rounds):
    """Over an array or a list, backward, by index; the item is read again."""

    def __init__(self, frame: Frame, statement: For, body: Frame) -> None:
        super().__init__(frame, statement)
        work = frame.work
        index = work.forward_name("k", body.scope, INTEGER)
        self.new = work.fresh("k", INTEGER)
        self.targets = (self.new,)
        self.counters = {index: self.new}
        sequence = statement.iterable
        assert isinstance(sequence, Var)
        if len(statement.targets) == 1 and not work.aliases.is_ever_written(sequence.name):
            item = statement.targets[0]
            again = Let((item,), operator.getitem, (sequence, Var(index)), line=statement.line)
            work.rereads[item] = again

    def item(self, body: Frame) -> None:
        assert isinstance(self.statement, For)
        targets = self.statement.targets
        sequence = self.statement.iterable
        assert isinstance(sequence, Var)
        found = [body.take(name) for name in targets]
        if not body.work.is_active(sequence.name) or all(atom is None for atom in found):
            return
        whole = body.own(sequence.name).atom
        assert whole is not None
        if len(targets) > 1:
            pairs = zip(targets, found, strict=True)
            part: Atom = body.tuple_of([body.zero(n) if a is None else a for n, a in pairs])
        else:
            part = found[0] if found[0] is not None else Const(0.0)
        body.add_part(sequence, whole, Var(next(iter(self.counters))), part)

    def count(self, frame: Frame, pop: Block) -> None:
        assert isinstance(self.statement, For)
        number = frame.let("count", len, self.statement.iterable, fact=INTEGER)
        self.iterable = frame.let("rounds", reversed, frame.let("rounds", range, number))


def _rounds(frame: Frame, body: Frame, statement: For | While) -> _Rounds:
    if not isinstance(statement, For) or statement.until is not None:
        return _Rounds(frame, statement)
    iterable = statement.iterable
    if isinstance(iterable, Const):
        if isinstance(iterable.value, range) and len(statement.targets) < 2:
            return _RangeRounds(frame, statement)
        return _Rounds(frame, statement)
    definition = frame.work.definition.get(iterable.name)
    if isinstance(definition, Let) and definition.op is range and len(statement.targets) < 2:
        return _RangeRounds(frame, statement)
    kind = frame.work.fact(iterable).kind
    if kind in ("array", "list", "tuple") and _keeps_length(frame, iterable.name):
        return _SequenceRounds(frame, statement, body)
    return _Rounds(frame, statement)


def _keeps_length(frame: Frame, name: str) -> bool:
    return frame.work.fact(name).kind != "list" or not frame.work.aliases.is_ever_written(name)
