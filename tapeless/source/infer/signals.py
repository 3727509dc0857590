"""Convolution and interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import COMPLEX, FLOAT, Dim, Fact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY, minus, product, total
from tapeless.source.infer.terms import NONE, Result, Term, loose, operand, text

FULL, VALID = Const("full"), Const("valid")


def convolution(default: Const) -> Callable[..., Fact]:
    """np.convolve and np.correlate, by their default mode."""

    def handler(a: Term, v: Term, mode: Term = default) -> Fact:
        first, second = operand(a), operand(v)
        sizes = [ANY if fact.dims is None else product(fact.dims) for fact in (first, second)]
        dtype = result_dtype(np.convolve, first, second)
        return Fact("array", dtype, (kept(sizes[0], sizes[1], text(mode)),))

    return handler


def kept(n: Dim, m: Dim, mode: str | None) -> Dim:
    """How much of the full convolution of `n` with `m` elements the mode keeps; both have elements."""
    if mode == "full":
        return minus(total((n, m)), 1)
    if mode == "same" and n == m and n != ANY:
        return n
    if isinstance(n, int) and isinstance(m, int):
        return {"same": max(n, m), "valid": abs(n - m) + 1}.get(mode or "", ANY)
    return ANY


def interp(x: Term, xp: Term, fp: Term, left: Term = NONE, right: Term = NONE, period: Term = NONE) -> Fact:
    """A number for each place."""
    values = operand(fp)
    dtype = None if values.dtype is None else COMPLEX if values.dtype.kind == "c" else FLOAT
    return loose(dtype, operand(x).dims)


HANDLERS: dict[Any, Callable[..., Result]] = {
    np.convolve: convolution(FULL),
    np.correlate: convolution(VALID),
    np.interp: interp,
}
