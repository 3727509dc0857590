"""Sorting: each result is one of the inputs, so cotangents go back to where the values came from."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, forward_rule, general
from tapeless.rules.table import primitive


@primitive
def stable_order(a: Array, axis: int | None) -> Array:
    """Which element comes at each place of the sorted array; equal ones in the order in which they stand."""
    return np.argsort(a, axis=axis, kind="stable")


@primitive
def stable_places(a: Array, axis: int | None) -> Array:
    """At which place of the sorted array each element comes: the inverse of `stable_order`."""
    order = np.argsort(a, axis=axis, kind="stable")
    places = np.empty_like(order)
    along = -1 if axis is None else axis
    shape = [1] * order.ndim
    shape[along] = order.shape[along]
    np.put_along_axis(places, order, np.arange(order.shape[along]).reshape(shape), along)
    return places


@primitive
def partitioned_places(a: Array, out: Array, axis: int | None) -> Array:
    """At which place of the partitioned array `out` each element comes.

    The n-th smallest goes to the n-th smallest: np.argpartition may arrange the unordered ones otherwise.
    """
    order = np.argsort(out, axis=axis, kind="stable")
    return np.take_along_axis(order, stable_places(a, axis), axis)


@primitive
def partitioned_order(a: Array, out: Array, axis: int | None) -> Array:
    """Which element comes at each place of the partitioned array `out`."""
    order = np.argsort(a, axis=axis, kind="stable")
    return np.take_along_axis(order, stable_places(out, axis), axis)


constant(stable_order, stable_places, partitioned_places, partitioned_order)


@general(np.sort)
def sort(
    g: Array, a: Array, axis: int | None = -1, kind: str | None = None, stable: bool | None = None
) -> Array:
    return np.reshape(np.take_along_axis(g, stable_places(a, axis), axis), np.shape(a))


@forward_rule(np.sort)
def sort_forward(
    t: Array, out: Array, a: Array, axis: int | None = -1, kind: str | None = None, stable: bool | None = None
) -> Array:
    return np.take_along_axis(t, stable_order(a, axis), axis)


@general(np.partition)
def partition(
    g: Array,
    out: Array,
    a: Array,
    kth: int | tuple[int, ...],
    axis: int | None = -1,
    kind: str = "introselect",
) -> Array:
    return np.reshape(np.take_along_axis(g, partitioned_places(a, out, axis), axis), np.shape(a))


@forward_rule(np.partition)
def partition_forward(
    t: Array,
    out: Array,
    a: Array,
    kth: int | tuple[int, ...],
    axis: int | None = -1,
    kind: str = "introselect",
) -> Array:
    return np.take_along_axis(t, partitioned_order(a, out, axis), axis)
