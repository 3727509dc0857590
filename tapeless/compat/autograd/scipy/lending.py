"""SciPy's names, of which those of functions also take what is traced: by their rows of the table."""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from tapeless.errors import missing_extra
from tapeless.graph.protocols import call_row
from tapeless.graph.variable import Variable
from tapeless.numpy.creation import variable_in
from tapeless.numpy.names import stands_for

Function = Callable[..., Any]
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def lent(module: str, original: str) -> Function:
    """A module's `__getattr__`: the names of a module of SciPy, or of an object in one.

    MissingExtraError if SciPy is not installed.
    """
    lender = _found(original)

    def find(name: str) -> Any:
        try:
            value = getattr(lender, name)
        except AttributeError:
            raise AttributeError(f"module {module!r} has no attribute {name!r}") from None
        if not name.startswith("_"):
            if isinstance(value, FUNCTIONS):
                value = recording(value)
                value.__module__, value.__qualname__ = module, name
                value.__doc__ = f"As SciPy's {name}, also for what is traced."
            setattr(sys.modules[module], name, value)
        return value

    return find


def _found(original: str) -> Any:
    try:
        return importlib.import_module(original)
    except ModuleNotFoundError as error:
        if error.name == "scipy":
            raise missing_extra("scipy", "scipy", "tapeless.compat.autograd.scipy") from error
        owner, _, name = original.rpartition(".")
        return getattr(_found(owner), name)


def names(original: str) -> list[str]:
    """The public names of what is lent."""
    lender = _found(original)
    return list(getattr(lender, "__all__", [name for name in dir(lender) if not name.startswith("_")]))


def recording(function: Any) -> Function:
    """A function of SciPy's that does not speak NumPy's protocols, handed over where something is traced."""

    @stands_for(function)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, Variable):
                return call_row(arg._face, function, args, kwargs)
        like = variable_in((*args, *kwargs.values()))
        return function(*args, **kwargs) if like is None else call_row(like._face, function, args, kwargs)

    return run
