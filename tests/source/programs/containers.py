"""The numbers in nested lists, tuples, dicts and dataclasses: taken out, put back, compared."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

NUMBERS = (float, complex, np.inexact)


def is_leaf(value: Any) -> bool:
    """A number that may be differentiated, or an array of them."""
    return isinstance(value, NUMBERS) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc")


def parts(value: Any) -> list[tuple[str, Any]]:
    """What a container holds, and how Python spells it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(f".{one.name}", getattr(value, one.name)) for one in dataclasses.fields(value)]
    if isinstance(value, dict):
        return [(f"[{key!r}]", one) for key, one in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{index}]", one) for index, one in enumerate(value)]
    return []


def leaves(value: Any) -> list[tuple[str, Any]]:
    """Every number or array in the container, in order, with the way to it."""
    if is_leaf(value):
        return [("", value)]
    return [(step + path, leaf) for step, one in parts(value) for path, leaf in leaves(one)]


def rebuilt(value: Any, new: list[Any]) -> Any:
    """The container with other numbers in it, taken from the front of `new`."""
    if is_leaf(value):
        return new.pop(0)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {one.name: rebuilt(getattr(value, one.name), new) for one in dataclasses.fields(value)}
        return dataclasses.replace(value, **found)
    if isinstance(value, dict):
        return type(value)([(key, rebuilt(one, new)) for key, one in value.items()])
    if isinstance(value, list | tuple):
        found = [rebuilt(one, new) for one in value]
        return type(value)(*found) if hasattr(value, "_fields") else type(value)(found)
    return value


def assert_same(actual: Any, expected: Any, where: str = "value") -> None:
    """Equal to round-off, of the same shape and structure; objects by their attributes."""
    if isinstance(expected, bool | int | float | complex | np.generic | np.ndarray):
        assert np.shape(actual) == np.shape(expected), f"{where}: {np.shape(actual)} for {np.shape(expected)}"
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12, err_msg=where)
    elif found := parts(expected):
        assert type(actual) is type(expected), f"{where}: {type(actual)} for {type(expected)}"
        steps = [step for step, _ in parts(actual)]
        assert steps == [step for step, _ in found], f"{where}: {steps}"
        for (step, one), (_, other) in zip(parts(actual), found, strict=True):
            assert_same(one, other, where + step)
    elif hasattr(expected, "__dict__") and not callable(expected):
        assert_same(vars(actual), vars(expected), where)
    elif not callable(expected):
        assert actual == expected, f"{where}: {actual!r} for {expected!r}"
