"""The way back through blocks: straight lines, branches and loops.

    for i in range(n):                 saved = []
        x = x * np.sin(x)              for i in range(n):
                                           saved.append(x)
                                           x = x * np.sin(x)
                                       for i in reversed(range(n)):
                                           x = saved.pop()
                                           dx = dx * np.sin(x) + dx * x * np.cos(x)

Every function here writes the backward statements of what it is given to the frame, and returns the forward
statements that take its place.
"""

from __future__ import annotations

from dataclasses import replace

from tapeless.ir import program as ir
from tapeless.ir.effects import written
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import (
    UNDEFINED,
    Atom,
    Block,
    Const,
    For,
    If,
    Let,
    Phi,
    Statement,
    Var,
    While,
)
from tapeless.source.analyse.outline import is_undefined
from tapeless.source.reverse.calls import through_call, whole
from tapeless.source.reverse.frame import CONTAINERS, Cotangent, Frame
from tapeless.source.reverse.loops import loop, outer_values
from tapeless.source.reverse.recursion import through_procedure
from tapeless.source.reverse.residuals import Needed, needed, pushed
from tapeless.source.reverse.touched import touched
from tapeless.source.reverse.work import rename_block
from tapeless.source.reverse.writes import through_write


def backward(frame: Frame, block: Block) -> Block:
    """Go through a block from its end; the forward part that keeps what is needed."""
    parts: list[tuple[Statement, ...]] = []
    for statement in reversed(block):
        frame.statement, frame.before, frame.after = statement, [], []
        forward = _statement(frame, statement)
        follow = [let for name in ir.defined(statement) for let in frame.work.following.pop(name, ())]
        parts.append((*frame.before, *forward, *frame.after, *follow))
    return tuple([statement for part in reversed(parts) for statement in part])


def _statement(frame: Frame, statement: Statement) -> Block:
    if not isinstance(statement, Let):
        _own_outer(frame, statement)
    match statement:
        case Let():
            return _let(frame, statement)
        case If():
            return _branch(frame, statement)
        case For() | While():
            return loop(frame, statement, backward)


def _let(frame: Frame, let: Let) -> Block:
    work = frame.work
    stops = frame.parent is None and any(name in work.wrt for name in let.targets)
    if stops:
        return (let,)
    if not work.activity.differentiates(let):
        for name in let.targets:
            frame.known.pop(name, None)
    elif isinstance(let.op, Procedure):
        g = whole(frame, let)
        return (let,) if g is None else through_procedure(frame, let, g, work.reverse)
    elif work.is_active(written(let)):
        through_write(frame, let)
    else:
        through_call(frame, let)
    return (let,)


def _own_outer(frame: Frame, statement: Statement) -> None:
    """What a statement's blocks write into must be there before them."""
    inner = frame.work.outline.inner[id(statement)]
    for name in touched(frame.work, statement):
        scope = frame.work.scope_of[name]
        if frame.work.is_buffer(name) and not any(frame.work.outline.is_within(scope, s) for s in inner):
            frame.own(name)


# Branches ---------------------------------------------------------------------------------------------


def _branch(frame: Frame, branch: If) -> Block:
    work = frame.work
    outer = outer_values(frame, branch)
    results = {phi.name: frame.known.pop(phi.name, None) for phi in branch.outs}
    sides = []
    for number, block in enumerate((branch.then, branch.orelse)):
        side = Frame(work, work.outline.inner[id(branch)][number], frame)
        side.statement = branch
        for name in outer:
            found = frame.find(name)
            if found is not None:
                side.known[name] = Cotangent(found.atom, found.owned, dict(found.parts))
        for phi in branch.outs:
            _hand(side, phi, results[phi.name], number)
        sides.append((side, backward(side, block)))
    frame.statement = branch
    phis = _joined(frame, sides[0][0], sides[1][0], outer)
    return _branches(frame, branch, sides[0], sides[1], phis)


def _hand(side: Frame, phi: Phi, found: Cotangent | None, number: int) -> None:
    """The cotangent of a name goes to the value that it took on this side."""
    atom = (phi.then, phi.orelse)[number]
    if found is None or not isinstance(atom, Var):
        return
    kind = side.work.storage.sides.get((phi.name, number), "own")
    if kind in ("outside", "part"):
        return  # it is the cotangent of that array, and has taken everything already
    if kind == "choice":
        side.known[atom.name] = Cotangent(found.atom, found.owned)
        return
    for key, part in found.parts.items():
        side.contribute_part(atom, key, part)
    side.contribute(atom, found.atom, found.owned)


def _joined(frame: Frame, then: Frame, orelse: Frame, outer: list[str]) -> list[Phi]:
    """Cotangents that a branch has changed, under one name again."""
    phis = []
    for name in outer:
        before = frame.find(name)
        found = [_settled(side, name) for side in (then, orelse)]
        old = None if before is None else before.atom
        if all(atom == old for atom in found) and not (before is not None and before.parts):
            continue
        sides = [
            _missing(frame, side, name, number) if atom is None else atom
            for number, (side, atom) in enumerate(zip((then, orelse), found, strict=True))
        ]
        new = frame.work.cotangent_name(name)
        phis.append(Phi(new, sides[0], sides[1]))
        frame.known[name] = Cotangent(Var(new))
    return phis


def _missing(frame: Frame, side: Frame, name: str, number: int) -> Atom:
    """Zeros for the side that adds nothing; where the name is unbound its cotangent is too."""
    branch, made = frame.statement, frame.work.definition.get(name)
    if isinstance(branch, If) and isinstance(made, If) and made.test == branch.test:
        phi = next(phi for phi in made.outs if phi.name == name)
        if is_undefined((phi.then, phi.orelse)[number]):
            return UNDEFINED
    return side.zero(name)


def _settled(side: Frame, name: str) -> Atom | None:
    found = side.known.get(name)
    return None if found is None else side.take(name)


def _branches(
    frame: Frame, branch: If, then: tuple[Frame, Block], orelse: tuple[Frame, Block], phis: list[Phi]
) -> Block:
    work = frame.work
    in_loop = work.in_loop(frame.scope)
    forward: list[Block] = []
    back: list[Block] = []
    ends: list[dict[str, Atom]] = []
    exports: list[Phi] = []
    for number, (side, kept) in enumerate((then, orelse)):
        values = [(phi.then, phi.orelse)[number] for phi in phis]
        found = needed(work, side, tuple(side.out), values, {})
        if in_loop:
            push, start = pushed(work, found, branch.line)
            kept = (*kept, *push)
        else:
            start = ()
            exports += _exported(frame, found, number)
        forward.append(kept)
        back.append((*start, *found.lets, *rename_block(tuple(side.out), found.names)))
        ends.append(dict(found.names))
    renamed = [Phi(phi.name, _under(phi.then, ends[0]), _under(phi.orelse, ends[1])) for phi in phis]
    if back[0] or back[1] or renamed:
        test = frame.atom(branch.test)
        frame.out.append(If(test, back[0], back[1], tuple(renamed), branch.line))
    outs = (*branch.outs, *exports, *work.exports.pop(id(branch), ()))
    return (replace(branch, then=forward[0], orelse=forward[1], outs=outs),)


def _under(atom: Atom, names: dict[str, Atom]) -> Atom:
    return names.get(atom.name, atom) if isinstance(atom, Var) else atom


def _exported(frame: Frame, found: Needed, number: int) -> list[Phi]:
    """Outside of loops, what the branch on the way back reads comes out under other names.

    The other branch has none of it: of a container it gives an empty one, of which zeros can be made.
    """
    phis = []
    for name, new in found.kept.items():
        frame.work.scope_of[new] = frame.scope
        other = Const(()) if frame.work.fact(name).kind in CONTAINERS[:4] else UNDEFINED
        phis.append(Phi(new, Var(name), other) if number == 0 else Phi(new, other, Var(name)))
    return phis
