"""The arguments of a call under the names of the parameters, as a call binds them.

f(a, *xs)    =>    x = a, y = xs[0], rest = tuple(xs[1:])      for  def f(x, y, *rest)
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import fail
from tapeless.source.lower.control import branch
from tapeless.source.lower.lookup import classify
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.subscripts import get_item, runtime
from tapeless.source.lower.trees import Reading
from tapeless.source.lower.values import Bound, Closure, Entries, Items, Known, Ref, Spread, Tup, Value

Args = Sequence[Value]
Kwargs = Mapping[str, Value]


def constant(m: Machine, value: Any) -> Value:
    """An object that was bound to a function beforehand: a default, an argument of functools.partial."""
    if isinstance(value, np.ndarray | np.generic | list | tuple | dict):
        return classify(m, value, "constant", ("object", value))
    return Known(value)


def bound_arguments(
    m: Machine, reading: Reading, closure: Closure | None, args: Args, kwargs: Kwargs
) -> dict[str, Value]:
    """The arguments under the names of the parameters, as a call binds them."""
    tree, title = reading.tree.args, getattr(reading.tree, "name", "<lambda>")
    positional = [arg.id for arg in [*tree.posonlyargs, *tree.args]]
    keyword_only = [arg.id for arg in tree.kwonlyargs]
    if closure is not None:
        defaults, keyword_defaults = closure.defaults, dict(closure.keyword_defaults)
    else:
        defaults = tuple([constant(m, value) for value in reading.function.__defaults__ or ()])
        given = reading.function.__kwdefaults__ or {}
        keyword_defaults = {name: constant(m, value) for name, value in given.items()}
    spread = args[-1].items if args and isinstance(args[-1], Spread) else None
    args = args[:-1] if spread is not None else args
    bound: dict[str, Value] = dict(zip(positional, args, strict=False))
    rest = list(args)[len(positional) :]
    if spread is not None:
        wanted = [name for name in positional[len(args) :] if name not in kwargs]
        bound |= _spread_over(m, title, wanted, tree.vararg is not None, [*rest], spread)
    extra: dict[str, Value] = {}
    for name, value in kwargs.items():
        if name in bound:
            raise m.refuse("this call", f"{title}() got several values for its argument {name!r}")
        (bound if name in (*positional, *keyword_only) else extra)[name] = value
    for name, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        bound.setdefault(name, value)
    for name, value in keyword_defaults.items():
        bound.setdefault(name, value)
    missing = [name for name in (*positional, *keyword_only) if name not in bound]
    if missing:
        raise m.refuse("this call", f"{title}() is missing its argument {missing[0]!r}")
    if tree.vararg is not None:
        bound[tree.vararg.id] = bound.pop("*", Tup(tuple(rest)))
    elif rest:
        raise m.refuse(
            "this call", f"{title}() takes {len(positional)} positional arguments, not {len(args)}"
        )
    if tree.kwarg is not None:
        bound[tree.kwarg.id] = m.new(Entries(tuple(extra.items())))
    elif extra:
        raise m.refuse("this call", f"{title}() has no parameter {next(iter(extra))!r}")
    return bound


def _spread_over(
    m: Machine, title: str, names: Sequence[str], has_more: bool, before: Sequence[Value], spread: Ref
) -> dict[str, Value]:
    """Items whose number only the running program knows, for parameters and, under "*", for what is left."""
    items = {name: get_item(m, spread, Known(k)) for k, name in enumerate(names)}
    if has_more:
        left = get_item(m, spread, Known(slice(len(names), None))) if names else spread
        if before:
            whole = m.new(Items(tuple(before)))
            m.call(m, Bound(whole, "extend"), [left], {})
            left = whole
        return items | {"*": m.let(tuple, [left])}
    length = m.let(len, [runtime(m, spread)], hint="n")
    error = f"{title}() takes {len(names)} of these arguments"
    branch(
        m,
        m.let(operator.ne, [length, Known(len(names))]),
        lambda: m.do(fail, [m.let(TypeError, [Known(error)])]),
        lambda: None,
    )
    return items
