"""Functions that pick elements by position, mask or order, and those that say where elements are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import BOOL, PYTHON_NUMBERS, UNKNOWN, Fact, broadcast
from tapeless.source.infer.indexing import nonzero
from tapeless.source.infer.joining import parts_of
from tapeless.source.infer.lengths import ANY, plus, product
from tapeless.source.infer.linalg import diagonal
from tapeless.source.infer.terms import (
    FALSE,
    LAST,
    NONE,
    ZERO,
    Result,
    Term,
    anything,
    axis_argument,
    broadcast_all,
    common_dtype,
    dtype_argument,
    flag,
    integer,
    is_none,
    loose,
    no,
    numeric,
    operand,
    shape_argument,
)

INDEX = np.dtype(np.intp)


def take(a: Term, indices: Term, axis: Term = NONE, out: Term = NONE, mode: Term = NONE) -> Fact:
    """The elements at positions, along an axis or of the flat array."""
    no(out)
    fact, places = operand(a), operand(indices)
    if is_none(axis):
        return numeric(fact.dtype, places.dims)
    if fact.dims is None or places.dims is None:
        return Fact("numeric", fact.dtype)
    dims = fact.dims or (1,)  # a number is read as a vector
    at = axis_argument(axis, len(dims))
    if at is None:
        return numeric(fact.dtype, anything(len(dims) - 1 + len(places.dims)))
    return numeric(fact.dtype, dims[:at] + places.dims + dims[at + 1 :])


def take_along_axis(arr: Term, indices: Term, axis: Term = LAST) -> Fact:
    """One element for each index, on its own line."""
    fact, places = operand(arr), operand(indices)
    if is_none(axis):
        return Fact("array", fact.dtype, (ANY if places.dims is None else product(places.dims),))
    if fact.dims is None or places.dims is None or len(fact.dims) != len(places.dims):
        return Fact("array", fact.dtype)
    at = axis_argument(axis, len(fact.dims))
    if at is None:
        return Fact("array", fact.dtype, anything(len(fact.dims)))
    own = (*fact.dims[:at], 1, *fact.dims[at + 1 :])
    return Fact("array", fact.dtype, broadcast(own, places.dims))


def compress(condition: Term, a: Term, axis: Term = NONE, out: Term = NONE) -> Fact:
    """What a mask lets through."""
    no(out)
    fact = operand(a)
    if is_none(axis):
        return Fact("array", fact.dtype, (ANY,))
    if fact.dims is None:
        return Fact("array", fact.dtype)
    at = axis_argument(axis, len(fact.dims))
    dims = [ANY if at in (i, None) else dim for i, dim in enumerate(fact.dims)]
    return Fact("array", fact.dtype, tuple(dims))


def extract(condition: Term, arr: Term) -> Fact:
    """What a mask lets through of the flat array."""
    return Fact("array", operand(arr).dtype, (ANY,))


def choose(a: Term, choices: Term, out: Term = NONE, mode: Term = NONE) -> Fact:
    """From one of several arrays, by number."""
    no(out)
    parts, all_known = parts_of(choices)
    dims = broadcast_all([operand(a), *parts]) if all_known else None
    return loose(None if any(part.weak is not False for part in parts) else common_dtype(parts), dims)


def select(condlist: Term, choicelist: Term, default: Term = ZERO) -> Fact:
    """From the first array whose condition holds."""
    conditions, _ = parts_of(condlist)
    choices, all_known = parts_of(choicelist)
    other = operand(default)
    # Numbers of Python are weak among the choices, depending on the version of NumPy.
    dtype = common_dtype(choices) if not any(part.weak is not False for part in choices) else None
    if dtype is None or other.dtype is None or np.result_type(dtype, other.dtype) != dtype:
        dtype = None
    dims = broadcast_all([*conditions, *choices, other]) if all_known else None
    return Fact("array", dtype, dims)


def diag(v: Term, k: Term = ZERO) -> Fact:
    """The matrix of a diagonal, the diagonal of a matrix."""
    fact, offset = operand(v), integer(k)
    if fact.dims is None:
        return Fact("array", fact.dtype)
    if len(fact.dims) == 2:
        return diagonal(v, k)
    side = ANY if offset is None else plus(fact.dims[0], abs(offset))
    return Fact("array", fact.dtype, (side, side))


def diagflat(v: Term, k: Term = ZERO) -> Fact:
    """The matrix of a diagonal, whatever the shape of what is given."""
    fact, offset = operand(v), integer(k)
    unclear = fact.dims is None or offset is None
    side = ANY if unclear else plus(product(fact.dims or ()), abs(offset or 0))
    return Fact("array", fact.dtype, (side, side))


def triangle(m: Term, k: Term = ZERO) -> Fact:
    """np.tril and np.triu: a vector is read as a square of equal rows."""
    fact = operand(m)
    dims = fact.dims
    return Fact("array", fact.dtype, (*dims, *dims) if dims is not None and len(dims) == 1 else dims)


# In order ---------------------------------------------------------------------------------------------


def ordered(a: Term, axis: Term = LAST, *options: Term, **others: Term) -> Fact:
    """np.sort: flat without axis."""
    fact = operand(a)
    if is_none(axis):
        return Fact("array", fact.dtype, (ANY if fact.dims is None else product(fact.dims),))
    return Fact("array", fact.dtype, fact.dims)


def order(a: Term, axis: Term = LAST, *options: Term, **others: Term) -> Fact:
    """np.argsort: the positions in that order."""
    return Fact("array", INDEX, ordered(a, axis).dims or None)


def partitioned(a: Term, kth: Term, axis: Term = LAST, *options: Term, **others: Term) -> Fact:
    """np.partition."""
    return ordered(a, axis)


def partition_order(a: Term, kth: Term, axis: Term = LAST, *options: Term, **others: Term) -> Fact:
    """np.argpartition."""
    return order(a, axis)


def lexsort(keys: Term, axis: Term = LAST) -> Fact:
    """The positions of the elements in order, the last key first."""
    parts, _ = parts_of(keys)
    return loose(INDEX, parts[-1].dims)


def unique(ar: Term, *options: Term, **others: Term) -> Fact:
    """The elements in order, each once."""
    fact = operand(ar)
    return UNKNOWN if options or others else Fact("array", fact.dtype, (ANY,))


# Where and whether ------------------------------------------------------------------------------------


def flatnonzero(a: Term) -> Fact:
    """The positions of what is not zero."""
    return Fact("array", INDEX, (ANY,))


def argwhere(a: Term) -> Fact:
    """A row for each element that is not zero."""
    fact = operand(a)
    return Fact("array", INDEX, (ANY, ANY if fact.dims is None else len(fact.dims)))


def searchsorted(a: Term, v: Term, side: Term = NONE, sorter: Term = NONE) -> Fact:
    """Where each of the numbers belongs."""
    return numeric(INDEX, operand(v).dims)


def digitize(x: Term, bins: Term, right: Term = FALSE) -> Fact:
    """In which bin each of the numbers is."""
    return numeric(INDEX, operand(x).dims)


def unravel_index(indices: Term, shape: Term, order: Term = NONE) -> Result:
    """An array of positions for each axis."""
    places, dims = operand(indices), shape_argument(shape)
    return Fact("tuple") if dims is None else (loose(INDEX, places.dims),) * len(dims)


def ravel_multi_index(multi_index: Term, dims: Term, mode: Term = NONE, order: Term = NONE) -> Fact:
    """Positions in the flat array."""
    parts, all_known = parts_of(multi_index)
    return loose(INDEX, broadcast_all(parts) if all_known else None)


def indices(dimensions: Term, dtype: Term = NONE, sparse: Term = FALSE) -> Fact:
    """The positions of every element along each axis."""
    dims = shape_argument(dimensions)
    if flag(sparse) is not False:
        return UNKNOWN
    found = dtype_argument(dtype, np.dtype(int))
    return Fact("array", found, None if dims is None else (len(dims), *dims))


def diagonal_indices(arr: Term) -> Result:
    """np.diag_indices_from: the same positions along each axis."""
    dims = operand(arr).dims
    return Fact("tuple") if dims is None else (Fact("array", INDEX, dims[:1]),) * len(dims)


def triangle_indices(arr: Term, k: Term = ZERO) -> Result:
    """np.tril_indices_from: rows and columns."""
    return Fact("array", INDEX, (ANY,)), Fact("array", INDEX, (ANY,))


def bincount(x: Term, weights: Term = NONE, minlength: Term = ZERO) -> Fact:
    """How often each number occurs, or what it weighs; without numbers there are whole numbers of them."""
    return Fact("array", INDEX if is_none(weights) else None, (ANY,))


def isin(element: Term, test_elements: Term, *options: Term, **others: Term) -> Fact:
    """Which elements are among others."""
    return loose(BOOL, operand(element).dims)


def truths(*args: Term, **kwargs: Term) -> Fact:
    """What answers with a bool of Python."""
    return PYTHON_NUMBERS[bool]


def close(a: Term, b: Term, *options: Term, **others: Term) -> Fact:
    """np.isclose."""
    return loose(BOOL, broadcast_all((operand(a), operand(b))))


def mask(x: Term, *options: Term) -> Fact:
    """np.isreal and its kin: a bool for each element."""
    fact = operand(x)
    return loose(None if fact.weak is not False else BOOL, fact.dims)


ANSWERS = (
    np.allclose, np.array_equal, np.array_equiv, np.isrealobj, np.iscomplexobj, np.isscalar, np.iterable,
    np.shares_memory, np.may_share_memory, np.can_cast,
)  # fmt: skip

HANDLERS: dict[Any, Callable[..., Result]] = {
    **dict.fromkeys(ANSWERS, truths),
    **dict.fromkeys((np.isreal, np.iscomplex, np.isposinf, np.isneginf), mask),
    **dict.fromkeys((np.tril, np.triu), triangle),
    **dict.fromkeys((np.tril_indices_from, np.triu_indices_from), triangle_indices),
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.compress: compress,
    np.extract: extract,
    np.choose: choose,
    np.select: select,
    np.diag: diag,
    np.diagflat: diagflat,
    np.sort: ordered,
    np.argsort: order,
    np.partition: partitioned,
    np.argpartition: partition_order,
    np.lexsort: lexsort,
    np.unique: unique,
    np.nonzero: nonzero,
    np.flatnonzero: flatnonzero,
    np.argwhere: argwhere,
    np.searchsorted: searchsorted,
    np.digitize: digitize,
    np.unravel_index: unravel_index,
    np.ravel_multi_index: ravel_multi_index,
    np.indices: indices,
    np.diag_indices_from: diagonal_indices,
    np.bincount: bincount,
    np.isin: isin,
    np.isclose: close,
}
