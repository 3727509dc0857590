"""Shapes, axes and layouts as values: what the derivative rules compute of them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules import (
    contractions,
    decompositions,
    extremes,
    indexing,
    joining,
    norms,
    parts,
    reductions,
    support,
)
from tapeless.rules import linalg as rules_linalg
from tapeless.rules import shapes as rules_shapes
from tapeless.source.facts import INT, PYTHON_NUMBERS, UNKNOWN, Fact, known_of
from tapeless.source.infer import joining as joins
from tapeless.source.infer.lengths import ANY
from tapeless.source.infer.operators import binary
from tapeless.source.infer.reductions import INDEX, reduced
from tapeless.source.infer.shapes import shape
from tapeless.source.infer.terms import (
    Result,
    Term,
    UnclearError,
    axes_argument,
    axis_argument,
    dtype_argument,
    integer,
    is_none,
    loose,
    operand,
    shape_argument,
)

# Shapes and axes --------------------------------------------------------------------------------------


def moved_last(shape: Term, axis: Term) -> Fact:
    """A shape with one length moved to the end."""
    items = known_of(shape).items
    at = None if items is None else axis_argument(axis, len(items))
    if items is None or at is None:
        return Fact("tuple")
    return Fact("tuple", items=(*items[:at], *items[at + 1 :], items[at]))


def one_axis_or(axis: Term, other: Term) -> Fact:
    """The first that is given."""
    if is_none(axis):
        return known_of(other)
    return known_of(axis) if integer(axis) is not None else UNKNOWN


def from_the_end(axis: Term, ndim: Term) -> Fact:
    """Axes counted from the last."""
    rank = integer(ndim)
    axes = None if rank is None else axes_argument(axis, rank)
    if rank is None or axes is None:
        return Fact("tuple")
    return Fact("tuple", items=tuple([Const(i - rank) for i in axes]))


def inverse_axes(axes: Term) -> Result:
    """The permutation that undoes another."""
    items = known_of(axes).items
    if is_none(axes) or items is None:
        return UNKNOWN
    found = axes_argument(axes, len(items))
    if found is None or sorted(found) != list(range(len(found))):
        return Fact("tuple")
    return Fact("tuple", items=tuple([Const(found.index(i)) for i in range(len(found))]))


def count_reduced(shape: Term, axis: Term, where: Term, dtype: Term) -> Fact:
    """How many elements go into each result: a Python number, or an array for a mask."""
    dims = shape_argument(shape)
    if type(where) is Const and where.value is True:
        return PYTHON_NUMBERS[int]
    found = reduced(dims, axis, True) if dims is not None else None
    return loose(dtype_argument(dtype, None), found)


def degrees_of_freedom(count: Term, ddof: Term, correction: Term) -> Fact:
    """What a sum of squares is divided by."""
    fact, less = operand(count), operand(ddof if is_none(correction) else correction)
    if not less.weak:
        return UNKNOWN
    found = binary(operator.sub, np.subtract, fact, less)
    return Fact(found.kind, found.dtype, found.dims, found.weak)


def rank_cutoff(a: Term, rcond: Term) -> Fact:
    """What counts as zero, a Python number unless it is given."""
    return PYTHON_NUMBERS[float] if is_none(rcond) else known_of(rcond)


def index_of_part(*args: Term) -> Fact:
    """A slice, or slices for each axis up to the one that is cut."""
    return Fact("slice") if is_none(args[-1]) else UNKNOWN


def positions(*args: Term) -> Fact:
    """Positions in a flat array."""
    return Fact("array", INDEX, (ANY,))


def at_least_one(count: Term) -> Fact:
    """The count, but not zero."""
    fact = operand(count)
    if fact.weak and fact.dtype == INT:
        return PYTHON_NUMBERS[int]
    return loose(fact.dtype if fact.weak is False else None, fact.dims)


def ties_of(a: Term, *rest: Term) -> Fact:
    """A mask, or whole numbers."""
    return loose(None, operand(a).dims)


def share_ties(x: Term, ties: Term) -> Fact:
    """The cotangents of extremes, at the elements that attain them."""
    dtype = operand(x).dtype
    return loose(dtype if dtype is not None and dtype.kind in "fc" else None, operand(ties).dims)


def norm_axes(axis: Term, ndim: Term) -> Fact:
    """The axes counted from the first."""
    rank = integer(ndim)
    axes = None if rank is None else axes_argument(axis, rank)
    return Fact("tuple", items=None if axes is None else tuple([Const(i) for i in axes]))


def pieces(x: Term, sizes: Term, axis: Term) -> Result:
    """Consecutive pieces along an axis."""
    fact, lengths = operand(x), shape_argument(sizes)
    at = None if fact.dims is None else axis_argument(axis, len(fact.dims))
    if fact.dims is None or lengths is None or at is None:
        return Fact("tuple")
    dims = [(*fact.dims[:at], length, *fact.dims[at + 1 :]) for length in lengths]
    return tuple([Fact("array", fact.dtype, each) for each in dims])


def rows(x: Term, axis: Term) -> Result:
    """What stands at each position of an axis."""
    return joins.unstack(x, axis=axis)


# What a derivative must know of arrays that were joined: a leaf for each, of its shape and dtype --------


def layout_of(value: Term) -> Fact:
    """The shape and dtype of an array, as an object of two items; of lists, a list."""
    fact = known_of(value)
    if fact.kind in ("list", "tuple"):
        return Fact("list", items=None if fact.items is None else tuple(map(layout_of, fact.items)))
    return Fact("object", items=(shape(fact), dtype_of(fact)))


def _leaf(layout: Term, x: Fact) -> Fact:
    items = known_of(layout).items
    if known_of(layout).kind != "object" or items is None:
        raise UnclearError
    own, dtype = known_of(items[0]), known_of(items[1]).dtype
    found = None if dtype is None else dtype if dtype.kind in "fc" else x.dtype
    return loose(found, shape_argument(own))


def unjoined(x: Term, layout: Term, *options: Term) -> Fact:
    """The parts of a cotangent, in the shapes and dtypes of the arrays that were joined."""
    fact, known = operand(x), known_of(layout)
    if known.kind == "list" and known.items is not None:
        return Fact("list", items=tuple([_leaf(item, fact) for item in known.items]))
    return _leaf(layout, fact)


def unselected(x: Term, choice: Term, layout: Term, *options: Term) -> Fact:
    """As `unjoined`, of what was taken from one of several arrays."""
    return unjoined(x, layout)


def joined(parts: Term, join: Term) -> Result:
    """`join(parts)`."""
    handler = joins.HANDLERS.get(join.value) if type(join) is Const else None
    return UNKNOWN if handler is None else handler(parts)


def dtype_of(x: Term) -> Fact:
    """The dtype itself."""
    return Fact("object", operand(x).dtype)


def whole_number(*args: Term) -> Fact:
    """A number of axes, or one of them."""
    return PYTHON_NUMBERS[int]


HANDLERS: dict[Any, Callable[..., Result]] = {
    support.dtype_of: dtype_of,
    support.layout_of: layout_of,
    decompositions.reads_upper: lambda UPLO: PYTHON_NUMBERS[bool],
    contractions.moved_last: moved_last,
    contractions.one_axis_or: one_axis_or,
    extremes.from_the_end: from_the_end,
    rules_shapes.inverse_axes: inverse_axes,
    rules_shapes.rolled_to: whole_number,
    joining.last_but: whole_number,
    norms.norm_axes: norm_axes,
    reductions.count_reduced: count_reduced,
    reductions.at_least_one: at_least_one,
    extremes.ties_of: ties_of,
    extremes.share_ties: share_ties,
    parts.pieces: pieces,
    parts.rows: rows,
    joining.unconcatenate: unjoined,
    joining.unstack: unjoined,
    joining.unjoin: unjoined,
    joining.joined: joined,
    indexing.unchoose: unselected,
    indexing.unselect: unselected,
    reductions.degrees_of_freedom: degrees_of_freedom,
    rules_linalg.rank_cutoff: rank_cutoff,
    joining.front: index_of_part,
    joining.back: index_of_part,
    joining.kept: positions,
    joining.insert_sources: positions,
}
