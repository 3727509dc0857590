"""How sizes, strides and paddings are given: one number for all axes, or one for each."""

from __future__ import annotations

from typing import Any, TypeAlias

Sizes: TypeAlias = int | tuple[int, ...]


def of_each_axis(name: str, value: Any, count: int, whose: str = "convolution dimensions") -> tuple[int, ...]:
    """A number for each of `count` axes; RuntimeError in PyTorch's words if there are more or fewer."""
    if not isinstance(value, tuple | list):
        return (value,) * count
    if len(value) == 1:
        return (value[0],) * count
    if len(value) != count:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {count} values to match the {whose}, "
            f"but got {name}={list(value)}"
        )
    return tuple(value)


def of_each_window_axis(function: str, name: str, value: Any, count: int) -> tuple[int, ...]:
    """The same for pooling, with its words."""
    if not isinstance(value, tuple | list):
        return (value,) * count
    if len(value) == 1:
        return (value[0],) * count
    if len(value) != count:
        numbers = "two ints" if count == 2 else "one int"
        raise RuntimeError(f"{function}: {name} must either be a single int, or a tuple of {numbers}")
    return tuple(value)
