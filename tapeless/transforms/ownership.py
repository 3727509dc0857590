"""Who else holds an array: what is handed to users, or kept for later, must be nobody else's.

The gradient of `x @ w` with respect to `x` is `w` itself.  Generated code says so, as a person would; before
it reaches the user it becomes a copy, so that `g *= 0.1` does not scale `w`.  The count of references to an
array tells whether anything but the result holds it: an argument, a global, an attribute, another gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.residuals import Packed
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import wrap
from tapeless.transforms.selection import Selection


def _count(value: Any) -> int:
    return getrefcount(value)


_probe = (np.empty(1),)
ALONE = _count(
    _probe[0]
)  # what a function counts for its argument, which one sequence holds and nothing else


def owned(value: Any, holders: int = 0) -> Any:
    """A gradient that shares no memory with anything; a number where it is an array without axes.

    To be called as `owned(sequence[i])`: no variable may refer to it.  `holders`: those known to hold it too.
    """
    kind = type(value)
    if kind is np.ndarray and value.base is None and value.ndim:
        return value if getrefcount(value) <= ALONE + holders else value.copy()
    if kind is float or kind is np.float64:
        return value
    if isinstance(value, np.ndarray):
        if not value.ndim:
            return value[()]
        count = getrefcount(value)  # not within the next call: its arguments hold the value too
        is_ours = kind is np.ndarray and _is_alone(value, count, holders)
        return value if is_ours else np.array(value)
    known = _tree.container(kind)
    if known is None:
        return value
    parts, extra = known.flatten(value)
    # A list is its own parts; a dict's values stand in the parts and in the dict.
    beside = 0 if parts is value or known.is_foreign else 1
    return known.unflatten(extra, [owned(parts[i], beside) for i in range(len(parts))])


def kept(value: Any, holders: int = 0) -> Any:
    """Residuals that stay what they are when the user's arrays are written into; to be called as `owned`."""
    kind = type(value)
    if kind is np.ndarray:
        count = getrefcount(value)
        return value if _is_alone(value, count, holders) else value.copy(order="K")
    if kind is tuple:
        return tuple([kept(value[i]) for i in range(len(value))])
    if kind is list:
        return [kept(value[i]) for i in range(len(value))]
    if kind is dict:
        return {key: kept(value[key]) for key in value}
    return value


def refilled(value: Any) -> Any:
    """Residuals whose lists may be emptied: backward functions take from the ends what loops have kept."""
    kind = type(value)
    if kind is list:
        return [refilled(item) if type(item) is list or type(item) is tuple else item for item in value]
    if kind is tuple:
        return tuple(
            [refilled(item) if type(item) is list or type(item) is tuple else item for item in value]
        )
    return value


def _is_alone(value: np.ndarray, count: int, holders: int) -> bool:
    base = value.base
    if count > ALONE + holders:
        return False
    if base is None:
        return True
    # A view is as good as its base, unless it may not be written into or says one element several times.
    whole = type(base) is np.ndarray and base.base is None and getrefcount(base) <= ALONE
    return whole and value.flags.writeable and 0 not in value.strides


def chosen(gradients: Any, selection: Selection) -> tuple[Any, ...]:
    """The gradients of the selected arguments, which share no memory with anything else."""
    if selection.is_plain:
        return tuple([owned(gradients[i]) for i in range(len(gradients))])
    places = {position: i for i, position in enumerate(selection.wrt)}
    found: list[Any] = []
    for one in selection.selected:
        whole = places[one.position]
        found.append(owned(gradients[whole]) if one.key is None else owned(gradients[whole][one.key]))
    return tuple(found)


def copies(values: Sequence[Any]) -> tuple[Any, ...]:
    """Arguments that stay what they are, whatever becomes of the user's arrays."""
    return tuple([_tree.map(_copied, value) for value in values])


def _copied(leaf: Any) -> Any:
    return leaf.copy(order="K") if isinstance(leaf, np.ndarray) else leaf


# Residuals on the graph ---------------------------------------------------------------------------------


def packed(value: Any, pack: Callable[..., Any], unpack: Callable[..., Any]) -> Any:
    """Residuals with what `saved_tensors_hooks` made of their arrays."""
    if type(value) is tuple or type(value) is list:
        return type(value)([packed(item, pack, unpack) for item in value])
    return Packed(wrap(Tensor, value), None, pack, unpack) if type(value) is np.ndarray else value


def unpacked(value: Any) -> Any:
    """Residuals as they were before `packed`."""
    if type(value) is tuple or type(value) is list:
        return type(value)([unpacked(item) for item in value])
    return value.unpack()._data if isinstance(value, Packed) else value


def memory_of(residuals: Any) -> set[int]:
    """The objects that own the memory of the arrays in residuals."""

    def arrays(value: Any) -> Iterator[np.ndarray]:
        if type(value) is tuple or type(value) is list:
            for item in value:
                yield from arrays(item)
        elif type(value) is np.ndarray:
            yield value

    return {memory(array) for array in arrays(residuals)}


def memory(data: Any) -> int:
    """The object that owns an array's memory."""
    base = getattr(data, "base", None)  # NumPy leads all views to the owner itself
    return id(data if base is None else base)
