"""What reading a function leaves behind: what a branch did, what was found outside, what has no value yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gast

from tapeless.errors import LoweringError
from tapeless.ir.program import Statement
from tapeless.source.lower.values import Content, Value
from tapeless.source.parse import Source

Key = tuple[str, int, str]  # ("name", frame, name) or ("heap", location, "")


class Place(int):
    """A line number that knows where in the user's text it is."""

    node: gast.AST | None = None
    source: Source | None = None

    def __neg__(self) -> Place:
        """The same place, on the way back."""
        place = Place(-int(self))
        place.node, place.source = self.node, self.source
        return place


@dataclass(frozen=True, slots=True)
class Fork:
    """What running one branch did: its statements, the keys it wrote, and whether its end is reached."""

    block: list[Statement]
    changes: dict[Key, Value | Content]
    dead: bool


class UnboundError(LoweringError):
    """A name is read in a loop that sets it only later: from its second iteration on it has a value."""

    def __init__(self, loop: Any, key: Key) -> None:
        super().__init__(f"{key[2]} has no value yet")
        self.loop, self.key = loop, key


class UnendingError(LoweringError):
    """A call whose result is not known yet, as its function is being read: the other ways are read first."""


@dataclass(slots=True)
class Findings:
    """What the reading relies on, and what it met: for guards and for `explain`."""

    guards: list[tuple[Any, ...]] = field(default_factory=list)
    free: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # name -> where the value is read
    inlined: dict[str, int] = field(default_factory=dict)
    errstate: dict[str, str] = field(default_factory=dict)  # kind of warning -> "ignore", or what differs
    contexts: list[str] = field(default_factory=list)  # other settings of NumPy and Python that are restored
    captured: list[tuple[tuple[Any, ...], str]] = field(default_factory=list)  # where Tensors are, names
    origins: dict[int, tuple[Any, ...]] = field(default_factory=dict)  # where objects were found, by id
