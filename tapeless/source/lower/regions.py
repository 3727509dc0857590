"""Calls that cannot be read: the running program hands them to the graph, which records what happens.

y = f(x)              f(x): a function with rules of its own, of which `forward` runs f on Arrays, and
                      `backward` walks back over what they have recorded
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from types import NoneType
from typing import Any

import numpy as np

from tapeless.errors import TransformError
from tapeless.ir.trees import Missing, find
from tapeless.source.lower.calls import RECORDERS, Args, Kwargs
from tapeless.source.lower.customs import positional, written
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Dyn, Known, Tup, Value
from tapeless.source.own import OwnRules

LAZY = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# What makes the rules of a function, of which the arguments at some positions are not differentiated.  The
# graph is not known here: `tapeless.transforms` puts it in.
MAKERS: list[Callable[[Any, tuple[int, ...]], OwnRules]] = []


def _record(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """The call as a recorded region: of numbers and arrays, so that nothing else comes out but its result."""
    values = positional(m, OwnRules(function), args, kwargs)
    if not all(map(_is_closed, values)) or _writes(function):
        name = getattr(function, "__name__", repr(function))
        why = "it cannot be read, and may change what it is given"
        raise m.refuse(f"the call of {name}", why, "pass it numbers and arrays that it does not write into")
    fixed = tuple([k for k, value in enumerate(values) if not m.varies(value)])
    return written(m, MAKERS[0](function, fixed), values)


def _writes(function: Any) -> bool:
    """Whether its text says that it writes into something, where there is a text."""
    found = find(function) if isinstance(function, types.FunctionType) else Missing.NO_SOURCE
    if isinstance(found, Missing):
        return False
    parameters = set(function.__code__.co_varnames[: function.__code__.co_argcount])
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            return True
        target = getattr(node, "target", None) if isinstance(node, ast.AugAssign) else None
        if (isinstance(target, ast.Name) and target.id in parameters) or (
            isinstance(node, ast.keyword) and node.arg == "out"
        ):
            return True
    return False


def _is_closed(value: Value) -> bool:
    """Whether a function can keep nothing of a value, or in it, that others see."""
    if isinstance(value, Tup):
        return all(map(_is_closed, value.items))
    if isinstance(value, Known):
        plain = types.FunctionType | types.BuiltinFunctionType | types.ModuleType | type | np.ufunc
        return isinstance(value.value, plain | str | bytes | int | float | complex | tuple | NoneType)
    return isinstance(value, Dyn) and value.fact.kind in ("scalar", "array", "numeric")


RECORDERS.append(_record)


def next_region(error: TransformError, regions: dict[int, Any], root: Any) -> Any:
    """The innermost function on the way to a refusal whose calls can be recorded; None if there is none.

    What gives no numbers, but an iterator of them, is left to the function that calls it.
    """
    for function in error.through:
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if function is not root and id(function) not in regions and not flags & LAZY:
            return function
    return None
