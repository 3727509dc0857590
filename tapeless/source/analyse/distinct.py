"""Whether two names may stand for overlapping memory at one and the same time.

a, b = np.zeros(3), np.zeros(3)
for k in range(n):                 a and b both stand for either array, in turn: but never for the same
    b[1:] = a[:-1]
    a, b = b, a
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.program import Argument, Atom, Carry, Const, For, If, Let, Var, While, named
from tapeless.source.analyse.aliasing import VIEWS, Aliasing, is_basic, may_view
from tapeless.source.analyse.outline import Outline
from tapeless.source.facts import UNKNOWN, Fact

DEEPEST = 40  # branches after each other that hand an array on
Loop: TypeAlias = For | While
# What an index says of one axis: which place, or from where to where.
Place: TypeAlias = int | tuple[Argument, Argument]


@dataclass(slots=True)
class Distinct:
    """Asks by definitions, where `Aliasing` asks by what a name ever stands for."""

    facts: dict[str, Fact]
    outline: Outline
    aliases: Aliasing
    # For each loop the pairs of what it carries that may overlap, by position.
    overlapping: dict[int, set[tuple[int, int]]] = field(default_factory=dict)

    def may_overlap(self, one: Atom, other: Atom) -> bool:
        return self._ask(one, other, {}, 0)

    def sides_overlap(self, branch: If, one: str, other: str) -> list[bool]:
        """The same for two names that a branch hands on, after each of its blocks."""
        pairs = zip(_sides(branch, one), _sides(branch, other), strict=True)
        return [self.may_overlap(a, b) for a, b in pairs]

    def _ask(self, one: Atom, other: Atom, known: dict[tuple[str, str], bool], depth: int) -> bool:
        if not (isinstance(one, Var) and isinstance(other, Var)):
            return False
        if not self.aliases.may_share(one.name, other.name):
            return False
        if depth > DEEPEST:
            return True
        pair = (one.name, other.name)
        if pair not in known:
            known[pair] = self._answer(*pair, known, depth)
        return known[pair]

    def _answer(self, one: str, other: str, known: dict[tuple[str, str], bool], depth: int) -> bool:
        if self._are_apart(one, other):
            return False
        a, b = self._base(one), self._base(other)
        if a == b:
            return True
        first, second = self.outline.definition.get(a), self.outline.definition.get(b)
        if first is second and isinstance(first, If):
            sides = zip(_sides(first, a), _sides(first, b), strict=True)
            return any([self._ask(x, y, known, depth + 1) for x, y in sides])
        if first is second and isinstance(first, For | While):
            return self._carried_overlap(first, a, b)
        for name, made, rest in ((a, first, b), (b, second, a)):
            if isinstance(made, If):
                return any([self._ask(side, Var(rest), known, depth + 1) for side in _sides(made, name)])
        return self.aliases.may_share(a, b)

    def _base(self, name: str) -> str:
        """What a name is a part of, by an operation that gives parts."""
        made = self.outline.definition.get(name)
        while isinstance(made, Let) and len(made.targets) == 1 and made.args:
            base = named(made.args[0])
            is_array = base is not None and self.facts.get(base, UNKNOWN).kind == "array"
            is_part = made.op is operator.getitem and is_basic(made.args[1], self.facts) is not False
            if base is None or not is_array or not (is_part or made.op in VIEWS or may_view(made)):
                break
            if made.op not in VIEWS and made.op is not operator.getitem and len(ir.atoms(made)) > 2:
                break
            name, made = base, self.outline.definition.get(base)
        return name

    def _are_apart(self, one: str, other: str) -> bool:
        """Whether both are items of one array, at places that are known to be others."""
        first, second = self.outline.definition.get(one), self.outline.definition.get(other)
        if not (isinstance(first, Let) and isinstance(second, Let)) or first.args[:1] != second.args[:1]:
            return False
        if first.op is not operator.getitem or second.op is not operator.getitem:
            return False
        if self.facts.get(named(first.args[0]) or "", UNKNOWN).kind != "array":
            return False
        for a, b in zip(self._items(first.args[1]), self._items(second.args[1]), strict=False):
            if a is None or b is None:
                return False
            if _are_other_places(a, b):
                return True
        return False

    def _items(self, index: Argument) -> list[Place | None]:
        """What an index says of each axis, a number or a slice; None where it says something else."""
        made = None if named(index) is None else self.outline.definition.get(named(index) or "")
        if isinstance(index, Const):
            parts = index.value if isinstance(index.value, tuple) else (index.value,)
            return [_place(part) for part in parts]
        if isinstance(made, Let) and made.op is ir.build_tuple:
            return [item for part in made.args for item in self._items(part)]
        if isinstance(made, Let) and made.op is slice and len(made.args) == 3:
            start, stop, step = made.args
            return [(start, stop)] if step in (Const(None), Const(1)) else [None]
        return [None]

    # Loops --------------------------------------------------------------------------------------------

    def _carried_overlap(self, loop: Loop, one: str, other: str) -> bool:
        places = {name: k for k, carry in enumerate(loop.carries) for name in (carry.name, carry.result)}
        if one not in places or other not in places:
            return True
        return tuple(sorted((places[one], places[other]))) in self.carried(loop)

    def carried(self, loop: Loop) -> set[tuple[int, int]]:
        """Pairs of what a loop carries that may overlap at the start of some round."""
        found = self.overlapping.get(id(loop))
        if found is not None:
            return found
        arrays = [k for k, carry in enumerate(loop.carries) if self._is_array(carry)]
        pairs = [(i, j) for n, i in enumerate(arrays) for j in arrays[n + 1 :]]
        inits, nexts = [c.init for c in loop.carries], [c.next for c in loop.carries]
        found = {(i, j) for i, j in pairs if self.may_overlap(inits[i], inits[j])}
        self.overlapping[id(loop)] = found
        known, size = set(self.overlapping), -1
        while size != len(found):  # each pair may be the reason for others in the next round
            size = len(found)
            for other in set(self.overlapping) - known:  # loops within, answered for fewer pairs
                del self.overlapping[other]
            found.update([(i, j) for i, j in pairs if self.may_overlap(nexts[i], nexts[j])])
        return found

    def _is_array(self, carry: Carry) -> bool:
        return self.facts.get(carry.name, UNKNOWN).kind not in ("scalar", "slice")


def _place(part: Any) -> Place | None:
    if isinstance(part, slice):
        return (Const(part.start), Const(part.stop)) if part.step in (None, 1) else None
    return int(part) if isinstance(part, int | np.integer) and not isinstance(part, bool) else None


def _are_other_places(a: Place, b: Place) -> bool:
    """Whether numbers are known to be different, or slices to end before the others begin."""
    if isinstance(a, int) and isinstance(b, int):
        return a != b and (a < 0) == (b < 0)
    if isinstance(a, int) or isinstance(b, int):
        return False
    return _ends_before(a[1], b[0]) or _ends_before(b[1], a[0])


def _ends_before(stop: Argument, start: Argument) -> bool:
    if not (isinstance(stop, Const) and isinstance(start, Const)):
        return stop == start
    ends = stop.value, start.value
    if not all(isinstance(end, int) for end in ends):
        return False
    return stop.value == start.value or 0 <= stop.value <= start.value


def _sides(branch: If, name: str) -> tuple[Atom, Atom]:
    phi = next(phi for phi in branch.outs if phi.name == name)
    return phi.then, phi.orelse
