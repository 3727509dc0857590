"""Batches from lists of samples: Tensors for the graph, or NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.data.datasets import Rows
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.creating import as_tensor
from tapeless.graph.vocabulary.joining import stack

REFUSED = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples as one batch of Tensors: stacked Tensors, arrays and numbers; dicts and tuples of such.

    Tuples come back as lists, named tuples and dicts as they are; strings and bytes stay in a list. Python
    floats become float64. TypeError for anything else, RuntimeError for shapes that differ. As
    `torch.utils.data.default_collate`.

    >>> default_collate([(1.0, 3), (2.0, 4)])
    [tensor([1., 2.], dtype=torch.float64), tensor([3, 4])]
    """
    if isinstance(batch, Rows):
        return [as_tensor(part) for part in batch.parts]
    return _collated(batch, _stacked_tensors)


def numpy_collate(batch: Sequence[Any]) -> Any:
    """The same as one batch of NumPy arrays, for functions that are differentiated by `tapeless.grad`.

    >>> numpy_collate([(1.0, 3), (2.0, 4)])
    [array([1., 2.]), array([3, 4])]
    """
    if isinstance(batch, Rows):
        return [_array(part) for part in batch.parts]
    return _collated(batch, _stacked_arrays)


def default_convert(data: Any) -> Any:
    """A sample as it is, but for NumPy arrays, which become Tensors, also in dicts, lists and tuples.

    As `torch.utils.data.default_convert`.

    >>> default_convert({"x": np.ones(2), "name": "a"})
    {'x': tensor([1., 1.], dtype=torch.float64), 'name': 'a'}
    """
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biufc":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(value) for value in data])
    if isinstance(data, tuple | list):
        return [default_convert(value) for value in data]
    return data


def _collated(batch: Sequence[Any], stacked: Callable[[Sequence[Any]], Any]) -> Any:
    first = batch[0]
    if isinstance(first, Variable | np.ndarray | np.generic | bool | int | float | complex):
        return stacked(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _mapping(first, {key: _collated([one[key] for one in batch], stacked) for key in first})
    if not isinstance(first, Sequence):
        raise TypeError(REFUSED.format(type(first)))
    if len({len(one) for one in batch}) > 1:
        raise RuntimeError("each element in list of batch should be of equal size")
    columns = [_collated(list(column), stacked) for column in zip(*batch, strict=True)]
    return type(first)(*columns) if hasattr(first, "_fields") else columns


def _mapping(like: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """A mapping of the same kind, if it can be made of items as a dict can."""
    if type(like) is dict:
        return items
    try:
        return type(like)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def _stacked_tensors(batch: Sequence[Any]) -> Any:
    if isinstance(batch[0], Variable):
        return stack(list(batch))
    return as_tensor(_stacked_arrays(batch))


def _stacked_arrays(batch: Sequence[Any]) -> Any:
    arrays = [_array(one) for one in batch]
    for place, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(arrays[0].shape)} at entry 0 and "
                f"{list(array.shape)} at entry {place}"
            )
    found = np.stack(arrays)
    if found.dtype.kind not in "biufc":
        raise TypeError(REFUSED.format(found.dtype))
    return found


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach() if isinstance(value, Variable) else value)  # type: ignore[attr-defined]
