"""Functions of NumPy that work element by element and are no ufuncs: choices, bounds, parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.indexing import nonzero
from tapeless.source.infer.terms import (
    NONE,
    TRUE,
    ZERO,
    Result,
    Term,
    broadcast_all,
    dtype_argument,
    is_none,
    loose,
    no,
    numeric,
    operand,
    spread_fact,
)


def of_one(function: Callable[..., Any]) -> Callable[..., Fact]:
    """A function of one array, whose options change no dtype."""

    def handler(x: Term, *options: Term, **others: Term) -> Fact:
        fact = operand(x)
        return loose(result_dtype(function, fact), fact.dims)

    return handler


def rounded(a: Term, decimals: Term = ZERO, out: Term = NONE) -> Fact:
    """np.round."""
    no(out)
    fact = operand(a)
    return loose(result_dtype(np.round, fact), fact.dims)


def where(condition: Term, x: Term = NONE, y: Term = NONE) -> Result:
    """A choice is an array always; without choices it is np.nonzero."""
    if is_none(x) and is_none(y):
        return nonzero(condition)
    test, first, second = operand(condition), operand(x), operand(y)
    dims = broadcast_all((test, first, second))
    return Fact("array", result_dtype(chosen, first, second), dims)


def chosen(x: Any, y: Any) -> Any:
    """A choice of which only the dtype matters."""
    return np.where(True, x, y)


def clip(
    a: Term,
    a_min: Term = NONE,
    a_max: Term = NONE,
    out: Term = NONE,
    *,
    min: Term = NONE,
    max: Term = NONE,
    **others: Term,
) -> Result:
    """The bounds broadcast too; None is no bound."""
    no(out)
    facts = [operand(a)]
    bounds = (min if is_none(a_min) else a_min, max if is_none(a_max) else a_max)
    facts.extend(operand(bound) for bound in bounds if not is_none(bound))
    if others:
        return UNKNOWN
    function = {1: _unclipped, 2: _clipped, 3: np.clip}[len(facts)]
    return spread_fact(result_dtype(function, *facts), facts)


def _unclipped(a: Any) -> Any:
    return np.clip(a, None, None)


def _clipped(a: Any, bound: Any) -> Any:
    return np.clip(a, bound, None)


def real_if_close(a: Term, tol: Term = NONE) -> Fact:
    """Complex numbers stay so only if they must."""
    fact = operand(a)
    is_complex = fact.dtype is None or fact.dtype.kind == "c"
    return loose(None if is_complex else result_dtype(np.asarray, fact), fact.dims)


def nan_to_num(
    x: Term,
    copy: Term = TRUE,
    nan: Term = ZERO,
    posinf: Term = NONE,
    neginf: Term = NONE,
) -> Fact:
    """What is filled in broadcasts to the array."""
    fact = operand(x)
    return loose(result_dtype(np.nan_to_num, fact), fact.dims)


def astype(x: Term, dtype: Term, *options: Term, **others: Term) -> Fact:
    """The array in another dtype."""
    fact = operand(x)
    return loose(dtype_argument(dtype, None), fact.dims)


def number_type(kind: type[np.generic]) -> Callable[..., Fact]:
    """`np.float32(x)`: a number of numbers, an array of arrays."""
    dtype = np.dtype(kind)

    def handler(value: Term = ZERO) -> Fact:
        return numeric(dtype, operand(value).dims)

    return handler


NUMBER_TYPES = (
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
    np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128, np.clongdouble,
)  # fmt: skip

OF_ONE = (np.real, np.imag, np.angle, np.sinc, np.i0, np.fix)

HANDLERS: dict[Any, Callable[..., Result]] = {
    **{function: of_one(function) for function in OF_ONE},
    **{kind: number_type(kind) for kind in NUMBER_TYPES},
    np.round: rounded,
    np.around: rounded,
    np.where: where,
    np.clip: clip,
    np.real_if_close: real_if_close,
    np.nan_to_num: nan_to_num,
    np.ndarray.astype: astype,
}
if hasattr(np, "astype"):  # NumPy 2.1
    HANDLERS[np.astype] = astype
