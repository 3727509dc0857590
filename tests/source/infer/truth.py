"""Whether what is said of a value is true of it: facts against the real results of NumPy."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.source.facts import Fact, Size

BASE = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])*\.\d+")
PYTHON = {bool: "b", int: "i", float: "f", complex: "c"}


class Length(int):
    """A length with the arithmetic that the names of sizes speak of."""

    def __sub__(self, k):
        return Length(max(int(self) - int(k), 0))

    def __rshift__(self, k):  # ` - ` in a name: the difference of two numbers, which may be negative
        return int(self) - int(k)

    def __add__(self, k):
        return Length(int(self) + int(k))

    def __mul__(self, k):
        return Length(int(self) * int(k))

    __rmul__ = __mul__

    def __truediv__(self, k):
        assert int(self) % k == 0
        return Length(int(self) // int(k))

    def __or__(self, other):
        assert self == other or 1 in (self, other)
        return Length(other if self == 1 else self)

    def __getitem__(self, index):
        return Length(len(range(int(self))[index]))


def least(*lengths: int) -> Length:
    return Length(min(lengths))


@functools.cache
def formula(name: str) -> Any:
    """The name of a size as an expression in the lengths that it speaks of."""
    text = re.sub(r"(?<![\w.])(\d+)(?=\[)", r"Length(\1)", name).replace(" - ", " >> ")
    text = BASE.sub(lambda match: f"Length(lengths[{match[0]!r}])", text)
    return compile(text, "<length>", "eval")


class Truth:
    """The lengths that sizes stand for, in one run of a program."""

    def __init__(self) -> None:
        self.lengths: dict[str, int] = {}

    def bind(self, fact: Fact | Const, value: Any) -> None:
        """Learn the lengths of an argument, given its fact."""
        if isinstance(fact, Const):
            return
        if fact.dims is not None:
            for dim, n in zip(fact.dims, np.shape(value), strict=True):
                if isinstance(dim, Size) and BASE.fullmatch(dim.name):
                    self.lengths[dim.name] = n
        if isinstance(fact.size, Size):
            self.lengths.setdefault(fact.size.name, value)
        if fact.kind in ("list", "tuple"):
            for item, part in zip(fact.items or (), value, strict=bool(fact.items)):
                self.bind(item, part)

    def check(self, fact: Fact | Const, value: Any) -> None:
        """Assert everything that a fact says."""
        if isinstance(fact, Const):
            assert fact.value is value or (type(fact.value) is type(value) and fact.value == value)
            return
        self._check_kind(fact, value)
        self._check_dtype(fact, value)
        if fact.dims is not None:
            shape = np.shape(value)
            assert len(fact.dims) == len(shape), (fact, shape)
            for dim, n in zip(fact.dims, shape, strict=True):
                self._check_length(dim, n, fact, shape)
        if fact.size is not None:
            assert type(value) is int, (fact, value)
            self._check_length(fact.size, value, fact, value)
        if fact.items is not None and fact.kind in ("list", "tuple"):
            assert len(fact.items) == len(value), (fact, value)
            for item, part in zip(fact.items, value, strict=True):
                self.check(item, part)
        if fact.item is not None:
            for part in value:
                self.check(fact.item, part)

    def _check_kind(self, fact: Fact, value: Any) -> None:
        number = isinstance(value, bool | int | float | complex | np.generic)
        array = type(value) is np.ndarray
        types = {"list": list, "tuple": tuple, "dict": dict, "slice": slice, "stack": list, "object": object}
        holds = {"scalar": number, "array": array, "numeric": number or array}
        assert holds.get(fact.kind, isinstance(value, types.get(fact.kind, object))), (fact, type(value))
        if fact.kind == "tuple":
            assert isinstance(value, tuple)

    def _check_dtype(self, fact: Fact, value: Any) -> None:
        if fact.kind == "object" and fact.dtype is not None:
            assert value == fact.dtype, (fact, value)
            return
        if fact.weak or (fact.weak is None and type(value) in PYTHON):
            assert type(value) in PYTHON, (fact, type(value))
            assert fact.dtype is None or fact.dtype.kind == PYTHON[type(value)], (fact, value)
        elif fact.dtype is not None:
            assert isinstance(value, np.ndarray | np.generic), (fact, type(value))
            assert fact.dtype == value.dtype, (fact, value.dtype)

    def _check_length(self, dim: int | Size, n: int, fact: Fact, shape: Any) -> None:
        if isinstance(dim, int):
            assert dim == n, (fact, shape)
            return
        assert not dim.name.startswith("?"), (fact, shape)
        if not dim.stretches:
            assert n != 1, (fact, shape)
        expected = self.length(dim.name)
        if expected is None:
            assert self.lengths.setdefault(dim.name, n) == n, (fact, shape, self.lengths)
        else:
            assert expected == n, (fact, shape, self.lengths)

    def length(self, name: str) -> int | None:
        """What a name stands for; None if it is of its own kind and not yet met."""
        if name in self.lengths:
            return self.lengths[name]
        found = dict.fromkeys(BASE.findall(name))
        if "#" in name or any(base not in self.lengths for base in found) or name in found:
            return None
        return eval(formula(name), {"Length": Length, "lengths": self.lengths, "min": least})
