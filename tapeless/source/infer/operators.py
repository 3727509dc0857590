"""Python's operators, on its own numbers, on arrays and on containers."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules.table import OPERATORS
from tapeless.source.facts import FLOAT, INT, NUMERIC, UNKNOWN, Dim, Fact, known_of
from tapeless.source.infer.dtypes import PYTHON_TYPES, result_dtype
from tapeless.source.infer.lengths import difference, is_named, may_be_negative, plus, product, total
from tapeless.source.infer.terms import PYTHON, Result, Term, integer, numeric_of, spread_fact

INPLACE: dict[Any, Any] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
    operator.iand: operator.and_,
    operator.ior: operator.or_,
    operator.ixor: operator.xor,
    operator.ilshift: operator.lshift,
    operator.irshift: operator.rshift,
}
SHIFTS: dict[Any, Any] = {operator.lshift: np.left_shift, operator.rshift: np.right_shift}
COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)


def binary(op: Callable[..., Any], function: np.ufunc, left: Term, right: Term) -> Fact:
    """`left op right`: Python's numbers among themselves, else NumPy's function."""
    a, b = known_of(left), known_of(right)
    if a.weak and b.weak:
        return _of_numbers(op, function, left, right, a, b)
    if a.kind in NUMERIC and b.kind in NUMERIC:
        if a.weak and _may_stay_python(a, b):
            return _of_complex(op, a, b)
        if function is np.power and not _is_plain_power(a):
            return spread_fact(None, (a, b))
        return spread_fact(result_dtype(function, a, b), (a, b))
    if {a.kind, b.kind} <= {"array", "list", "tuple"} and "array" in (a.kind, b.kind):
        facts = (numeric_of(a), numeric_of(b))
        return spread_fact(result_dtype(function, *facts), facts)
    return _of_containers(op, left, right, a, b)


def _may_stay_python(a: Fact, b: Fact) -> bool:
    """A Python complex takes a np.float64 on its right for a Python float."""
    is_float = b.dtype is None or b.dtype == FLOAT
    return is_float and b.kind != "array" and (a.dtype is None or a.dtype.kind == "c")


def _of_complex(op: Callable[..., Any], a: Fact, b: Fact) -> Fact:
    found = python_result(op, complex, float)
    is_sure = a.dtype is not None and b.dtype is not None and b.kind == "scalar"
    if is_sure and found is not None:
        return PYTHON[found]
    return Fact("numeric", None, b.dims, weak=None)


def _is_plain_power(base: Fact) -> bool:
    """NumPy squares an array of booleans where the exponent is a Python 2, else raises whole numbers."""
    return base.dtype is not None and base.dtype.kind != "b"


def _of_numbers(
    op: Callable[..., Any], function: np.ufunc, left: Term, right: Term, a: Fact, b: Fact
) -> Fact:
    if a.dtype is None or b.dtype is None:
        return PYTHON[bool] if function in COMPARISONS else Fact("scalar", None, (), weak=True)
    first, second = PYTHON_TYPES[a.dtype.kind], PYTHON_TYPES[b.dtype.kind]
    if op is operator.pow:
        return _power_of_numbers(first, second, left, right)
    found = python_result(op, first, second)
    if found is None:
        return UNKNOWN
    if found is int and a.size is not None and b.size is not None:
        size = _of_sizes(op, a.size, b.size)
        if size is not None:
            return Fact("scalar", INT, (), weak=True, size=size)
    return PYTHON[found]


@functools.lru_cache(maxsize=1024)
def python_result(op: Callable[..., Any], *types: type) -> type | None:
    """The type of `op` on Python numbers of these types."""
    try:
        found = type(op(*[kind(1) for kind in types]))
    except TypeError:
        return None
    return found if found in PYTHON else None


def _power_of_numbers(base: type, exponent: type, left: Term, right: Term) -> Fact:
    """Below zero a root is complex, and a whole number to a negative one a float."""
    value = right.value if isinstance(right, Const) else integer(right)
    if complex in (base, exponent):
        return PYTHON[complex]
    if exponent is not float:
        if base is float:
            return PYTHON[float]
        if value is not None:
            return PYTHON[int] if value >= 0 else PYTHON[float]
    elif (value is not None and float(value).is_integer()) or (isinstance(left, Const) and left.value > 0):
        return PYTHON[float]
    return Fact("scalar", None, (), weak=True)


def _of_sizes(op: Callable[..., Any], a: Dim, b: Dim) -> Dim | None:
    if isinstance(a, int) and isinstance(b, int):
        try:
            found = op(a, b)
        except (ArithmeticError, ValueError):
            return None
        return found if abs(found) < 2**63 else None
    if not (is_named(a) and is_named(b)):
        return None
    if op is operator.sub:
        return difference(a, b)
    if op is operator.add and not (may_be_negative(a) or may_be_negative(b)):
        return plus(a, b) if isinstance(b, int) else plus(b, a) if isinstance(a, int) else total((a, b))
    if op is operator.mul and not (may_be_negative(a) or may_be_negative(b)):
        return product((a, b))
    return None


def _of_containers(op: Callable[..., Any], left: Term, right: Term, a: Fact, b: Fact) -> Fact:
    if a.kind in ("list", "tuple"):
        if op is operator.add and a.kind == b.kind:
            known = a.items is not None and b.items is not None
            return Fact(a.kind, items=(*a.items, *b.items) if known else None)  # type: ignore[misc]
        if op is operator.mul and b.weak:
            times = integer(right)
            known = a.items is not None and times is not None and len(a.items) * times <= 64
            return Fact(a.kind, items=a.items * times if known else None, item=a.item)  # type: ignore[operator]
    if b.kind in ("list", "tuple") and a.weak and op is operator.mul:
        return _of_containers(op, right, left, b, a)
    return UNKNOWN


def unary(op: Callable[..., Any], function: np.ufunc, value: Term) -> Fact:
    """`op value`."""
    fact = known_of(value)
    if fact.weak:
        return _unary_of_number(op, fact)
    if fact.kind not in NUMERIC:
        return UNKNOWN
    return spread_fact(result_dtype(function, fact), (fact,))


def _unary_of_number(op: Callable[..., Any], fact: Fact) -> Fact:
    if fact.dtype is None:
        return Fact("scalar", None, (), weak=True)
    found = python_result(op, PYTHON_TYPES[fact.dtype.kind])
    if found is None:
        return UNKNOWN
    if found is int and isinstance(fact.size, int):
        return Fact("scalar", INT, (), weak=True, size=op(fact.size))
    return PYTHON[found]


def augmented(op: Callable[..., Any], function: np.ufunc, left: Term, right: Term) -> Fact:
    """`left op= right`: an array stays the array that it was, a list too."""
    fact = known_of(left)
    if fact.kind == "array":
        return fact
    if fact.kind == "list":
        stays = known_of(right).kind in ("list", "tuple") or known_of(right).weak
        return Fact("list") if stays else UNKNOWN
    return binary(op, function, left, right) if fact.kind in ("scalar", "tuple") else UNKNOWN


def operators() -> dict[Any, Callable[..., Result]]:
    """How each operator of Python is inferred."""
    table: dict[Any, Callable[..., Result]] = {}
    for op, function in {**OPERATORS, **SHIFTS}.items():
        if isinstance(function, np.ufunc) and function.signature is None:
            kind = unary if function.nin == 1 else binary
            table[op] = functools.partial(kind, op, function)
    for op, plain in INPLACE.items():
        function = OPERATORS.get(plain, SHIFTS.get(plain))
        if isinstance(function, np.ufunc) and function is not np.matmul:
            table[op] = functools.partial(augmented, plain, function)
    return table
