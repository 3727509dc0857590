"""Numbers: conversions, and functions of Python's `math` and `operator` and of NumPy that need a word."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tapeless.ir.lower import BINARY, COMPARE
from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import Args, Kwargs, handles, library_call, opaque_call
from tapeless.source.lower.control import truth
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.operators import binary, unary, update
from tapeless.source.lower.subscripts import get_item, set_item
from tapeless.source.lower.values import (
    NOTHING,
    Dyn,
    Items,
    Known,
    Tup,
    Value,
)


@handles(abs, operator.abs)
def abs_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return unary(m, operator.abs, args[0])


@handles(pow, math.pow)
def pow_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) != 2:
        return opaque_call(m, pow, args, kwargs)
    return binary(m, operator.pow, args[0], args[1])


@handles(divmod)
def divmod_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Tup((binary(m, operator.floordiv, *args), binary(m, operator.mod, *args)))


@handles(round)
def round_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Known) and all(isinstance(arg, Known) for arg in args):
        return Known(round(*[arg.value for arg in args if isinstance(arg, Known)]))
    return m.let(round, args)


@handles(float)
def float_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0] if args else Known(0.0)
    if isinstance(value, Known) and value.atom is None:
        return Known(float(value.value))
    return m.let(float, [value])


@handles(complex)
def complex_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if all(isinstance(arg, Known) for arg in args):
        return Known(complex(*[arg.value for arg in args if isinstance(arg, Known)]))
    if len(args) == 1:
        return binary(m, operator.mul, args[0], Known(1 + 0j))
    return binary(m, operator.add, args[0], binary(m, operator.mul, args[1], Known(1j)))


def _converting(function: Any) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        if args and all(isinstance(arg, Known) and arg.atom is None for arg in args) and not kwargs:
            return Known(function(*[arg.value for arg in args if isinstance(arg, Known)]))
        value = m.let(function, args, kwargs)
        return Dyn(value.atom, value.fact) if isinstance(value, Dyn) else value

    return run


for _conversion in (int, str, repr, ord, chr, format):
    handles(_conversion)(_converting(_conversion))


@handles(bool)
def bool_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    decided = truth(m, args[0])
    return Known(decided) if isinstance(decided, bool) else m.let(bool, [args[0]])


@handles(operator.getitem)
def getitem(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return get_item(m, args[0], args[1])


@handles(operator.setitem)
def setitem(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, args[0], args[1], args[2])
    return NOTHING


def _operating(op: Any) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        return binary(m, op, args[0], args[1])

    return run


for _op in (*BINARY.values(), *COMPARE.values()):
    handles(_op)(_operating(_op))


for _in_place, _plain in (
    (operator.iadd, operator.add),
    (operator.isub, operator.sub),
    (operator.imul, operator.mul),
    (operator.itruediv, operator.truediv),
    (operator.ipow, operator.pow),
):
    handles(_in_place)(lambda m, args, kwargs, op=_plain: update(m, op, args[0], args[1]))


@handles(operator.neg)
def neg(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return unary(m, operator.neg, args[0])


@handles(operator.pos)
def pos(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return unary(m, operator.pos, args[0])


@handles(np.shape)
def shape(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return get_attribute(m, args[0], "shape") if isinstance(args[0], Dyn) else m.let(np.shape, args)


@handles(math.log)
def log(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 1:
        return library_call(m, math.log, args, kwargs) if m.varies(args[0]) else m.let(math.log, args)
    return binary(m, operator.truediv, m.let(math.log, args[:1]), m.let(math.log, args[1:]))


@handles(math.hypot)
def hypot(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 2:
        return library_call(m, math.hypot, args, kwargs)
    return library_call(m, np.linalg.norm, [m.new(Items(tuple(args)))], {})


@handles(math.dist)
def dist(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    one, two = [m.let(np.array, [arg]) for arg in args]
    return library_call(m, np.linalg.norm, [binary(m, operator.sub, one, two)], {})


def _casting(kind: type) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        if not args or not m.varies(args[0]):
            return m.let(kind, args, kwargs)
        return library_call(m, np.array, [args[0]], {"dtype": Known(kind)})

    return run


for _kind in (np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128):
    handles(_kind)(_casting(_kind))
