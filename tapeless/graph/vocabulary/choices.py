"""Choosing between values: extremes of two, clipping, where; and combinations of three tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, check_broadcast, method, op, operand, tensors, unary_function
from tapeless.graph.promote import result_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.views import write
from tapeless.graph.vocabulary.dims import numpy_words
from tapeless.graph.vocabulary.dtypes import scalar_name
from tapeless.graph.vocabulary.pointwise import add, binary_words, div, mul, named, refuse_cast
from tapeless.rules import activations

maximum = binary_words(np.maximum, "Maximum", "maximum")
minimum = binary_words(np.minimum, "Minimum", "minimum")
fmax = binary_words(np.fmax, "Fmax", "fmax")
fmin = binary_words(np.fmin, "Fmin", "fmin")
copysign = binary_words(np.copysign, "Copysign", "copysign", floats=True)
xlogy = binary_words(activations.times_log, "Xlogy", "xlogy", floats=True)
heaviside = binary_words(np.heaviside, "Heaviside", "heaviside")
_clip = op(np.clip, "Clamp")
_clip_numbers = Op(_clip.rule, Tensor, "Clamp1")
_where = op(np.where, "Where")
_lerp = op(activations.interpolate, "Lerp", saved=("self", "end", "weight"))
_lerp_tensor = Op(_lerp.rule, Tensor, "Lerp1", saved=("self", "end", "weight"))
_logit = unary_function(activations.log_odds, "Logit")
_nan_to_num = op(np.nan_to_num, "NanToNum")


def _clip_op(input: Any, min: Any, max: Any) -> tuple[Op, np.dtype[Any]]:
    bounds = [bound for bound in (min, max) if bound is not None]
    if not bounds:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    for bound in bounds:
        check_broadcast(input, bound)
    tensors = any(isinstance(bound, Variable) for bound in bounds)
    return _clip if tensors else _clip_numbers, result_dtype(input, *bounds)


@method("clamp", "clip")
@numpy_words
def clamp(input: Any, min: Any = None, max: Any = None, *, out: None = None) -> Any:
    """The nearest value between `min` and `max`, numbers or tensors; `max` if they are crossed."""
    made, dtype = _clip_op(input, min, max)
    return apply(made, (cast(input, dtype), cast(min, dtype), cast(max, dtype)))


@method("clamp_", "clip_")
def clamp_(self: Any, min: Any = None, max: Any = None) -> Any:
    """`clamp`, in place."""
    made, dtype = _clip_op(self, min, max)
    refuse_cast(dtype, self)
    return write(made, self, min, max)


clip = clamp


def clamp_min(input: Any, min: Any) -> Any:
    """Nothing below `min`."""
    return clamp(input, min)


def clamp_max(input: Any, max: Any) -> Any:
    """Nothing above `max`."""
    return clamp(input, None, max)


named(clamp_min, "clamp_min")
named(clamp_max, "clamp_max")


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, else `other`; without them the indices where it holds."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if not isinstance(condition, Variable):
        raise TypeError(
            f"where(): argument 'condition' (position 1) must be Tensor, not {type(condition).__name__}"
        )
    if condition._data.dtype != np.bool_:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            + scalar_name(condition._data.dtype)
        )
    x, y = operand(input), operand(other)
    dtype = result_dtype(x, y)
    check_broadcast(condition, x)
    check_broadcast(condition, y)
    check_broadcast(x, y)
    x, y = [value if isinstance(value, Variable) else dtype.type(value) for value in (x, y)]
    return apply(_where, (condition, cast(x, dtype), cast(y, dtype)))


@method("where")
def _where_method(self: Any, condition: Any, other: Any) -> Any:
    return where(condition, self, other)


@method()
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """From `input` (weight 0) to `end` (weight 1) along a line."""
    return apply(_lerp_tensor if isinstance(weight, Variable) else _lerp, (input, end, weight))


@method()
def lerp_(self: Any, end: Any, weight: Any) -> Any:
    """`lerp`, in place."""
    return write(_lerp_tensor if isinstance(weight, Variable) else _lerp, self, end, weight)


@method()
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`input + value * tensor1 * tensor2`."""
    return add(input, mul(tensor1, tensor2), alpha=value)


@method()
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`input + value * tensor1 / tensor2`."""
    return add(input, div(tensor1, tensor2), alpha=value)


@method()
def addcmul_(self: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`addcmul`, in place."""
    return self.add_(mul(tensor1, tensor2), alpha=value)


@method()
def addcdiv_(self: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """`addcdiv`, in place."""
    return self.add_(div(tensor1, tensor2), alpha=value)


@method()
def nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    """Without nan and infinities: zero and the largest numbers in their places."""
    return apply(_nan_to_num, (input, 0.0 if nan is None else nan, posinf, neginf))


@tensors
@method()
def logit(input: Any, eps: float | None = None) -> Any:
    """log(x / (1 - x)), of `input` clamped to [eps, 1 - eps] if given."""
    x = input if eps is None else clamp(input, eps, 1.0 - eps)
    return _logit(x)
