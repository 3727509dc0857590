"""Say in NumPy's words what a helper does, where facts show which of its cases it is."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.program import Atom, Const, Let, Program, Var
from tapeless.rules.contractions import dot_to_left, dot_to_right, matmul_to_left, matmul_to_right
from tapeless.rules.losses import share
from tapeless.rules.norms import norm
from tapeless.rules.reductions import count_reduced
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import divide_or_zero, restore_axes
from tapeless.source.facts import FLOAT, NUMERIC, Fact, same_dtype
from tapeless.source.simplify.helpers import axes_of
from tapeless.source.simplify.known import Known, computed, copied, plain_arguments, rewrite


def say_plainly(program: Program, facts: dict[str, Fact]) -> Program:
    """Say in NumPy's words what a helper does, where facts show which of its cases it is.

    c = matmul_to_left(g, w, np.shape(x))     t = np.transpose(w)       g, w, x: float64, two axes
    d = power_derivative(y, 2, 1, 0)     =>   c = g @ t
    return c, d                               d = 2.0 * y
                                              return c, d
    """
    known = Known(program, facts)

    def change(statement: Let) -> Sequence[Let] | None:
        if id(statement.op) in _REDUCTIONS and statement.kwargs:
            shorter = without_defaults(statement)
            return None if shorter is None else (shorter,)
        case = _CASES.get(id(statement.op))
        args = plain_arguments(statement)
        if case is None or args is None or len(statement.targets) != 1:
            return None
        return case(known, statement, args)

    return rewrite(program, change)


Change = Callable[[Known, Let, tuple[Atom, ...]], Sequence[Let] | None]


def _restore_axes(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    g, shape, axis, keepdims = args
    dims, rank = known.shape(shape), known.fact(g).dims
    axes = axes_of(axis, len(dims)) if dims else None
    if not axes or rank is None or not isinstance(keepdims, Const) or keepdims.value is not False:
        return None
    if dims is None or len(rank) + len(axes) != len(dims):
        return None
    return computed(statement, np.expand_dims, g, axis)


def _share(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    g, count, reduction = args
    if not isinstance(reduction, Const):
        return None
    return (
        computed(statement, operator.truediv, g, count) if reduction.value == "mean" else copied(statement, g)
    )


def _count_reduced(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    shape, axis, mask, _ = args
    dims = known.shape(shape)
    if not isinstance(mask, Const) or mask.value is not True or not isinstance(axis, Const):
        return None
    axes = axes_of(axis, len(dims)) if dims is not None else None
    if dims is not None and axes is not None:
        counted = [dims[i] for i in axes] if dims else []
        if all([isinstance(dim, int) for dim in counted]):
            return copied(statement, Const(math.prod([dim for dim in counted if isinstance(dim, int)])))
    maker = known.maker(shape)
    if axis.value is None and maker is not None and maker.op is np.shape:
        (array,) = plain_arguments(maker) or (None,)
        return None if array is None else computed(statement, np.size, array)
    if type(axis.value) is int and dims:
        return computed(statement, operator.getitem, shape, axis)
    return None


def _rank(known: Known, x: Atom) -> int | None:
    dims = known.fact(x).dims
    return None if dims is None or known.fact(x).kind != "array" else len(dims)


def _is_strong(known: Known, statement: Let) -> bool:
    """Whether it makes no difference that the helper makes an array of a number first."""
    return known.fact(Var(statement.targets[0])).dtype is not None


def _to_left(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """The cotangent of the first of two matrices or vectors, from that of their product."""
    g, x2, shape = args
    ranks = (len(known.shape(shape) or ()), _rank(known, x2))
    if ranks == (1, 1) and _is_strong(known, statement):
        return computed(statement, operator.mul, g, x2)
    if ranks == (2, 2) and _rank(known, g) == 2:
        turned = known.let("t", np.transpose, x2, line=statement.line)
        return turned, *computed(statement, operator.matmul, g, Var(turned.targets[0]))
    if _rank(known, g) != 1:
        return None
    if ranks == (2, 1):
        return computed(statement, np.outer, g, x2)
    return computed(statement, operator.matmul, x2, g) if ranks == (1, 2) else None


def _to_right(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """The cotangent of the second of two matrices or vectors, from that of their product."""
    g, x1, shape = args
    ranks = (_rank(known, x1), len(known.shape(shape) or ()))
    if ranks == (1, 1) and _is_strong(known, statement):
        return computed(statement, operator.mul, g, x1)
    if ranks in ((2, 2), (2, 1)) and _rank(known, g) == ranks[1]:
        turned = known.let("t", np.transpose, x1, line=statement.line)
        return turned, *computed(statement, operator.matmul, Var(turned.targets[0]), g)
    if ranks == (1, 2) and _rank(known, g) == 1:
        return computed(statement, np.outer, x1, g)
    return None


def _power_derivative(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """A derivative of a power whose exponent is a number, as the helper computes it."""
    x, y, m, k = args
    power, order = _number(y), _number(m)
    if power is None or not isinstance(order, int) or order < 1 or _number(k) != 0:
        return None
    if known.fact(x).kind not in NUMERIC or power == 0.0:
        return None
    exponent = float(power) - order
    factor = Const(math.prod(float(power) - i for i in range(order)))
    if exponent <= 0.0 < power and exponent.is_integer():  # a polynomial's end
        return computed(statement, np.full_like, x, factor) if exponent == 0.0 and factor.value else None
    if exponent == 1.0:
        return computed(statement, operator.mul, factor, x)
    if exponent == 2.0:
        base = known.let("t", np.square, x, line=statement.line)
    elif exponent == 0.5:
        base = known.let("t", np.sqrt, x, line=statement.line)
    elif exponent == -0.5:
        base = known.let("t", np.sqrt, x, line=statement.line)
        return base, *computed(statement, operator.truediv, factor, Var(base.targets[0]))
    else:
        base = known.let("t", np.power, x, Const(exponent), line=statement.line)
    return base, *computed(statement, operator.mul, factor, Var(base.targets[0]))


def _norm(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """The gradient of a Euclidean norm over all axes, of real numbers."""
    g, out, x, order, axis, _ = args
    dims, dtype = known.fact(x).dims, known.fact(x).dtype
    is_plain = order == Const(None) or (order == Const(2) and dims is not None and len(dims) == 1)
    if not is_plain or axis != Const(None) or dtype is None or dtype.kind != "f":
        return None
    direction = known.let("t", divide_or_zero, x, out, line=statement.line)
    return direction, *computed(statement, operator.mul, g, Var(direction.targets[0]))


def _full(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    shape, value = args
    maker = known.maker(shape)
    source = plain_arguments(maker) if maker is not None and maker.op is np.shape else None
    if not source or not isinstance(value, Const) or type(value.value) is not float:
        return None
    fact = known.fact(source[0])
    if fact.kind != "array" or not same_dtype(fact.dtype, FLOAT):
        return None
    if value.value == 1.0:
        return computed(statement, np.ones_like, *source)
    return computed(statement, np.full_like, *source, value)


def _asked_of_source(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    """What is computed has the shape of what it is computed of: nobody computes it for its shape alone."""
    source = args[0] if len(args) == 1 else None
    if source is None or known.fact(source).kind != "array" or not known.fact(source).dims:
        return None
    first = known.first_of_shape(source)
    return None if first is source else computed(statement, statement.op, first)


_DEFAULTS: Mapping[str, Any] = {"axis": None, "dtype": None, "keepdims": False, "where": True}


def without_defaults(statement: Let) -> Let | None:
    """A reduction without the keywords that say what NumPy does anyway."""
    kept = tuple([(name, atom) for name, atom in statement.kwargs if not _is_default(name, atom)])
    return replace(statement, kwargs=kept) if len(kept) < len(statement.kwargs) else None


def _is_default(name: str, atom: Atom) -> bool:
    return isinstance(atom, Const) and name in _DEFAULTS and atom.value is _DEFAULTS[name]


def _number(atom: Atom) -> float | None:
    is_number = isinstance(atom, Const) and type(atom.value) in (int, float)
    return atom.value if isinstance(atom, Const) and is_number else None


_REDUCTIONS = frozenset(map(id, (np.sum, np.mean, np.prod, np.max, np.min, np.std, np.var)))
_CASES: Mapping[Any, Change] = {
    id(op): case
    for op, case in {
        restore_axes: _restore_axes,
        share: _share,
        count_reduced: _count_reduced,
        matmul_to_left: _to_left,
        matmul_to_right: _to_right,
        dot_to_left: _to_left,
        dot_to_right: _to_right,
        power_derivative: _power_derivative,
        norm: _norm,
        np.full: _full,
        np.shape: _asked_of_source,
        np.size: _asked_of_source,
        np.ndim: _asked_of_source,
    }.items()
}
