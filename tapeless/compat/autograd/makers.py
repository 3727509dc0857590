"""A function with the rules that HIPS autograd's words give it, as tapeless has functions with own rules.

It is called as `own(keywords, *args)`.  The keywords, and arguments by which there is no rule, are fixed:
whoever differentiates by them is refused.
"""

from __future__ import annotations

import inspect
import itertools
import linecache
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.graph.node import needs_grad
from tapeless.graph.variable import Variable
from tapeless.rules import kinds, table
from tapeless.transforms.custom import Custom

Function = Callable[..., Any]
# A rule for each argument by its number (None: zeros), or one for all.
Rules = Mapping[int, Any] | Function


class Primitive(Custom):
    """What stands behind a function that `primitive` made."""

    def __init__(self, raw: Function) -> None:
        def call(keywords: dict[str, Any], *args: Any) -> Any:
            return raw(*args, **keywords)

        super().__init__(call)
        self.name = getattr(raw, "__name__", type(raw).__name__)
        self.raw = raw
        self.wrapped: Any = None  # what users call
        self.reverse_rules: Rules | None = None
        self.forward_rules: Rules | None = None

    def set_reverse(self, rules: Rules, backward: Function) -> None:
        self.reverse_rules = rules
        self.forward, self.backward = _forward_half(self.raw), backward
        self._keep_whole()

    def set_forward(self, rules: Rules, pushforward: Function) -> None:
        self.forward_rules = rules
        self.pushforward = pushforward
        if self.reverse_rules is None:
            self.forward, self.backward = without_reverse(self.raw, self.name, rules)
        self._keep_whole()

    def _keep_whole(self) -> None:
        """Forward rules for other arguments than reverse ones are not used: the rest would be zeros."""
        one, other = self.reverse_rules, self.forward_rules
        if one is None or not isinstance(other, Mapping):
            return
        if not isinstance(one, Mapping) or one.keys() != other.keys():
            self.pushforward = None

    @property
    def remedy(self) -> str:
        return f"say defvjp({self.name}, ...)"

    @property
    def why_fixed(self) -> tuple[str, str]:
        return (
            f"differentiates {self.name} by an argument without a rule, or by one that is passed by keyword",
            f"give it a rule with defvjp({self.name}, ...), and pass it by position",
        )

    def moves(self, number: int) -> bool:
        """Whether there is a rule by an argument."""
        rules = self.forward_rules if self.reverse_rules is None else self.reverse_rules
        return number in rules if isinstance(rules, Mapping) else rules is not None

    def fixed_in(self, count: int) -> tuple[int, ...]:
        return (0, *[position for position in range(1, count) if not self.moves(position - 1)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for number, arg in enumerate(args[1:]):
            if isinstance(arg, Variable) and needs_grad(arg) and not self.moves(number):
                raise MissingRuleError(
                    f"no derivative rule for {self.name} by its argument {number}: give it one with defvjp"
                )
        return super().__call__(*args, **kwargs)


_serial = itertools.count(1)


def caller(raw: Function, called: Function) -> Any:
    """What users call: a text, to be read, with a parameter for each argument that must be given."""
    parameter = inspect.Parameter
    try:
        known = list(inspect.signature(raw).parameters.values())
    except (TypeError, ValueError):  # a function in C that does not say
        known = []
    simple = (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    required = [one.name for one in known if one.kind in simple and one.default is parameter.empty]
    names = [name for name in required if name not in ("args", "kwargs", "called")]
    names = names if len(names) == len(required) else []
    inside = ", ".join([*names, "*args"])
    text = f"def wrapped({inside}, **kwargs):\n    return called(kwargs, {inside})\n"
    filename = f"<primitive {next(_serial)}: {getattr(raw, '__name__', 'function')}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {"called": called}
    exec(compile(text, filename, "exec"), scope)
    return scope["wrapped"]


def _forward_half(raw: Function) -> Function:
    def forward(keywords: dict[str, Any], *args: Any) -> Any:
        out = raw(*args, **keywords)
        return out, (out, args, keywords)

    return forward


# Reverse mode -----------------------------------------------------------------------------------------------


def from_makers(makers: Mapping[int, Any]) -> Function:
    """`maker(ans, *args, **kwargs)` gives `vjp(g)`."""
    several = tuple(sorted(makers.items()))

    def backward(*given: Any) -> Any:
        out, args, keywords = given[-2]
        return tuple(
            [
                None if maker is None else maker(out, *args, **keywords)(given[-1])
                for number, maker in several
                if number < len(args)
            ]
        )

    return backward


def each_alone(maker: Function) -> Function:
    """`maker(argnum, ans, args, kwargs)` gives `vjp(g)`."""

    def backward(keywords: Any, kept: Any, g: Any) -> Any:
        out, args, keywords = kept
        return tuple(
            [
                maker(number, out, args, keywords)(g) if is_differentiable(arg) else None
                for number, arg in enumerate(args)
            ]
        )

    return backward


def all_at_once(maker: Function) -> Function:
    """`maker(argnums, ans, args, kwargs)` gives `vjp(g)`, a tuple."""

    def backward(keywords: Any, kept: Any, g: Any) -> Any:
        out, args, keywords = kept
        numbers = tuple([number for number, arg in enumerate(args) if is_differentiable(arg)])
        found = list(maker(numbers, out, args, keywords)(g))
        return tuple([found.pop(0) if is_differentiable(arg) else None for arg in args])

    return backward


def without_reverse(raw: Function, name: str, rules: Rules) -> tuple[Function, Function]:
    """The halves of a function with forward rules only: the way back is refused when it is gone.

    Its transpose is no way out: rules call the function itself, whose transpose would be asked for in turn.
    """
    several = tuple([(number, raw) for number in sorted(rules)]) if isinstance(rules, Mapping) else None

    def forward(keywords: dict[str, Any], *args: Any) -> Any:
        moving = (
            args if several is None else tuple([args[number] for number, _ in several if number < len(args)])
        )
        return raw(*args, **keywords), moving

    def backward(*given: Any) -> Any:
        return tuple([no_reverse(arg, name) for arg in given[-2]])

    return forward, backward


@table.primitive
def no_reverse(arg: Any, name: str) -> Any:
    """MissingRuleError, at the time when somebody needs the cotangent."""
    raise MissingRuleError(f"no derivative rule for {name} in reverse mode: give it one with defvjp")


kinds.constant(no_reverse)


def is_differentiable(value: Any) -> bool:
    """Whether an argument is a float, an array of floats, or a container of what may be one."""
    if isinstance(value, Variable | np.ndarray | np.generic):
        return value.dtype.kind in "fc"  # type: ignore[union-attr]
    return isinstance(value, float | complex | list | tuple | dict)


# Forward mode -----------------------------------------------------------------------------------------------


def from_jvps(own: Primitive, rules: Mapping[int, Any]) -> Function:
    """`rule(g, ans, *args, **kwargs)` gives the tangent of the result; "same": the function itself on g."""
    numbers = tuple(sorted(rules))
    several = tuple([_same(own.wrapped, k) if rules[k] == "same" else rules[k] for k in numbers])
    function = own.wrapped

    def pushforward(keywords: Any, *given: Any) -> Any:
        args = given[0] if len(given) == 2 else in_order(own, given)
        tangents = given[-1]
        out = function(*args, **keywords)
        terms = [
            rule(tangent, out, *args, **keywords)
            for rule, tangent in zip(several, tangents, strict=False)
            if rule is not None and tangent is not None
        ]
        return out, (sum(terms[1:], start=terms[0]) if terms else None)

    return pushforward


def each_jvp_alone(own: Primitive, maker: Function) -> Function:
    """`maker(argnum, g, ans, args, kwargs)` gives the tangent of the result."""
    function = own.wrapped

    def pushforward(keywords: Any, args: Any, tangents: Any) -> Any:
        out = function(*args, **keywords)
        terms = [
            maker(number, tangent, out, args, keywords)
            for number, (arg, tangent) in enumerate(zip(args, tangents, strict=True))
            if tangent is not None and is_differentiable(arg)
        ]
        return out, (sum(terms[1:], start=terms[0]) if terms else None)

    return pushforward


def all_jvps_at_once(own: Primitive, maker: Function) -> Function:
    """`maker(argnums, gs, ans, args, kwargs)` gives the tangent of the result."""
    function = own.wrapped

    def pushforward(keywords: Any, args: Any, tangents: Any) -> Any:
        out = function(*args, **keywords)
        numbers = tuple([number for number, arg in enumerate(args) if is_differentiable(arg)])
        along = tuple([tangents[number] for number in numbers])
        return out, maker(numbers, along, out, args, keywords)

    return pushforward


def in_each_argument(own: Primitive) -> Function:
    """Of a function that is linear in each argument: the function itself on each tangent."""
    function = own.wrapped

    def tangent(number: int, g: Any, out: Any, args: Any, keywords: Any) -> Any:
        return function(*args[:number], g, *args[number + 1 :], **keywords)

    return each_jvp_alone(own, tangent)


def _same(function: Function, number: int) -> Function:
    def tangent(g: Any, out: Any, *args: Any, **keywords: Any) -> Any:
        return function(*args[:number], g, *args[number + 1 :], **keywords)

    return tangent


def in_order(own: Primitive, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """All arguments: those that are fixed come first, then those with rules in a tuple, then tangents."""
    fixed, moving = list(given[:-2]), list(given[-2])
    count = len(fixed) + len(moving)
    return tuple([moving.pop(0) if own.moves(number) else fixed.pop(0) for number in range(count)])
