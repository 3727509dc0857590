"""Graphs that a traced function builds for itself: their leaves are copies of what has a history already.

def f(x):                              f is traced: x is an Array
    t = Array(x, requires_grad=True)   a copy of x, recorded
    np.sum(t**3).backward()            t.grad is recorded too, and nothing else gets a gradient
    return np.sum(t.grad * x)
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from tapeless.graph.apply import apply, op_of
from tapeless.graph.node import needs_grad
from tapeless.graph.variable import Variable
from tapeless.rules.support import as_dtype

# The leaves of graphs that the function being traced has begun; None where nothing is traced.
inner_leaves: ContextVar[list[Variable] | None] = ContextVar("tapeless_inner_leaves", default=None)


def begun_anew(value: Any, face: type[Variable], dtype: Any, requires_grad: bool) -> Any:
    """A copy of a variable with its history, in the place of one without; None where nothing is traced."""
    leaves = inner_leaves.get()
    if leaves is None or not isinstance(value, Variable) or not needs_grad(value):
        return None
    out = apply(op_of(np.copy, face), (value,))
    if dtype is not None and out._data.dtype != dtype:
        out = as_dtype(out, np.dtype(dtype))
    if requires_grad:
        leaves.append(out)
    return out
