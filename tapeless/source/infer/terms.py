"""How the arguments of a call are read: as arrays, numbers, flags, axes, shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import (
    FLOAT,
    NUMERIC,
    PYTHON_NUMBERS,
    UNKNOWN,
    Dim,
    Dims,
    Fact,
    Size,
    broadcast,
    known_of,
    may_be_one,
)
from tapeless.source.infer.lengths import ANY, as_length, may_be_negative

Term: TypeAlias = Fact | Const
Dtype: TypeAlias = np.dtype[Any]
Result: TypeAlias = Fact | tuple[Fact, ...]

NONE = Const(None)
FALSE = Const(False)
TRUE = Const(True)
ZERO = Const(0)
ONE = Const(1)
TWO = Const(2)
LAST = Const(-1)


def numeric(dtype: Dtype | None, dims: Dims | None) -> Fact:
    """A result of NumPy of which no axis is left a number."""
    return Fact("numeric" if dims is None else "array" if dims else "scalar", dtype, dims)


def array(dtype: Dtype | None, dims: Dims | None) -> Fact:
    """A result that is an array even without axes."""
    return Fact("array", dtype, dims)


def loose(dtype: Dtype | None, dims: Dims | None) -> Fact:
    """A result of NumPy that is a number or an array if no axis is left."""
    return Fact("array" if dims else "numeric", dtype, dims)


def number(dtype: Dtype | None) -> Fact:
    """A NumPy scalar."""
    return Fact("scalar", dtype, ())


# A Python number, by its type.
PYTHON = PYTHON_NUMBERS


class UnclearError(Exception):
    """An argument of which too little is known: the result is UNKNOWN."""


def is_none(term: Term) -> bool:
    """Whether an argument is None; too little is known of one that may be None or not."""
    if type(term) is Const:
        return term.value is None
    if term.kind == "object" and term.dtype is None:  # type: ignore[union-attr]
        raise UnclearError
    return False


def numeric_of(term: Term) -> Fact:
    """The array or number that NumPy makes of an argument; `object` if it cannot be known."""
    fact = known_of(term)
    if fact.kind in NUMERIC:
        return fact
    if fact.kind in ("list", "tuple"):
        try:
            return array_of(fact)
        except UnclearError:
            return UNKNOWN
    return UNKNOWN


def operand(term: Term) -> Fact:
    """An argument that NumPy reads as an array or number."""
    fact = numeric_of(term)
    if fact.kind == "object":
        raise UnclearError
    return fact


def no(*terms: Term) -> None:
    """Arguments such as `out` that must be None for the result to be clear."""
    for term in terms:
        if not is_none(term):
            raise UnclearError


def array_of(fact: Fact) -> Fact:
    """The array that `np.array` makes of a list or tuple."""
    if fact.items is None:
        return _of_equal_items(fact.item)
    if not fact.items:  # of no dtype yet: each function has its own for it
        return Fact("array", None, (0,))
    items = [operand(item) for item in fact.items]
    dtype = common_dtype(items)
    dims: Dims | None = items[0].dims
    for item in items[1:]:
        dims = same_dims(dims, item.dims)
    return Fact("array", dtype, None if dims is None else (len(items), *dims))


def _of_equal_items(item: Fact | None) -> Fact:
    if item is None:
        raise UnclearError
    found = operand(item)
    # An empty list gives float64 and one axis.
    return Fact("array", found.dtype if found.dtype == FLOAT else None, (ANY,) if found.dims == () else None)


def common_dtype(items: Sequence[Fact]) -> Dtype | None:
    """The dtype of an array of these; Python numbers are as wide as others there."""
    found = []
    for item in items:
        if item.dtype is None or item.dtype.kind not in "biufc":
            return None
        if item.dtype not in found:
            found.append(item.dtype)
    return np.result_type(*found) if found else None


def same_dims(a: Dims | None, b: Dims | None) -> Dims | None:
    """What is known of the one shape that two arrays have, by the more that is known of either."""
    if a is None or b is None:
        return b if a is None else a
    return tuple([same_length(m, n) for m, n in zip(a, b, strict=True)]) if len(a) == len(b) else None


def same_length(a: Dim, b: Dim) -> Dim:
    """What is known of a length of which both is said."""
    if isinstance(a, int):
        return a
    return b if isinstance(b, int) or (may_be_one(a) and not may_be_one(b)) else a


def broadcast_all(facts: Sequence[Fact]) -> Dims | None:
    """The dims of arrays broadcast against each other."""
    dims: Dims | None = facts[0].dims if facts else ()
    for fact in facts[1:]:
        dims = broadcast(dims, fact.dims)
    return dims


def spread_fact(dtype: Dtype | None, facts: Sequence[Fact]) -> Fact:
    """The result of an elementwise function: an array if one of the arguments has axes."""
    dims = broadcast_all(facts)
    if dims is None and any(fact.dims for fact in facts):
        return Fact("array", dtype)
    return numeric(dtype, dims)


def integer(term: Term) -> int | None:
    """The number that an argument is known to be."""
    if type(term) is Const:
        value = term.value
        return int(value) if isinstance(value, int | np.integer) else None
    size = term.size  # type: ignore[union-attr]
    return size if isinstance(size, int) else None


def integers(term: Term) -> tuple[int, ...] | None:
    """The numbers of a tuple or list, or the one number that is given instead."""
    items = items_of(term)
    if items is None:
        return None
    found = tuple([integer(item) for item in items])
    return None if None in found else found  # type: ignore[return-value]


def flag(term: Term) -> bool | None:
    """Whether an argument is true; None if that is not known."""
    if type(term) is Const and isinstance(term.value, bool | int | np.bool_):
        return bool(term.value)
    return None


def text(term: Term) -> str | None:
    """The text that an argument is known to be."""
    return term.value if type(term) is Const and isinstance(term.value, str) else None


def is_integer(fact: Fact) -> bool:
    """Whether it is known to be one whole number."""
    return fact.kind == "scalar" and fact.dtype is not None and fact.dtype.kind in "iu"


def dtype_argument(term: Term, default: Dtype | None) -> Dtype | None:
    """The dtype that an argument names; `default` for None; None if it is not known."""
    if type(term) is Const:
        if term.value is None:
            return default
        try:
            found = np.dtype(term.value)
        except TypeError:
            return None
        if found.kind not in "biufc":
            raise UnclearError
        return found
    return term.dtype if term.kind == "object" else None  # type: ignore[union-attr]


def items_of(term: Term) -> tuple[Term, ...] | None:
    """The items of a tuple or list; an argument that is one number is the only item; None if unknown."""
    fact = known_of(term)
    if fact.kind in ("tuple", "list"):
        return fact.items
    return (term,) if is_integer(fact) else None


def shape_argument(term: Term) -> Dims | None:
    """The dims that a shape or length names; numbers that are not known are lengths of any kind."""
    items = items_of(term)
    if items is None:
        fact = known_of(term)
        if fact.kind == "array" and fact.dims is not None and len(fact.dims) == 1:
            return (ANY,) * fact.dims[0] if isinstance(fact.dims[0], int) else None
        return None
    return tuple([length_argument(item) for item in items])


def length_argument(term: Term) -> Dim:
    """The length that a number names; -1 stays."""
    value = integer(term)
    if value is not None:
        return value
    size = known_of(term).size
    return ANY if size is None else as_length(size)


def entries_argument(term: Term) -> Dims | None:
    """As `shape_argument`, where a number below zero has a meaning of its own."""
    items = items_of(term)
    if items is None:
        return shape_argument(term)
    found: list[Dim] = []
    for item in items:
        size = known_of(item).size
        unclear = isinstance(size, Size) and may_be_negative(size)
        found.append(ANY if unclear else length_argument(item))
    return tuple(found)


def axes_argument(term: Term, rank: int) -> tuple[int, ...] | None:
    """The axes, counted from the first, that an argument names; all for None; None if not known or wrong."""
    if is_none(term):
        return tuple(range(rank))
    items = items_of(term)
    if items is None:
        return None
    found: list[int] = []
    for item in items:
        axis = integer(item)
        if axis is None or not -rank <= axis < rank:
            return None
        found.append(axis % rank)
    return tuple(found)


def axis_argument(term: Term, rank: int) -> int | None:
    """The one axis, counted from the first, that an argument names; None if not known or wrong."""
    axis = integer(term)
    return axis % rank if axis is not None and -rank <= axis < rank else None


def anything(rank: int) -> Dims:
    """The dims of an array of which only the rank is known."""
    return (ANY,) * rank
