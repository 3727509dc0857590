"""Functions of NumPy that work element by element and are no ufuncs: choices, bounds, parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.indexing import nonzero
from tapeless.source.infer.terms import NONE, Result, Term, broadcast_all, is_none, numeric_of, spread_fact


def elementwise(
    function: Callable[..., Any], count: int = 1, keep_arrays: bool = False
) -> Callable[..., Fact]:
    """A function whose first `count` arguments broadcast, and that has no others which matter here."""

    def handler(*args: Term, out: Term = NONE, **kwargs: Term) -> Fact:
        facts = [numeric_of(arg) for arg in args[:count]]
        if not is_none(out) or any(fact.kind == "object" for fact in facts) or "dtype" in kwargs:
            return UNKNOWN
        found = spread_fact(result_dtype(function, *facts), facts)
        return Fact("array", found.dtype, found.dims) if keep_arrays else found

    return handler


def where(condition: Term, x: Term = NONE, y: Term = NONE) -> Result:
    """A choice is an array always; without choices it is np.nonzero."""
    if is_none(x) and is_none(y):
        return nonzero(condition)
    test, first, second = numeric_of(condition), numeric_of(x), numeric_of(y)
    if "object" in (test.kind, first.kind, second.kind):
        return UNKNOWN
    dtype = result_dtype(_chosen, first, second)
    return Fact("array", dtype, broadcast_all((test, first, second)))


def _chosen(x: Any, y: Any) -> Any:
    return np.where(True, x, y)


def clip(
    a: Term,
    a_min: Term = NONE,
    a_max: Term = NONE,
    out: Term = NONE,
    *,
    min: Term = NONE,
    max: Term = NONE,
    **kwargs: Term,
) -> Result:
    """The bounds broadcast too; None is no bound."""
    if not is_none(out) or kwargs:
        return UNKNOWN
    facts = [numeric_of(a)]
    for bound in (min if is_none(a_min) else a_min, max if is_none(a_max) else a_max):
        if not is_none(bound):
            facts.append(numeric_of(bound))
    if any(fact.kind == "object" for fact in facts):
        return UNKNOWN
    function = {1: np.positive, 2: np.maximum, 3: _clipped}[len(facts)]
    return spread_fact(result_dtype(function, *facts), facts)


def _clipped(a: Any, low: Any, high: Any) -> Any:
    return np.clip(a, low, high)
