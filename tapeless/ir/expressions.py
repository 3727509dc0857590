"""From operations to the expressions that stand for them in Python."""

# pyright: reportUnknownMemberType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

import gast
import numpy as np

from tapeless.ir.forms import OPERATORS, Choice
from tapeless.ir.inside import item_at
from tapeless.ir.program import (
    Argument,
    Const,
    Let,
    Star,
    Var,
    build_dict,
    build_list,
    build_tuple,
    call,
    call_method,
    join_text,
    new_stack,
    pop,
    push,
    same,
)
from tapeless.ir.references import LOAD, Globals, bounds, method_name, name

_CONVERSIONS: dict[Any, int] = {str: ord("s"), repr: ord("r"), ascii: ord("a")}
NOTHING = Const(None)


class Expressions:
    """Expressions of one function: `folded` are the values that stand where they are used.

    `names` says what values are called in the source.
    """

    def __init__(self, folded: Mapping[str, Let], names: Mapping[str, str], known: Globals) -> None:
        self.folded = folded
        self.names = names
        self.globals = known

    def argument(self, argument: Argument) -> gast.expr:
        if isinstance(argument, Star):
            return gast.Starred(self.argument(argument.value), LOAD)
        if isinstance(argument, Const):
            return self.globals.reference(argument.value)
        let = self.folded.get(argument.name)
        return self.operation(let) if let is not None else name(self.called(argument.name))

    def arguments(self, arguments: tuple[Argument, ...]) -> list[gast.expr]:
        return [self.argument(argument) for argument in arguments]

    def called(self, value: str) -> str:
        return self.names.get(value, value)

    def operation(self, let: Let) -> gast.expr:
        """What computes the result of a statement."""
        is_plain = not let.kwargs and not any([isinstance(argument, Star) for argument in let.args])
        if isinstance(let.op, Choice):
            return self._choice(let.op, let)
        known = OPERATORS.get(let.op)
        if known and is_plain and len(let.args) == (1 if known[0] == "unary" else 2):
            return self._operator(*known, let)
        form = _DISPLAYS.get(let.op) or (_FORMS.get(let.op) if is_plain else None)
        tree = form(self, let) if form is not None else None
        return self.called_with(let) if tree is None else tree

    def _choice(self, op: Choice, let: Let) -> gast.expr:
        test, other, *rest = self.arguments(let.args[: 3 if op.kind == "if" else 2])
        if rest:
            return gast.IfExp(test, other, rest[0])
        symbol: Any = gast.And if op.kind == "and" else gast.Or
        more = other.values if isinstance(other, gast.BoolOp) and isinstance(other.op, symbol) else [other]
        return gast.BoolOp(symbol(), [test, *more])

    def called_with(self, let: Let) -> gast.expr:
        """`f(a, b, key=c)`, or `a.f(b, key=c)` for a method of a type of Python's."""
        keywords = [gast.keyword(key, self.argument(value)) for key, value in let.kwargs]
        method = method_name(let.op)
        if method and method.isidentifier() and let.args and not isinstance(let.args[0], Star):
            owner = self.argument(let.args[0])
            return gast.Call(gast.Attribute(owner, method, LOAD), self.arguments(let.args[1:]), keywords)
        return gast.Call(self.globals.reference(let.op), self.arguments(let.args), keywords)

    def index(self, argument: Argument) -> gast.expr:
        """What stands in brackets after a name: slices are written with colons there."""
        let = self.folded.get(argument.name) if isinstance(argument, Var) else None
        if let is None:
            return self._known_index(argument) or self.argument(argument)
        if let.op is slice and not let.kwargs and 1 <= len(let.args) <= 3:
            return self._slice(let.args)
        if let.op is build_tuple and let.args:
            return gast.Tuple([self.index(item) for item in let.args], LOAD)
        return self.operation(let)

    def _known_index(self, argument: Argument) -> gast.expr | None:
        if not isinstance(argument, Const):
            return None
        value: Any = argument.value
        if type(value) is slice:
            return self._slice((Const(value.start), Const(value.stop), Const(value.step)))
        items = cast("tuple[Any, ...]", value) if type(value) is tuple else ()
        return gast.Tuple([self.index(Const(item)) for item in items], LOAD) if items else None

    def _slice(self, args: tuple[Argument, ...]) -> gast.expr:
        padded = (NOTHING, *args, NOTHING) if len(args) == 1 else (*args, NOTHING)
        parts = [None if part == NOTHING else self.argument(part) for part in padded[:3]]
        whole: Any = gast.Slice(*parts)
        return whole

    def subscript(self, let: Let) -> gast.expr:
        return gast.Subscript(self.argument(let.args[0]), self.index(let.args[1]), LOAD)

    def _operator(self, kind: str, symbol: type[Any], let: Let) -> gast.expr:
        first = self.argument(let.args[0])
        if symbol is gast.Not:
            return negated(first)
        if kind == "unary":
            return gast.UnaryOp(symbol(), first)
        second = self.argument(let.args[1])
        if kind == "compare":
            return gast.Compare(first, [symbol()], [second])
        return gast.BinOp(first, symbol(), second)


_OPPOSITES: dict[Any, type[Any]] = {gast.Is: gast.IsNot, gast.IsNot: gast.Is, gast.In: gast.NotIn}


def negated(test: gast.expr) -> gast.expr:
    """`not test`, or `a is not b` for `a is b`."""
    if isinstance(test, gast.Compare):
        opposite = _OPPOSITES.get(type(test.ops[0]))
        if opposite is not None:
            return gast.Compare(test.left, [opposite()], test.comparators)
    return gast.UnaryOp(gast.Not(), test)


Form = Callable[[Expressions, Let], gast.expr | None]


def _same(e: Expressions, let: Let) -> gast.expr | None:
    return e.argument(let.args[0]) if len(let.args) == 1 and not isinstance(let.args[0], Star) else None


def _tuple(e: Expressions, let: Let) -> gast.expr:
    return gast.Tuple(e.arguments(let.args), LOAD)


def _list(e: Expressions, let: Let) -> gast.expr:
    return gast.List(e.arguments(let.args), LOAD)


def _dict(e: Expressions, let: Let) -> gast.expr | None:
    items = e.arguments(let.args)
    return gast.Dict(items[::2], items[1::2]) if len(items) % 2 == 0 else None


def _subscript(e: Expressions, let: Let) -> gast.expr | None:
    return e.subscript(let) if len(let.args) == 2 else None


def _new_axis(e: Expressions, let: Let) -> gast.expr | None:
    """`x[:, None]`, quicker than the call; in front of all axes `x` might be a number of Python's."""
    axis = let.args[1].value if len(let.args) == 2 and isinstance(let.args[1], Const) else None
    if type(axis) is not int or not 1 <= axis <= 3:
        return None
    whole = [gast.Slice(None, None, None) for _ in range(axis)]
    index = gast.Tuple([*whole, gast.Constant(None, None)], LOAD)
    return gast.Subscript(e.argument(let.args[0]), index, LOAD)


def _item_at(e: Expressions, let: Let) -> gast.expr:
    owner, *path = let.args
    tree = e.argument(owner)
    for key in path:
        tree = gast.Subscript(tree, e.index(key), LOAD)
    return tree


def _contains(e: Expressions, let: Let) -> gast.expr | None:
    if len(let.args) != 2:
        return None
    container, item = e.arguments(let.args)
    return gast.Compare(item, [gast.In()], [container])


def _call(e: Expressions, let: Let) -> gast.expr | None:
    if not let.args or isinstance(let.args[0], Star):
        return None
    keywords = [gast.keyword(key, e.argument(value)) for key, value in let.kwargs]
    return gast.Call(e.argument(let.args[0]), e.arguments(let.args[1:]), keywords)


def _method(e: Expressions, let: Let) -> gast.expr | None:
    if len(let.args) < 2 or isinstance(let.args[0], Star) or not is_attribute(let.args[1]):
        return None
    keywords = [gast.keyword(key, e.argument(value)) for key, value in let.kwargs]
    return gast.Call(attribute(e, let), e.arguments(let.args[2:]), keywords)


def _getattr(e: Expressions, let: Let) -> gast.expr | None:
    return attribute(e, let) if len(let.args) == 2 and is_attribute(let.args[1]) else None


def attribute(e: Expressions, let: Let) -> gast.expr:
    """`owner.name` of the first two arguments."""
    assert isinstance(let.args[1], Const)
    return gast.Attribute(e.argument(let.args[0]), let.args[1].value, LOAD)


def is_attribute(argument: Argument) -> bool:
    value = argument.value if isinstance(argument, Const) else None
    return isinstance(value, str) and value.isidentifier()


def _slice(e: Expressions, let: Let) -> gast.expr | None:
    if len(let.args) != 3:
        return None
    arguments = e.arguments(bounds((let.args[0], let.args[1], let.args[2]), NOTHING))
    return gast.Call(e.globals.reference(slice), arguments, [])


def _text(e: Expressions, let: Let) -> gast.expr:
    """An f-string; text joined where an f-string would need quotes within its quotes."""
    parts: list[gast.expr] = [_piece(e, part) for part in let.args]
    fields = [part.value for part in parts if isinstance(part, gast.FormattedValue)]
    if any([_has_text(field) for field in fields]):
        joined = gast.Attribute(gast.Constant("", None), "join", LOAD)
        return gast.Call(joined, [gast.Tuple(e.arguments(let.args), LOAD)], [])
    return gast.JoinedStr(parts)


def _piece(e: Expressions, part: Argument) -> gast.expr:
    if isinstance(part, Const) and isinstance(part.value, str):
        return gast.Constant(part.value, None)
    let = e.folded.get(part.name) if isinstance(part, Var) else None
    if let is not None and not let.kwargs and let.args:
        form = let.args[1].value if len(let.args) == 2 and isinstance(let.args[1], Const) else None
        if let.op is builtins.format and isinstance(form, str) and form:
            spec = gast.JoinedStr([gast.Constant(form, None)])
            return gast.FormattedValue(e.argument(let.args[0]), -1, spec)
        if let.op is builtins.format and len(let.args) == 1:
            return gast.FormattedValue(e.argument(let.args[0]), -1, None)
        if let.op in _CONVERSIONS and len(let.args) == 1:
            return gast.FormattedValue(e.argument(let.args[0]), _CONVERSIONS[let.op], None)
    return gast.FormattedValue(e.argument(part), -1, None)


def _has_text(tree: gast.AST) -> bool:
    """Whether quotes or braces appear within an expression."""
    for node in gast.walk(tree):
        if isinstance(node, gast.JoinedStr | gast.Dict | gast.Starred | gast.Lambda):
            return True
        if isinstance(node, gast.Constant) and isinstance(node.value, str | bytes):
            return True
    return False


def _push(e: Expressions, let: Let) -> gast.expr | None:
    if not let.args or isinstance(let.args[0], Star):
        return None
    items = e.arguments(let.args[1:])
    is_single = len(items) == 1 and not isinstance(items[0], gast.Starred)
    item = items[0] if is_single else gast.Tuple(items, LOAD)
    return gast.Call(gast.Attribute(e.argument(let.args[0]), "append", LOAD), [item], [])


def _pop(e: Expressions, let: Let) -> gast.expr | None:
    if len(let.args) != 1:
        return None
    return gast.Call(gast.Attribute(e.argument(let.args[0]), "pop", LOAD), [], [])


# Displays and calls take starred arguments as they are; the other forms have a fixed number of places.
_DISPLAYS: dict[Any, Form] = {
    build_tuple: _tuple,
    build_list: _list,
    call: _call,
    call_method: _method,
    push: _push,
}
_FORMS: dict[Any, Form] = {
    same: _same,
    build_dict: _dict,
    new_stack: _list,
    operator.getitem: _subscript,
    np.expand_dims: _new_axis,
    item_at: _item_at,
    operator.contains: _contains,
    builtins.getattr: _getattr,
    slice: _slice,
    join_text: _text,
    pop: _pop,
}
