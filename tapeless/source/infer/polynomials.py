"""Polynomials by their coefficients; covariances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.rules import polynomials, statistics
from tapeless.source.facts import FLOAT, PYTHON_NUMBERS, UNKNOWN, Dim, Fact, may_be_one, same_dtype
from tapeless.source.infer.dtypes import Dtype, result_dtype
from tapeless.source.infer.lengths import ANY, is_named, minus, plus, product, total
from tapeless.source.infer.terms import (
    FALSE,
    NONE,
    ONE,
    TRUE,
    Result,
    Term,
    array,
    flag,
    integer,
    is_none,
    length_argument,
    loose,
    operand,
    shape_argument,
)

# Powers and values ------------------------------------------------------------------------------------


def vander(x: Term, N: Term = NONE, increasing: Term = FALSE) -> Fact:
    """A row of powers for each number."""
    fact = operand(x)
    rows = None if fact.dims is None or len(fact.dims) != 1 else fact.dims[0]
    dims = None if rows is None else (rows, rows if is_none(N) else length_argument(N))
    return array(result_dtype(np.vander, fact), dims)


def vander_derivative(x: Term, columns: Term, increasing: Term, order: Term) -> Fact:
    """The same for derivatives."""
    fact = operand(x)
    rows = ANY if fact.dims is None else product(fact.dims)
    return array(result_dtype(_first_powers, fact), (rows, length_argument(columns)))


def _first_powers(x: Any) -> Any:
    return polynomials.vander_derivative(x, 1, True, 1)


def polyval(p: Term, x: Term) -> Fact:
    """A value for each number; zeros in their own dtype if there are no coefficients."""
    first, second = operand(p), operand(x)
    found = result_dtype(np.polyval, first, second)
    is_one = first.dims is not None and len(first.dims) == 1
    own = second.dtype if second.weak is False else None
    is_sure = same_dtype(found, own) or (is_one and isinstance(first.dims[0], int) and first.dims[0] > 0)  # type: ignore[index]
    return loose(found if is_sure else None, second.dims if is_one else None)


def count_coefficients(p: Term) -> Fact:
    """A length."""
    dims = operand(p).dims
    size = dims[0] if dims and is_named(dims[0]) else None
    return replace(PYTHON_NUMBERS[int], size=size)


def exponents_of(p: Term) -> Fact:
    """One less than there are coefficients."""
    fact = operand(p)
    return array(fact.dtype, (minus(fact.dims[0], 1) if fact.dims else ANY,))


# Derivatives and integrals ----------------------------------------------------------------------------


def polyder(p: Term, m: Term = ONE) -> Fact:
    """A coefficient less for each derivative."""
    fact, times = operand(p), integer(m)
    if fact.dims is None or len(fact.dims) != 1 or not times:
        return UNKNOWN
    return array(result_dtype(np.polyder, fact), (minus(fact.dims[0], times),))


def polyint(p: Term, m: Term = ONE, k: Term = NONE) -> Fact:
    """A coefficient more for each integral."""
    fact, times = operand(p), integer(m)
    if fact.dims is None or len(fact.dims) != 1 or not times:
        return UNKNOWN
    return array(result_dtype(np.polyint, fact) if is_none(k) else None, (plus(fact.dims[0], times),))


def polyder_transposed(x: Term, n: Term, m: Term) -> Fact:
    """As many coefficients as are asked for."""
    return array(operand(x).dtype, (length_argument(n),))


def polyint_transposed(x: Term, m: Term) -> Fact:
    """A coefficient less for each integral."""
    fact, times = operand(x), integer(m)
    is_clear = fact.dims is not None and times is not None
    dtype = result_dtype(np.divide, fact, array(FLOAT, (ANY,)))
    return array(dtype, (minus(fact.dims[0], times),) if is_clear else (ANY,))  # type: ignore[index, arg-type]


# Sums and products ------------------------------------------------------------------------------------


def combined(function: Callable[..., Any]) -> Callable[..., Fact]:
    """np.polyadd or np.polysub: as long as the longer."""

    def handler(a1: Term, a2: Term) -> Fact:
        facts = [operand(a1), operand(a2)]
        sizes = [ANY if fact.dims is None else product(fact.dims) for fact in facts]
        return array(result_dtype(function, *facts), (_longer(*sizes),))

    return handler


def _longer(n: Dim, m: Dim) -> Dim:
    return max(n, m) if isinstance(n, int) and isinstance(m, int) else n if n == m and n != ANY else ANY


def polymul(a1: Term, a2: Term) -> Fact:
    """As long as is left without leading zeros."""
    return array(result_dtype(np.polymul, operand(a1), operand(a2)), (ANY,))


# Covariance -------------------------------------------------------------------------------------------


def covariance(m: Term, y: Term = NONE, rowvar: Term = TRUE, *options: Term, **others: Term) -> Fact:
    """A number for each pair of variables; for one variable one number."""
    facts = [operand(m)] if is_none(y) else [operand(m), operand(y)]
    is_plain = not options and all([name in ("bias", "ddof") for name in others])
    dtype = _wide([fact.dtype for fact in facts]) if is_plain else None
    by_rows = flag(rowvar)
    count = total([_variables(fact, by_rows, k > 0) for k, fact in enumerate(facts)])
    if count == 1:
        return loose(dtype, ())
    return Fact("numeric", dtype) if may_be_one(count) else array(dtype, (count, count))


def _wide(dtypes: list[Dtype | None]) -> Dtype | None:
    known = [dtype for dtype in dtypes if dtype is not None]
    return np.result_type(*known, FLOAT) if len(known) == len(dtypes) else None


def _variables(fact: Fact, by_rows: bool | None, is_second: bool) -> Dim:
    """How many an array holds; a second array of one row is read as a row."""
    if fact.dims is None or len(fact.dims) < 2:
        return ANY if fact.dims is None else 1
    if by_rows:
        return fact.dims[0]
    return ANY if by_rows is None or (is_second and may_be_one(fact.dims[0])) else fact.dims[1]


def variables(x: Term, count: Term, is_second: Term, rowvar: Term) -> Fact:
    """A row for each variable."""
    if is_none(x):
        return PYTHON_NUMBERS[float]
    fact = operand(x)
    is_clear = fact.dims and (len(fact.dims) == 1 or flag(rowvar))
    return array(fact.dtype, (length_argument(count), fact.dims[-1] if fact.dims and is_clear else ANY))


def in_shape(x: Term, shape: Term, *options: Term) -> Fact:
    """In the shape that the second argument names."""
    return loose(operand(x).dtype, shape_argument(shape))


def side(shape: Term) -> Fact:
    """A number of variables."""
    dims = shape_argument(shape)
    size = None if dims is None else dims[0] if dims else 1
    return replace(PYTHON_NUMBERS[int], size=size if size is not None and is_named(size) else None)


HANDLERS: dict[Any, Callable[..., Result]] = {
    np.vander: vander,
    np.polyval: polyval,
    np.polyder: polyder,
    np.polyint: polyint,
    np.polyadd: combined(np.polyadd),
    np.polysub: combined(np.polysub),
    np.polymul: polymul,
    np.cov: covariance,
    np.corrcoef: covariance,
    polynomials.vander_derivative: vander_derivative,
    polynomials.count_coefficients: count_coefficients,
    polynomials.exponents_of: exponents_of,
    polynomials.polyder_transposed: polyder_transposed,
    polynomials.polyint_transposed: polyint_transposed,
    statistics.variables: variables,
    statistics.variables_transposed: in_shape,
    statistics.side: side,
    statistics.freedom: lambda count, bias, ddof: PYTHON_NUMBERS[float],
}
