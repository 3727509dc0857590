"""What stands before a function and computes the same: decorators that are seen through."""

from __future__ import annotations

import functools
from types import CodeType, FunctionType
from typing import Any

import numpy as np

_ERRSTATE = [c for c in np.errstate.__call__.__code__.co_consts if isinstance(c, CodeType)]


class Transparent:
    """An object that computes what the function computes which it wraps: who reads it, reads that."""

    __wrapped__: Any


def unwrapped(function: Any) -> tuple[Any, str | None]:
    """The Python function whose source says what `function` computes, and None; or what is left, and why not.

    Decorators are seen through only if they are known to leave the result alone: `functools.cache` and
    `lru_cache`, `staticmethod`, `classmethod` and `np.errstate(...)`. `__wrapped__` itself says nothing about
    the result: `functools.wraps` gives it to wrappers that scale or clip as well. Such a wrapper is a Python
    function of its own; it comes back as it is, and what it wraps is a variable of its closure.
    """
    while True:
        if isinstance(function, staticmethod | classmethod):
            function = function.__func__
        elif isinstance(function, functools._lru_cache_wrapper | Transparent) or sets_errstate(function):
            function = function.__wrapped__
        elif isinstance(function, FunctionType):
            return function, None
        else:
            return function, f"{function!r} is of type {type(function).__qualname__}"


def sets_errstate(function: Any) -> bool:
    """Whether a function was made by the decorator `@np.errstate(...)`."""
    return isinstance(function, FunctionType) and any(function.__code__ is code for code in _ERRSTATE)
