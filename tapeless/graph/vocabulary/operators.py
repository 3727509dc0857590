"""Python's operators on tensors, and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.apply import apply
from tapeless.graph.ops import cast, check_broadcast, op, operand, promoted, tensors
from tapeless.graph.promote import result_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary import pointwise as p
from tapeless.graph.vocabulary.dtypes import scalar_name
from tapeless.graph.vocabulary.pointwise import in_place_binary, named

# Comparisons ------------------------------------------------------------------------------------------------


def _comparison(function: np.ufunc, *names: str) -> Callable[..., Any]:
    made = op(function, names[0].title())

    def run(input: Any, other: Any, *, out: None = None) -> Any:
        value = operand(other)
        if value is NotImplemented:
            return NotImplemented
        if (
            isinstance(value, Variable)
            and isinstance(input, Variable)
            and value._data.dtype != input._data.dtype
        ):
            dtype = result_dtype(input, value)
            input, value = cast(input, dtype), cast(value, dtype)
        try:
            return apply(made, (operand(input), value))
        except ValueError:
            check_broadcast(input, value)
            raise

    return named(run, *names)


eq = _comparison(np.equal, "eq", "__eq__")
ne = _comparison(np.not_equal, "ne", "__ne__", "not_equal")
lt = _comparison(np.less, "lt", "__lt__", "less")
le = _comparison(np.less_equal, "le", "__le__", "less_equal")
gt = _comparison(np.greater, "gt", "__gt__", "greater")
ge = _comparison(np.greater_equal, "ge", "__ge__", "greater_equal")
not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge
logical_and = _comparison(np.logical_and, "logical_and")
logical_or = _comparison(np.logical_or, "logical_or")
logical_xor = _comparison(np.logical_xor, "logical_xor")


def _test(function: Any, name: str) -> Callable[..., Any]:
    made = op(function, name.title())

    def run(input: Any) -> Any:
        return apply(made, (p.input_of(input, name),))

    return named(run, name)


isnan = _test(np.isnan, "isnan")
isinf = _test(np.isinf, "isinf")
isfinite = _test(np.isfinite, "isfinite")
isposinf = _test(np.isposinf, "isposinf")
isneginf = _test(np.isneginf, "isneginf")
signbit = _test(np.signbit, "signbit")
logical_not = _test(np.logical_not, "logical_not")

# Bits -------------------------------------------------------------------------------------------------------


def _bits(function: np.ufunc, name: str) -> Callable[..., Any]:
    made = op(function, name.title())
    slow = promoted(made)

    def run(input: Any, other: Any, *, out: None = None) -> Any:
        for value in (input, other):
            if isinstance(value, float) or (isinstance(value, Variable) and value._data.dtype.kind in "fc"):
                kind = scalar_name(value._data.dtype) if isinstance(value, Variable) else "Float"
                raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")
        return slow(input, other)

    named(in_place_binary(made), f"{name}_")
    return named(run, name)


bitwise_and = _bits(np.bitwise_and, "bitwise_and")
bitwise_or = _bits(np.bitwise_or, "bitwise_or")
bitwise_xor = _bits(np.bitwise_xor, "bitwise_xor")
bitwise_left_shift = _bits(np.left_shift, "bitwise_left_shift")
bitwise_right_shift = _bits(np.right_shift, "bitwise_right_shift")
_invert = op(np.invert, "BitwiseNot")


@tensors
def bitwise_not(input: Any) -> Any:
    """Each bit turned round; `not` for booleans."""
    if input._data.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return apply(_invert, (input,))


named(bitwise_not, "bitwise_not", "__invert__")

# Operators --------------------------------------------------------------------------------------------------


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _pow(self: Any, exponent: Any) -> Any:
    if (type(exponent) is int or type(exponent) is float) and self._data.dtype.kind == "f":
        return p.quick_power(self, exponent)
    return p.pow(self, exponent)


OPERATORS: dict[str, Callable[..., Any]] = {
    "__add__": p._add.quick,  # type: ignore[attr-defined]
    "__radd__": p._add.quick,  # type: ignore[attr-defined]
    "__sub__": p._sub.quick,  # type: ignore[attr-defined]
    "__rsub__": p._rsub.quick,  # type: ignore[attr-defined]
    "__mul__": p.mul.quick,  # type: ignore[attr-defined]
    "__rmul__": p.mul.quick,  # type: ignore[attr-defined]
    "__truediv__": p._true_divide.quick,  # type: ignore[attr-defined]
    "__rtruediv__": p._rdiv,
    "__floordiv__": p.floor_divide,
    "__rfloordiv__": _reflected(p.floor_divide),
    "__mod__": p.remainder.quick,  # type: ignore[attr-defined]
    "__rmod__": _reflected(p.remainder),
    "__pow__": _pow,
    "__rpow__": p._number_to_power,
    "__neg__": p.neg,
    "__abs__": p.abs,
    "__and__": bitwise_and,
    "__rand__": bitwise_and,
    "__or__": bitwise_or,
    "__ror__": bitwise_or,
    "__xor__": bitwise_xor,
    "__rxor__": bitwise_xor,
    "__lshift__": bitwise_left_shift,
    "__rshift__": bitwise_right_shift,
    "__iadd__": in_place_binary(p._add.op),  # type: ignore[attr-defined]
    "__isub__": in_place_binary(p._sub.op),  # type: ignore[attr-defined]
    "__imul__": in_place_binary(p.mul.op),  # type: ignore[attr-defined]
    "__itruediv__": in_place_binary(p._true_divide.op, floats=True),  # type: ignore[attr-defined]
    "__ifloordiv__": in_place_binary(p._floor_divide),
    "__imod__": in_place_binary(p.remainder.op),  # type: ignore[attr-defined]
    "__ipow__": p._pow_in_place,
}
for _name, _function in OPERATORS.items():
    setattr(Tensor, _name, _function)
