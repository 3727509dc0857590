"""Which names may stand for the same memory, and what is written into it."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.effects import written
from tapeless.ir.program import Argument, Let, Var, named
from tapeless.source.analyse.aliasing import may_view


class Memory:
    """Names are joined as it turns out that they may share an array; nothing is ever parted again."""

    def __init__(self) -> None:
        self.clock = 0
        self.written: dict[str, int] = {}  # the names through which statements write, and when the last did
        self.tainted: set[str] = set()  # arrays that were created constant and written into since
        self._other: dict[str, str] = {}  # each name points to another with the same memory
        self.imaginary: dict[str, str] = {}  # imaginary parts, and the array that each is the part of

    def share(self, one: Argument, other: Argument) -> None:
        """The two may share memory."""
        if isinstance(one, Var) and isinstance(other, Var):
            a, b = self._storage(one.name), self._storage(other.name)
            if a != b:
                self._other[a] = b
                if a in self.tainted:
                    self.tainted.add(b)

    def note(self, let: Let, kinds: Sequence[str]) -> None:
        """What a new statement gives may show what it is given; what is not known may write into it."""
        if let.op is np.imag and named(let.args[0]) is not None:
            self.imaginary[let.targets[0]] = named(let.args[0]) or ""
        if let.op is operator.getitem:
            sources: Sequence[Argument] = let.args[:1]
        else:
            sources = ir.atoms(let) if may_view(let) else ()
        for name, kind in zip(let.targets, kinds, strict=True):
            if kind not in ("scalar", "tuple", "slice"):
                for source in sources:
                    self.share(Var(name), source)
        if let.effect and written(let) is None:
            for atom in ir.atoms(let):
                self.write(named(atom))

    def renamed(self, old: str, new: str) -> None:
        """`new` takes the place of `old`."""
        if old in self.imaginary:
            self.imaginary[new] = self.imaginary[old]
        if self.may_be_shared(old):
            self.share(Var(new), Var(old))  # not pointed anew: `old` may stand for `new` already

    def taint(self, name: str) -> None:
        """What varies is written into this memory."""
        self.tainted.add(self._storage(name))

    def is_tainted(self, name: str) -> bool:
        return self._storage(name) in self.tainted

    def may_share(self, one: str, other: str) -> bool:
        """Whether two names may stand for the same memory."""
        return self._storage(one) == self._storage(other)

    def may_be_shared(self, name: str) -> bool:
        """Whether another name may stand for the same memory."""
        own = self._storage(name)
        return name in self._other or any(self._storage(other) == own for other in self._other)

    def write(self, name: str | None) -> None:
        """A statement writes into what has this name."""
        if name is not None:
            self.clock += 1
            self.written[name] = self.clock

    def is_written(self, name: str, since: int = 0) -> bool:
        """Whether a statement may write into the array or container of this name, after a time."""
        own = self._storage(name)
        return any(when > since and self._storage(other) == own for other, when in self.written.items())

    def _storage(self, name: str) -> str:
        while name in self._other:
            name = self._other[name]
        return name
