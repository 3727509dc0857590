"""The four kinds of rule, as decorators that fill the table.

A rule is an ordinary NumPy function; it knows nothing of broadcasting, dtypes, tapes or trees.

    elementwise(np.tanh,     lambda out, x: 1.0 - out * out)          the partial for each input
    elementwise(np.multiply, lambda out, x, y: (y, x))

    @linear(np.cumsum)                                                the transpose, for each array input
    def cumsum(g, x, axis=None): ...

    @general(np.linalg.inv)                                           the cotangent of each input
    def inv(g, out, a): ...

    @forward_rule(np.linalg.inv)                                      the tangent of the result
    def inv(t, out, a): ...

    constant(np.floor, np.argmax)                                     nothing flows

`g` is the cotangent of the result (a tuple of them where the function returns several), `out` the
result: name it after `g` where the rule reads it.  The other parameters are the function's own, in its order
and under its names; keyword parameters keep their defaults.  A rule returns one cotangent, or a tuple for its
first parameters, with None where there is never one.  What it calls must have a rule of its own.
A parameter that holds a list of arrays is annotated `Sequence[...]`: its cotangent is the list of theirs, and
the rule itself gives each the shape and dtype of its array.  Through one that is annotated as one of
`FLAT` nothing flows; to ask for a cotangent that is None otherwise is refused.

Cotangents follow JAX's convention for complex numbers: the transpose, without conjugation (du/dx - i du/dy).
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.errors import RuleError
from tapeless.rules import table
from tapeless.rules.table import Call, Function, Kind, Rule

# Annotations of parameters through which nothing flows.
FLAT = ("Constant", "Index", "Layout", "Sequence[Constant]")


def elementwise(
    function: Function,
    partials: Function,
    *,
    forward: Function | None = None,
    prepare: Callable[..., Call] | None = None,
) -> None:
    """`partials(out, *inputs)` gives the partial derivative with respect to each input, elementwise.

    `forward(*tangents, out, *inputs)` replaces the sum of products where the tangent is not one: real
    functions of complex numbers take its real part.
    """
    names = tuple(inspect.signature(partials).parameters)
    if not names or names[0] != "out":
        raise RuleError(f"{function.__name__}: an elementwise rule takes (out, *inputs), got {names}")
    defaults = partials.__defaults__ or ()
    table.add(
        Rule(
            function,
            "elementwise",
            names[1:],
            defaults,
            None,
            partials,
            True,
            pushforward=forward,
            prepare=prepare,
        )
    )


def linear(
    function: Function, *, prepare: Callable[..., Call] | None = None, shaped: bool = False
) -> Callable[[Function], Function]:
    """The decorated `rule(g, *inputs, **keywords)` is the transpose; forward mode is the function itself."""
    return _transposing("linear", function, prepare, shaped)


def general(
    function: Function, *, prepare: Callable[..., Call] | None = None, shaped: bool = False
) -> Callable[[Function], Function]:
    """The decorated `rule(g[, out], *inputs, **keywords)` gives the cotangent of each input.

    `prepare(*args, **kwargs)` may bring other calling forms into the one that the rule is written for.
    """
    return _transposing("general", function, prepare, shaped)


def forward_rule(function: Function) -> Callable[[Function], Function]:
    """The decorated `rule(t, [t2, ...,] out, *inputs, **keywords)` is the tangent of a general function.

    There is one tangent for each parameter that the rule of `function` gives a cotangent for, zeros where
    nothing varies.
    """

    def decorate(rule: Function) -> Function:
        old = table.lookup(function)
        table.replace(dataclasses.replace(old, pushforward=rule))
        return rule

    return decorate


def same_as(model: Function, *functions: Function, **defaults: Any) -> None:
    """These functions differentiate as `model` does, but for the `defaults` of their parameters."""
    rule = table.lookup(model)
    keywords = rule.params[len(rule.params) - len(rule.defaults) :]
    own = tuple(defaults.get(name, default) for name, default in zip(keywords, rule.defaults, strict=True))
    for function in functions:
        table.add(dataclasses.replace(rule, function=function, defaults=own))


def composite(argument: str, *functions: Function) -> Callable[[Function], Function]:
    """The decorated `f(function, *args, argument, **keywords)` is a call of each with that argument.

    It is plain code, of calls without the argument: what its derivatives are follows.
    """

    def decorate(made: Function) -> Function:
        for function in functions:
            old = table.lookup(function)
            table.replace(dataclasses.replace(old, composites={**old.composites, argument: made}))
        return made

    return decorate


def constant(*functions: Function) -> None:
    """Nothing flows through these: the results are integers, booleans, shapes, or flat almost everywhere."""
    for function in functions:
        table.add(Rule(function, "constant", ()))


def _transposing(kind: Kind, function: Function, prepare: Callable[..., Call] | None, shaped: bool) -> Any:
    def decorate(rule: Function) -> Function:
        parameters = list(inspect.signature(rule).parameters.values())
        if not parameters or parameters[0].name != "g":
            raise RuleError(f"{rule.__name__}: a {kind} rule takes g, the cotangent, first")
        takes_out = len(parameters) > 1 and parameters[1].name == "out"
        own = parameters[2 if takes_out else 1 :]
        star = next((p.name for p in own if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
        defaults = tuple(p.default for p in own if p.default is not inspect.Parameter.empty)
        names = tuple(p.name for p in own)
        lists = tuple(p.name for p in own if p.name == star or str(p.annotation).startswith("Sequence"))
        constants = tuple(p.name for p in own if p.annotation in FLAT)
        table.add(
            Rule(
                function,
                kind,
                names,
                defaults,
                star,
                rule,
                takes_out,
                prepare=prepare,
                lists=lists,
                shaped=shaped,
                constants=constants,
            )
        )
        return rule

    return decorate


def is_inexact(dtype: np.dtype[Any]) -> bool:
    """Whether derivatives exist for this dtype: floating point and complex."""
    return dtype.kind in "fc"
