"""Which operations write into their arguments."""

# pyright: reportUnknownMemberType=false
# (list and dict are generic, and their methods open)

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.inside import add_in, append_at, pop_at, put_at
from tapeless.ir.program import (
    Let,
    Var,
    add_at,
    add_part,
    add_unless_shared,
    fail,
    iadd,
    isub,
    pop,
    push,
    require,
    set_imag,
    subtract_at,
    take_last,
)

# The position of the argument that is written into. A method of NumPy's ufuncs is made anew on each access,
# so `np.add.at` stands by its owner and name.
WRITES: dict[Any, int] = {
    operator.setitem: 0,
    operator.delitem: 0,
    setattr: 0,
    iadd: 0,
    isub: 0,
    add_at: 0,
    subtract_at: 0,
    set_imag: 0,
    push: 0,
    pop: 0,
    take_last: 0,
    add_part: 0,
    add_unless_shared: 0,
    put_at: 0,
    append_at: 0,
    pop_at: 0,
    add_in: 0,
    list.append: 0,
    list.extend: 0,
    list.insert: 0,
    list.pop: 0,
    list.reverse: 0,
    list.clear: 0,
    dict.update: 0,
    dict.pop: 0,
    dict.setdefault: 0,
    **{(ufunc, "at"): 0 for ufunc in vars(np).values() if isinstance(ufunc, np.ufunc)},
    np.copyto: 0,
    np.put_along_axis: 0,
    np.fill_diagonal: 0,
    np.put: 0,
    np.place: 0,
    np.putmask: 0,
}


def reports(op: Callable[..., Any]) -> bool:
    """Whether an operation only says something: it writes into nothing that it is given, and keeps nothing.

    >>> import logging
    >>> reports(print), reports(logging.getLogger("a").info), reports(list.append)
    (True, True, False)
    """
    return op in (print, fail, require, warnings.warn) or getattr(op, "__module__", None) == "logging"


def written(statement: Let) -> str | None:
    """The name of what a statement writes into, if it writes."""
    try:
        position = WRITES.get(_key(statement.op))
    except TypeError:  # an unhashable callable
        return None
    if position is None or position >= len(statement.args):
        return None
    target = statement.args[position]
    return target.name if isinstance(target, Var) else None


def _key(op: Callable[..., Any]) -> Any:
    owner = getattr(op, "__self__", None)
    return (owner, getattr(op, "__name__", "")) if isinstance(owner, np.ufunc) else op
