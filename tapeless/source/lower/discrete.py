"""Operations that give no number which a derivative could flow through."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import join_text
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
