"""Calls of derivatives inside a function that is itself differentiated.

grad(lambda y: g(x * y))(z)    The inner function becomes a program of its own, in which `y` is a name and
                               `x` is found outside; its derivative with respect to `y` is a program
                               again, and its statements are written here.  Nothing tells levels apart but
                               the names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tapeless.ir.program import Const, Program, Return, Var, free_names, same
from tapeless.ir.renaming import rename_block
from tapeless.source.cache import PUBLIC, Transformed
from tapeless.source.lower.calls import DERIVATIVES, NESTED, Args, Kwargs, call
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.splice import own_names, under
from tapeless.source.lower.trees import parameters, reading_of
from tapeless.source.lower.values import (
    Closure,
    Derivative,
    Dyn,
    Entries,
    Items,
    Known,
    Ref,
    Tup,
    Value,
)
from tapeless.source.reverse import reverse

GRADIENTS = {"grad": False, "value_and_grad": True}


def _read(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    if isinstance(function, Transformed):
        made = Derivative(function.kind, Known(function.function), function.argnums, function.has_aux)
        return differentiate(m, made, args, kwargs)
    kind = PUBLIC.get(function) if callable(function) and not isinstance(function, dict) else None
    if kind is None:
        return None
    if kind in GRADIENTS:
        return _make(m, kind, args, kwargs)
    raise m.refuse(
        f"{kind} inside of a differentiated function",
        "only grad and value_and_grad are read there",
        "build it from grad",
    )


NESTED.append(_read)


def _make(m: Machine, kind: str, args: Args, kwargs: Kwargs) -> Value:
    options = dict(kwargs)
    argnums: Any = Known(0)
    for name in ("argnums", "argnum"):
        given = options.pop(name, None)
        argnums = given if given is not None and given != Known(None) else argnums
    if len(args) > 1:
        argnums = args[1]
    has_aux = options.pop("has_aux", Known(False))
    numbers = _constant(m, argnums)
    if options or not isinstance(has_aux, Known):
        raise m.refuse(f"this {kind}", "its options are not known beforehand")
    return Derivative(kind, args[0], numbers, bool(has_aux.value))


def _constant(m: Machine, value: Value) -> Any:
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Tup):
        return tuple([_constant(m, item) for item in value.items])
    raise m.refuse("these argnums", "they are not known beforehand")


def differentiate(m: Machine, derivative: Derivative, args: Args, kwargs: Kwargs) -> Value:
    """A call of `grad(f)` or `value_and_grad(f)`."""
    if derivative.kind not in GRADIENTS:
        raise m.refuse(
            f"a call of {derivative.kind}", "only grad and value_and_grad are read inside of a function"
        )
    several = isinstance(derivative.argnums, tuple)
    wanted = derivative.argnums if several else (derivative.argnums,)
    args, kwargs = list(args), dict(kwargs)
    spots = [_spot(m, derivative.function, number, args, kwargs) for number in wanted]
    varies = any(map(m.varies, [*args, *kwargs.values(), derivative.function]))
    leaves: list[list[str]] = []
    outcome: list[Value] = []

    def run() -> None:
        for holder, key in spots:
            names: list[str] = []
            holder[key] = _renamed(m, holder[key], names)
            leaves.append(names)
        outcome.append(call(m, derivative.function, args, kwargs))

    fork = m.fork(run)
    if fork.dead:
        raise m.refuse("this derivative", "the function always raises")
    aux: Value | None = None
    result = outcome[0]
    if derivative.has_aux:
        if not isinstance(result, Tup) or len(result.items) != 2:
            raise m.refuse("this derivative", "with has_aux the function returns a pair")
        result, aux = result.items
    with m.within(fork):
        out = m.atom(result)
    flat = [name for names in leaves for name in names]
    atoms = _spliced(m, fork.block, out, flat)
    for key, value in fork.changes.items():
        if key[0] == "heap" and key in m.state:
            m.set(key, value)
        elif key[0] == "heap":
            m.state[key] = value
    gradients = iter([Dyn(atom, m.facts[name], varies) for atom, name in zip(atoms, flat, strict=True)])
    found = [_gathered(m, holder[key], gradients) for holder, key in spots]
    answer: Value = Tup(tuple(found)) if several else found[0]
    if GRADIENTS[derivative.kind]:
        value = Tup((result, aux)) if aux is not None else result
        return Tup((value, answer))
    return Tup((answer, aux)) if aux is not None else answer


DERIVATIVES.append(differentiate)


def _spot(
    m: Machine, function: Value, number: Any, args: list[Value], kwargs: dict[str, Value]
) -> tuple[Any, Any]:
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
    if isinstance(function, Closure) or (isinstance(function, Known) and hasattr(function.value, "__code__")):
        reading = reading_of(function if isinstance(function, Closure) else function.value, m.frame)
        return parameters(reading.tree)
    return []


def _renamed(m: Machine, value: Value, names: list[str]) -> Value:
    """The argument with each float in it under a name of its own: that is what is differentiated by."""

    def leaf(value: Dyn | Known) -> Value:
        number = isinstance(value, Known) and isinstance(value.value, int | float | complex)
        if isinstance(value, Known) and not number:
            return value
        fact = m.known(value)
        dtype = getattr(fact, "dtype", None)
        if isinstance(value, Dyn) and dtype is not None and dtype.kind not in "fciu":
            return value
        if isinstance(value, Known):
            value = Known(float(value.value)) if isinstance(value.value, int) else value
        made = m.let(same, [value], hint="t" if isinstance(value, Known) else _base(value))
        assert isinstance(made, Dyn)
        assert isinstance(made.atom, Var)
        names.append(made.atom.name)
        return Dyn(made.atom, made.fact, varies=True)

    return _map(m, value, leaf)


def _base(value: Dyn) -> str:
    return re.sub(r"_\d+$", "", value.atom.name) if isinstance(value.atom, Var) else "t"


def _map(m: Machine, value: Value, leaf: Callable[[Any], Value]) -> Value:
    match value:
        case Dyn() | Known():
            return leaf(value)
        case Tup():
            return Tup(tuple([_map(m, item, leaf) for item in value.items]), value.cls)
        case Ref():
            content = m.content(value)
            if isinstance(content, Items):
                return m.new(Items(tuple([_map(m, item, leaf) for item in content.items])))
            if isinstance(content, Entries):
                return m.new(Entries(tuple([(key, _map(m, item, leaf)) for key, item in content.entries])))
    raise m.refuse("this derivative", "its argument is neither a number, an array nor a container of them")


def _gathered(m: Machine, value: Value, gradients: Any) -> Value:
    """The gradients in the structure of the argument."""

    def leaf(value: Dyn | Known) -> Value:
        return next(gradients) if isinstance(value, Dyn) and m.varies(value) else Known(None)

    return _map(m, value, leaf)


def _spliced(m: Machine, block: Sequence[Any], out: Any, leaves: Sequence[str]) -> list[Any]:
    """Write the derivative's statements here; what the gradients are called."""
    if not isinstance(out, Var):
        m.block.extend(block)
        return [Const(0.0) for _ in leaves]
    inner = rename_block(tuple(block), m.renamed)
    out = m.renamed.get(out.name, out)
    program = Program("inner", (), inner, Return((out,)), tuple(sorted(free_names(inner) | {out.name})))
    defined_here = set(own_names(inner))
    if out.name in defined_here:
        program = Program("inner", (), inner, program.exit, tuple(sorted(free_names(inner))))
    result, facts = reverse(program, m.facts, tuple(leaves), value=True)
    taken = {name: m.fresh(_plain(name)) for name in own_names(result.body) if name not in defined_here}
    m.facts.update({taken.get(name, name): fact for name, fact in facts.items()})
    m.block.extend(under(result.body, taken))
    values = [Var(taken.get(a.name, a.name)) if isinstance(a, Var) else a for a in result.exit.values]
    return values[1:]


def _plain(name: str) -> str:
    return re.sub(r"_\d+$", "", name)
