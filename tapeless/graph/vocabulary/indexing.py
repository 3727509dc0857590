"""Reading and writing between brackets."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.messages import type_name
from tapeless.graph.ops import cast, op
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import write
from tapeless.graph.vocabulary.shaping import fit_value
from tapeless.rules import support
from tapeless.rules.indexing import index_set

_select = op(operator.getitem, "Select", views=True)
_slice = Op(_select.rule, Tensor, "Slice", views=True)
_unsqueeze = Op(_select.rule, Tensor, "Unsqueeze", views=True)
_alias = Op(_select.rule, Tensor, "Alias", views=True)
_index = Op(_select.rule, Tensor, "Index")
_index_put = op(index_set, "IndexPut")
_copy = op(support.overwrite, "CopyBackwards")

FULL = slice(None)


def getitem(self: Any, index: Any) -> Any:
    """`self[index]`: a view for integers, slices, None and `...`; a copy for arrays and masks."""
    kind = type(index)
    if kind is int:
        return _view(_select, self, (index, ...))
    if kind is slice:
        return _view(_slice, self, (_checked_slice(index), ...))
    basic, arrays = _parsed(self, index if kind is tuple else (index,))
    view = _view(_last_step(basic), self, basic) if basic is not None else self
    return view if arrays is None else _gather(view, arrays)


def setitem(self: Any, index: Any, value: Any) -> None:
    """`self[index] = value`, recorded; a write through a view unless there are arrays or masks."""
    basic, arrays = _parsed(self, index if isinstance(index, tuple) else (index,))
    value = _as_value(self, value)
    if arrays is None:
        assert basic is not None
        made = _last_step(basic)
        part = self if made is _alias or basic == (FULL, ...) else _view(made, self, basic)
        write(_copy, part, fit_value(value, part._data.shape))
        return
    part = self if basic is None else _view(_last_step(basic), self, basic)
    _call(part, lambda: write(_index_put, part, arrays, value))


def _as_value(self: Any, value: Any) -> Any:
    if isinstance(value, Variable):
        return cast(value, self._data.dtype)
    if isinstance(value, bool | int | float | complex):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return wrap(Tensor, np.asarray(value, self._data.dtype))
    raise TypeError(f"can't assign a {type(value).__name__} to a {type_name(self._data)}")


# What stands between the brackets ---------------------------------------------------------------------


def _parsed(self: Any, index: tuple[Any, ...]) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """The basic part of an index, and what is left for arrays after it: full slices and arrays.

    PyTorch takes integers and slices first, NumPy would read an integer beside an array as an array too.
    """
    items = [_plain(item) for item in index]
    if not any(isinstance(item, np.ndarray) for item in items):
        if Ellipsis not in items:
            items.append(...)
        return tuple(items), None
    items = _without_ellipsis(self, items)
    if all(isinstance(item, np.ndarray) or item == FULL for item in items):
        return None, _trimmed(items)
    basic = [FULL if isinstance(item, np.ndarray) else item for item in items]
    basic = [
        part
        for item, part in zip(items, basic, strict=True)
        for part in (
            [FULL] * (item.ndim if _is_mask(item) else 1) if isinstance(item, np.ndarray) else [part]
        )
    ]
    rest = [item if isinstance(item, np.ndarray) else FULL for item in items if not isinstance(item, int)]
    return (*basic, ...), _trimmed(rest)


def _is_mask(item: np.ndarray) -> bool:
    return item.dtype == np.bool_


def _trimmed(items: list[Any]) -> tuple[Any, ...]:
    while items and isinstance(items[-1], slice):
        items = items[:-1]
    return tuple(items)


def _without_ellipsis(self: Any, items: list[Any]) -> list[Any]:
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if not places:
        return items
    place = places[0]
    used = [item for item in items if item is not Ellipsis and item is not None]
    taken = sum([item.ndim if isinstance(item, np.ndarray) and _is_mask(item) else 1 for item in used])
    return items[:place] + [FULL] * (self._data.ndim - taken) + items[place + 1 :]


def _plain(item: Any) -> Any:
    """An index as NumPy takes it; 0-d integer tensors are integers."""
    if item is None or item is Ellipsis or type(item) is int:
        return item
    if isinstance(item, slice):
        return _checked_slice(item)
    if isinstance(item, bool):
        return np.asarray(item)
    if isinstance(item, Variable):
        item = item._data
    elif isinstance(item, list | tuple | range):
        item = np.asarray([one._data.item() if isinstance(one, Variable) else one for one in item])
        item = item.astype(np.int64) if item.size == 0 else item
    if isinstance(item, np.ndarray | np.generic):
        return _plain_array(np.asarray(item))
    if hasattr(item, "__index__"):
        return item.__index__()
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        "indices (got "
        f"{type(item).__name__})"
    )


def _plain_array(array: np.ndarray) -> Any:
    if array.dtype == np.uint8:
        array = array.astype(np.bool_)
    if array.dtype.kind not in "bi":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return int(array) if array.ndim == 0 and array.dtype.kind == "i" else array


def _checked_slice(item: slice) -> slice:
    start, stop, step = [
        None if one is None else operator.index(one) for one in (item.start, item.stop, item.step)
    ]
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _last_step(index: tuple[Any, ...]) -> Op:
    """The operation after which PyTorch, which takes an index apart, names the node."""
    for item in reversed(index):
        if type(item) is int:
            return _select
        if item is None:
            return _unsqueeze
        if isinstance(item, slice) and (item != FULL or len(index) == 2):
            return _slice
    return _alias


# Running it -------------------------------------------------------------------------------------------


def _view(made: Op, self: Any, index: tuple[Any, ...]) -> Any:
    self._array()
    try:
        return apply(made, (self, index))
    except IndexError as error:
        raise _translated(self, error) from None


def _gather(self: Any, index: tuple[Any, ...]) -> Any:
    _check_masks(self._data.shape, index)
    return _call(self, lambda: apply(_index, (self, index[0] if len(index) == 1 else index)))


def _call(self: Any, run: Callable[[], Any]) -> Any:
    try:
        return run()
    except IndexError as error:
        raise _translated(self, error) from None
    except ValueError as error:
        text = str(error)
        found = re.search(r"cannot assign (\d+) input values to the (\d+) output", text)
        if found:
            text = (
                f"shape mismatch: value tensor of shape [{found[1]}] cannot be broadcast to indexing result "
                f"of shape [{found[2]}]"
            )
        raise RuntimeError(text) from None


def _check_masks(shape: tuple[int, ...], index: tuple[Any, ...]) -> None:
    place = 0
    for item in index:
        if not isinstance(item, np.ndarray) or not _is_mask(item):
            place += 1
            continue
        for at, (n, m) in enumerate(zip(item.shape, shape[place:], strict=False), place):
            if n != m:
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {at} does not match the shape of the "
                    f"indexed tensor {list(shape)} at index {at}"
                )
        place += item.ndim


def _translated(self: Any, error: IndexError) -> IndexError:
    text = str(error)
    if "too many indices" in text:
        if self._data.ndim == 0:
            return IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
                "in C++ to "
                "convert a 0-dim tensor to a number"
            )
        return IndexError(f"too many indices for tensor of dimension {self._data.ndim}")
    if "broadcast" in text:
        return IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes"
            + text.split("shapes")[-1].replace("(", "[").replace(",)", "]").replace(")", "]")
        )
    return IndexError(text.replace("for axis", "for dimension"))


Tensor.__getitem__ = getitem  # type: ignore[attr-defined]
Tensor.__setitem__ = setitem  # type: ignore[attr-defined]
