"""Functions that call themselves, while they are read: what is known of each so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Atom, Block, Const
from tapeless.source.lower.notes import Key
from tapeless.source.lower.splice import own_names

NO_VALUE = Const(None)


@dataclass(slots=True, eq=False)
class Being:
    """A procedure in the making: what its result looks like, what it reads of the functions around it."""

    procedure: Procedure
    seen: dict[Key, Any]
    title: str
    template: Any = None  # of the result; None while nothing is known
    params: list[str] = field(default_factory=list[str])
    block: Block = ()
    exit: Atom = NO_VALUE
    captured: tuple[str, ...] = ()  # names from outside, which are further parameters
    effect: bool = False


@dataclass(slots=True)
class Recursions:
    """The procedures of one reading: which calls are to become one, and those that are there."""

    wanted: set[Any] = field(default_factory=set[Any])
    known: dict[Any, list[Being]] = field(default_factory=dict[Any, list[Being]])
    reading: list[Being] = field(default_factory=list[Being])
    group: list[Being] = field(default_factory=list[Being])  # read, but not finished: they call each other
    maps: list[Any] = field(default_factory=list[Any])  # linear maps that were called in loops

    def forget(self, is_taken: Callable[[str], bool]) -> None:
        """Leave out what was read, but is not finished, under names that will be those of others."""
        gone = [b for b in self.group if not all(map(is_taken, [*b.params, *own_names(b.block)]))]
        if gone:
            self.group[:] = [being for being in self.group if being not in gone]
            for beings in self.known.values():
                beings[:] = [being for being in beings if being not in gone]

    @property
    def is_guessing(self) -> bool:
        """Whether calls are met whose results are not known yet."""
        return any(being.template is None for being in self.reading)
