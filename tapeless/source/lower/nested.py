"""Calls of derivatives inside a function that is itself differentiated."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.program import Var
from tapeless.source.cache import PUBLIC, Transformed
from tapeless.source.facts import FLOAT, Fact
from tapeless.source.lower.calls import DERIVATIVES, NESTED, Args, Kwargs, call
from tapeless.source.lower.inner import Ran, Spot, fitting, flows, gradients, run, tangent
from tapeless.source.lower.iteration import listed
from tapeless.source.lower.leaves import opened, rebuilt
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.pullbacks import linear_map, pull, pullback
from tapeless.source.lower.trees import parameters, reading_of
from tapeless.source.lower.values import Closure, Derivative, Dyn, Items, Known, Pullback, Ref, Tup, Value

JACOBIANS = ("jacobian", "jacrev", "jacfwd", "hessian")
MAKERS = ("grad", "value_and_grad", "elementwise_grad", *JACOBIANS)


def _read(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    if isinstance(function, Transformed):
        made = Derivative(function.kind, Known(function.function), function.argnums, function.has_aux)
        return differentiate(m, made, args, kwargs)
    kind = PUBLIC.get(function) if callable(function) and isinstance(function, Hashable) else None
    if kind is None:
        return None
    if kind in MAKERS:
        return _make(m, kind, args, kwargs)
    reader = READERS.get(kind)
    if reader is None:
        raise m.refuse(
            f"{kind} inside of a differentiated function", "it is not read there", "call it outside"
        )
    options = dict(kwargs)
    has_aux = bool(_constant(m, options.pop("has_aux", Known(False))))
    if options or not args:
        raise m.refuse(f"this {kind}", "its arguments are not passed by position", f"write {kind}(f, ...)")
    return reader(m, args[0], args[1:], has_aux)


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
        derivative = Derivative("hessian", inner, numbers, derivative.has_aux)
    spots = [_spot(m, derivative.function, number, args, kwargs) for number in wanted]
    ran = run(m, derivative.function, args, kwargs, spots, derivative.has_aux)
    if kind in JACOBIANS:
        answer = _jacobian(m, ran, kind, is_single)
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


# Jacobians --------------------------------------------------------------------------------------------


def _jacobian(m: Machine, ran: Ran, kind: str, is_single: bool) -> Value:
    """Row by row with a pullback, or column by column with a linear map of tangents."""
    columns = linear_map(m, ran) if kind in ("jacfwd", "hessian") else None
    mapped = pullback(m, ran, lists=True) if columns is None else columns
    several = not isinstance(ran.result, Dyn | Known)
    outs = Tup(tuple(_outputs(m, ran.result, kind))) if several else Tup((ran.result,))
    primals = Tup(tuple([Dyn(Var(name), m.facts[name], varies=True) for name in ran.leaves]))
    mapped = replace(mapped, args=(outs if several else ran.result, *primals.items))
    work = _rows if columns is None else _columns
    dtypes = [_dtypes(m, outs), _dtypes(m, primals)]
    table = call(m, Known(work), [outs, mapped, primals, *dtypes, Known(several)], {})
    assert isinstance(table, Tup)
    rows = iter([_in_structure(m, ran, row, is_single) for row in table.items])
    return rebuilt(m, opened(m, ran.result, lambda _: next(rows)))


def _outputs(m: Machine, result: Value, kind: str) -> list[Dyn]:
    """The arrays that a function returns in a container."""
    found: list[Dyn] = []

    def note(leaf: Dyn | Known) -> Value:
        if not isinstance(leaf, Dyn) or not flows(m, leaf, kind):
            raise m.refuse(
                f"this {kind}", "not all that the function returns are floats", "leave the rest out"
            )
        found.append(leaf)
        return leaf

    opened(m, result, note)
    return found


def _in_structure(m: Machine, ran: Ran, row: Value, is_single: bool) -> Value:
    """The blocks of one output in the structure of the arguments."""
    assert isinstance(row, Tup)
    by_name = dict(zip(ran.leaves, row.items, strict=True))

    def block(leaf: Dyn | Known) -> Value:
        name = leaf.atom.name if isinstance(leaf, Dyn) and isinstance(leaf.atom, Var) else ""
        return by_name.get(name, Known(None))

    found = [rebuilt(m, opened(m, argument, block)) for argument in ran.arguments]
    return found[0] if is_single else Tup(tuple(found))


def _dtypes(m: Machine, values: Tup) -> Tup:
    facts = [m.known(value) for value in values.items]
    found = [fact.dtype if isinstance(fact, Fact) else None for fact in facts]
    known = [d if d is not None and d.kind in "fc" and d != FLOAT else float for d in found]
    return Tup(tuple([Known(dtype) for dtype in known]))


def _rows(outs: Any, pullback: Any, primals: Any, of: Any, by: Any, several: bool) -> Any:
    """Each unit of an output, pulled back, is a row."""
    table = [
        [np.zeros((np.size(out), np.size(x)), d) for x, d in zip(primals, by, strict=True)] for out in outs
    ]
    for number, out in enumerate(outs):
        for k in range(np.size(out)):
            unit = np.zeros(np.size(out), of[number])
            unit[k] = 1.0
            along = [np.zeros(np.shape(x), d) for x, d in zip(outs, of, strict=True)]
            along[number] = np.reshape(unit, np.shape(out))
            found = pullback(tuple(along) if several else along[0])
            for place, part in enumerate(found):
                table[number][place][k] = np.ravel(part)
    return tuple([_shaped(row, out, primals) for row, out in zip(table, outs, strict=True)])


def _shaped(row: Any, out: Any, primals: Any) -> Any:
    pairs = zip(row, primals, strict=True)
    return tuple([np.reshape(part, np.shape(out) + np.shape(x)) for part, x in pairs])


def _columns(outs: Any, push: Any, primals: Any, of: Any, by: Any, several: bool) -> Any:
    """Each unit of an argument, pushed forward, is a column."""
    table = [
        [np.zeros((np.size(x), np.size(out)), d) for x in primals] for out, d in zip(outs, of, strict=True)
    ]
    for number, primal in enumerate(primals):
        for k in range(np.size(primal)):
            unit = np.zeros(np.size(primal), by[number])
            unit[k] = 1.0
            along = [np.zeros(np.shape(x), d) for x, d in zip(primals, by, strict=True)]
            along[number] = np.reshape(unit, np.shape(primal))
            found = push(*along)
            for place, part in enumerate(found if several else (found,)):
                table[place][number][k] = np.ravel(part)
    turned = [[np.transpose(part) for part in row] for row in table]
    return tuple([_shaped(row, out, primals) for row, out in zip(turned, outs, strict=True)])


# Products ---------------------------------------------------------------------------------------------


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


def _linearize(m: Machine, function: Value, args: Args, has_aux: bool) -> Value:
    """`linearize(f, *primals)`: the value, and what can be called with tangents."""
    given = list(args)
    spots: list[Spot] = [(given, k) for k in range(len(given))]
    ran = run(m, function, given, {}, spots, has_aux)
    push = linear_map(m, ran)
    if push is None:
        raise m.refuse("this linearize", "value and tangent cannot be taken apart", "use jvp")
    return Tup((ran.result, push))


def _hvp(m: Machine, function: Value, args: Args, has_aux: bool) -> Value:
    """`hvp(f, x, v)`, `hvp(f, (x, y), (v, w))`: the tangent of the gradient."""
    if len(args) != 2 or has_aux:
        raise m.refuse("this hvp", "it takes a function, primals and tangents", "write hvp(f, x, v)")
    primals, tangents = args
    several = [_several(m, value) for value in args]
    if several[0] is None:
        pushed = _jvp(m, Derivative("grad", function, 0, False), [Tup((primals,)), Tup((tangents,))], False)
    else:
        numbers = tuple(range(len(several[0])))
        pushed = _jvp(m, Derivative("grad", function, numbers, False), args, False)
    assert isinstance(pushed, Tup)
    products = pushed.items[1]
    if isinstance(primals, Ref) and isinstance(products, Tup):
        return m.new(Items(products.items))
    return products


def _several(m: Machine, value: Value) -> tuple[Value, ...] | None:
    """The arguments, where several are given in a tuple or list."""
    if isinstance(value, Tup):
        return value.items if value.cls is tuple else None
    return listed(m, value) if isinstance(value, Ref) and isinstance(m.content(value), Items) else None


READERS: dict[str, Callable[[Machine, Value, Args, bool], Value]] = {
    "jvp": _jvp,
    "vjp": _vjp,
    "hvp": _hvp,
    "linearize": _linearize,
}


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
