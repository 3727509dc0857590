"""The cotangent of a name that stands for one of several arrays: chosen as the branch chose.

if t:                              if t:
    c = a                              dc = da
elif u:                      =>    elif u:
    c = b[1:]                          dc = db[1:]
else:                              else:
    c = x * 2.0                        dc = np.zeros_like(c)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tapeless.ir.program import UNDEFINED, Argument, Atom, Const, If, Let, Phi, Statement, Var
from tapeless.source.analyse.choices import phi_of

if TYPE_CHECKING:
    from tapeless.source.reverse.frame import Frame

# The branches around a place that lies in them, outermost first, and in which block of each.
Path = tuple[tuple[If, int], ...]
SETTLED = ("scalar", "slice", "tuple", "object")


def chosen(frame: Frame, name: str, branch: If) -> Var:
    return _chosen(frame, name, name, branch, (), frame.out)


def _chosen(frame: Frame, whole: str, name: str, branch: If, path: Path, out: list[Statement]) -> Var:
    """Write the branch that chooses; `whole`: the name that all of it is the cotangent of."""
    sides: list[Atom] = []
    blocks: list[tuple[Statement, ...]] = []
    phi = phi_of(branch, name)
    for place, atom in enumerate((phi.then, phi.orelse)):
        block: list[Statement] = []
        within = (*path, (branch, place))
        is_own = not path and frame.work.storage.sides.get((name, place)) == "own"
        sides.append(_zeros(frame, whole, block) if is_own else _side(frame, whole, atom, within, block))
        blocks.append(tuple(block))
    new = frame.work.cotangent_name(name)
    test = _outside(frame, branch.test, path)
    out.append(If(test, blocks[0], blocks[1], (Phi(new, *sides),), frame.line))
    return Var(new)


def _side(frame: Frame, whole: str, atom: Atom, path: Path, out: list[Statement]) -> Atom:
    if not isinstance(atom, Var):
        return UNDEFINED
    work = frame.work
    if not work.is_of(atom.name, path[0][0]):
        found = frame.own(atom.name).atom
        assert found is not None
        return found
    made = work.definition.get(atom.name)
    if isinstance(made, If) and atom.name in work.storage.choices:
        return _chosen(frame, whole, atom.name, made, path, out)
    if isinstance(made, Let) and atom.name in work.storage.views:
        base = made.args[0]
        assert isinstance(base, Var)
        part = _side(frame, whole, base, path, out)
        rest: list[Argument] = [
            _outside(frame, arg, path) if isinstance(arg, Var) else arg for arg in made.args[1:]
        ]
        kwargs = tuple([(key, _outside(frame, value, path)) for key, value in made.kwargs])
        new = work.cotangent_name(atom.name)
        out.append(Let((new,), made.op, (part, *rest), kwargs, frame.line))
        return Var(new)
    return _zeros(frame, whole, out)


def _zeros(frame: Frame, whole: str, out: list[Statement]) -> Var:
    new = frame.work.cotangent_name(whole)
    out.append(Let((new,), np.zeros_like, (Var(whole),), line=frame.line))
    return Var(new)


def _outside(frame: Frame, atom: Atom, path: Path) -> Atom:
    """A test or an index from within branches as the block around them sees it."""
    if not isinstance(atom, Var):
        return atom
    work = frame.work
    if work.fact(atom).kind not in SETTLED:
        raise frame.refuse(f"chooses an array by {atom.name}, which is no number", "use bool(...)")
    for branch, place in reversed(path):
        inner = work.outline.inner[id(branch)][place]
        if isinstance(atom, Var) and work.outline.is_within(work.scope_of[atom.name], inner):
            atom = _exported(frame, atom, branch, place)
    return atom


def _exported(frame: Frame, atom: Var, branch: If, place: int) -> Var:
    work = frame.work
    key = (id(branch), place, atom.name)
    if key not in work.exported:
        new = work.forward_name(atom.name, work.outline.home[id(branch)], work.fact(atom))
        work.exported[key] = new
        work.definition[new] = branch
        sides = (atom, Const(None)) if place == 0 else (Const(None), atom)
        work.exports.setdefault(id(branch), []).append(Phi(new, *sides))
    return Var(work.exported[key])
