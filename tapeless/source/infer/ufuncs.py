"""Ufuncs: everything follows from broadcasting and the loops that they have."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from tapeless.source.facts import UNKNOWN, Fact, known_of
from tapeless.source.infer.dtypes import result_dtypes
from tapeless.source.infer.terms import (
    NONE,
    TRUE,
    Dtype,
    Result,
    Term,
    dtype_argument,
    flag,
    is_none,
    numeric_of,
    spread_fact,
)


def ufunc(function: np.ufunc, args: Sequence[Term], kwargs: Mapping[str, Term]) -> Result:
    """What a ufunc without a signature gives: everything follows from broadcasting and the loops it has."""
    count = function.nin
    if len(args) < count or function.signature is not None:
        return UNKNOWN
    facts = [numeric_of(arg) for arg in args[:count]]
    for fact in facts:
        if fact.kind == "object":
            return UNKNOWN
    if not kwargs and len(args) == count:
        return _spread(facts, result_dtypes(function, facts) or (None,) * function.nout)
    return _with_options(function, facts, args[count:], kwargs)


def _spread(facts: Sequence[Fact], dtypes: tuple[Dtype | None, ...]) -> Result:
    if len(dtypes) == 1:
        return spread_fact(dtypes[0], facts)
    return tuple([spread_fact(dtype, facts) for dtype in dtypes])


def _with_options(
    function: np.ufunc, facts: list[Fact], outs: Sequence[Term], kwargs: Mapping[str, Term]
) -> Result:
    given = [*outs, *([kwargs["out"]] if "out" in kwargs else [])]
    if any(not is_none(out) for out in given):
        return _given_outs(given)
    mask = kwargs.get("where", TRUE)
    spread = facts if flag(mask) else [*facts, numeric_of(mask)]
    options = set(kwargs) - {"out", "where", "casting", "order", "subok"}
    if options - {"dtype"}:
        return UNKNOWN
    dtypes = result_dtypes(function, facts)
    dtype = kwargs.get("dtype", NONE)
    if not is_none(dtype):
        wanted = dtype_argument(dtype, None)
        dtypes = None if wanted is None else _dtypes_in(function, wanted)
    return _spread(spread, dtypes or (None,) * function.nout)


def _given_outs(given: list[Term]) -> Result:
    """A ufunc returns the arrays that it writes into."""
    outs = list(known_of(given[0]).items or ()) if known_of(given[0]).kind == "tuple" else given
    found = tuple([known_of(out) for out in outs])
    if not found or any(fact.kind != "array" for fact in found):
        return UNKNOWN
    return found[0] if len(found) == 1 else found


@functools.lru_cache(maxsize=256)
def _dtypes_in(function: np.ufunc, dtype: Dtype) -> tuple[Dtype | None, ...] | None:
    """What a ufunc gives where its `dtype` is given."""
    try:
        with np.errstate(all="ignore"):
            found = function(*(np.ones(1, bool),) * function.nin, dtype=dtype, casting="unsafe")
    except TypeError:
        return None
    return tuple([result.dtype for result in (found if isinstance(found, tuple) else (found,))])
