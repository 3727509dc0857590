"""Classes that hold values under names: named tuples and dataclasses."""

from __future__ import annotations

import dataclasses
from typing import Any


def is_record(op: Any) -> bool:
    """Whether an operation makes a named tuple or a dataclass.

    >>> from typing import NamedTuple
    >>> is_record(NamedTuple("Point", [("x", float)])), is_record(tuple)
    (True, False)
    """
    is_class = isinstance(op, type)
    return is_class and (dataclasses.is_dataclass(op) or (issubclass(op, tuple) and hasattr(op, "_fields")))


def field_names(record: Any) -> tuple[str, ...]:
    """The names of what it is made of, in the order of its arguments."""
    named = getattr(record, "_fields", None)
    return named if named is not None else tuple([f.name for f in dataclasses.fields(record) if f.init])
