"""Discrete Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules import fourier
from tapeless.source.facts import FLOAT, UNKNOWN, Dim, Dims, Fact, derived, known_of
from tapeless.source.infer.dtypes import Dtype, result_dtype
from tapeless.source.infer.lengths import ANY, MANY, is_named
from tapeless.source.infer.shapes import same_array
from tapeless.source.infer.terms import (
    LAST,
    NONE,
    ONE,
    Result,
    Term,
    anything,
    array,
    axes_argument,
    axis_argument,
    entries_argument,
    integer,
    is_none,
    length_argument,
    loose,
    no,
    operand,
    shape_argument,
)

LAST_TWO = Const((-2, -1))


def half(n: Dim) -> Dim:
    """How many frequencies `n` real numbers have."""
    if isinstance(n, int):
        return n // 2 + 1
    return derived(f"(({n.name})//2+1)", n.stretches) if is_named(n) else ANY if n.stretches else MANY


def twice(m: Dim) -> Dim:
    """How many real numbers `m` frequencies give: an even number."""
    if isinstance(m, int):
        return 2 * (m - 1)
    return derived(f"(2*(({m.name})-1))", False) if is_named(m) else MANY


def along_one(kept: str) -> Callable[..., Fact]:
    """`f(a, n, axis, norm)`; `kept`: all frequencies, half of them, or the numbers that half of them give."""

    def handler(a: Term, n: Term = NONE, axis: Term = LAST, norm: Term = NONE, out: Term = NONE) -> Fact:
        no(out)
        fact = operand(a)
        dtype = result_dtype(np.fft.fft, fact) if kept != "numbers" else _real(fact)
        at = None if fact.dims is None else axis_argument(axis, len(fact.dims))
        if fact.dims is None or at is None:
            return array(dtype, None if fact.dims is None else anything(len(fact.dims)))
        length = _length(fact.dims[at], n, kept)
        return array(dtype, (*fact.dims[:at], length, *fact.dims[at + 1 :]))

    return handler


def _length(own: Dim, n: Term, kept: str) -> Dim:
    if kept == "numbers":
        return twice(own) if is_none(n) else length_argument(n)
    whole = own if is_none(n) else length_argument(n)
    return half(whole) if kept == "half" else whole


def _real(fact: Fact) -> Dtype | None:
    return result_dtype(_two_numbers, fact)


def _two_numbers(a: Any) -> Any:
    """The one frequency that NumPy is asked about gives no numbers unless told how many."""
    return np.fft.irfft(a, 2)


def along_several(kept: str, default: Term = NONE) -> Callable[..., Fact]:
    """`f(a, s, axes, norm)`, as `along_one` along the last of the axes."""

    def handler(a: Term, s: Term = NONE, axes: Term = default, norm: Term = NONE, out: Term = NONE) -> Fact:
        no(out)
        fact = operand(a)
        dtype = result_dtype(np.fft.fft, fact) if kept != "numbers" else _real(fact)
        return array(dtype, None if fact.dims is None else _dims(fact.dims, s, axes, kept))

    return handler


def _dims(dims: Dims, s: Term, axes: Term, kept: str) -> Dims:
    every = axes_argument(axes, len(dims))
    sizes = None if is_none(s) else entries_argument(s)
    is_clear = is_none(s) or (sizes is not None and not is_none(axes))
    if every is None or not is_clear or len(set(every)) < len(every):
        return anything(len(dims))
    found = list(dims)
    for axis, size in zip(every, sizes or (), strict=False):
        found[axis] = found[axis] if size == -1 else size
    if every and kept == "half":
        found[every[-1]] = half(found[every[-1]])
    if every and kept == "numbers" and sizes is None:
        found[every[-1]] = twice(found[every[-1]])
    return tuple(found)


def shifted(x: Term, axes: Term = NONE) -> Fact:
    """The same elements in another order."""
    return same_array(x)


def frequencies(kept: str) -> Callable[..., Fact]:
    """`f(n, d)`: the frequencies of `n` numbers that are `d` apart."""

    def handler(n: Term, d: Term = ONE, device: Term = NONE) -> Fact:
        step = operand(d)
        dtype = FLOAT if step.weak and step.dtype is not None and step.dtype.kind in "if" else None
        return array(dtype, (_length(length_argument(n), NONE, kept),) if step.dims == () else None)

    return handler


# What the rules call ----------------------------------------------------------------------------------


def fitted(x: Term, shape: Term) -> Fact:
    """In another shape of as many axes."""
    return loose(operand(x).dtype, shape_argument(shape))


def real_in_shape(x: Term, shape: Term, *options: Term) -> Fact:
    """Real numbers in a shape."""
    return array(_real(operand(x)), shape_argument(shape))


def complex_in_shape(x: Term, shape: Term, *options: Term) -> Fact:
    """Complex numbers in a shape."""
    return array(result_dtype(np.fft.fft, operand(x)), shape_argument(shape))


def transformed_axes(s: Term, axes: Term) -> Fact:
    """The axes that are given, or as many of the last as there are sizes."""
    return known_of(axes) if is_none(s) or not is_none(axes) else UNKNOWN


def every_axis(ndim: Term, s: Term, axes: Term) -> Fact:
    """All of them if none are given."""
    rank = integer(ndim)
    chosen = None if rank is None or (is_none(axes) and not is_none(s)) else axes_argument(axes, rank)
    return Fact("tuple", items=None if chosen is None else tuple([Const(axis) for axis in chosen]))


def sizes_along(shape: Term, axes: Term) -> Fact:
    """Some of the lengths of a shape."""
    items = known_of(shape).items
    chosen = None if items is None else axes_argument(axes, len(items))
    if items is None or chosen is None:
        return Fact("tuple")
    return Fact("tuple", items=tuple([items[axis] for axis in chosen]))


def opposite(norm: Term) -> Result:
    """The name of a scale."""
    return UNKNOWN


HANDLERS: dict[Any, Callable[..., Result]] = {
    **dict.fromkeys((np.fft.fft, np.fft.ifft), along_one("all")),
    **dict.fromkeys((np.fft.rfft, np.fft.ihfft), along_one("half")),
    **dict.fromkeys((np.fft.irfft, np.fft.hfft), along_one("numbers")),
    **dict.fromkeys((np.fft.fftn, np.fft.ifftn), along_several("all")),
    **dict.fromkeys((np.fft.fft2, np.fft.ifft2), along_several("all", LAST_TWO)),
    np.fft.rfftn: along_several("half"),
    np.fft.rfft2: along_several("half", LAST_TWO),
    np.fft.irfftn: along_several("numbers"),
    np.fft.irfft2: along_several("numbers", LAST_TWO),
    **dict.fromkeys((np.fft.fftshift, np.fft.ifftshift), shifted),
    np.fft.fftfreq: frequencies("all"),
    np.fft.rfftfreq: frequencies("half"),
    fourier.fitted: fitted,
    fourier.rfft_transposed: real_in_shape,
    fourier.rfftn_transposed: real_in_shape,
    fourier.irfft_transposed: complex_in_shape,
    fourier.irfftn_transposed: complex_in_shape,
    fourier.transformed_axes: transformed_axes,
    fourier.every_axis: every_axis,
    fourier.sizes_along: sizes_along,
    fourier.opposite: opposite,
}
