"""Products that sum: dot, matmul, einsum and their kin."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules import einsum as rules_einsum
from tapeless.rules.einsum import LETTERS, _explicit
from tapeless.source.facts import Dim, Dims, Fact, broadcast, known_of
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY, product
from tapeless.source.infer.terms import (
    FALSE,
    LAST,
    NONE,
    TWO,
    Dtype,
    Result,
    Term,
    UnclearError,
    array,
    axes_argument,
    axis_argument,
    common_dtype,
    integer,
    is_none,
    items_of,
    loose,
    no,
    number,
    numeric,
    operand,
    shape_argument,
    text,
)


def _strong(x1: Term, x2: Term) -> tuple[Fact, Fact, Dtype | None]:
    """Both operands, and the dtype of a product that makes arrays of them first."""
    first, second = operand(x1), operand(x2)
    return first, second, common_dtype((first, second))


def _pair(x1: Term, x2: Term, dtype_of: Callable[..., Any] = np.multiply) -> tuple[Fact, Fact, Dtype | None]:
    first, second = operand(x1), operand(x2)
    return first, second, result_dtype(dtype_of, first, second)


def matmul(x1: Term, x2: Term, out: Term = NONE) -> Fact:
    """Matrices in the last two axes, the others broadcast; a vector is a row or a column."""
    no(out)
    first, second, dtype = _pair(x1, x2, np.matmul)
    a, b = first.dims, second.dims
    if a is None or b is None:
        return Fact("array" if len(a or b or ()) > 2 else "numeric", dtype)
    return numeric(dtype, matmul_dims(a, b))


def matmul_dims(a: Dims, b: Dims) -> Dims | None:
    """The dims of a matrix product."""
    if not a or not b:
        return None
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    lead = broadcast(a[:-2], b[:-2])
    return None if lead is None else (*lead, *rows, *columns)


def dot(a: Term, b: Term, out: Term = NONE) -> Fact:
    """The last axis of the first with the last but one of the second."""
    no(out)
    first, second, dtype = _pair(a, b, np.dot)
    m, n = first.dims, second.dims
    if m is None or n is None:
        return numeric(dtype, None)
    if not m or not n:
        return numeric(dtype, m or n)
    return numeric(dtype, (*m[:-1], *n[:-2], *(n[-1:] if len(n) > 1 else ())))


def inner(a: Term, b: Term) -> Fact:
    """The last axes of both."""
    first, second, dtype = _pair(a, b, np.inner)
    m, n = first.dims, second.dims
    if m is None or n is None:
        return numeric(dtype, None)
    return numeric(dtype, (*m[:-1], *n[:-1]) if m and n else m or n)


def outer(a: Term, b: Term, out: Term = NONE) -> Fact:
    """All products of two flat arrays."""
    no(out)
    first, second, dtype = _strong(a, b)
    return array(dtype, tuple([ANY if x.dims is None else product(x.dims) for x in (first, second)]))


def vdot(a: Term, b: Term) -> Fact:
    """One number."""
    return number(_pair(a, b, np.vdot)[2])


def kron(a: Term, b: Term) -> Fact:
    """Lengths multiply."""
    first, second, dtype = _strong(a, b)
    m, n = first.dims, second.dims
    if m is None or n is None:
        return Fact("numeric", dtype)
    rank = max(len(m), len(n))
    m, n = (1,) * (rank - len(m)) + m, (1,) * (rank - len(n)) + n
    return loose(dtype, tuple([product(pair) for pair in zip(m, n, strict=True)]))


def tensordot(a: Term, b: Term, axes: Term = TWO) -> Fact:
    """An array of the axes that are not summed over."""
    first, second, dtype = _pair(a, b, np.dot)
    if first.dims is None or second.dims is None:
        return Fact("array", dtype)
    summed = summed_axes(axes, len(first.dims), len(second.dims))
    if summed is None:
        return Fact("array", dtype)
    left = [dim for i, dim in enumerate(first.dims) if i not in summed[0]]
    right = [dim for i, dim in enumerate(second.dims) if i not in summed[1]]
    return array(dtype, (*left, *right))


def summed_axes(axes: Term, rank_a: int, rank_b: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Which axes of either array a tensordot sums over."""
    count = integer(axes)
    if count is not None:
        return tuple(range(rank_a - count, rank_a)), tuple(range(count))
    pair = items_of(axes)
    if pair is None or len(pair) != 2:
        return None
    for_a, for_b = axes_argument(pair[0], rank_a), axes_argument(pair[1], rank_b)
    return None if for_a is None or for_b is None else (for_a, for_b)


def cross(
    a: Term, b: Term, axisa: Term = LAST, axisb: Term = LAST, axisc: Term = LAST, axis: Term = NONE
) -> Fact:
    """Vectors of three numbers, where that is known."""
    first, second, dtype = _pair(a, b, _crossed)
    if not is_none(axis):
        axisa = axisb = axisc = axis
    m, n = _without(first, axisa), _without(second, axisb)
    if m is None or n is None or 3 not in (m[1], n[1]):
        return Fact("numeric", dtype)
    lead = broadcast(m[0], n[0])
    at = None if lead is None else axis_argument(axisc, len(lead) + 1)
    if lead is None or at is None:
        return Fact("array", dtype)
    return Fact("array", dtype, (*lead[:at], 3, *lead[at:]))


def _crossed(a: Any, b: Any) -> Any:
    return np.multiply(a, b) - np.multiply(a, b)


def linalg_cross(x1: Term, x2: Term, *, axis: Term = LAST) -> Fact:
    """Vectors of three numbers."""
    first, second, dtype = _pair(x1, x2, _crossed)
    return Fact("array", dtype, broadcast(first.dims, second.dims))


def _without(fact: Fact, axis: Term) -> tuple[Dims, Dim] | None:
    """The dims but for one axis, and its length."""
    at = None if fact.dims is None else axis_argument(axis, len(fact.dims))
    if fact.dims is None or at is None:
        return None
    return fact.dims[:at] + fact.dims[at + 1 :], fact.dims[at]


def vecdot(x1: Term, x2: Term, *, axis: Term = LAST) -> Fact:
    """Vectors along an axis, the others broadcast."""
    first, second, dtype = _pair(x1, x2, np.vecdot)
    m, n = _without(first, axis), _without(second, axis)
    return numeric(dtype, None if m is None or n is None else broadcast(m[0], n[0]))


def matvec(x1: Term, x2: Term) -> Fact:
    """Matrices times vectors."""
    first, second, dtype = _pair(x1, x2)
    m, n = first.dims, second.dims
    lead = None if m is None or n is None else broadcast(m[:-2], n[:-1])
    return numeric(dtype, None if lead is None or m is None else (*lead, m[-2]))


def vecmat(x1: Term, x2: Term) -> Fact:
    """Vectors times matrices."""
    first, second, dtype = _pair(x1, x2)
    m, n = first.dims, second.dims
    lead = None if m is None or n is None else broadcast(m[:-1], n[:-2])
    return numeric(dtype, None if lead is None or n is None else (*lead, n[-1]))


def multi_dot(arrays: Term, *, out: Term = NONE) -> Fact:
    """A product of several matrices; the first and the last may be vectors."""
    no(out)
    facts = [operand(item) for item in items_of(arrays) or ()]
    first, last = facts[0], facts[-1]
    dtype = first.dtype
    for fact in facts[1:]:
        dtype = result_dtype(np.matmul, Fact("array", dtype), fact)
    if first.dims is None or last.dims is None or len(facts) < 2:
        return Fact("numeric", dtype)
    return numeric(dtype, (*first.dims[:-1], *last.dims[1:]))


# einsum -----------------------------------------------------------------------------------------------


def einsum(*operands: Term, out: Term = NONE, optimize: Term = FALSE, **others: Term) -> Fact:
    """Letters name axes: those of the output are what is left."""
    no(out)
    subscripts, facts = _string_form(operands)
    dtype = None if others else product_dtype(facts)
    if any(fact.dims is None for fact in facts):
        return Fact("numeric", dtype)
    terms, output = _parsed(subscripts, tuple([len(fact.dims or ()) for fact in facts]))
    lengths: dict[str, Dim] = {}
    for term, fact in zip(terms, facts, strict=True):
        for letter, dim in zip(term, fact.dims or (), strict=True):
            dims = broadcast((lengths.get(letter, 1),), (dim,))
            lengths[letter] = dims[0] if dims else ANY
    return loose(dtype, tuple([lengths[letter] for letter in output]))


@functools.lru_cache(maxsize=256)
def _parsed(subscripts: str, ranks: tuple[int, ...]) -> tuple[list[str], str]:
    return _explicit(subscripts, ranks)


def product_dtype(facts: Sequence[Fact]) -> Dtype | None:
    """The dtype of a product of arrays; numbers of Python count as arrays."""
    if any(fact.weak is not False for fact in facts):
        return None
    return common_dtype(facts)


def _string_form(operands: Sequence[Term]) -> tuple[str, list[Fact]]:
    subscripts = text(operands[0])
    if subscripts is not None:
        return subscripts, [operand(term) for term in operands[1:]]
    count = len(operands) // 2
    terms = [_letters(operands[2 * i + 1]) for i in range(count)]
    output = f"->{_letters(operands[-1])}" if len(operands) % 2 else ""
    return ",".join(terms) + output, [operand(term) for term in operands[: 2 * count : 2]]


def _letters(term: Term) -> str:
    letters = []
    for item in known_of(term).items or (NONE,):
        position = integer(item)
        if position is None and item != Const(Ellipsis):
            raise UnclearError
        letters.append("..." if position is None else LETTERS[position])
    return "".join(letters)


def einsum_to(subscripts: Term, position: Term, shape: Term, optimize: Term, *operands: Term) -> Fact:
    """The cotangent of one operand: in its shape."""
    return loose(product_dtype([operand(term) for term in operands]), shape_argument(shape))


HANDLERS: dict[Any, Callable[..., Result]] = {
    operator.matmul: matmul,
    np.matmul: matmul,
    np.linalg.matmul: matmul,
    np.dot: dot,
    np.inner: inner,
    np.outer: outer,
    np.linalg.outer: outer,
    np.vdot: vdot,
    np.kron: kron,
    np.tensordot: tensordot,
    np.linalg.tensordot: tensordot,
    np.cross: cross,
    np.linalg.cross: linalg_cross,
    np.vecdot: vecdot,
    np.linalg.vecdot: vecdot,
    np.linalg.multi_dot: multi_dot,
    np.einsum: einsum,
    rules_einsum.einsum_to: einsum_to,
}
if hasattr(np, "matvec"):  # NumPy 2.2
    HANDLERS[np.matvec] = matvec
    HANDLERS[np.vecmat] = vecmat
