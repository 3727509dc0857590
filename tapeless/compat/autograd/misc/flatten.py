"""Containers of arrays as one long array, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tapeless.numpy as tnp

Function = Callable[..., Any]


def flatten(value: Any) -> tuple[Any, Function]:
    """All numbers of a nesting of tuples, lists and dicts in one array, and the function that puts them back.

    Dicts are gone through in the order of their sorted keys.

    >>> flat, unflatten = flatten({"b": 3.0, "a": [1.0, np.array([2.0])]})
    >>> flat
    array([1., 2., 3.])
    >>> unflatten(flat)
    {'b': array(3.), 'a': [array(1.), array([2.])]}
    """
    unflatten, _ = _plan(value, 0)
    leaves = _leaves(value)
    if not leaves:
        return np.zeros(0), unflatten
    return np.concatenate([tnp.ravel(leaf) for leaf in leaves]), unflatten


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in _leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _plan(value: Any, start: int) -> tuple[Function, int]:
    """What makes such a value out of the numbers from `start` on, and where those end.

    Functions of functions rather than data: where source is read they are seen through.
    """
    if isinstance(value, dict):
        parts: dict[Any, Function] = {}
        for key in sorted(value):
            parts[key], start = _plan(value[key], start)
        return _dict_of({key: parts[key] for key in value}), start
    if isinstance(value, list | tuple):
        made: list[Function] = []
        for item in value:
            part, start = _plan(item, start)
            made.append(part)
        return _sequence_of(type(value), tuple(made)), start
    shape = np.shape(value)
    stop = start + int(np.prod(shape))
    return _array_of(shape, start, stop), stop


def _array_of(shape: tuple[int, ...], start: int, stop: int) -> Function:
    def unflatten(flat: Any) -> Any:
        return np.reshape(flat[start:stop], shape)

    return unflatten


def _dict_of(parts: dict[Any, Function]) -> Function:
    def unflatten(flat: Any) -> Any:
        return {key: part(flat) for key, part in parts.items()}

    return unflatten


def _sequence_of(kind: type, parts: tuple[Function, ...]) -> Function:
    if hasattr(kind, "_fields"):

        def unflatten(flat: Any) -> Any:
            return kind(*[part(flat) for part in parts])

    elif issubclass(kind, tuple):

        def unflatten(flat: Any) -> Any:
            return tuple([part(flat) for part in parts])

    else:

        def unflatten(flat: Any) -> Any:
            return [part(flat) for part in parts]

    return unflatten


def flatten_func(func: Function, example: Any) -> tuple[Function, Function, Any]:
    """`func` from flat array to flat array; the function that puts its argument together; the flat example.

    >>> flat_func, unflatten, flat = flatten_func(lambda p: {"s": p["a"] * 2.0}, {"a": np.array([1.0, 2.0])})
    >>> flat_func(flat)
    array([2., 4.])
    """
    flat_example, unflatten = flatten(example)

    def flat_func(flat: Any, *args: Any) -> Any:
        return flatten(func(unflatten(flat), *args))[0]

    return flat_func, unflatten, flat_example
