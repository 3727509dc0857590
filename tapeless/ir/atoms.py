"""What the statements of a program read: names, constants, and lists of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Var:
    """A use of a named value."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """A value that is known when the program is written."""

    value: Any  # any Python object: numbers, None, strings, dtypes


@dataclass(frozen=True, slots=True)
class Star:
    """An argument spread over the positions of a call: `f(*xs)`."""

    value: Var


class _Undefined:
    """What a name is worth that was never assigned; as a constant, only in phis and in carries' `init`."""

    def __repr__(self) -> str:
        return "UNDEFINED"


Atom = Var | Const
Argument = Var | Const | Star
UNDEFINED = Const(_Undefined())
