"""Functions that put arrays together and take them apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless.source.facts import Dim, Dims, Fact, known_of
from tapeless.source.infer.lengths import ANY, minus, plus, product, quotient, sliced, total
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    TRUE,
    ZERO,
    Dtype,
    Result,
    Term,
    UnclearError,
    anything,
    array,
    axis_argument,
    common_dtype,
    dtype_argument,
    flag,
    integer,
    integers,
    is_integer,
    is_none,
    no,
    operand,
    same_dims,
    text,
)

MOST_PARTS = 64  # lists of more are known by what each of their items is


def parts_of(term: Term) -> tuple[list[Fact], bool]:
    """The arrays in a list or tuple; False where there is one to stand for any number of them."""
    fact = known_of(term)
    if fact.kind in ("list", "tuple"):
        if fact.items is not None:
            return [operand(item) for item in fact.items], True
        if fact.item is not None:
            return [operand(fact.item)], False
    if fact.kind == "array" and fact.dims:
        row = Fact("array", fact.dtype, fact.dims[1:])
        count = fact.dims[0]
        return ([row] * count, True) if isinstance(count, int) and count <= MOST_PARTS else ([row], False)
    raise UnclearError


def joined(parts: Sequence[Fact], axis: int, all_known: bool) -> Dims | None:
    """The dims of arrays one after the other along `axis`, which may be counted from the last."""
    rank = next((len(part.dims) for part in parts if part.dims is not None), None)
    if rank is None or not -rank <= axis < rank:
        return None
    axis %= rank
    common: Dims | None = None
    for part in parts:
        common = same_dims(common, part.dims)
    if common is None:
        return None
    lengths = [ANY if part.dims is None else part.dims[axis] for part in parts]
    return (*common[:axis], total(lengths) if all_known else ANY, *common[axis + 1 :])


def concatenate(
    arrays: Term,
    axis: Term = ZERO,
    out: Term = NONE,
    *,
    dtype: Term = NONE,
    casting: Term = NONE,
) -> Fact:
    """One after the other along an axis; without axis, flat."""
    no(out)
    parts, all_known = parts_of(arrays)
    found = dtype_argument(dtype, None) if not is_none(dtype) else _dtype_of(parts)
    if is_none(axis):
        known = all_known and all(part.dims is not None for part in parts)
        return array(found, (total(product(part.dims or ()) for part in parts) if known else ANY,))
    at = integer(axis)
    if at is None:
        rank = next((len(part.dims) for part in parts if part.dims is not None), None)
        return Fact("array", found, None if rank is None else anything(rank))
    return Fact("array", found, joined(parts, at, all_known))


def _dtype_of(parts: Sequence[Fact]) -> Dtype | None:
    """Numbers join as arrays do; for Python's it depends on the function."""
    return None if any(part.weak is not False for part in parts) else common_dtype(parts)


def stack(
    arrays: Term, axis: Term = ZERO, out: Term = NONE, *, dtype: Term = NONE, casting: Term = NONE
) -> Fact:
    """Along a new axis."""
    no(out)
    parts, all_known = parts_of(arrays)
    found = dtype_argument(dtype, None) if not is_none(dtype) else common_dtype(parts)
    common: Dims | None = None
    for part in parts:
        common = same_dims(common, part.dims)
    if common is None:
        return Fact("array", found)
    at = axis_argument(axis, len(common) + 1)
    if at is None:
        return Fact("array", found, anything(len(common) + 1))
    return Fact("array", found, (*common[:at], len(parts) if all_known else ANY, *common[at:]))


def as_rows(dims: Dims) -> Dims:
    return (1,) * (2 - len(dims)) + dims


def as_columns(dims: Dims) -> Dims:
    return dims if len(dims) > 1 else (product(dims), 1)


def as_planes(dims: Dims) -> Dims:
    return dims if len(dims) > 2 else (*as_rows(dims), 1)


def expanded(expand: Callable[[Dims], Dims], axis: int) -> Callable[..., Fact]:
    """np.vstack and its kin: joined along `axis` once each array has enough axes."""

    def handler(tup: Term, *, dtype: Term = NONE, casting: Term = NONE) -> Fact:
        parts, all_known = parts_of(tup)
        found = dtype_argument(dtype, None) if not is_none(dtype) else common_dtype(parts)
        if any(part.dims is None for part in parts):
            return Fact("array", found)
        wide = [Fact("array", None, expand(part.dims or ())) for part in parts]
        at = min([axis, *(len(part.dims or ()) - 1 for part in wide)])
        return Fact("array", found, joined(wide, at, all_known))

    return handler


def block(arrays: Term) -> Fact:
    """Nested lists: the innermost join along the last axis."""
    leaves: list[Fact] = []
    depth = _collect(arrays, leaves)
    dtype = common_dtype(leaves)
    if any(leaf.dims is None for leaf in leaves):
        return Fact("array", dtype)
    rank = max([depth, *(len(leaf.dims or ()) for leaf in leaves)])
    return Fact("array", dtype, _blocked(arrays, rank, depth))


def _collect(term: Term, leaves: list[Fact]) -> int:
    fact = known_of(term)
    if fact.kind != "list":
        leaves.append(operand(term))
        return 0
    if not fact.items:
        raise UnclearError
    return 1 + max(_collect(item, leaves) for item in fact.items)


def _blocked(term: Term, rank: int, depth: int) -> Dims | None:
    fact = known_of(term)
    if fact.kind != "list":
        dims = operand(term).dims or ()
        return (1,) * (rank - len(dims)) + dims
    inner = [Fact("array", None, _blocked(item, rank, depth - 1)) for item in fact.items or ()]
    return joined(inner, -depth, True)


# More and fewer elements ------------------------------------------------------------------------------


def append(arr: Term, values: Term, axis: Term = NONE) -> Fact:
    """Values after an array's; flat without axis."""
    first, second = operand(arr), operand(values)
    dtype = common_dtype((first, second))
    if is_none(axis):
        if first.dims is None or second.dims is None:
            return Fact("array", dtype, (ANY,))
        return Fact("array", dtype, (total((product(first.dims), product(second.dims))),))
    at = integer(axis)
    return Fact("array", dtype, None if at is None else joined((first, second), at, True))


def insert(arr: Term, obj: Term, values: Term, axis: Term = NONE) -> Fact:
    """More elements along an axis; one for one position and one value."""
    fact, new, place = operand(arr), operand(values), known_of(obj)
    grown = 1 if is_integer(place) and new.dims == () else None
    return _of_other_length(fact, axis, lambda dim: ANY if grown is None else plus(dim, grown))


def delete(arr: Term, obj: Term, axis: Term = NONE) -> Fact:
    """Fewer elements along an axis."""
    fact, place = operand(arr), known_of(obj)
    return _of_other_length(fact, axis, lambda dim: minus(dim, 1) if is_integer(place) else ANY)


def _of_other_length(fact: Fact, axis: Term, change: Callable[[Dim], Dim]) -> Fact:
    if is_none(axis):
        return Fact("array", fact.dtype, (ANY if fact.dims is None else change(product(fact.dims)),))
    if fact.dims is None:
        return Fact("array", fact.dtype)
    at = axis_argument(axis, len(fact.dims))
    if at is None:
        return Fact("array", fact.dtype, anything(len(fact.dims)))
    return Fact("array", fact.dtype, (*fact.dims[:at], change(fact.dims[at]), *fact.dims[at + 1 :]))


# Apart ------------------------------------------------------------------------------------------------


def splitting(axis: int | None, is_equal: bool = True) -> Callable[..., Result]:
    """np.split and its kin: a list of parts; `axis` None for those that take it as an argument."""

    def handler(ary: Term, indices_or_sections: Term, axis_given: Term = ZERO, **kwargs: Term) -> Fact:
        fact = operand(ary)
        if axis is not None:
            at = axis if fact.dims is None else min(axis, len(fact.dims) - 1)
        else:
            at = axis_argument(kwargs.pop("axis", axis_given), len(fact.dims or ()))
        if kwargs or fact.dims is None or at is None:
            return Fact("list", item=Fact("array", fact.dtype))
        lengths = _lengths(fact.dims[at], indices_or_sections, is_equal)
        if lengths is None:
            return Fact("list")
        pieces = [(*fact.dims[:at], length, *fact.dims[at + 1 :]) for length in lengths]
        return Fact("list", items=tuple([Fact("array", fact.dtype, dims) for dims in pieces]))

    return handler


def _lengths(dim: Dim, term: Term, is_equal: bool) -> list[Dim] | None:
    sections = integer(term)
    if sections is not None:
        each = quotient((dim,), (sections,)) if is_equal else ANY
        return [each] * sections if 0 < sections <= MOST_PARTS else None
    cuts = integers(term)
    if cuts is None or len(cuts) >= MOST_PARTS or is_integer(known_of(term)):
        return None
    return [sliced(dim, start, stop, None) for start, stop in zip((None, *cuts), (*cuts, None), strict=True)]


def unstack(x: Term, *, axis: Term = ZERO) -> Result:
    """What stands at each position of an axis."""
    fact = operand(x)
    at = None if fact.dims is None else axis_argument(axis, len(fact.dims))
    if fact.dims is None or at is None:
        return Fact("tuple")
    rest = Fact("array", fact.dtype, fact.dims[:at] + fact.dims[at + 1 :])
    count = fact.dims[at]
    return (rest,) * count if isinstance(count, int) and count <= MOST_PARTS else Fact("tuple", item=rest)


def meshgrid(*xi: Term, copy: Term = TRUE, sparse: Term = FALSE, indexing: Term = NONE) -> Result:
    """As many arrays as there are vectors."""
    facts = [operand(x) for x in xi]
    order = "xy" if is_none(indexing) else text(indexing)
    is_sparse = flag(sparse)
    if order not in ("xy", "ij") or is_sparse is None:
        return tuple([Fact("array", fact.dtype, anything(len(facts))) for fact in facts])
    sizes: list[Dim] = [ANY if fact.dims is None else product(fact.dims) for fact in facts]
    places = list(range(len(facts)))
    if order == "xy" and len(facts) > 1:
        places[:2] = [1, 0]
    found = []
    for position, fact in enumerate(facts):
        dims: list[Dim] = [1] * len(facts)
        for other, size in enumerate(sizes):
            if not is_sparse or other == position:
                dims[places[other]] = size
        found.append(array(fact.dtype, tuple(dims)))
    return tuple(found)


HANDLERS: dict[Any, Callable[..., Result]] = {
    np.concatenate: concatenate,
    np.stack: stack,
    np.vstack: expanded(as_rows, 0),
    np.hstack: expanded(lambda dims: dims or (1,), 1),
    np.dstack: expanded(as_planes, 2),
    np.column_stack: expanded(as_columns, 1),
    np.block: block,
    np.append: append,
    np.insert: insert,
    np.delete: delete,
    np.split: splitting(None),
    np.array_split: splitting(None, is_equal=False),
    np.vsplit: splitting(0),
    np.hsplit: splitting(1),
    np.dsplit: splitting(2),
    np.meshgrid: meshgrid,
}
if hasattr(np, "unstack"):  # NumPy 2.1
    HANDLERS[np.unstack] = unstack
