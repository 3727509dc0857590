"""Names for the types that annotations speak of."""

from __future__ import annotations

from typing import Any, TypeAlias

# An array, a NumPy scalar, or anything that speaks NumPy's protocols: rules run on all of them.
Array: TypeAlias = Any

# What a reduction takes as `axis`.
Axis: TypeAlias = int | tuple[int, ...] | None

# An argument of a rule through which nothing flows: an index, a condition, what gives shape and dtype alone.
Constant: TypeAlias = Any
