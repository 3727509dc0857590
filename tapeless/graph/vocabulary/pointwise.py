"""Elementwise functions and operators."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.modes import current
from tapeless.graph.node import Node, edge
from tapeless.graph.ops import (
    binary_function,
    check_broadcast,
    method,
    op,
    operand,
    promoted,
    tensors,
    unary_function,
)
from tapeless.graph.promote import default_dtype, result_dtype
from tapeless.graph.quick import binary, unary
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, result, wrap
from tapeless.graph.views import write
from tapeless.graph.vocabulary.dtypes import scalar_name
from tapeless.rules import activations, steps


def named(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """Make a function a method of Tensor under its names, of which it takes the first."""
    function.__name__ = function.__qualname__ = names[0]
    return method(*names)(function)


def input_of(value: Any, name: str) -> Any:
    """TypeError for what is no tensor, in a function that takes no numbers."""
    if not isinstance(value, Variable):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(value).__name__}")
    return value


# Making functions -------------------------------------------------------------------------------------


def unary_words(function: Any, node: str, *names: str, **options: Any) -> Callable[..., Any]:
    """A function of one tensor, its method and the method in place; integers become floats."""
    quick = unary_function(function, node, **options)
    made: Op = quick.op  # type: ignore[attr-defined]

    def run(input: Any, *, out: None = None) -> Any:
        if not isinstance(input, Variable):
            input_of(input, names[0])
        return quick(input)

    def run_in_place(self: Any) -> Any:
        refuse_cast(default_dtype() if self._data.dtype.kind in "biu" else self._data.dtype, self)
        return write(made, self)

    named(run_in_place, *[f"{name}_" for name in names])
    run.op = made  # type: ignore[attr-defined]
    return named(run, *names)


def keeping_words(function: Any, node: str, *names: str, **options: Any) -> Callable[..., Any]:
    """The same, but integers stay integers."""
    made = op(function, node, **options)
    quick = unary(made)

    def run(input: Any, *, out: None = None) -> Any:
        if not isinstance(input, Variable):
            input_of(input, names[0])
        return quick(input)

    def run_in_place(self: Any) -> Any:
        return write(made, self)

    named(run_in_place, *[f"{name}_" for name in names])
    run.op = made  # type: ignore[attr-defined]
    return named(run, *names)


def refuse_cast(dtype: np.dtype[Any], target: Any) -> None:
    own = target._data.dtype
    if not np.can_cast(dtype, own, "same_kind"):
        raise RuntimeError(
            f"result type {scalar_name(dtype)} can't be cast to the desired output type {scalar_name(own)}"
        )


def in_place_binary(made: Op, floats: bool = False) -> Callable[..., Any]:
    """`x.f_(other)`, with PyTorch's promotion and refusals."""

    def run(self: Any, other: Any) -> Any:
        value = operand(other)
        if value is NotImplemented:
            return NotImplemented
        dtype = result_dtype(self, value)
        if floats and dtype.kind in "biu":
            dtype = default_dtype()
        refuse_cast(dtype, self)
        check_broadcast(self, value)
        return write(made, self, value)

    return run


def binary_words(
    function: Any, node: str, *names: str, floats: bool = False, **options: Any
) -> Callable[..., Any]:
    """A function of two tensors or numbers, its method and the method in place."""
    quick = binary_function(function, node, floats, **options)
    made: Op = quick.op  # type: ignore[attr-defined]

    def run(input: Any, other: Any, *, out: None = None) -> Any:
        found = quick(input, other)
        return found if found is not NotImplemented else _no_operand(names[0], other)

    named(in_place_binary(made, floats), *[f"{name}_" for name in names])
    run.op = made  # type: ignore[attr-defined]
    run.quick = quick.quick  # type: ignore[attr-defined]
    return named(run, *names)


def _no_operand(name: str, other: Any) -> Any:
    raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")


# Arithmetic -------------------------------------------------------------------------------------------


def _scaled(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Adding and subtracting take `alpha`, a factor for the second."""

    def run(input: Any, other: Any, *, alpha: Any = 1, out: None = None) -> Any:
        return function(input, other if alpha == 1 else mul(other, alpha))

    return named(run, name)


_add = binary_function(np.add, "Add", compute=operator.add)
_sub = binary_function(np.subtract, "Sub", compute=operator.sub)
add = _scaled(_add, "add")
sub = _scaled(_sub, "sub")
subtract = named(_scaled(_sub, "sub"), "subtract")
mul = binary_words(np.multiply, "Mul", "mul", "multiply", compute=operator.mul)
multiply = mul
_true_divide = binary_words(np.true_divide, "Div", "true_divide", floats=True, compute=operator.truediv)
true_divide = _true_divide
_scaled(in_place_binary(_add.op), "add_")  # type: ignore[attr-defined]
_scaled(in_place_binary(_sub.op), "sub_")  # type: ignore[attr-defined]
_scaled(in_place_binary(_sub.op), "subtract_")  # type: ignore[attr-defined]

_floor_divide = op(np.floor_divide, "FloorDivide")
_floor_divided = promoted(_floor_divide)
remainder = binary_words(np.remainder, "Remainder", "remainder")
fmod = binary_words(np.fmod, "Fmod", "fmod")


def floor_divide(input: Any, other: Any, *, out: None = None) -> Any:
    """The quotient rounded down.  Its derivative is refused, not taken as zero: as in PyTorch."""
    quotient = _floor_divided(input, other)
    sources = [one for one in (input, other) if isinstance(one, Variable) and one._needs]
    if not sources or not current().grad or quotient is NotImplemented or quotient._data.dtype.kind != "f":
        return quotient
    edges = tuple([edge(source) for source in sources])
    node = _Refusing(None, edges, tuple([source._nr for source in sources]), (), None, None)
    return result(Tensor, quotient._data, node)


class _Refusing(Node):
    """The node of a function whose derivative nobody should rely on."""

    __slots__ = ()

    def pull(self, gs: list[Any], differentiable: bool) -> list[Any]:
        raise NotImplementedError("derivative for aten::floor_divide is not implemented")


_Refusing.__name__ = "NotImplemented"


named(floor_divide, "floor_divide")
named(in_place_binary(_floor_divide), "floor_divide_")


@method("div", "divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: None = None) -> Any:
    """The quotient: of integers a float; `rounding_mode` "floor" or "trunc" rounds it."""
    if rounding_mode is None:
        return _true_divide(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '"
            + rounding_mode
            + "'"
        )
    dtype = result_dtype(input, other)
    if dtype.kind in "iu" and rounding_mode == "floor":
        return _floor_divided(input, other)
    quotient = (floor if rounding_mode == "floor" else trunc)(_true_divide(input, other))
    return quotient.to(dtype) if dtype.kind in "iu" else quotient


divide = div
named(in_place_binary(_true_divide.op, floats=True), "div_", "divide_", "true_divide_")  # type: ignore[attr-defined]

neg = keeping_words(np.negative, "Neg", "neg", "negative")
negative = neg
_abs_of_real = keeping_words(steps.magnitude, "Abs", "abs", "absolute")
_abs_of_complex = op(np.absolute, "Abs")


@method("abs", "absolute", "__abs__")
def abs(input: Any, *, out: None = None) -> Any:
    """The absolute value."""
    if isinstance(input, Variable) and input._data.dtype.kind == "c":
        return apply(_abs_of_complex, (input,))
    return _abs_of_real(input)


absolute = abs
sgn = keeping_words(np.sign, "Sgn", "sgn")
square = keeping_words(np.square, "Pow", "square")
reciprocal = unary_words(np.reciprocal, "Reciprocal", "reciprocal")


@tensors
@method("positive", "__pos__")
def positive(input: Any) -> Any:
    """The tensor itself; there is no `+` for booleans."""
    if input._data.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@method()
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """`other - alpha * input`."""
    return sub(other, mul(input, alpha)) if alpha != 1 else _rsub(input, other)


_rsub = binary_function(activations.subtract_from, "Rsub1", compute=lambda x, y: y - x)


def _rdiv(self: Any, other: Any) -> Any:
    """A number divided by a tensor, as PyTorch computes it."""
    if isinstance(other, int | float | complex) and not isinstance(other, bool):
        return mul(reciprocal(self), other)
    return _true_divide(other, self) if operand(other) is not NotImplemented else NotImplemented


# Powers -----------------------------------------------------------------------------------------------

_pow_number = op(np.power, "Pow", compute=operator.pow, saved=("self", "exponent"))
_pow = binary_function(np.power, "Pow1", saved=("self", "exponent"))
_pow_of_number = Op(_pow_number.rule, Tensor, "Pow2", saved=("self", "exponent"))
_pow_between_numbers = promoted(_pow_of_number)


@method()
def pow(input: Any, exponent: Any, *, out: None = None) -> Any:
    """`input` raised to `exponent`, either a tensor or a number."""
    if not isinstance(input, Variable):
        return _number_to_power(exponent, input)
    if isinstance(exponent, Variable | np.ndarray | np.generic):
        return _pow(input, exponent)
    if not isinstance(exponent, int | float | complex):
        return NotImplemented
    return _power_of_number(input, exponent)


def _power_of_number(input: Any, exponent: Any) -> Any:
    dtype = input._data.dtype
    if dtype.kind in "iu" and isinstance(exponent, int) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    wanted = result_dtype(input, exponent) if dtype.kind != "f" or isinstance(exponent, complex) else dtype
    if wanted != dtype:
        input = input.to(wanted)
    return apply(_pow_number, (input, exponent))


quick_power = binary(_pow_number, pow)


def _pow_in_place(self: Any, exponent: Any) -> Any:
    return in_place_binary(_pow.op if isinstance(exponent, Variable) else _pow_number)(self, exponent)  # type: ignore[attr-defined]


named(_pow_in_place, "pow_")


def _number_to_power(exponent: Any, number: Any) -> Any:
    if exponent._data.dtype.kind in "iu" and isinstance(number, int):
        base = exponent.new_tensor(number)
        return wrap(Tensor, _integer_power(base._data, exponent._data))
    return _pow_between_numbers(number, exponent)


def _integer_power(base: Any, exponent: Any) -> Any:
    """Whole numbers to whole powers, rounded towards zero where those are negative."""
    flat = [int(base) ** n if n >= 0 else int(float(base) ** n) for n in np.ravel(exponent).tolist()]
    return np.reshape(np.array(flat, exponent.dtype), np.shape(exponent))


float_power = binary_words(np.float_power, "FloatPower", "float_power")

# Exponentials, logarithms, roots ----------------------------------------------------------------------

exp = unary_words(np.exp, "Exp", "exp")
exp2 = unary_words(np.exp2, "Exp2Backward0", "exp2")
expm1 = unary_words(np.expm1, "Expm1Backward0", "expm1")
log = unary_words(np.log, "Log", "log")
log2 = unary_words(np.log2, "Log2Backward0", "log2")
log10 = unary_words(np.log10, "Log10Backward0", "log10")
log1p = unary_words(np.log1p, "Log1PBackward0", "log1p")
sqrt = unary_words(np.sqrt, "Sqrt", "sqrt")
rsqrt = unary_words(activations.reciprocal_root, "Rsqrt", "rsqrt")
logaddexp = binary_words(np.logaddexp, "Logaddexp", "logaddexp")
logaddexp2 = binary_words(np.logaddexp2, "Logaddexp2Backward0", "logaddexp2")
hypot = binary_words(np.hypot, "Hypot", "hypot")

# Trigonometry -----------------------------------------------------------------------------------------

sin = unary_words(np.sin, "Sin", "sin")
cos = unary_words(np.cos, "Cos", "cos")
tan = unary_words(np.tan, "Tan", "tan")
asin = unary_words(np.arcsin, "Asin", "asin", "arcsin")
acos = unary_words(np.arccos, "Acos", "acos", "arccos")
atan = unary_words(np.arctan, "Atan", "atan", "arctan")
sinh = unary_words(np.sinh, "Sinh", "sinh")
cosh = unary_words(np.cosh, "Cosh", "cosh")
tanh = unary_words(np.tanh, "Tanh", "tanh")
asinh = unary_words(np.arcsinh, "Asinh", "asinh", "arcsinh")
acosh = unary_words(np.arccosh, "Acosh", "acosh", "arccosh")
atanh = unary_words(np.arctanh, "Atanh", "atanh", "arctanh")
arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
atan2 = binary_words(np.arctan2, "Atan2Backward0", "atan2", "arctan2", floats=True)
arctan2 = atan2
deg2rad = unary_words(np.deg2rad, "Deg2RadBackward0", "deg2rad")
rad2deg = unary_words(np.rad2deg, "Rad2DegBackward0", "rad2deg")
sinc = unary_words(np.sinc, "Sinc", "sinc")
erf = unary_words(activations.error_function, "Erf", "erf")
erfc = unary_words(activations.error_complement, "Erfc", "erfc")

# Activations ------------------------------------------------------------------------------------------

sigmoid = unary_words(activations.sigmoid, "Sigmoid", "sigmoid")
relu = keeping_words(activations.relu, "Relu", "relu")


# Steps: no gradient, but the graph knows of them ------------------------------------------------------

sign = keeping_words(steps.sign, "Sign", "sign")
floor = keeping_words(steps.floor, "Floor", "floor")
ceil = keeping_words(steps.ceil, "Ceil", "ceil")
trunc = keeping_words(steps.trunc, "Trunc", "trunc", "fix")
fix = trunc
frac = keeping_words(steps.fraction, "Frac", "frac")
_round = op(steps.rounded, "Round")


@method()
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest whole number, even ones for halves; to `decimals` digits."""
    return apply(_round, (input, decimals))


@method()
def round_(self: Any, *, decimals: int = 0) -> Any:
    """`round`, in place."""
    return write(_round, self, decimals)
