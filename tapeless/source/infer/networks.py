"""Units of neural networks and their normalisation: shapes as they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.ir.program import Const
from tapeless.rules import fitting, standardising, units
from tapeless.source.facts import Fact
from tapeless.source.infer.convolutions import inexact
from tapeless.source.infer.pointwise import of_one
from tapeless.source.infer.primitives import spread_of
from tapeless.source.infer.reductions import reduced
from tapeless.source.infer.terms import Result, Term, broadcast_all, items_of, operand


def standardised(x: Term, axis: Term, eps: Term) -> Result:
    """The array, and its mean and variance with the axes kept."""
    fact = operand(x)
    dtype = inexact(fact.dtype) if fact.weak is False else None
    dims = reduced(fact.dims, axis, True)
    return Fact("array", dtype, fact.dims), Fact("array", dtype, dims), Fact("array", dtype, dims)


def without_shares(x: Term, scaled: Term, *rest: Term) -> Fact:
    """As the first two broadcast; the dtype where all have the same."""
    facts = [operand(one) for one in (x, scaled, *rest[:3])]
    dtypes = {fact.dtype if fact.weak is False else None for fact in facts}
    return Fact("array", inexact(dtypes.pop()) if len(dtypes) == 1 else None, broadcast_all(facts[:2]))


def across(shape: Term, *rest: Term) -> Fact:
    """One length for each of the shape's, all one but the second."""
    items = items_of(shape)
    if items is None or len(items) < 2:
        return Fact("tuple")
    one = Const(1)
    return Fact("tuple", items=(one, items[1], *(one,) * (len(items) - 2)))


def last_axes(shape: Term, wanted: Term, shapes: Term) -> Fact:
    """As many numbers as lengths are wanted."""
    items = items_of(wanted)
    if items is None:
        return Fact("tuple")
    return Fact("tuple", items=tuple([Const(place) for place in range(-len(items), 0)]))


def as_it_is(places: Term, rows: Term) -> Fact:
    """The array that comes in."""
    return operand(places)


HANDLERS: dict[Any, Callable[..., Result]] = {
    units.leaky_relu: spread_of(units.leaky_relu, 2),
    units.exponential_linear: spread_of(units.exponential_linear, 4),
    units.hard_tanh: spread_of(units.hard_tanh, 3),
    units.normal_probability: of_one(units.normal_probability),
    standardising.standardised: standardised,
    standardising.without_shares: without_shares,
    fitting.across_channels: across,
    fitting.across_groups: across,
    fitting.last_axes: last_axes,
    fitting.row_numbers: as_it_is,
}
