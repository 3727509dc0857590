"""What is known of the results of helpers beyond what `infer` says; how their arguments are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapeless.ir.program import Atom, Const
from tapeless.rules.extremes import share_ties, ties_of
from tapeless.rules.norms import norm
from tapeless.rules.reductions import count_reduced
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import divide_or_zero, spread
from tapeless.source.facts import Dim, Dims, Fact, known_of
from tapeless.source.infer import infer
from tapeless.source.infer.terms import axes_argument

Term = Fact | Const


def dims_of_shape(shape: Term) -> Dims | None:
    """The dims that an argument `shape` stands for, where each of them is known."""
    items = known_of(shape).items
    if items is None or known_of(shape).kind != "tuple":
        return None
    dims = tuple([_length(item) for item in items])
    return None if None in dims else dims  # type: ignore[return-value]


def _length(item: Term) -> Dim | None:
    if isinstance(item, Const):
        return item.value if type(item.value) is int else None
    return item.size


def axes_of(axis: Atom, rank: int) -> tuple[int, ...] | None:
    """The axes that a constant argument `axis` names, none of them negative; None means all."""
    return axes_argument(axis, rank) if isinstance(axis, Const) else None


def _spread(x: Term, shape: Term, axis: Term, keepdims: Term) -> Fact:
    """An array is made first, of a Python number too."""
    return Fact("array", known_of(x).dtype, dims_of_shape(shape))


def _norm(g: Term, out: Term, x: Term, order: Term, axis: Term, keepdims: Term) -> Fact:
    """A gradient, in the shape of what it is a gradient for."""
    fact, found = known_of(x), infer(np.multiply, (g, x), {})
    if not isinstance(found, Fact) or fact.kind != "array" or known_of(g).weak is not False:
        return Fact(fact.kind, None, fact.dims)
    return Fact("array", found.dtype, fact.dims)


_BEYOND: Mapping[Any, Callable[..., Fact]] = {spread: _spread, norm: _norm}
BY_ID = {id(op): handler for op, handler in _BEYOND.items()}

# Their results share nothing with their arguments.
FRESH = frozenset(map(id, (divide_or_zero, power_derivative, count_reduced, share_ties, ties_of)))
