"""What each operation gives: `infer` finds who knows."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.rules import table
from tapeless.source.facts import UNKNOWN, Fact, Size, known_of, same_dtype
from tapeless.source.infer import families
from tapeless.source.infer.reductions import method
from tapeless.source.infer.scipy_rows import by_row
from tapeless.source.infer.terms import Result, Term, UnclearError
from tapeless.source.infer.ufuncs import ufunc

HANDLERS: dict[Any, Callable[..., Result]] = families.HANDLERS
_numbers = itertools.count()


def infer(op: Callable[..., Any], args: Sequence[Term], kwargs: Mapping[str, Term], name: str = "") -> Result:
    """What is known of `name = op(*args, **kwargs)`; a tuple where it is known how many results there are.

    Lengths that are new are named after `name`.  A call that is not understood gives UNKNOWN: when it runs
    it will say itself what is wrong with it.
    """
    for position, arg in enumerate(args):
        if isinstance(arg, Fact) and arg.weak is None:
            return _agreed(
                *[
                    infer(
                        op, [*args[:position], replace(arg, weak=weak), *args[position + 1 :]], kwargs, name
                    )
                    for weak in (True, False)
                ]
            )
    try:
        found = inferred(op, args, kwargs)
    except (UnclearError, TypeError, ValueError, IndexError, ArithmeticError):
        return UNKNOWN
    if isinstance(found, tuple):
        return tuple(
            [named(fact, f"{name}[{i}]") if _is_unnamed(fact) else fact for i, fact in enumerate(found)]
        )
    return named(found, name) if _is_unnamed(found) else found


def _agreed(one: Result, other: Result) -> Result:
    """What holds of a result whether an argument is a number of Python's or of NumPy's."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        if not isinstance(one, tuple) or not isinstance(other, tuple) or len(one) != len(other):
            return UNKNOWN
        return tuple([_least(a, b) for a, b in zip(one, other, strict=True)])
    return _least(one, other)


def _least(one: Fact, other: Fact) -> Fact:
    if one == other:
        return one
    if one.kind != other.kind or one.dims != other.dims:
        return UNKNOWN
    dtype = one.dtype if same_dtype(one.dtype, other.dtype) else None
    weak = one.weak if one.weak == other.weak else None
    items = one.items if one.items == other.items else _least_items(one.items, other.items)
    item = one.item if one.item == other.item else None
    size = one.size if one.size == other.size else None
    return replace(one, dtype=dtype, weak=weak, items=items, item=item, size=size)


def _least_items(one: tuple[Term, ...] | None, other: tuple[Term, ...] | None) -> tuple[Term, ...] | None:
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple([a if a == b else _least(known_of(a), known_of(b)) for a, b in zip(one, other, strict=True)])


def inferred(op: Callable[..., Any], args: Sequence[Term], kwargs: Mapping[str, Term]) -> Result:
    """As `infer`, but new lengths have no names yet, and a call that is invalid may raise."""
    handler = HANDLERS.get(op)
    if handler is not None:
        return handler(*args, **kwargs)
    if isinstance(op, np.ufunc):
        return ufunc(op, args, kwargs)
    key = table.key(op)
    is_method = isinstance(key, tuple) and isinstance(key[0], np.ufunc)
    handler = _method_of_ufunc(*key) if is_method else HANDLERS.get(key)
    return by_row(op, args, kwargs) if handler is None else handler(*args, **kwargs)


_method_of_ufunc = functools.cache(method)


def _is_unnamed(fact: Fact) -> bool:
    if fact.dims:
        for dim in fact.dims:
            if type(dim) is Size and dim.name[0] == "?":
                return True
    if fact.items is not None:
        return any(type(item) is Fact and _is_unnamed(item) for item in fact.items)
    return fact.item is not None and _is_unnamed(fact.item)


def named(fact: Fact, name: str) -> Fact:
    """The fact with a name of its own for each length that has none."""
    if name == "" or name[0] == "[":
        name = f"_{next(_numbers)}{name}"
    dims = fact.dims
    if dims is not None:
        dims = tuple(
            [
                Size(f"{name}.{axis}", dim.stretches) if type(dim) is Size and dim.name[0] == "?" else dim
                for axis, dim in enumerate(dims)
            ]
        )
    items = fact.items
    if items is not None:
        items = tuple(
            [named(item, f"{name}[{i}]") if type(item) is Fact else item for i, item in enumerate(items)]
        )
    item = None if fact.item is None else named(fact.item, f"{name}[]")
    return replace(fact, dims=dims, items=items, item=item)
