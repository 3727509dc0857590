"""Operations that are written otherwise than as calls."""

# pyright: reportUnknownMemberType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import gast

from tapeless.ir.lower import BINARY, COMPARE, UNARY
from tapeless.ir.program import Let

COMPARISONS = {**COMPARE, gast.Is: operator.is_, gast.IsNot: operator.is_not}
OPERATORS: dict[Any, tuple[str, type[Any]]] = {
    **{op: ("binary", symbol) for symbol, op in BINARY.items()},
    **{op: ("unary", symbol) for symbol, op in {**UNARY, gast.Not: operator.not_}.items()},
    **{op: ("compare", symbol) for symbol, op in COMPARISONS.items()},
}


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The operation `then if test else orelse`, of which only one side is computed.

    The sides are what `lets` compute.  The statement's arguments are the test, the sides other than the test,
    and what else `lets` read.
    """

    lets: tuple[Let, ...]
    kind: str  # "and", "or", "if"
    width: int  # of `lets`, about

    def __call__(self, *_: Any) -> Any:
        raise AssertionError("a choice is printed, never run")
