"""Functions that ask for the shape of an array or give it another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import INT, UNKNOWN, Dim, Dims, Fact, Size
from tapeless.source.infer.lengths import ANY, product, quotient, total
from tapeless.source.infer.terms import (
    FALSE,
    LAST,
    NONE,
    ZERO,
    Result,
    Term,
    anything,
    array,
    axes_argument,
    axis_argument,
    broadcast_all,
    entries_argument,
    integer,
    is_none,
    items_of,
    loose,
    numeric_of,
    operand,
    shape_argument,
)


def length_fact(dim: Dim) -> Fact | Const:
    """A length as an item of a shape."""
    return Const(dim) if isinstance(dim, int) else Fact("scalar", INT, (), weak=True, size=dim)


def shape(a: Term) -> Fact:
    """A tuple of lengths."""
    dims = numeric_of(a).dims
    return Fact("tuple", items=None if dims is None else tuple([length_fact(dim) for dim in dims]))


def ndim(a: Term) -> Fact:
    """The number of axes, a Python number."""
    dims = numeric_of(a).dims
    return Fact("scalar", INT, (), weak=True, size=None if dims is None else len(dims))


def size(a: Term, axis: Term = NONE) -> Fact:
    """The number of elements, a Python number."""
    dims = numeric_of(a).dims
    found: Dim | None = None
    if dims is not None and is_none(axis):
        found = product(dims)
    elif dims is not None:
        only = axis_argument(axis, len(dims))
        found = None if only is None else dims[only]
    return Fact("scalar", INT, (), weak=True, size=found if found != ANY else None)


# Another shape, the same elements ---------------------------------------------------------------------


def reshape(a: Term, shape: Term = NONE, order: Term = NONE, **others: Term) -> Fact:
    """-1 stands for what is left."""
    fact = operand(a)
    entries = entries_argument(shape)
    if is_none(shape) or set(others) - {"copy"}:
        return UNKNOWN
    return loose(fact.dtype, None if entries is None else reshaped(fact.dims, entries))


def reshaped(dims: Dims | None, entries: Dims) -> Dims:
    """The dims that `entries`, with -1 for one of them, make of `dims`."""
    at = next((i for i, entry in enumerate(entries) if isinstance(entry, int) and entry < 0), None)
    if at is None:
        return entries
    others = entries[:at] + entries[at + 1 :]
    rest = ANY if dims is None or ANY in others else quotient(dims, others)
    return (*entries[:at], rest, *entries[at + 1 :])


def ravel(a: Term, order: Term = NONE) -> Fact:
    """One axis."""
    fact = operand(a)
    return array(fact.dtype, (ANY if fact.dims is None else product(fact.dims),))


def squeeze(a: Term, axis: Term = NONE) -> Fact:
    """Without axes of length 1."""
    fact = operand(a)
    if fact.dims is None:
        return Fact("numeric", fact.dtype)
    if is_none(axis):
        unclear = any(isinstance(dim, Size) and dim.stretches for dim in fact.dims)
        found = None if unclear else tuple([dim for dim in fact.dims if dim != 1])
    else:
        axes = axes_argument(axis, len(fact.dims))
        found = None if axes is None else tuple([dim for i, dim in enumerate(fact.dims) if i not in axes])
    return loose(fact.dtype, found)


def expand_dims(a: Term, axis: Term) -> Fact:
    """With new axes of length 1."""
    fact = operand(a)
    items = items_of(axis)
    if fact.dims is None or items is None:
        return Fact("array", fact.dtype)
    rank = len(fact.dims) + len(items)
    axes = axes_argument(axis, rank)
    if axes is None:
        return array(fact.dtype, anything(rank))
    left = iter(fact.dims)
    return array(fact.dtype, tuple([1 if i in axes else next(left) for i in range(rank)]))


def at_least(rank: int) -> Callable[..., Result]:
    """np.atleast_1d and its kin: several arrays give a tuple."""

    def one(a: Term) -> Fact:
        fact = operand(a)
        dims = fact.dims
        if dims is not None and len(dims) < rank:
            lead = {0: rank, 1: min(rank - 1, 1), 2: 0}[len(dims)]
            dims = (1,) * lead + dims + (1,) * (rank - len(dims) - lead)
        return Fact("array", fact.dtype, dims)

    def handler(*arrays: Term) -> Result:
        found = tuple([one(a) for a in arrays])
        return found[0] if len(found) == 1 else found

    return handler


def same_array(a: Term, *rest: Term, **others: Term) -> Fact:
    """An array of the same shape and dtype, its elements perhaps in another order."""
    fact = operand(a)
    return loose(fact.dtype, fact.dims)


# Axes in another order --------------------------------------------------------------------------------


def permuted(a: Term, order: Callable[[int], Sequence[int] | None]) -> Fact:
    """The axes in the order that `order` gives for their number."""
    fact = operand(a)
    if fact.dims is None:
        return Fact("array" if fact.kind == "array" else "numeric", fact.dtype)
    axes = order(len(fact.dims))
    dims = anything(len(fact.dims)) if axes is None else tuple([fact.dims[axis] for axis in axes])
    return loose(fact.dtype, dims)


def transpose(a: Term, axes: Term = NONE) -> Fact:
    """Reversed, or in the order given."""
    if is_none(axes):
        return permuted(a, lambda rank: range(rank - 1, -1, -1))
    return permuted(a, lambda rank: _permutation(axes_argument(axes, rank), rank))


def _permutation(axes: tuple[int, ...] | None, rank: int) -> tuple[int, ...] | None:
    return axes if axes is not None and sorted(axes) == list(range(rank)) else None


def matrix_transpose(x: Term) -> Fact:
    """The last two axes exchanged."""
    return swapaxes(x, Const(-2), LAST)


def swapaxes(a: Term, axis1: Term, axis2: Term) -> Fact:
    """Two axes exchanged."""

    def order(rank: int) -> list[int] | None:
        first, second = axis_argument(axis1, rank), axis_argument(axis2, rank)
        if first is None or second is None:
            return None
        axes = list(range(rank))
        axes[first], axes[second] = second, first
        return axes

    return permuted(a, order)


def moveaxis(a: Term, source: Term, destination: Term) -> Fact:
    """Some axes elsewhere, the others in the order that they had."""

    def order(rank: int) -> list[int] | None:
        sources, targets = _axes_in_order(source, rank), _axes_in_order(destination, rank)
        if sources is None or targets is None or len(sources) != len(targets):
            return None
        axes = [axis for axis in range(rank) if axis not in sources]
        for target, axis in sorted(zip(targets, sources, strict=True)):
            axes.insert(target, axis)
        return axes

    return permuted(a, order)


def _axes_in_order(term: Term, rank: int) -> tuple[int, ...] | None:
    if isinstance(term, Const) and isinstance(term.value, range):
        term = Const(tuple(term.value))
    return axes_argument(term, rank) if not is_none(term) else None


def rollaxis(a: Term, axis: Term, start: Term = ZERO) -> Fact:
    """One axis before another."""

    def order(rank: int) -> list[int] | None:
        moved, before = axis_argument(axis, rank), integer(start)
        if moved is None or before is None or not -rank <= before <= rank:
            return None
        before += rank if before < 0 else 0
        axes = list(range(rank))
        axes.remove(moved)
        axes.insert(before - 1 if moved < before else before, moved)
        return axes

    return permuted(a, order)


ONE, FIRST_TWO = Const(1), Const((0, 1))


def rot90(m: Term, k: Term = ONE, axes: Term = FIRST_TWO) -> Fact:
    """An odd number of quarter turns exchanges two axes."""
    turns, items = integer(k), items_of(axes)
    if turns is not None and turns % 2 == 0:
        return same_array(m)
    if turns is None or items is None or len(items) != 2:
        return permuted(m, lambda rank: None)
    return swapaxes(m, *items)


# Elements more than once ------------------------------------------------------------------------------


def broadcast_to(array: Term, shape: Term, subok: Term = FALSE) -> Fact:
    """In the shape given."""
    fact = operand(array)
    return Fact("array", fact.dtype, shape_argument(shape))


def broadcast_arrays(*args: Term, subok: Term = FALSE) -> Result:
    """All in their common shape."""
    facts = [operand(arg) for arg in args]
    dims = broadcast_all(facts)
    return tuple([Fact("array", fact.dtype, dims) for fact in facts])


def repeat(a: Term, repeats: Term, axis: Term = NONE) -> Fact:
    """Each element so many times."""
    fact = operand(a)
    count = integer(repeats)
    if is_none(axis):
        size = ANY if fact.dims is None else product(fact.dims)
        return array(fact.dtype, (_times(size, count),))
    if fact.dims is None:
        return Fact("array", fact.dtype)
    dims = fact.dims or (1,)  # a number is read as a vector
    at = axis_argument(axis, len(dims))
    if at is None:
        return array(fact.dtype, anything(len(dims)))
    return array(fact.dtype, (*dims[:at], _times(dims[at], count), *dims[at + 1 :]))


def _times(dim: Dim, count: int | None) -> Dim:
    return ANY if count is None else product((count, dim))


def tile(A: Term, reps: Term) -> Fact:
    """The whole array so many times along each axis."""
    fact = operand(A)
    counts = shape_argument(reps)
    if counts is None or fact.dims is None:
        return Fact("array", fact.dtype)
    rank = max(len(counts), len(fact.dims))
    counts = (1,) * (rank - len(counts)) + counts
    dims = (1,) * (rank - len(fact.dims)) + fact.dims
    return array(fact.dtype, tuple([product(pair) for pair in zip(counts, dims, strict=True)]))


def resize(a: Term, new_shape: Term) -> Fact:
    """In the shape given, cut off or over again."""
    fact = operand(a)
    return array(fact.dtype, shape_argument(new_shape))


def pad(array: Term, pad_width: Term, *options: Term, **others: Term) -> Fact:
    """Each axis longer by what is put before and after it."""
    fact = operand(array)
    if fact.dims is None:
        return Fact("array", fact.dtype)
    widths = _widths(pad_width, len(fact.dims))
    if widths is None:
        return Fact("array", fact.dtype, anything(len(fact.dims)))
    dims = tuple([total((dim, *pair)) for dim, pair in zip(fact.dims, widths, strict=True)])
    return Fact("array", fact.dtype, dims)


def _widths(term: Term, rank: int) -> Sequence[tuple[Dim, Dim]] | None:
    """What is put before and after each axis, in any of the notations of np.pad."""
    only = integer(term)
    if only is not None:
        return [(only, only)] * rank
    items = items_of(term)
    if items is None:
        return None
    rows = [shape_argument(item) for item in items]
    if any(row is None or not 1 <= len(row) <= 2 for row in rows):
        return None
    numbers = [integer(item) for item in items]
    if all(number is not None for number in numbers):
        pair = [number for number in numbers if number is not None]
        return [(pair[0], pair[-1])] * rank if len(pair) <= 2 else None
    if len(rows) not in (1, rank):
        return None
    pairs = [(row[0], row[-1]) for row in rows if row is not None]
    return pairs * rank if len(pairs) == 1 else pairs


HANDLERS: dict[Any, Callable[..., Result]] = {
    **dict.fromkeys((np.flip, np.fliplr, np.flipud, np.roll), same_array),
    np.shape: shape,
    np.ndim: ndim,
    np.size: size,
    np.reshape: reshape,
    np.ravel: ravel,
    np.squeeze: squeeze,
    np.expand_dims: expand_dims,
    np.atleast_1d: at_least(1),
    np.atleast_2d: at_least(2),
    np.atleast_3d: at_least(3),
    np.transpose: transpose,
    np.matrix_transpose: matrix_transpose,
    np.linalg.matrix_transpose: matrix_transpose,
    np.swapaxes: swapaxes,
    np.moveaxis: moveaxis,
    np.rollaxis: rollaxis,
    np.rot90: rot90,
    np.broadcast_to: broadcast_to,
    np.broadcast_arrays: broadcast_arrays,
    np.repeat: repeat,
    np.tile: tile,
    np.resize: resize,
    np.pad: pad,
}
if hasattr(np, "permute_dims"):
    HANDLERS[np.permute_dims] = transpose
