"""How objects that are known when a program is written appear in its source."""

from __future__ import annotations

import cmath
import keyword
import math
import operator
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any, cast

import gast
import numpy as np

LOAD = gast.Load()
_FLOATS = {math.inf: "inf", math.pi: "pi", math.e: "e"}
# By name: NumPy loads some of them when they are first used, which takes its time.
_MODULES = (("", "numpy"), ("linalg.", "numpy.linalg"), ("fft.", "numpy.fft"), ("random.", "numpy.random"))
_SHORTER = {"absolute": "abs", "conjugate": "conj"}
_WHOLE = "?bBhHiIlLqQ"  # dtypes whose items are Python's bool or int, and those that Python has no number for
_WIDE = "gGm"


class Globals:
    """What the free names of a source stand for; `taken` are the names that its function uses itself."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.names: dict[str, Any] = {}
        self._taken = set(taken)
        self._by_identity: dict[int, str] = {}

    def reference(self, value: Any) -> gast.expr:
        """A literal, `np.f`, or a name that the function's globals hold."""
        tree = self._literal(value) or self._dotted(value)
        return name(self.named(value)) if tree is None else tree

    def bind(self, value: Any, found: str) -> None:
        """A name that the source itself defines stands for the value."""
        self._by_identity[id(value)] = found

    def named(self, value: Any, wanted: str = "") -> str:
        """A global name for `value` that stands for nothing else in the function."""
        known = self._by_identity.get(id(value))
        if known is not None:
            return known
        wanted = wanted or getattr(value, "__name__", "")
        if not wanted.isidentifier() or keyword.iskeyword(wanted):
            wanted = type(value).__name__.lower()
        found, count = wanted, 0
        while found in self._taken or found in self.names:
            count += 1
            found = f"{wanted}_{count}"
        self.names[found] = value  # keeps the value alive, and so its identity
        self._by_identity[id(value)] = found
        return found

    def module(self, module: types.ModuleType, path: str) -> gast.expr:
        """`np.linalg.inv` for np and "linalg.inv"."""
        tree: gast.expr = name(self.named(module, "np" if module is np else module.__name__))
        for part in path.split("."):
            tree = gast.Attribute(tree, part, LOAD)
        return tree

    def _literal(self, value: Any) -> gast.expr | None:
        kind = cast("type[Any]", type(value))
        if value is None or value is ... or kind in (bool, int, str, bytes):
            return number(value)
        if kind is float:
            return self._float(value)
        if kind is complex:
            return self._complex(value)
        if kind is tuple:
            items = [self._literal(item) for item in value]
            return None if None in items else gast.Tuple(items, LOAD)
        if kind is slice:
            items = [self._literal(item) for item in bounds((value.start, value.stop, value.step), None)]
            return None if None in items else gast.Call(name(self.named(slice)), items, [])
        return self._of_numpy(value)

    def _float(self, value: float) -> gast.expr:
        if math.isnan(value):
            return self.module(np, "nan")
        if abs(value) not in _FLOATS:
            return number(value)
        tree = self.module(np, _FLOATS[abs(value)])
        return tree if value > 0 else gast.UnaryOp(gast.USub(), tree)

    def _complex(self, value: complex) -> gast.expr:
        signs = (math.copysign(1.0, value.real), math.copysign(1.0, value.imag))
        if cmath.isfinite(value) and signs == (1.0, 1.0):
            return gast.Constant(value, None)
        parts = [self._float(value.real), self._float(value.imag)]
        return gast.Call(name(self.named(complex)), parts, [])

    def _of_numpy(self, value: Any) -> gast.expr | None:
        if isinstance(value, np.dtype):
            dtype = cast("np.dtype[Any]", value)
            if dtype.names is None and dtype.subdtype is None and dtype == np.dtype(dtype.name):
                return gast.Call(self.module(np, "dtype"), [gast.Constant(dtype.name, None)], [])
            return None
        if not isinstance(value, np.number | np.bool):
            return None
        known = cast("np.number[Any]", value)
        path = numpy_path(type(known))
        if path is None or known.dtype.char in _WIDE:
            return None
        item = self._literal(known.item() if known.dtype.char in _WHOLE else _shortest(known))
        return gast.Call(self.module(np, path), [item], [])

    def _dotted(self, value: Any) -> gast.expr | None:
        path = numpy_path(value)
        if path:
            return self.module(np, path)
        own = getattr(value, "__name__", None)
        for module in (math, cmath, operator):
            if isinstance(own, str) and callable(value) and getattr(module, own, None) is value:
                return self.module(module, own)
        return None


def name(of: str) -> gast.Name:
    return gast.Name(of, LOAD, None, None)


def number(value: Any) -> gast.expr:
    """A number as a parser would have it: the minus of `-1.0` is an operator, and binds less than `**`."""
    if type(value) in (int, float) and repr(value).startswith("-"):
        return gast.UnaryOp(gast.USub(), gast.Constant(-value, None))
    return gast.Constant(value, None)


def bounds(parts: tuple[Any, Any, Any], none: Any) -> tuple[Any, ...]:
    """The arguments of `slice` as one writes them: `slice(n)`, `slice(1, n)`, `slice(1, n, 2)`."""
    start, stop, step = parts
    if step != none:
        return (start, stop, step)
    return (stop,) if start == none else (start, stop)


def _shortest(value: Any) -> Any:
    """The number with the fewest digits that is rounded to `value` again."""
    exact = value.item()
    if isinstance(exact, float):
        short = float(str(value))
        return short if type(value)(short) == value else exact
    return exact


def numpy_path(value: Any) -> str | None:
    """`linalg.inv` for np.linalg.inv, `add.reduce` for np.add.reduce; None for what is not NumPy's own."""
    own = getattr(value, "__name__", None)
    if not isinstance(own, str) or isinstance(value, types.ModuleType):
        return None
    owner = getattr(value, "__self__", None)
    if isinstance(owner, np.ufunc):
        path = numpy_path(owner)
        return path and f"{path}.{own}"
    short = _SHORTER.get(own, own)
    for prefix, module in _MODULES:
        if module in sys.modules and vars(sys.modules[module]).get(short) is value:
            return prefix + short
    return None


def method_name(op: Callable[..., Any]) -> str | None:
    """`append` for list.append, `astype` for np.ndarray.astype; None for what is not a type's method."""
    return op.__name__ if isinstance(op, types.MethodDescriptorType) else None
