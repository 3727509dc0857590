"""What is known of a value before the program runs: is it an array, of which dtype, how many axes, how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from tapeless.ir.program import Const

# scalar: a Python or NumPy number, which nobody can write into; array: an np.ndarray; numeric: one of the two;
# list, tuple, dict, slice, stack: the container; object: anything else, or nothing is known.
Kind = Literal["scalar", "array", "numeric", "list", "tuple", "dict", "slice", "stack", "object"]


@dataclass(frozen=True, slots=True)
class Size:
    """A length that only the running program knows; `stretches`: it may be 1 and so be broadcast."""

    name: str
    stretches: bool = True


Dim: TypeAlias = int | Size


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one value.

    `dtype` and `dims` are None where unknown; `weak`: a Python number, which does not widen an array.
    `items` are those of a tuple, list or slice of known length; `item` is what each element of a list of
    unknown length is.
    """

    kind: Kind = "object"
    dtype: np.dtype[Any] | None = None
    dims: tuple[Dim, ...] | None = None
    weak: bool = False
    items: tuple[Fact | Const, ...] | None = None
    item: Fact | None = None


UNKNOWN = Fact()
