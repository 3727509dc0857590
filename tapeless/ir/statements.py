"""From effects and assignments to the statements that stand for them in Python."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

import gast

from tapeless.ir.expressions import Expressions, attribute, is_attribute
from tapeless.ir.program import (
    Const,
    Let,
    Star,
    Var,
    add_at,
    fail,
    iadd,
    isub,
    require,
    set_imag,
    subtract_at,
)

STORE = gast.Store()


def statement(e: Expressions, let: Let, targets: tuple[str, ...], free: frozenset[str]) -> gast.stmt:
    """How a statement is written; `targets` are those that somebody reads."""
    is_plain = not let.kwargs and not any([isinstance(argument, Star) for argument in let.args])
    form = _FORMS.get(let.op) if is_plain and not targets else None
    tree = form(e, let, free) if form is not None else None
    if tree is not None:
        return tree
    value = e.operation(let)
    if not targets:
        return gast.Expr(value)
    names: list[gast.expr] = [gast.Name(e.called(target), STORE, None, None) for target in targets]
    target = names[0] if len(names) == 1 else gast.Tuple(names, STORE)
    return gast.Assign([target], value, None)


Form = Callable[[Expressions, Let, frozenset[str]], gast.stmt | None]


def _set_item(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    if len(let.args) != 3:
        return None
    return gast.Assign([e.subscript(let)], e.argument(let.args[2]), None)


def _set_imag(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    if len(let.args) != 3:
        return None
    place = e.subscript(let)
    assert isinstance(place, gast.Subscript)
    part = gast.Attribute(place.value, "imag", gast.Load())
    whole = isinstance(let.args[1], Const) and let.args[1].value is Ellipsis
    target = part if whole else gast.Subscript(part, place.slice, gast.Load())
    return gast.Assign([target], e.argument(let.args[2]), None)


def _delete_item(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    return gast.Delete([e.subscript(let)]) if len(let.args) == 2 else None


def _set_attribute(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    if len(let.args) != 3 or not is_attribute(let.args[1]):
        return None
    return gast.Assign([attribute(e, let)], e.argument(let.args[2]), None)


def _augment(symbol: type[Any], in_place: Callable[..., Any]) -> Form:
    def form(e: Expressions, let: Let, free: frozenset[str]) -> gast.stmt | None:
        target = let.args[0]
        value = e.argument(let.args[1])
        if isinstance(target, Var) and target.name not in free:
            return gast.AugAssign(e.argument(target), symbol(), value)
        # Augmented assignment would make a module's name local to the function.
        return gast.Expr(gast.Call(e.globals.reference(in_place), [e.argument(target), value], []))

    return form


def _augment_item(symbol: type[Any]) -> Form:
    def form(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
        if len(let.args) != 3:
            return None
        return gast.AugAssign(e.subscript(let), symbol(), e.argument(let.args[2]))

    return form


def _raise(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    parts = e.arguments(let.args)
    return gast.Raise(*parts, *[None] * (2 - len(parts))) if len(parts) <= 2 else None


def _assert(e: Expressions, let: Let, _: frozenset[str]) -> gast.stmt | None:
    parts = e.arguments(let.args)
    return gast.Assert(*parts, *[None] * (2 - len(parts))) if 1 <= len(parts) <= 2 else None


_FORMS: dict[Any, Form] = {
    operator.setitem: _set_item,
    operator.delitem: _delete_item,
    set_imag: _set_imag,
    builtins.setattr: _set_attribute,
    iadd: _augment(gast.Add, operator.iadd),
    isub: _augment(gast.Sub, operator.isub),
    add_at: _augment_item(gast.Add),
    subtract_at: _augment_item(gast.Sub),
    fail: _raise,
    require: _assert,
}
