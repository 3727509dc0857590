"""The largest, the smallest, the middle; sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import method, op, tensors
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.choices import maximum, minimum
from tapeless.graph.vocabulary.creating import fresh
from tapeless.graph.vocabulary.dims import axes_of, numpy_words, one_dim
from tapeless.rules import parts, table

_max = op(np.max, "Max1")
_min = op(np.min, "Min1")
_amax = Op(_max.rule, Tensor, "Amax")
_amin = Op(_min.rule, Tensor, "Amin")
_max_dim = op(parts.picked, "Max")
_min_dim = Op(_max_dim.rule, Tensor, "Min")
_median_dim = Op(_max_dim.rule, Tensor, "Median1")
_nanmedian_dim = Op(_max_dim.rule, Tensor, "Nanmedian1")
_kthvalue = Op(_max_dim.rule, Tensor, "Kthvalue")
_mode = Op(_max_dim.rule, Tensor, "Mode")
_median = op(parts.middle, "Median")
_nanmedian = op(parts.nan_middle, "Nanmedian")
_taken = table.lookup(np.take_along_axis)
_sort = Op(_taken, Tensor, "Sort")
_topk = Op(_taken, Tensor, "Topk")
_cummax = Op(_taken, Tensor, "Cummax")
_cummin = Op(_taken, Tensor, "Cummin")


class ValuesAndIndices(tuple):  # of two tensors
    """What a search along a dimension gives: `values` and where they were."""

    __slots__ = ()
    name = ""

    @property
    def values(self) -> Any:
        return self[0]

    @property
    def indices(self) -> Any:
        return self[1]

    def __repr__(self) -> str:
        return f"torch.return_types.{self.name}(\nvalues={self[0]!r},\nindices={self[1]!r})"


def _named(name: str) -> type[ValuesAndIndices]:
    return type(name, (ValuesAndIndices,), {"__slots__": (), "name": name, "__module__": __name__})


_TYPES = {
    name: _named(name) for name in ("max", "min", "median", "nanmedian", "kthvalue", "mode", "sort", "topk")
} | {name: _named(name) for name in ("cummax", "cummin")}


def _pair(name: str, values: Any, indices: np.ndarray) -> Any:
    return _TYPES[name]((values, fresh(indices)))


def _at(made: Op, name: str, input: Any, indices: np.ndarray, axis: int, keepdim: bool) -> Any:
    """The elements at `indices`, which keep the dimension of length one."""
    if not input._data.ndim:
        return _pair(name, input.clone(), np.asarray(0))
    places = indices if keepdim else np.squeeze(indices, axis)
    return _pair(name, apply(made, (input, places, axis, keepdim)), np.asarray(places, np.int64))


def _require_elements(input: Any, name: str, dim: Any = None) -> None:
    shape = input._data.shape
    if dim is None and not input._data.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with "
            "the 'dim' argument."
        )
    if isinstance(dim, int) and shape and shape[dim] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def _search(name: str, whole: Op, along: Op, where: Any, pairwise: Any) -> Any:
    @numpy_words
    def run(
        input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: None = None
    ) -> Any:
        if isinstance(dim, Variable) or other is not None:
            return pairwise(input, dim if other is None else other)
        if dim is None:
            _require_elements(input, name)
            return apply(whole, (input, None, False, None, True))
        axis = one_dim(dim, input._data.ndim)
        _require_elements(input, name, axis)
        data = np.atleast_1d(input._data)
        return _at(along, name, input, where(data, axis, keepdims=True), axis, keepdim)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = (
        f"The {name}imum of all; along `dim` (values, indices); of two tensors the elementwise {name}imum."
    )
    return method(name)(run)


max = _search("max", _max, _max_dim, np.argmax, maximum)
min = _search("min", _min, _min_dim, np.argmin, minimum)


@method()
@numpy_words
def amax(input: Any, dim: Any = (), keepdim: bool = False, *, out: None = None) -> Any:
    """The largest elements over dimensions; the gradient goes to all of them in equal parts."""
    axes = axes_of(dim, input._data.ndim)
    _require_elements(input, "amax", axes)
    return apply(_amax, (input, axes, keepdim, None, True))


@method()
@numpy_words
def amin(input: Any, dim: Any = (), keepdim: bool = False, *, out: None = None) -> Any:
    """The smallest elements over dimensions; the gradient goes to all of them in equal parts."""
    axes = axes_of(dim, input._data.ndim)
    _require_elements(input, "amin", axes)
    return apply(_amin, (input, axes, keepdim, None, True))


def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> tuple[Any, Any]:
    """The smallest and the largest."""
    dims = () if dim is None else dim
    return amin(input, dims, keepdim), amax(input, dims, keepdim)


def _arg(function: Any, name: str) -> Any:
    @numpy_words
    def run(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        axis = None if dim is None else one_dim(dim, input._data.ndim)
        if not input._data.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        found = function(input._data, axis if input._data.ndim else None, keepdims=keepdim)
        return fresh(np.asarray(found, np.int64))

    run.__name__ = run.__qualname__ = name
    run.__doc__ = "The index of the first one: in the flattened tensor, or along `dim`."
    return method(name)(run)


argmax = _arg(np.argmax, "argmax")
argmin = _arg(np.argmin, "argmin")


# The middle -------------------------------------------------------------------------------------------


def _order(data: np.ndarray, axis: int, descending: bool = False) -> np.ndarray:
    """A stable order; nan counts as the largest."""
    if not descending:
        return np.argsort(data, axis=axis, kind="stable")
    turned = np.flip(data, axis)
    return data.shape[axis] - 1 - np.flip(np.argsort(turned, axis=axis, kind="stable"), axis)


def _ranked(data: np.ndarray, axis: int, rank: Any) -> np.ndarray:
    """The index of the element of that rank, the dimension kept."""
    return np.take_along_axis(_order(data, axis), np.asarray(rank).reshape((1,) * data.ndim), axis)


@method()
@numpy_words
def median(input: Any, dim: Any = None, keepdim: bool = False, *, out: None = None) -> Any:
    """The median, the lower of two; along `dim` (values, indices).  nan if there is one."""
    if dim is None:
        return apply(_median, (input, None, False, None, True))
    axis = one_dim(dim, input._data.ndim)
    _require_elements(input, "median", axis)
    data = np.atleast_1d(input._data)
    indices = _ranked(data, axis, (data.shape[axis] - 1) // 2)
    if data.dtype.kind == "f":
        missing = np.isnan(data)
        has = missing.any(axis, keepdims=True)
        indices = np.where(has, np.argmax(missing, axis, keepdims=True), indices)
    return _at(_median_dim, "median", input, indices, axis, keepdim)


@method()
@numpy_words
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False, *, out: None = None) -> Any:
    """The median of what is not nan."""
    if dim is None:
        return apply(_nanmedian, (input, None, False, None, True))
    axis = one_dim(dim, input._data.ndim)
    data = np.atleast_1d(input._data)
    count = np.sum(~np.isnan(data), axis, keepdims=True)
    indices = np.take_along_axis(_order(data, axis), np.maximum(count - 1, 0) // 2, axis)
    return _at(_nanmedian_dim, "nanmedian", input, indices, axis, keepdim)


@method()
@numpy_words
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest along `dim`, counted from 1: (values, indices)."""
    axis = one_dim(dim, input._data.ndim)
    data = np.atleast_1d(input._data)
    if not 1 <= k <= data.shape[axis]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    return _at(_kthvalue, "kthvalue", input, _ranked(data, axis, k - 1), axis, keepdim)


@method()
@numpy_words
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent value along `dim`, the smallest of several: (values, indices), the last index."""
    axis = one_dim(dim, input._data.ndim)
    data = np.moveaxis(np.atleast_1d(input._data), axis, -1)
    counts = np.sum(data[..., :, None] == data[..., None, :], -1)
    best = np.where(counts == counts.max(-1, keepdims=True), data, np.asarray(data.max()))
    value = best.min(-1, keepdims=True)
    last = data.shape[-1] - 1 - np.argmax((data == value)[..., ::-1], -1, keepdims=True)
    return _at(_mode, "mode", input, np.moveaxis(last, -1, axis), axis, keepdim)


# Sorting ----------------------------------------------------------------------------------------------


def _along(made: Op, name: str, input: Any, indices: np.ndarray, axis: int) -> Any:
    if not input._data.ndim:
        return _pair(name, input.clone(), np.asarray(0))
    indices = np.asarray(indices, np.int64)
    return _pair(name, apply(made, (input, indices, axis)), indices)


@method()
@numpy_words
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """In order along `dim`: (values, indices).  Always stable."""
    axis = one_dim(dim, input._data.ndim)
    return _along(_sort, "sort", input, _order(np.atleast_1d(input._data), axis, descending), axis)


@method()
@numpy_words
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that put the elements in order along `dim`."""
    return sort(input, dim, descending).indices


@method()
@numpy_words
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) along `dim`, in order: (values, indices)."""
    axis = one_dim(dim, input._data.ndim)
    data = np.atleast_1d(input._data)
    if not 0 <= k <= data.shape[axis]:
        raise RuntimeError("selected index k out of range")
    order = _order_first(data, axis, largest)
    return _along(_topk, "topk", input, order[(slice(None),) * axis + (slice(k),)], axis)


def _order_first(data: np.ndarray, axis: int, largest: bool) -> np.ndarray:
    return _order(data, axis, largest)


def msort(input: Any) -> Any:
    """In order along dimension 0."""
    return sort(input, 0).values


def _running(made: Op, name: str, better: Any) -> Any:
    @numpy_words
    def run(input: Any, dim: int) -> Any:
        axis = one_dim(dim, input._data.ndim)
        data = np.moveaxis(np.atleast_1d(input._data), axis, 0)
        indices = np.zeros(data.shape, np.int64)
        best = data[:1].copy()
        place = np.zeros(best.shape, np.int64)
        for row in range(data.shape[0]):
            wins = better(data[row], best[0]) | np.isnan(data[row])
            best[0], place[0] = np.where(wins, data[row], best[0]), np.where(wins, row, place[0])
            indices[row] = place[0]
        return _along(made, name, input, np.moveaxis(indices, 0, axis), axis)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = "The extreme of the first 1, 2, ... elements along `dim`: (values, indices)."
    return method(name)(run)


cummax = _running(_cummax, "cummax", np.greater_equal)
cummin = _running(_cummin, "cummin", np.less_equal)


# Sets and counts --------------------------------------------------------------------------------------


@tensors
@method()
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: Any = None,
) -> Any:
    """The different values, in order; if asked also where each was and how often."""
    found = np.unique(input._data, return_inverse=return_inverse, return_counts=return_counts, axis=dim)
    if not isinstance(found, tuple):
        return fresh(found)
    return tuple([fresh(np.asarray(item)) for item in found])


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Which elements are among `test_elements`."""
    first, second = [one._data if isinstance(one, Variable) else one for one in (elements, test_elements)]
    return fresh(np.asarray(np.isin(first, second, assume_unique=assume_unique, invert=invert)))


@tensors
@method()
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... occurs, or the sums of their weights."""
    if input._data.ndim != 1 or (input._data.size and input._data.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    return fresh(np.bincount(input._data, None if weights is None else weights._data, minlength))


def searchsorted(sorted_sequence: Any, values: Any, *, right: bool = False) -> Any:
    """Where values belong in a sorted vector."""
    wanted = values._data if isinstance(values, Variable) else values
    return fresh(np.asarray(np.searchsorted(sorted_sequence._data, wanted, "right" if right else "left")))
