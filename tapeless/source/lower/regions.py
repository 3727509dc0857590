"""Calls that cannot be read: the running program hands them to the graph, which records what happens.

y = f(x)              f(x): a function with rules of its own, of which `forward` runs f on Arrays, and
                      `backward` walks back over what they have recorded
"""

from __future__ import annotations

import ast
import copy
import inspect
import types
from types import NoneType
from typing import Any

import numpy as np

from tapeless.errors import TransformError
from tapeless.ir.trees import Missing, find
from tapeless.source.lower.calls import RECORDERS, Args, Kwargs
from tapeless.source.lower.customs import positional, written
from tapeless.source.lower.lookup import is_library
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Dyn, Known, Tup, Value
from tapeless.source.own import REGIONS, OwnRules

# Methods of arrays, and functions of NumPy, that write.
IN_PLACE = {"fill", "sort", "put", "partition", "at", "copyto", "putmask", "place", "put_along_axis"}
LAZY = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def _record(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """The call as a recorded region: of numbers and arrays, so that nothing else comes out but its result."""
    values = positional(m, OwnRules(function), args, kwargs)
    if not all(map(_is_closed, values)) or _writes(function):
        refusal = copy.copy(m.regions[id(function)][1])  # it might change what it is given: not by itself
        refusal.through = ()
        raise refusal
    fixed = tuple([k for k, value in enumerate(values) if not m.varies(value)])
    return written(m, REGIONS[0](function, fixed), values)


def _writes(function: Any) -> bool:
    """Whether its text, or that of a function that it names, says that it writes into something."""
    waiting, seen = [function], {id(function)}
    while waiting:
        one = waiting.pop()
        found = find(one) if isinstance(one, types.FunctionType) else Missing.NO_SOURCE
        if isinstance(found, Missing):
            continue  # what it does is seen when it runs
        parameters = set(one.__code__.co_varnames[: one.__code__.co_argcount])
        if any([_is_write(node, parameters) for node in ast.walk(found.tree)]):
            return True
        for called in [one.__globals__.get(name) for name in one.__code__.co_names]:
            if isinstance(called, types.FunctionType) and id(called) not in seen and not is_library(called):
                seen.add(id(called))
                waiting.append(called)
    return False


def _is_write(node: ast.AST, parameters: set[str]) -> bool:
    match node:
        case ast.Subscript():
            return not isinstance(node.ctx, ast.Load)
        case ast.AugAssign(target=ast.Name(id=name)):
            return name in parameters
        case ast.Call(func=ast.Attribute(attr=name), keywords=keywords):
            return name in IN_PLACE or any([keyword.arg == "out" for keyword in keywords])
        case _:
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
