"""Convolutions and pooling: the rank and dtype of what comes out, and the lengths where all are numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.rules import convolutions, pooling, windows
from tapeless.source.facts import INT, PYTHON_NUMBERS, UNKNOWN, Dims, Fact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.lengths import ANY
from tapeless.source.infer.terms import (
    Dtype,
    Result,
    Term,
    anything,
    integer,
    items_of,
    operand,
    shape_argument,
)


def inexact(dtype: Dtype | None) -> Dtype | None:
    """A dtype of floats or complex numbers; what becomes of others does not matter here."""
    return dtype if dtype is not None and dtype.kind in "fc" else None


def product_dtype(x: Term, w: Term) -> Dtype | None:
    """What arrays of these have as their product's."""
    return inexact(result_dtype(np.multiply, operand(x), operand(w)))


def convolution(x: Term, w: Term, *rest: Term) -> Fact:
    """A plane for each image and kernel."""
    first, second = operand(x), operand(w)
    dims: Dims | None = None
    if first.dims is not None and second.dims:
        dims = (first.dims[0] if first.dims else ANY, second.dims[0], *anything(len(first.dims) - 2))
    return Fact("array", product_dtype(x, w), dims)


def convolution_with_bias(x: Term, w: Term, bias: Term, *options: Term) -> Fact:
    """As without; the bias is added."""
    found = convolution(x, w)
    return Fact("array", inexact(result_dtype(np.add, found, operand(bias))), found.dims)


def product_in_shape(c: Term, x: Term, shape: Term, *options: Term) -> Fact:
    """A product of two arrays in the shape that the third argument names."""
    return Fact("array", product_dtype(c, x), shape_argument(shape))


def in_shape(at: int) -> Callable[..., Fact]:
    """What has the dtype of its first argument, and the shape that argument `at` names."""

    def handler(x: Term, *rest: Term) -> Fact:
        return Fact("array", inexact(operand(x).dtype), shape_argument((x, *rest)[at]))

    return handler


def transposed_shape(x: Term, *rest: Term) -> Fact:
    """As many whole numbers as the input has axes."""
    items = items_of(x)
    return UNKNOWN if items is None else Fact("tuple", items=(PYTHON_NUMBERS[int],) * len(items))


def widths_around(shape: Term, *rest: Term) -> Fact:
    """A pair of whole numbers for each axis."""
    items = items_of(shape)
    pair = Fact("tuple", items=(PYTHON_NUMBERS[int],) * 2)
    return UNKNOWN if items is None else Fact("tuple", items=(pair,) * len(items))


def sum_of_channels(x: Term) -> Fact:
    """A number for each channel."""
    fact = operand(x)
    return Fact("array", inexact(fact.dtype), fact.dims[1:2] if fact.dims else None)


def pooled(fact: Fact, axes: Term) -> Dims | None:
    """The dims of an array of which the last axes are pooled."""
    count = integer(axes)
    if fact.dims is None or count is None or not 0 < count <= len(fact.dims):
        return None if fact.dims is None else anything(len(fact.dims))
    return (*fact.dims[:-count], *anything(count))


def places(x: Term, axes: Term, *options: Term) -> Fact:
    """A whole number for each window."""
    return Fact("array", INT, pooled(operand(x), axes))


def take_pooled(x: Term, places: Term, axes: Term) -> Fact:
    """One number for each place."""
    return Fact("array", operand(x).dtype, operand(places).dims or None)


def means(x: Term, axes: Term, *options: Term) -> Fact:
    """A mean for each window."""
    fact = operand(x)
    return Fact("array", inexact(fact.dtype), pooled(fact, axes))


HANDLERS: dict[Any, Callable[..., Result]] = {
    convolutions.convolution: convolution,
    convolutions.convolution_with_bias: convolution_with_bias,
    convolutions.convolution_to_input: product_in_shape,
    convolutions.convolution_to_weight: product_in_shape,
    windows.transposed_shape: transposed_shape,
    windows.widths_around: widths_around,
    convolutions.sum_of_channels: sum_of_channels,
    convolutions.over_channels: in_shape(1),
    pooling.pool_places: places,
    pooling.adaptive_places: places,
    pooling.take_pooled: take_pooled,
    pooling.put_pooled: in_shape(2),
    pooling.average_pool: means,
    pooling.average_pool_transposed: in_shape(1),
    pooling.adaptive_average_pool: means,
    pooling.adaptive_average_pool_transposed: in_shape(1),
}
