"""Which dtype a function of NumPy gives: it is asked once, with ones of the dtypes in question."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tapeless.source.facts import Fact

Dtype: TypeAlias = np.dtype[Any]
# What a result's dtype depends on: an array's dtype, or the type of a Python number.
Source: TypeAlias = Dtype | type

PYTHON_TYPES: dict[str, type] = {"b": bool, "i": int, "f": float, "c": complex}


def source_of(fact: Fact) -> Source | None:
    """What stands for a number or array when dtypes are looked up; None if its dtype is not known."""
    dtype = fact.dtype
    if dtype is None or fact.weak is None or dtype.kind not in "biufc":
        return None
    return PYTHON_TYPES[dtype.kind] if fact.weak else dtype


def result_dtypes(
    function: Callable[..., Any], facts: Sequence[Fact], ndim: int = 1
) -> tuple[Dtype | None, ...] | None:
    """The dtypes of what `function` gives for numbers and arrays like these, taken as `ndim`-dimensional."""
    sources = []
    for fact in facts:
        source = source_of(fact)
        if source is None:
            return None
        sources.append(source)
    return probed(function, tuple(sources), ndim)


def result_dtype(function: Callable[..., Any], *facts: Fact, ndim: int = 1) -> Dtype | None:
    """The dtype of the one result of `function`."""
    found = result_dtypes(function, facts, ndim)
    return found[0] if found is not None and len(found) == 1 else None


@functools.lru_cache(maxsize=4096)
def probed(
    function: Callable[..., Any], sources: tuple[Source, ...], ndim: int
) -> tuple[Dtype | None, ...] | None:
    """The dtypes of the results of `function` for ones of the given dtypes; None if it does not take them."""
    try:
        with np.errstate(all="ignore"):
            found = function(*[_sample(source, ndim) for source in sources])
    except (TypeError, ValueError, ArithmeticError, np.linalg.LinAlgError, Warning):
        return None
    results = found if isinstance(found, tuple) else (found,)
    return tuple([getattr(result, "dtype", None) for result in results])


def _sample(source: Source, ndim: int) -> Any:
    if isinstance(source, type):
        return source(1)
    return np.eye(2, dtype=source) if ndim == 2 else np.ones((1,) * ndim, source)
