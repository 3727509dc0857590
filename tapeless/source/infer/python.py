"""Functions of Python itself: of its numbers, and of its containers."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.inside import item_at
from tapeless.ir.program import build_dict, build_list, build_tuple, new_stack, same
from tapeless.rules.lists import all_but, bounds_of, keys_of, order_of
from tapeless.source.facts import INT, NUMERIC, PYTHON_NUMBERS, UNKNOWN, Fact, item_of, join, known_of
from tapeless.source.infer import indexing
from tapeless.source.infer.dtypes import PYTHON_TYPES
from tapeless.source.infer.operators import binary, python_result
from tapeless.source.infer.terms import NONE, ZERO, Result, Term, integer, is_none, text
from tapeless.source.infer.ufuncs import ufunc


def converted(kind: type) -> Callable[..., Fact]:
    """`float(x)` and its kin give a number of Python, or raise."""

    def handler(*args: Term) -> Fact:
        if kind is int and len(args) == 1:
            fact = known_of(args[0])
            if fact.weak and fact.dtype == INT:
                return fact
        return PYTHON_NUMBERS[kind]

    return handler


def answer(*args: Term, **kwargs: Term) -> Fact:
    """`is`, `in`, `not`: a bool of Python."""
    return PYTHON_NUMBERS[bool]


def deep_item(whole: Term, *path: Term) -> Fact:
    """`whole[i][j]`."""
    found = known_of(whole)
    for key in path:
        item = indexing.getitem(found, key)
        if isinstance(item, tuple):
            return UNKNOWN
        found = item
    return found


def rounded(number: Term, ndigits: Term = NONE) -> Fact:
    """A whole number without `ndigits`, else as what is rounded."""
    fact = known_of(number)
    if fact.kind != "scalar" or fact.dtype is None or fact.dtype.kind not in "if":
        return UNKNOWN
    if is_none(ndigits):
        return PYTHON_NUMBERS[int]
    return Fact("scalar", fact.dtype, (), weak=fact.weak) if integer(ndigits) is not None else UNKNOWN


def extreme(*args: Term, **options: Term) -> Fact:
    """`min` and `max` give one of the values."""
    if options:
        return UNKNOWN
    if len(args) == 1:
        fact = known_of(args[0])
        has_items = fact.items is not None or (fact.kind in ("array", "list") and fact.dims != ())
        return item_of(fact, "?") if has_items else UNKNOWN
    found = known_of(args[0])
    for arg in args[1:]:
        found = join(found, known_of(arg), "?")
    return found


def total(iterable: Term, start: Term = ZERO) -> Fact:
    """`sum(items)` adds them one by one."""
    fact = known_of(iterable)
    if fact.kind not in ("list", "tuple") or fact.items is None:
        return UNKNOWN
    found: Term = start
    for item in fact.items:
        found = binary(operator.add, np.add, found, item)
    return known_of(found)


def power(base: Term, exponent: Term, modulus: Term = NONE) -> Fact:
    """`pow(x, y)`."""
    return binary(operator.pow, np.power, base, exponent) if is_none(modulus) else UNKNOWN


def quotient_and_rest(left: Term, right: Term) -> Result:
    """`divmod(x, y)`."""
    a, b = known_of(left), known_of(right)
    if a.weak and b.weak:
        if a.dtype is None or b.dtype is None:
            return UNKNOWN
        types = PYTHON_TYPES[a.dtype.kind], PYTHON_TYPES[b.dtype.kind]
        kinds = [python_result(op, *types) for op in (operator.floordiv, operator.mod)]
        return UNKNOWN if None in kinds else tuple([PYTHON_NUMBERS[k] for k in kinds if k is not None])
    if a.kind in NUMERIC and b.kind in NUMERIC:
        return ufunc(np.divmod, (left, right), {})
    return UNKNOWN


def as_list(items: Term | None = None) -> Fact:
    """`list(x)`."""
    return _container("list", items)


def as_tuple(items: Term | None = None) -> Fact:
    """`tuple(x)`."""
    return _container("tuple", items)


def _container(kind: Any, items: Term | None) -> Fact:
    if items is None:
        return Fact(kind, items=())
    fact = known_of(items)
    if fact.kind in ("list", "tuple"):
        return Fact(kind, items=fact.items, item=fact.item)
    if fact.kind == "array" and fact.dims:
        return Fact(kind, item=item_of(fact, "?"))
    return Fact(kind)


def attribute(owner: Term, name: Term, *default: Term) -> Fact:
    """`getattr(x, "imag")` of a number or array."""
    fact = known_of(owner)
    if fact.kind not in NUMERIC or default:
        return UNKNOWN
    match text(name):
        case "dtype" if fact.dtype is not None and fact.weak is False:
            return Fact("object", fact.dtype)
        case "ndim" | "size" | "itemsize" | "nbytes" if fact.weak is False:
            return PYTHON_NUMBERS[int]
        case "real" | "imag" if fact.weak and fact.dtype is not None:
            return PYTHON_NUMBERS[int if fact.dtype.kind in "bi" else float]
        case _:
            return UNKNOWN


# math -------------------------------------------------------------------------------------------------

OF_WHOLE_NUMBERS = ("floor", "ceil", "trunc", "gcd", "lcm", "factorial", "isqrt", "comb", "perm")
OF_TRUTH = ("isclose", "isfinite", "isinf", "isnan")
OF_FLOATS = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "copysign", "cos", "cosh", "degrees",
    "dist", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "fmod", "fsum", "gamma", "hypot", "ldexp",
    "lgamma", "log", "log10", "log1p", "log2", "nextafter", "pow", "radians", "remainder", "sin", "sinh",
    "sqrt", "tan", "tanh", "ulp",
)  # fmt: skip


def always(fact: Fact) -> Callable[..., Fact]:
    """What gives the same kind of number whatever it is given."""
    return lambda *args, **kwargs: fact


def floored(x: Term) -> Fact:
    """math.floor and its kin of a number; objects may answer as they like."""
    fact = known_of(x)
    return PYTHON_NUMBERS[int] if fact.kind == "scalar" and fact.weak else UNKNOWN


MATH: dict[Any, Callable[..., Result]] = {
    **{getattr(math, name): always(PYTHON_NUMBERS[int]) for name in OF_WHOLE_NUMBERS},
    **{getattr(math, name): always(PYTHON_NUMBERS[bool]) for name in OF_TRUTH},
    **{getattr(math, name): always(PYTHON_NUMBERS[float]) for name in OF_FLOATS if hasattr(math, name)},
    math.floor: floored,
    math.ceil: floored,
    math.trunc: floored,
    math.frexp: lambda x: (PYTHON_NUMBERS[float], PYTHON_NUMBERS[int]),
    math.modf: lambda x: (PYTHON_NUMBERS[float], PYTHON_NUMBERS[float]),
}

ANSWERS = (
    operator.not_, operator.is_, operator.is_not, operator.contains, operator.truth, isinstance, issubclass,
    callable, hasattr, all, any,
)  # fmt: skip

HANDLERS: dict[Any, Callable[..., Result]] = {
    **MATH,
    **dict.fromkeys(ANSWERS, answer),
    **{kind: converted(kind) for kind in (float, int, bool, complex)},
    operator.index: converted(int),
    build_tuple: lambda *items: Fact("tuple", items=items),
    build_list: lambda *items: Fact("list", items=items),
    build_dict: lambda *items: Fact("dict", items=items),
    same: known_of,
    new_stack: lambda: Fact("stack"),
    slice: indexing.make_slice,
    len: indexing.length,
    operator.getitem: indexing.getitem,
    item_at: deep_item,
    list.index: always(PYTHON_NUMBERS[int]),
    list.count: always(PYTHON_NUMBERS[int]),
    order_of: always(Fact("list", item=PYTHON_NUMBERS[int])),
    keys_of: always(Fact("list", item=UNKNOWN)),
    all_but: always(Fact("list", item=PYTHON_NUMBERS[int])),
    bounds_of: lambda length, part: (PYTHON_NUMBERS[int], PYTHON_NUMBERS[int]),
    getattr: attribute,
    list: as_list,
    tuple: as_tuple,
    round: rounded,
    min: extreme,
    max: extreme,
    sum: total,
    pow: power,
    divmod: quotient_and_rest,
}
