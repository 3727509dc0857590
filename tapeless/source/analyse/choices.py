"""Names that stand for one of several arrays which keep their own names: the cotangent is one of theirs.

c = a if t else b[1:]              dc = da if t else db[1:]
c[0] = x                           g = dc[0]
return np.sum(a * c)               dc[0] = 0.0
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field

from tapeless.ir import program as ir
from tapeless.ir.program import Atom, For, If, Let, Phi, Statement, Var, While, named
from tapeless.source.analyse.activity import Activity
from tapeless.source.analyse.aliasing import VIEWS, Aliasing, is_basic
from tapeless.source.analyse.distinct import Distinct
from tapeless.source.analyse.outline import Outline
from tapeless.source.analyse.refusals import Refused
from tapeless.source.facts import UNKNOWN, Fact

Refusal = Callable[[str, str, Statement], Refused]


@dataclass(slots=True)
class Choices:
    """Finds the names, among those that branches hand on; `found`: the branch of each.

    `kinds` says for either side what is handed on: "outside", what has its name there; "part" of that;
    "choice", of a branch within; "own", what is made in the branch.
    """

    facts: dict[str, Fact]
    outline: Outline
    aliases: Aliasing
    active: Activity
    distinct: Distinct
    loses: Callable[[str, str, Statement], bool]  # whether an old name is used after a write into a new one
    refusal: Refusal
    reach: Callable[[str, tuple[str, ...]], int]
    found: dict[str, If] = field(default_factory=dict)
    kinds: dict[tuple[str, int], str] = field(default_factory=dict)

    def find(self, branches: list[If]) -> None:
        """Decide for each name that comes out of a branch; refuse what cannot be a choice."""
        for branch in branches:
            self._find(branch)
        for name, branch in self.found.items():
            self._check(name, branch)

    def _find(self, branch: If) -> None:
        phis = [phi for phi in branch.outs if phi.name in self.active.active]
        for phi in phis:
            if any(self._loses(side, phi, branch) for side in (phi.then, phi.orelse)):
                self.found[phi.name] = branch
        for n, one in enumerate(phis):
            for other in phis[n + 1 :]:
                if self._meet(one.name, other.name) and any(
                    self.distinct.sides_overlap(branch, one.name, other.name)
                ):
                    self.found[one.name] = self.found[other.name] = branch

    def loop(self, loop: For | While) -> None:
        """What goes round under two names at once has two cotangents: nothing may be written into it."""
        carries = loop.carries
        for i, j in sorted(self.distinct.carried(loop)):
            for one, other in ((carries[i].name, carries[j].name), (carries[i].result, carries[j].result)):
                if self._meet(one, other):
                    raise self.refusal(one, other, loop)

    def _meet(self, one: str, other: str) -> bool:
        """Whether one of two names is used after a write into what both may share."""
        if one not in self.active.active or other not in self.active.active:
            return False
        begin = self.outline.position[one]
        last = max(self.reach(one, (other,)), self.reach(other, (one,)))
        shared = self.aliases.of(one) & self.aliases.of(other)
        return any(begin <= write < last for site in shared for write in self.aliases.writes.get(site, ()))

    def _loses(self, side: Atom, phi: Phi, branch: If) -> bool:
        name = named(side)
        return name is not None and name in self.active.active and self.loses(name, phi.name, branch)

    # What each side is --------------------------------------------------------------------------------

    def _check(self, name: str, branch: If) -> None:
        phi = phi_of(branch, name)
        if self.facts.get(name, UNKNOWN).kind != "array":
            old = next(side.name for side in (phi.then, phi.orelse) if isinstance(side, Var))
            raise self.refusal(old, name, branch)
        for place, side in enumerate((phi.then, phi.orelse)):
            if isinstance(side, Var):
                self.kinds[name, place] = self._kind(side, phi, place, branch)

    def _kind(self, side: Var, phi: Phi, place: int, branch: If) -> str:
        if not self.is_of(side.name, branch):
            return "outside"
        if self._is_there(side.name, branch, branch, handed=True):
            return "choice" if isinstance(self.outline.definition.get(side.name), If) else "part"
        if self._loses(side, phi, branch) or self._is_beside(phi, place, branch):
            raise self.refusal(side.name, phi.name, branch)
        return "own"

    def is_of(self, name: str, branch: If) -> bool:
        """Whether a name is seen in a branch only."""
        scope = self.outline.scope_of[name]
        return any(self.outline.is_within(scope, inner) for inner in self.outline.inner[id(branch)])

    def _is_there(self, name: str, branch: If, outermost: If, *, handed: bool) -> bool:
        """Whether the cotangent of what a branch hands on can be made of those of names from outside.

        `handed`: or else be handed on to what a branch within makes.
        """
        if not self.is_of(name, outermost):
            return True
        made = self.outline.definition.get(name)
        if isinstance(made, Let):
            return self.is_part(made) and self._is_there(_base(made), branch, outermost, handed=False)
        if not isinstance(made, If) or self.found.get(name) is not made:
            return False
        handed = handed and self.is_of(name, branch)
        sides = [side.name for side in _sides(made, name) if isinstance(side, Var)]
        there = [
            self._is_there(side, made, outermost, handed=handed) or (handed and self.is_of(side, made))
            for side in sides
        ]
        return all(there)

    def is_part(self, let: Let) -> bool:
        """Whether it is known what the same operation gives of the cotangent: a part of that."""
        if not let.args or named(let.args[0]) is None or len(let.targets) != 1:
            return False
        rest = [name for atom in ir.atoms(let)[1:] if (name := named(atom)) is not None]
        if any(self.facts.get(name, UNKNOWN).kind not in ("scalar", "slice", "tuple") for name in rest):
            return False
        is_item = let.op is operator.getitem and is_basic(let.args[1], self.facts) is True
        return (is_item or let.op in VIEWS) and self.facts.get(_base(let), UNKNOWN).kind == "array"

    def _is_beside(self, phi: Phi, place: int, branch: If) -> bool:
        """Whether another name that comes out of the branch shares what is made in it."""
        others = [
            other.name for other in branch.outs if other is not phi and self._meet(phi.name, other.name)
        ]
        return any(self.distinct.sides_overlap(branch, phi.name, other)[place] for other in others)


def phi_of(branch: If, name: str) -> Phi:
    return next(phi for phi in branch.outs if phi.name == name)


def _sides(branch: If, name: str) -> tuple[Atom, Atom]:
    phi = phi_of(branch, name)
    return phi.then, phi.orelse


def _base(let: Let) -> str:
    return named(let.args[0]) or ""
