"""Tangents beside primals, statement by statement: straight lines, branches and loops.

for i in range(n):                 for i in range(n):
    x = x * np.sin(x)                  t = np.sin(x)
                          =>           tx = tx * t + x * (tx * np.cos(x))
                                       x = x * t
"""

from __future__ import annotations

import operator
from dataclasses import replace

from tapeless.ir.effects import written
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import (
    Atom,
    Block,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Statement,
    Var,
    While,
    same,
)
from tapeless.source.facts import INT, Fact
from tapeless.source.forward.calls import through_call
from tapeless.source.forward.recursion import through_procedure
from tapeless.source.forward.work import Work, is_undefined
from tapeless.source.forward.writes import through_write

COUNTER = Fact("scalar", INT, (), weak=True)


def forward_block(work: Work, block: Block) -> None:
    """Write each statement of a block and the tangents of what it defines."""
    for statement in block:
        work.statement = statement
        match statement:
            case Let():
                _let(work, statement)
            case If():
                _branch(work, statement)
            case For():
                _for(work, statement)
            case While():
                _while(work, statement)


def _let(work: Work, let: Let) -> None:
    if isinstance(let.op, Procedure) and _has_tangent(work, let):
        through_procedure(work, let, work.forward)
        return
    work.out.append(let)
    target = written(let)
    if target is not None:
        if work.carries(target):
            through_write(work, let)
        else:
            _without(work, let)
    elif any(name in work.wrt for name in let.targets):  # whose tangents are parameters
        for name in let.targets:
            work.own_given(name)
    elif any(work.carries(name) for name in let.targets):
        through_call(work, let)


def _has_tangent(work: Work, let: Let) -> bool:
    """Whether tangents go into a call and come out of it."""
    if any(name in work.wrt for name in let.targets):  # whose tangents are parameters
        return False
    return any(map(work.carries, let.targets)) and any(map(work.carries, let.args))


def _without(work: Work, let: Let) -> None:
    for name in let.targets:
        if work.carries(name):
            work.tangents[name] = work.zero(Var(name))


# Branches ---------------------------------------------------------------------------------------------


def _branch(work: Work, branch: If) -> None:
    blocks: list[Block] = []
    ends: list[list[Atom]] = []
    carrying = [phi for phi in branch.outs if work.carries(phi.name)]
    for number, block in enumerate((branch.then, branch.orelse)):
        with work.block() as out:
            forward_block(work, block)
            work.statement = branch
            ends.append([_end(work, (phi.then, phi.orelse)[number]) for phi in carrying])
            blocks.append(tuple(out))
    phis = []
    for phi, then, orelse in zip(carrying, *ends, strict=True):
        name = work.tangent_name(phi.name)
        work.sides(name, then, orelse)
        work.tangents[phi.name] = Var(name)
        phis.append(Phi(name, then, orelse))
    outs = (*branch.outs, *phis)
    work.out.append(If(branch.test, blocks[0], blocks[1], outs, branch.line))


def _end(work: Work, atom: Atom) -> Atom:
    return atom if is_undefined(atom) else work.tangent(atom)


# Loops ------------------------------------------------------------------------------------------------


def _for(work: Work, loop: For) -> None:
    iterable, targets, lead = loop.iterable, loop.targets, ()
    carries = _started(work, loop)
    if any(work.carries(name) for name in targets):
        iterable, targets, lead = _items(work, loop)
    with work.block() as out:
        out.extend(lead)
        forward_block(work, loop.body)
        work.statement = loop
        carries = _closed(work, loop, carries)
        body = tuple(out)
    new = For(targets, iterable, (*loop.carries, *carries), body, loop.until, loop.line)
    work.out.append(new)


def _while(work: Work, loop: While) -> None:
    carries = _started(work, loop)
    with work.block() as head:
        forward_block(work, loop.head)
    with work.block() as body:
        forward_block(work, loop.body)
        work.statement = loop
        carries = _closed(work, loop, carries)
    new = replace(loop, head=tuple(head), body=tuple(body), carries=(*loop.carries, *carries))
    work.out.append(new)


def _started(work: Work, loop: For | While) -> list[Carry]:
    """Tangents of what goes round, as the loop begins; where it goes on is not known yet."""
    started = []
    for carry in loop.carries:
        if work.carries(carry.name) or work.carries(carry.result):
            init = _end(work, carry.init)
            name, result = work.tangent_name(carry.name), work.tangent_name(carry.result)
            work.tangents[carry.name], work.tangents[carry.result] = Var(name), Var(result)
            started.append(Carry(name, init, Const(carry), result))
    return started


def _closed(work: Work, loop: For | While, started: list[Carry]) -> list[Carry]:
    following = {id(carry): carry.next for carry in loop.carries}
    closed = []
    for carry in started:
        assert isinstance(carry.next, Const)
        closed.append(replace(carry, next=_end(work, following[id(carry.next.value)])))
    return closed


def _items(work: Work, loop: For) -> tuple[Atom, tuple[str, ...], tuple[Statement, ...]]:
    """A loop over varying items meets their tangents too: by index; side by side where lengths may change."""
    whole = work.tangent(loop.iterable)
    kind = work.fact(loop.iterable).kind
    name = loop.iterable.name if isinstance(loop.iterable, Var) else ""
    new = tuple([work.tangent_name(target) for target in loop.targets])
    for target, tangent in zip(loop.targets, new, strict=True):
        work.tangents[target] = Var(tangent)
    if kind in ("array", "tuple") or (kind == "list" and not work.aliases.is_ever_written(name)):
        count = work.let("count", len, loop.iterable)
        rounds = work.let("rounds", range, count)
        index = work.fresh("k", COUNTER)
        pairs = ((loop.targets, loop.iterable), (new, whole))
        lead = tuple(
            [Let(names, operator.getitem, (atom, Var(index)), line=loop.line) for names, atom in pairs]
        )
        return rounds, (index,), lead
    both = work.let("pairs", zip, loop.iterable, whole)
    if len(new) == 1:
        return both, (*loop.targets, *new), ()
    item, tangent = work.fresh("item"), work.fresh("t")
    lead = (
        Let(loop.targets, same, (Var(item),), line=loop.line),
        Let(new, same, (Var(tangent),), line=loop.line),
    )
    return both, (item, tangent), lead
