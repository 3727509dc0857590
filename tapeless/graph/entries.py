"""What a tape holds: its entries, and where their inputs come from."""

from __future__ import annotations

import linecache
import os.path
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless.graph.apply import LISTS, Op
from tapeless.graph.protocols import data_of
from tapeless.graph.variable import Variable

LIBRARY = (os.path.dirname(os.path.dirname(__file__)), os.path.dirname(np.__file__))


@dataclass(frozen=True, slots=True)
class Line:
    """Where in the user's program an operation ran."""

    file: str
    number: int

    @property
    def text(self) -> str:
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.number}"


@dataclass(frozen=True, slots=True)
class Result:
    """An entry's input that is the result of an earlier entry (`part` of it, where there are several)."""

    entry: int
    part: int | None = None

    def __str__(self) -> str:
        return f"v{self.entry}" if self.part is None else f"v{self.entry}.{self.part}"


@dataclass(frozen=True, slots=True)
class Given:
    """An entry's input that was there before: a watched input, or anything else, which stays as it was."""

    number: int


@dataclass(frozen=True, slots=True)
class Described:
    """The shape and dtype of a result; for what is no array (a shape, a Python number) its type's name.

    `is_view`: it shares the memory of another result, or of what was there before.  `value` is that of a
    Python number.
    """

    shape: tuple[int, ...] | None
    dtype: str
    is_view: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation.  `inputs` are in the order of `op.rule.params`: Result, Given, or the static value
    itself, also within tuples and lists.  An entry that `writes` puts its result into the memory of its
    first input.
    """

    number: int
    op: Op
    inputs: tuple[Any, ...]
    keywords: dict[str, Any]
    outputs: tuple[Described, ...]
    several: bool
    writes: bool
    line: Line | None

    @property
    def name(self) -> str:
        """The NumPy function's name."""
        return self.op.rule.name

    @property
    def function(self) -> Any:
        return self.op.rule.function


@dataclass(slots=True)
class Source:
    """What was there before: its data, and whether replay takes a new one in its place.

    `unseen`: the node of what was computed while the tape ran, but not by operations that it hears of.
    """

    data: Any
    is_leaf: bool
    watched: bool = False
    name: str | None = None
    lost: bool = False
    unseen: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Where Python took a number out of a tensor: `if x > 0`, `float(x)`, `range(n)`.

    `value` is what it saw, `after` how many operations were recorded by then.
    """

    what: str
    place: Result | Given
    line: Line | None
    value: Any = None
    after: int = 0


def places_in(values: Any) -> Iterator[Result | Given]:
    for value in values:
        if isinstance(value, Result | Given):
            yield value
        elif type(value) in LISTS:
            yield from places_in(value)
        elif type(value) is slice:
            yield from places_in((value.start, value.stop, value.step))


def described(one: Any) -> Described:
    data = data_of(one)
    if isinstance(data, np.ndarray | np.generic):
        return Described(data.shape, data.dtype.name, isinstance(one, Variable) and one._view is not None)
    value = data if isinstance(data, bool | int | float | complex) else None
    return Described(None, type(data).__name__, value=value)


def line_of_user() -> Line | None:
    """The innermost frame that is neither ours nor NumPy's."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(LIBRARY):
            return Line(file, frame.f_lineno)
        frame = frame.f_back
    return None
