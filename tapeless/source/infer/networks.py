"""Units of neural networks and their normalisation: shapes as they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.rules import standardising, units
from tapeless.source.facts import Fact
from tapeless.source.infer.convolutions import inexact
from tapeless.source.infer.pointwise import of_one
from tapeless.source.infer.primitives import spread_of
from tapeless.source.infer.reductions import reduced
from tapeless.source.infer.terms import Result, Term, operand


def standardised(x: Term, axis: Term, eps: Term) -> Result:
    """The array, and its mean and variance with the axes kept."""
    fact = operand(x)
    dtype = inexact(fact.dtype) if fact.weak is False else None
    dims = reduced(fact.dims, axis, True)
    return Fact("array", dtype, fact.dims), Fact("array", dtype, dims), Fact("array", dtype, dims)


HANDLERS: dict[Any, Callable[..., Result]] = {
    units.leaky_relu: spread_of(units.leaky_relu, 2),
    units.exponential_linear: spread_of(units.exponential_linear, 4),
    units.hard_tanh: spread_of(units.hard_tanh, 3),
    units.normal_probability: of_one(units.normal_probability),
    standardising.standardised: standardised,
}
