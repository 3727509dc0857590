"""Leave out what facts show to do nothing, and say which axes are summed over."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Atom, Const, Let, Program
from tapeless.rules.fourier import fitted, transformed_axes
from tapeless.rules.indexing import last_written
from tapeless.rules.reductions import at_least_one, degrees_of_freedom
from tapeless.rules.shapes import inverse_axes
from tapeless.rules.support import as_dtype, conjugate, filled, in_dtype, masked, restore_axes, unbroadcast
from tapeless.source.facts import NUMERIC, Fact, Size, same_dtype, stretched
from tapeless.source.simplify.known import Known, computed, copied, plain_arguments, rewrite


def leave_out_fits(program: Program, facts: dict[str, Fact]) -> Program:
    """Leave out what facts show to do nothing, and say which axes are summed over.

    c = g * y                           c = g * y                     g, y: float64, (n, 3)
    d = unbroadcast(c, np.shape(x))     d = np.add.reduce(c, axis=0)  x: float64, (3,)
    e = as_dtype(d, dtype_of(x))   =>   return d
    return e
    """
    known = Known(program, facts)

    def change(statement: Let) -> Sequence[Let] | None:
        fit = _FITS.get(id(statement.op))
        args = plain_arguments(statement)
        if fit is None or args is None or len(statement.targets) != 1:
            return None
        return fit(known, statement, args)

    return rewrite(program, change)


Change = Callable[[Known, Let, tuple[Atom, ...]], Sequence[Let] | None]


def _unbroadcast(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    x, dims = known.fact(args[0]), known.shape(args[1])
    if dims is None or x.kind not in NUMERIC:
        return None
    axes = stretched(Fact("array", dims=dims), x)
    if axes is None or x.dims is None:
        return None
    if not axes:
        return copied(statement, args[0])
    lead = len(x.dims) - len(dims)
    if len(axes) == len(x.dims) and not dims:
        return computed(statement, np.add.reduce, args[0], axis=None)
    if len(axes) == lead:
        return computed(statement, np.add.reduce, args[0], axis=0 if lead == 1 else axes)
    if lead:
        return None
    return computed(
        statement, np.add.reduce, args[0], axis=axes[0] if len(axes) == 1 else axes, keepdims=True
    )


def _as_dtype(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    x, dtype = known.fact(args[0]), known.dtype(args[1])
    return copied(statement, args[0]) if dtype is not None and same_dtype(x.dtype, dtype) else None


def _in_dtype(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    dtype = known.dtype(args[1])
    if dtype is not None and dtype.kind not in "fc":
        return copied(statement, args[0])
    return _as_dtype(known, statement, args)


def _masked(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    mask = args[1]
    return copied(statement, args[0]) if isinstance(mask, Const) and mask.value is True else None


def _conjugate(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    dtype = known.fact(args[0]).dtype
    return copied(statement, args[0]) if dtype is not None and dtype.kind in "fiub" else None


def _restore_axes(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    _, shape, axis, keepdims = args
    is_whole = known.shape(shape) == () or (isinstance(axis, Const) and axis.value is None)
    if is_whole or (isinstance(keepdims, Const) and keepdims.value is True):
        return copied(statement, args[0])
    return None


def _reshape(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """A view of the whole of an array is as good as the array."""
    x = known.fact(args[0])
    is_known = x.kind in ("array", "scalar") and x.dims is not None and x.weak is False
    return copied(statement, args[0]) if is_known and x.dims == known.shape(args[1]) else None


def _shape(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """The shape of a number, or one whose lengths are all known."""
    dims = known.fact(args[0]).dims
    if dims is None or not all([isinstance(dim, int) for dim in dims]):
        return None
    return copied(statement, Const(dims))


def _at_least_one(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    count = args[0]
    if isinstance(count, Const) and type(count.value) is int:
        return copied(statement, Const(count.value or 1))
    return None


def _degrees_of_freedom(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """A count is never negative."""
    count, ddof, correction = args
    if not isinstance(ddof, Const) or not isinstance(correction, Const):
        return None
    free = ddof.value if correction.value is None else correction.value
    if type(free) is not int:
        return None
    if isinstance(count, Const) and type(count.value) is int:
        return copied(statement, Const(degrees_of_freedom(count.value, free, None)))
    fact = known.fact(count)
    is_count = fact.weak is True and fact.dtype is not None and fact.dtype.kind == "i"
    return copied(statement, count) if is_count and free == 0 else None


def _last_written(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """What an assignment to places that are all different gave, if its value had their shape."""
    x, index, shape = args
    part, dims = known.infer(operator.getitem, x, index), known.shape(shape)
    if part.dims is None or dims is None or len(part.dims) != len(dims) or not is_basic(known, index):
        return None
    fits = [
        a == b or (b != 1 and not (isinstance(b, Size) and b.stretches))
        for a, b in zip(part.dims, dims, strict=True)
    ]
    return computed(statement, operator.getitem, x, index) if all(fits) else None


def _transformed_axes(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    sizes, axes = args
    return copied(statement, axes) if isinstance(sizes, Const) and sizes.value is None else None


def _inverse_axes(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    return copied(statement, args[0]) if args == (Const(None),) else None


def _transpose(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    return computed(statement, np.transpose, args[0]) if args[1:] == (Const(None),) else None


def is_basic(known: Known, index: Atom) -> bool:
    """Whether an index takes no element twice: numbers and slices."""
    fact = known.fact(index)
    items = fact.items if fact.kind == "tuple" else (index if isinstance(index, Const) else fact,)
    return items is not None and all([_is_number_or_slice(item) for item in items])


def _is_number_or_slice(item: Fact | Const) -> bool:
    if isinstance(item, Const):
        return item.value is None or item.value is Ellipsis or isinstance(item.value, int | slice)
    is_number = item.kind == "scalar" and item.dtype is not None and item.dtype.kind in "iu"
    return is_number or item.kind == "slice"


_FITS: Mapping[Any, Change] = {
    id(op): fit
    for op, fit in {
        unbroadcast: _unbroadcast,
        as_dtype: _as_dtype,
        in_dtype: _in_dtype,
        masked: _masked,
        filled: _masked,
        conjugate: _conjugate,
        restore_axes: _restore_axes,
        np.shape: _shape,
        np.reshape: _reshape,
        np.broadcast_to: _reshape,
        at_least_one: _at_least_one,
        degrees_of_freedom: _degrees_of_freedom,
        last_written: _last_written,
        fitted: _reshape,
        transformed_axes: _transformed_axes,
        inverse_axes: _inverse_axes,
        np.transpose: _transpose,
    }.items()
}
