"""Operations that give no number which a derivative could flow through."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Argument, Const, join_text, named
from tapeless.rules import table

# What gives no number that a derivative could flow through.
TEXT_AND_TYPES = frozenset(
    {np.shape, range, slice, len, format, join_text, str, repr, ascii, print, isinstance, hasattr, type, bool}
    | {int, str.join, str.format, operator.not_, operator.is_, operator.is_not, operator.contains, round}
)


def is_constant(op: Callable[..., Any]) -> bool:
    """Whether the derivative of an operation is zero, or there is none."""
    rule = table.find(op)
    return (rule is not None and rule.kind == "constant") or op in TEXT_AND_TYPES


WRITERS = frozenset({join_text, str, repr, ascii, format, str.format, str.join})
READERS = frozenset(
    {float, complex, np.float64, np.float32, np.complex128, np.array, np.asarray, np.fromstring}
)


class Texts:
    """Texts that were made of differentiated values, and what was made of those."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def holds(self, atoms: Sequence[Argument]) -> bool:
        """Whether one of the arguments is such a text."""
        return bool(self._names) and any(named(atom) in self._names for atom in atoms)

    def renamed(self, old: str, new: str) -> None:
        """Another name for what has just been made."""
        if old in self._names:
            self._names.add(new)

    def note(
        self, op: Callable[..., Any], atoms: Sequence[Argument], varies: bool, made: Sequence[str]
    ) -> None:
        """What an operation makes of its arguments; numbers of characters and truth values are no texts."""
        writes = op in WRITERS or (op is operator.mod and _is_text(atoms[0]))
        if (varies and writes) or (self.holds(atoms) and (writes or op not in TEXT_AND_TYPES)):
            self._names.update(made)


def _is_text(atom: Argument) -> bool:
    return isinstance(atom, Const) and isinstance(atom.value, str)
