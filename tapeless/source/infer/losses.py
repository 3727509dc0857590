"""Losses: a number, or one for each element or sample; and what their rules call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules import class_losses, losses
from tapeless.source.facts import UNKNOWN, Dims, Fact
from tapeless.source.infer.convolutions import inexact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.pointwise import of_one
from tapeless.source.infer.primitives import spread_of
from tapeless.source.infer.reductions import reduced
from tapeless.source.infer.terms import (
    Dtype,
    Result,
    Term,
    broadcast_all,
    loose,
    number,
    operand,
    shape_argument,
)


def collected(each: Term, reduction: Term) -> Fact:
    """The losses, or their sum."""
    fact = operand(each)
    if type(reduction) is not Const or fact.weak is not False:
        return UNKNOWN
    return fact if reduction.value == "none" else number(inexact(fact.dtype))


def loss_of(*places: int) -> Callable[..., Fact]:
    """A loss whose arguments at `places` broadcast; the last one is the reduction."""

    def handler(*args: Term) -> Fact:
        facts = [operand(args[place]) for place in places]
        if any(fact.weak is None for fact in facts) or facts[0].weak:
            return UNKNOWN
        dtype: Dtype | None = facts[0].dtype
        for fact in facts[1:]:
            dtype = result_dtype(np.subtract, Fact("array", dtype, ()), fact)
        if dtype is None or dtype.kind != "f":
            return UNKNOWN
        return collected(loose(dtype, broadcast_all(facts)), args[-1])

    return handler


def class_loss(x: Term, target: Term, axis: Term, weight: Term, ignored: Term, reduction: Term) -> Fact:
    """A loss for each sample."""
    fact = operand(x)
    return collected(loose(inexact(fact.dtype), reduced(fact.dims, axis, False)), reduction)


def class_scale(x: Term, *rest: Term) -> Fact:
    """Numbers of the input's dtype: one, or one for each sample."""
    fact = operand(x)
    return Fact("numeric", inexact(fact.dtype)) if fact.weak is False else UNKNOWN


def share(x: Term, count: Term, reduction: Term) -> Fact:
    """The same numbers, divided."""
    fact = operand(x)
    if fact.weak is not False or inexact(fact.dtype) is None:
        return UNKNOWN
    return loose(fact.dtype, fact.dims)


def shaped_as_first(x: Term, *rest: Term) -> Fact:
    """An array like the first argument."""
    fact = operand(x)
    return Fact("array", inexact(fact.dtype), fact.dims) if fact.weak is False and fact.dims else UNKNOWN


def over_classes(x: Term, axis: Term) -> Fact:
    """An axis more, unless there was none."""
    fact = operand(x)
    if fact.dims == ():
        return fact
    return Fact("numeric", fact.dtype) if fact.weak is False else UNKNOWN


def pick_classes(x: Term, target: Term, axis: Term) -> Fact:
    """An axis less."""
    fact = operand(x)
    return loose(fact.dtype, reduced(fact.dims, axis, False))


def place_classes(x: Term, target: Term, shape: Term, dtype: Term, axis: Term) -> Fact:
    """An array of the shape and dtype that are named."""
    dims: Dims | None = shape_argument(shape)
    kind = dtype.value if type(dtype) is Const else dtype.dtype if isinstance(dtype, Fact) else None
    return Fact("array", kind if isinstance(kind, np.dtype) else None, dims)


HANDLERS: dict[Any, Callable[..., Result]] = {
    losses.collected: collected,
    losses.share: share,
    losses.squared_error: loss_of(0, 1),
    losses.absolute_error: loss_of(0, 1),
    losses.bent_error: loss_of(0, 1, 2, 3),
    losses.binary_cross_entropy: loss_of(0, 1, 2),
    losses.logistic_cross_entropy: loss_of(0, 1, 2, 3),
    losses.clamped_log: of_one(losses.clamped_log),
    losses.raised: spread_of(np.maximum, 2),
    class_losses.class_cross_entropy: class_loss,
    class_losses.class_likelihood: class_loss,
    class_losses.class_scale: class_scale,
    class_losses.smoothing_scale: class_scale,
    class_losses.counted: spread_of(np.multiply, 2),
    class_losses.softmax_less_one: shaped_as_first,
    class_losses.over_classes: over_classes,
    class_losses.pick_classes: pick_classes,
    class_losses.place_classes: place_classes,
}
