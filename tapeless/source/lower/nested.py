"""Calls of derivatives inside a function that is itself differentiated."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from tapeless.source.cache import PUBLIC, Transformed
from tapeless.source.lower.calls import DERIVATIVES, NESTED, Args, Kwargs, call
from tapeless.source.lower.inner import Spot, fitting, gradients, pull, pullback, run, tangent
from tapeless.source.lower.iteration import listed
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.trees import parameters, reading_of
from tapeless.source.lower.values import Closure, Derivative, Known, Pullback, Tup, Value

JACOBIANS = ("jacobian", "jacrev", "jacfwd")
MAKERS = ("grad", "value_and_grad", "elementwise_grad", "hessian", *JACOBIANS)


def _read(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    if isinstance(function, Transformed):
        made = Derivative(function.kind, Known(function.function), function.argnums, function.has_aux)
        return differentiate(m, made, args, kwargs)
    kind = PUBLIC.get(function) if callable(function) and isinstance(function, Hashable) else None
    if kind is None:
        return None
    if kind in MAKERS:
        return _make(m, kind, args, kwargs)
    if kind in ("jvp", "vjp", "hvp"):
        options = dict(kwargs)
        has_aux = bool(_constant(m, options.pop("has_aux", Known(False))))
        if options or not args:
            raise m.refuse(
                f"this {kind}", "its arguments are not passed by position", f"write {kind}(f, ...)"
            )
        return {"jvp": _jvp, "vjp": _vjp, "hvp": _hvp}[kind](m, args[0], args[1:], has_aux)
    raise m.refuse(
        f"{kind} inside of a differentiated function",
        "it is not read there",
        "use jvp" if kind == "linearize" else "call it outside",
    )


NESTED.append(_read)


def _make(m: Machine, kind: str, args: Args, kwargs: Kwargs) -> Value:
    """`grad(f)` and its like."""
    options = dict(kwargs)
    argnums: Any = Known(0)
    for name in ("argnums", "argnum"):
        given = options.pop(name, None)
        argnums = given if given is not None and given != Known(None) else argnums
    if len(args) > 1:
        argnums = args[1]
    has_aux = bool(_constant(m, options.pop("has_aux", Known(False))))
    if _constant(m, options.pop("holomorphic", Known(False))):
        raise m.refuse(f"this {kind}", "holomorphic=True is not read inside of a function", "call it outside")
    if options or not args:
        raise m.refuse(f"this {kind}", "the function is not its first argument", f"write {kind}(f, argnums)")
    return Derivative(kind, args[0], _constant(m, argnums), has_aux)


def _constant(m: Machine, value: Value) -> Any:
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Tup):
        return tuple([_constant(m, item) for item in value.items])
    raise m.refuse("this option", "its value is not known beforehand", "write it as a literal")


def differentiate(m: Machine, derivative: Derivative | Pullback, args: Args, kwargs: Kwargs) -> Value:
    """A call of what `grad(f)`, `jacobian(f)` and so on gave, or of a pullback."""
    if isinstance(derivative, Pullback):
        return pull(m, derivative, args, kwargs)
    kind, numbers = derivative.kind, derivative.argnums
    if kind not in MAKERS:
        raise m.refuse(f"a call of {kind}", "it is not read inside of a function", "call it outside")
    is_single = not isinstance(numbers, tuple)
    wanted = (numbers,) if is_single else numbers
    args, kwargs = list(args), dict(kwargs)
    if kind == "hessian":
        inner = Derivative("grad", derivative.function, numbers, derivative.has_aux)
        return differentiate(m, Derivative("jacobian", inner, numbers, derivative.has_aux), args, kwargs)
    spots = [_spot(m, derivative.function, number, args, kwargs) for number in wanted]
    before = [holder[key] for holder, key in spots]
    ran = run(m, derivative.function, args, kwargs, spots, derivative.has_aux)
    if kind in JACOBIANS:
        if not is_single:
            raise m.refuse(f"this {kind}", "inside of a function it takes one argnum", "call it for each")
        answer = call(m, Known(_rows), [ran.result, pullback(m, ran), before[0]], {})
    elif kind == "elementwise_grad":
        pulled = pullback(m, ran)
        found = pull(m, pulled, [m.let(np.ones_like, [ran.result])], {})
        assert isinstance(found, Tup)
        answer = found.items[0] if is_single else found
    else:
        several = gradients(m, ran, kind)
        answer = several[0] if is_single else Tup(tuple(several))
    if kind != "value_and_grad":
        return answer if ran.aux is None else Tup((answer, ran.aux))
    return Tup((ran.result if ran.aux is None else Tup((ran.result, ran.aux)), answer))


DERIVATIVES.append(differentiate)


def _rows(out: Any, pullback: Any, by: Any) -> Any:
    """A Jacobian: each unit of the output, pulled back, is a row."""
    size = np.size(out)
    rows = np.zeros((size, np.size(by)))
    for k in range(size):
        unit = np.zeros(size)
        unit[k] = 1.0
        rows[k] = np.ravel(pullback(np.reshape(unit, np.shape(out)))[0])
    return np.reshape(rows, np.shape(out) + np.shape(by))


def _jvp(m: Machine, function: Value, args: Args, has_aux: bool) -> Value:
    """`jvp(f, primals, tangents)`."""
    primals, tangents = [listed(m, arg) for arg in args] if len(args) == 2 else (None, None)
    if primals is None or tangents is None or len(primals) != len(tangents):
        raise m.refuse(
            "this jvp", "primals and tangents are two tuples of equal length", "write jvp(f, (x,), (t,))"
        )
    given = list(primals)
    spots: list[Spot] = [(given, k) for k in range(len(given))]
    ran = run(m, function, given, {}, spots, has_aux)
    pairs = zip(ran.arguments, tangents, strict=True)
    found = [t for argument, along in pairs for t in fitting(m, argument, along, "this tangent")]
    slope = tangent(m, ran, found)
    return Tup((ran.result, slope) if ran.aux is None else (ran.result, slope, ran.aux))


def _vjp(m: Machine, function: Value, args: Args, has_aux: bool) -> Value:
    """`vjp(f, *primals)`: the value, and what can be called with a cotangent."""
    given = list(args)
    spots: list[Spot] = [(given, k) for k in range(len(given))]
    ran = run(m, function, given, {}, spots, has_aux)
    pulled = pullback(m, ran)
    return Tup((ran.result, pulled) if ran.aux is None else (ran.result, pulled, ran.aux))


def _hvp(m: Machine, function: Value, args: Args, has_aux: bool) -> Value:
    """`hvp(f, x, v)`: the tangent of the gradient, so far of one argument."""
    if len(args) != 2 or has_aux:
        raise m.refuse("this hvp", "it takes a function, primals and tangents", "write hvp(f, x, v)")
    primals, tangents = args
    is_single = not isinstance(primals, Tup) or primals.cls is not tuple
    if not is_single:
        raise m.refuse(
            "this hvp", "inside of a function it is read for one argument", "use jvp(grad(f, argnums), ...)"
        )
    pushed = _jvp(m, Derivative("grad", function, 0, False), [Tup((primals,)), Tup((tangents,))], False)
    assert isinstance(pushed, Tup)
    return pushed.items[1]


def _spot(m: Machine, function: Value, number: Any, args: list[Value], kwargs: dict[str, Value]) -> Spot:
    """Where the argument stands that is differentiated: in the positional or the keyword arguments."""
    names = _names(m, function)
    if isinstance(number, str):
        if number in kwargs:
            return kwargs, number
        if number not in names:
            raise m.refuse("this derivative", f"the function has no argument {number!r}")
        number = names.index(number)
    if number < 0:
        number += len(names) or len(args)
    if number < len(args):
        return args, number
    if number < len(names) and names[number] in kwargs:
        return kwargs, names[number]
    raise m.refuse("this derivative", f"there is no argument number {number}")


def _names(m: Machine, function: Value) -> list[str]:
    if isinstance(function, Derivative):
        return _names(m, function.function)
    if isinstance(function, Closure) or (isinstance(function, Known) and hasattr(function.value, "__code__")):
        reading = reading_of(function if isinstance(function, Closure) else function.value, m.frame)
        return parameters(reading.tree)
    return []
