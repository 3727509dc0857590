"""How many columns an operation takes, about, before it is printed."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import operator
from typing import Any, cast

import numpy as np

from tapeless.ir.forms import OPERATORS, Choice
from tapeless.ir.inside import item_at
from tapeless.ir.names import base_name
from tapeless.ir.program import (
    Argument,
    Const,
    Let,
    Var,
    add_at,
    build_dict,
    build_list,
    build_tuple,
    call,
    call_method,
    named,
    same,
    set_imag,
    subtract_at,
)
from tapeless.ir.references import method_name

LONG = 60  # in longer expressions the user's own names stay, and branches stay branches

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_OPERATORS = {id(op): kind for op, (kind, _) in OPERATORS.items()}
# What stands around and between the arguments, where it is no call.
_MARKS: dict[int, int] = {
    id(same): 0,
    id(build_tuple): 2,
    id(build_list): 2,
    id(build_dict): 2,
    id(call): 2,
    id(call_method): 3,
    id(slice): 0,
    id(operator.getitem): 0,
    id(item_at): 0,
    id(operator.setitem): 2,
    id(add_at): 3,
    id(subtract_at): 3,
    id(set_imag): 7,
    id(getattr): 0,
}
_TIGHT = frozenset(map(id, (
    operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.matmul, operator.pow,
    operator.neg, operator.invert, operator.pos,
)))  # fmt: skip


def is_loose(op: Any) -> bool:
    """Whether an operation needs parentheses where a product is taken of it."""
    return id(op) in _OPERATORS and id(op) not in _TIGHT


def width_of_form(let: Let) -> int:
    """The columns of an operation without its arguments."""
    if isinstance(let.op, Choice):  # in which all arguments but the test are counted already
        return let.op.width + len(" if  else ") - sum(map(width_of_argument, let.args[1:]))
    kind = _OPERATORS.get(id(let.op))
    if kind is not None:
        return 1 if kind == "unary" else 3
    keywords = sum([len(key) + 1 for key, _ in let.kwargs])
    between = 2 * max(0, len(let.args) + len(let.kwargs) - 1)
    marks = _MARKS.get(id(let.op))
    return keywords + between + (len(_label(let.op)) + 2 if marks is None else marks)


def width_of_argument(argument: Argument) -> int:
    """The columns of an argument under its name."""
    if isinstance(argument, Const):
        return _width_of_constant(argument.value)
    name = named(argument) or ""
    return len(base_name(name)) + (0 if isinstance(argument, Var) else 1)


def _width_of_constant(value: Any) -> int:
    kind = cast("type[Any]", type(value))
    if kind in _PLAIN:
        return len(repr(value))
    if kind is tuple:
        return 2 + sum([_width_of_constant(item) + 2 for item in value])
    return len(_label(value)) if callable(value) else 8


def _label(op: Any) -> str:
    name = str(getattr(op, "__name__", "function"))
    module = str(getattr(op, "__module__", None) or "")
    if isinstance(op, np.ufunc) or module.startswith("numpy"):
        return f"np.{module.removeprefix('numpy')}{name}"
    return "." + name if method_name(op) else name
