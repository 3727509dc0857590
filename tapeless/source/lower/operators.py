"""Operators on two values, in place or not."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tapeless.ir.program import Const, Var, add_at, iadd, isub, subtract_at
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.lower.calls import call, kind_of
from tapeless.source.lower.iteration import loop, steps_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import class_attribute
from tapeless.source.lower.subscripts import copied, get_item, imaginary_of, may_hold, runtime, set_item, wrap
from tapeless.source.lower.values import (
    Bound,
    Dyn,
    Entries,
    Fields,
    Form,
    Items,
    Known,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
)

Op = Callable[..., Any]
FOLDED = (bool, int, float, complex, str, bytes, tuple, type(None), type, types.UnionType)
SPECIAL = {
    operator.add: "__add__",
    operator.sub: "__sub__",
    operator.mul: "__mul__",
    operator.truediv: "__truediv__",
    operator.matmul: "__matmul__",
    operator.pow: "__pow__",
    operator.floordiv: "__floordiv__",
    operator.mod: "__mod__",
    operator.neg: "__neg__",
    operator.eq: "__eq__",
    operator.lt: "__lt__",
    operator.gt: "__gt__",
    operator.le: "__le__",
    operator.ge: "__ge__",
}


def unary(m: Machine, op: Op, operand: Value) -> Value:
    if isinstance(operand, Known) and operand.atom is None:
        return Known(op(operand.value))
    if _is_object(m, operand):
        return call(m, class_attribute(m, operand, SPECIAL[op]), [], {})
    return m.let(op, [operand])


def binary(m: Machine, op: Op, left: Value, right: Value) -> Value:
    if _is_literal(left) and _is_literal(right):
        folded = _fold(op, left, right)
        if folded is not None:
            return folded
    for side, other, prefix in ((left, right, "__"), (right, left, "__r")):
        if _is_object(m, side) and op in SPECIAL:
            name = prefix + SPECIAL[op][2:]
            if hasattr(class_of(m, side), name):
                return call(m, class_attribute(m, side, name), [other], {})
    containers = _containers(m, op, left, right)
    return containers if containers is not None else wrap(m, m.let(op, [left, right]))


def class_of(m: Machine, value: Value) -> type:
    content = m.content(value) if isinstance(value, Ref) else None
    assert isinstance(content, Fields)
    return content.cls


def _is_object(m: Machine, value: Value) -> bool:
    return isinstance(value, Ref) and isinstance(m.content(value), Fields)


def _is_literal(value: Value) -> bool:
    return isinstance(value, Known) and value.atom is None and isinstance(value.value, FOLDED)


def _fold(op: Op, left: Value, right: Value) -> Known | None:
    assert isinstance(left, Known)
    assert isinstance(right, Known)
    if op is operator.pow and isinstance(right.value, int) and abs(right.value) > 64:
        return None
    try:
        return Known(op(left.value, right.value))
    except (ArithmeticError, TypeError, ValueError):
        return None  # the running program raises it, in its place


def _containers(m: Machine, op: Op, left: Value, right: Value) -> Value | None:
    """Tuples and lists joined and repeated."""
    if op is operator.add:
        if isinstance(left, Tup) and isinstance(right, Tup):
            return Tup(left.items + right.items)
        if isinstance(left, Ref) and isinstance(right, Ref):
            one, two = m.content(left), m.content(right)
            if isinstance(one, Items) and isinstance(two, Items):
                return m.new(Items(one.items + two.items))
            if isinstance(one, Items | Runtime) and isinstance(two, Items | Runtime):
                return _joined(m, left, right)
    if op is operator.mul:
        for items, count in ((left, right), (right, left)):
            if isinstance(count, Known) and isinstance(count.value, int):
                if isinstance(items, Tup):
                    return Tup(items.items * count.value)
                if isinstance(items, Ref) and isinstance(content := m.content(items), Items):
                    return m.new(Items(content.items * count.value))
            if isinstance(items, Ref) and is_whole(m, count) and kind_of(m, items) == "list":
                return _repeated(m, items, count)
    if op is operator.or_ and isinstance(left, Ref) and isinstance(right, Ref):
        one, two = m.content(left), m.content(right)
        if isinstance(one, Entries) and isinstance(two, Entries):
            return m.new(Entries(tuple((dict(one.entries) | dict(two.entries)).items())))
    if op is operator.mod and isinstance(left, Known) and isinstance(left.value, str):
        return m.let(op, [left, right])
    return None


def _repeated(m: Machine, items: Ref, count: Value) -> Value:
    """A list several times over, as a new one."""
    if not m.varies(items):
        return copied(m, items, m.let(operator.mul, [runtime(m, items), count]))
    made = m.new(Items(()))
    loop(
        m,
        steps_of(m, Span(Known(0), count, Known(1))),
        lambda _: None,
        lambda: m.call(m, Bound(made, "extend"), [items], {}),
        "_",
    )
    return made


def _joined(m: Machine, left: Ref, right: Ref) -> Ref:
    """Two lists, of which one has a length that only the running program knows, as a new one."""
    fact, form = m.summary((left, right))
    sides = [m.as_runtime(m.content(ref), None) for ref in (left, right)]
    made = m.let(operator.add, [side.value for side in sides])
    assert isinstance(made, Dyn)
    item = fact.item if fact.item is not None else UNKNOWN
    value = m.refined(replace(made, varies=any(map(m.varies, (left, right)))), Fact("list", item=item))
    ref = m.new(Runtime(value, own=True, form=form.item if isinstance(form, Form) else None))
    if form is not None or may_hold(item):
        for one in (left, right, ref):
            m.keep_within(one)
    return ref


def is_whole(m: Machine, value: Value) -> bool:
    """Whether a value is a whole number."""
    fact = m.known(value)
    if isinstance(fact, Const):
        return isinstance(fact.value, int)
    return fact.kind == "scalar" and fact.dtype is not None and fact.dtype.kind in "biu"


IN_PLACE = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
}

# In place --------------------------------------------------------------------------------------------


def update(m: Machine, op: Op, old: Value, value: Value) -> Value:
    """What a name is after `name op= value`: an array stays itself and is written into."""
    if isinstance(old, Ref):
        return _update_container(m, op, old, value)
    if not isinstance(old, Dyn) or old.fact.kind == "scalar":
        return binary(m, op, old, value)
    if old.fact.kind == "array":
        if imaginary_of(m, old) is not None:
            set_item(m, old, Known(Ellipsis), binary(m, op, old, value))
        elif op in (operator.add, operator.sub):
            m.do(iadd if op is operator.add else isub, [old, value])
        else:
            m.do(operator.setitem, [old, Known(Ellipsis), binary(m, op, old, value)])
        m.taint(old, value)
        return old
    if not m.varies(old) and not m.varies(value) and op in IN_PLACE:
        return wrap(m, m.let(IN_PLACE[op], [old, value], effect=True))
    if isinstance(old.atom, Var) and m.memory.may_be_shared(old.atom.name):
        raise m.refuse(
            "this in-place operation",
            "whether it writes into an array that has another name too is not known beforehand",
            "write  x = x + ...  instead, or make a copy first",
        )
    return binary(m, op, old, value)


def _update_container(m: Machine, op: Op, old: Ref, value: Value) -> Value:
    content = m.content(old)
    if isinstance(content, Fields):
        return binary(m, op, old, value)
    name = {operator.add: "extend", operator.or_: "update"}.get(op)
    if name is not None:  # a list or dict stays itself
        m.call(m, Bound(old, name), [value], {})
        return old
    joined = binary(m, op, old, value)
    m.allow(old)
    if isinstance(joined, Ref):
        m.lose_within(old)
        m.store(old, m.content(joined))
    return old


def update_item(m: Machine, op: Op, base: Value, index: Value, value: Value) -> None:
    """`base[index] op= value`."""
    adds = op in (operator.add, operator.sub) and is_basic(m, index)
    if isinstance(base, Dyn) and adds and imaginary_of(m, base) is None:
        m.do(add_at if op is operator.add else subtract_at, [base, index, value])
        m.taint(base, value)
        return
    old = get_item(m, base, index)
    new = binary(m, op, old, value)
    if isinstance(base, Ref) and isinstance(old, Dyn) and old.fact.kind == "array":
        new = update(m, op, old, value)
    set_item(m, base, index, new)


def is_basic(m: Machine, index: Value) -> bool:
    """Whether an index names no element twice: integers, slices, None, `...`."""
    match index:
        case Known():
            return index.value is None or isinstance(index.value, int | slice | type(Ellipsis))
        case Tup():
            return all(is_basic(m, item) for item in index.items)
        case Dyn():
            whole = index.fact.dtype is not None and index.fact.dtype.kind in "iu"
            return index.fact.kind == "slice" or (index.fact.kind == "scalar" and whole)
        case _:
            return False
