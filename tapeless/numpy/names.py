"""How a module passes on the names of another, and which of NumPy's objects its own stand for."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tapeless.rules.table import STAND_INS

T = TypeVar("T")


def stands_for(original: Any) -> Callable[[T], T]:
    """The decorated object means `original` wherever a function's source is read."""

    def note(stand_in: T) -> T:
        STAND_INS[stand_in] = original
        if isinstance(stand_in, types.FunctionType) and stand_in.__module__ == "numpy":
            stand_in.__module__ = "tapeless.numpy"  # where it is found, by `pickle` for one
            stand_in.__doc__ = f"As `numpy.{stand_in.__name__}`, also for Arrays."
        return stand_in

    return note


def borrowed(
    module: str, original: str, instead: Mapping[str, Any] = types.MappingProxyType({})
) -> Callable[[str], Any]:
    """A module's `__getattr__`: names that it lacks are those of `original`, and stay once found.

    For some there is something `instead`.
    """
    own, lender = sys.modules[module], importlib.import_module(original)
    STAND_INS[own] = STAND_INS.get(lender, lender)

    def find(name: str) -> Any:
        try:
            value = instead[name] if name in instead else getattr(lender, name)
        except AttributeError as error:
            raise AttributeError(str(error).replace(repr(original), repr(module), 1)) from None
        if not name.startswith("__"):
            setattr(own, name, value)
        return value

    return find


def listed(module: str, original: str) -> Callable[[], list[str]]:
    """A module's `__dir__`: the public names of `original`, but for modules that this one does not have."""
    own, lender = sys.modules[module], importlib.import_module(original)

    def names() -> list[str]:
        public = [name for name in lender.__all__ if name in own.__dict__ or not _is_module(lender, name)]
        return sorted(public)

    return names


def _is_module(owner: types.ModuleType, name: str) -> bool:
    """Whether a public name is a module, which NumPy may load only when it is asked for."""
    known = owner.__dict__.get(name)
    return isinstance(known, types.ModuleType) or (known is None and name in SUBMODULES)


# Of NumPy's public modules, those that it may load late.
SUBMODULES = frozenset(
    {
        "char",
        "core",
        "ctypeslib",
        "dtypes",
        "emath",
        "exceptions",
        "f2py",
        "fft",
        "lib",
        "linalg",
        "ma",
        "matlib",
    }
) | {"polynomial", "random", "rec", "strings", "test", "testing", "typing"}
