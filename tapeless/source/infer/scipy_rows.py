"""SciPy's functions, and what their rules call: known by their rows and names, as none is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tapeless.rules import table
from tapeless.source.facts import FLOAT, UNKNOWN, Dims, Fact
from tapeless.source.infer.dtypes import result_dtype, result_dtypes
from tapeless.source.infer.reductions import logsumexp
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    Result,
    Term,
    anything,
    is_none,
    loose,
    numeric_of,
    operand,
    spread_fact,
)

HOMES = ("scipy.", "tapeless.rules.scipy_")
# Where an argument may be None, the result has the shape of the others, or is a number.
OPTIONAL = frozenset({"weights_or_one", "weights_or_zero", "with_mean", "centred"})
# What has the shape of which of its arguments.
LIKE = {
    "solve": 1, "solve_triangular": 1, "triangular_solution": 1, "solve_sylvester": 2, "sylvester": 2,
    "inv": 0, "inverse_of": 0, "cholesky": 0, "expm": 0, "matrix_exp": 0, "sqrtm": 0, "triangle": 0,
    "whole_points": 0,
}  # fmt: skip
# What is known of others by the rank of the result alone: how much more than that of the first argument.
RANK = {
    "corner": 0, "in_corner": 0, "doubled": 0, "transposed_if": 0, "convolve": 0, "fftconvolve": 0,
    "convolution": 0, "out_of_full": 0, "placed_in": 0, "det": -2,
}  # fmt: skip
MATRICES = frozenset({"block_diag", "joined_blocks", "outer_of_columns"})


def by_row(op: Callable[..., Any], args: Sequence[Term], kwargs: Mapping[str, Term]) -> Result:
    """What a function of SciPy gives."""
    module = _module_of(op)
    if not module.startswith(HOMES):
        return UNKNOWN
    name = op.__name__
    if module == "scipy.special._logsumexp":
        return _exponentials(op, *args, **kwargs)
    if name in OPTIONAL or module == "scipy.stats._multivariate":
        return Fact("numeric")
    if name in ("halved", "diagonal_blocks"):
        return Fact("tuple" if name == "halved" else "list")
    if name in LIKE or name in RANK or name in MATRICES:
        return _of_matrices(name, [numeric_of(arg) for arg in args])
    return _elementwise(op, args, kwargs)


def _module_of(op: Any) -> str:
    owner = getattr(op, "__self__", None)
    found = getattr(op, "__module__", None) if owner is None else type(owner).__module__
    return str(found or "")


def _elementwise(op: Callable[..., Any], args: Sequence[Term], kwargs: Mapping[str, Term]) -> Result:
    rule = table.find(op)
    if rule is None or rule.kind != "elementwise":
        return UNKNOWN
    facts = [numeric_of(term) for term in (*args, *kwargs.values()) if not is_none(term)]
    if any(fact.kind == "object" for fact in facts):
        return UNKNOWN
    dtypes = result_dtypes(op, facts)
    found = spread_fact(dtypes[0] if dtypes is not None and len(dtypes) == 1 else None, facts)
    return replace(found, kind="numeric", weak=False) if found.kind == "scalar" else found


def _exponentials(
    op: Callable[..., Any], a: Term, axis: Term = NONE, b: Term = NONE, keepdims: Term = FALSE
) -> Result:
    fact = operand(a)
    if not is_none(b):
        return Fact("numeric")
    dtype = result_dtype(op, fact)
    if op.__name__ == "logsumexp":
        found = logsumexp(a, axis, keepdims) if fact.dims else Fact("numeric")
        return replace(found, kind="array" if found.dims else "numeric", dtype=dtype, weak=False)
    return loose(dtype, fact.dims)


def _of_matrices(name: str, facts: Sequence[Fact]) -> Fact:
    numbers = [fact for fact in facts if fact.kind == "array"]
    is_double = numbers and all(fact.dtype == FLOAT for fact in numbers)
    dtype = FLOAT if is_double and name != "sqrtm" and UNKNOWN not in facts else None
    if name in MATRICES:
        return Fact("array", dtype, anything(2))
    own = facts[LIKE.get(name, 0)] if len(facts) > LIKE.get(name, 0) else UNKNOWN
    if not own.dims:
        return Fact("numeric", dtype)
    dims: Dims = own.dims if name in LIKE else anything(len(own.dims) + RANK[name])
    return loose(dtype, dims)
