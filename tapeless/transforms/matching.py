"""Cotangents and tangents have the structure, shapes and dtypes of what they belong to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tapeless import _tree
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.selection import Selected, Selection


class Slot(NamedTuple):
    """What a cotangent or tangent must be like to stand for a leaf."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None  # None: nothing flows through this leaf
    is_array: bool

    @staticmethod
    def of(leaf: Any) -> Slot:
        flows = is_number(leaf) and dtype_of(leaf).kind in "fc"
        return Slot(
            np.shape(leaf) if flows else (), dtype_of(leaf) if flows else None, isinstance(leaf, np.ndarray)
        )

    def fill(self, value: Any, path: str, stands_for: str) -> Any:
        """The value in the leaf's dtype; TypeError or ValueError if it does not fit."""
        if self.dtype is None:
            return None
        if not is_number(value) and type(value) is not bool:
            raise TypeError(f"{path} is a {type(value).__name__} where an array or number is expected")
        if np.shape(value) != self.shape:
            raise ValueError(f"{path} has shape {np.shape(value)}, its {stands_for} has shape {self.shape}")
        own = dtype_of(value)
        if not np.can_cast(own, self.dtype, "same_kind"):
            raise TypeError(f"{path} has dtype {own}, its {stands_for} has dtype {self.dtype}")
        if self.is_array:
            return np.asarray(value, self.dtype)
        return self.dtype.type(value) if own != self.dtype else value


def conform(model: Any, given: Any, name: str) -> Any:
    """A tangent for `model`: in its structure, shapes and dtypes; None where nothing flows."""
    leaves, structure = _tree.flatten(model)
    parts = _tree.parts_like(structure, given, name)
    filled = [
        Slot.of(leaf).fill(part, path, "argument") for leaf, (path, part) in zip(leaves, parts, strict=True)
    ]
    return _tree.unflatten(structure, filled)


def zeros_like(value: Any) -> Any:
    """The cotangent or tangent that changes nothing: in the value's structure, None where nothing flows."""
    return _tree.map(_zeros, value)


def _zeros(leaf: Any) -> Any:
    slot = Slot.of(leaf)
    if slot.dtype is None:
        return None
    return np.zeros(slot.shape, slot.dtype) if slot.is_array else slot.dtype.type(0)


def whole_tangents(selection: Selection, values: tuple[Any, ...], given: dict[Selected, Any]) -> list[Any]:
    """A tangent for each parameter: zeros for the parts of `*args` and `**kwargs` that are not selected."""
    if selection.is_plain:
        return list(given.values())
    found: dict[int, Any] = {}
    for one, tangent in given.items():
        if one.key is None:
            found[one.position] = tangent
            continue
        if one.position not in found:
            zeros = zeros_like(values[one.position])
            found[one.position] = zeros if isinstance(zeros, dict) else list(zeros)
        found[one.position][one.key] = tangent
    return [tuple(found[at]) if isinstance(values[at], tuple) else found[at] for at in selection.wrt]
