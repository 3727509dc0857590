"""Functions whose derivatives you write, in HIPS autograd's words; they hold on both roads.

    @primitive
    def logsumexp(x):
        m = np.max(x)
        return m + np.log(np.sum(np.exp(x - m)))

    defvjp(logsumexp, lambda ans, x: lambda g: g * np.exp(x - ans))

A maker is called with what the function returned and with its arguments, as they were given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from tapeless.compat.autograd.makers import (
    Primitive,
    all_at_once,
    all_jvps_at_once,
    caller,
    each_alone,
    each_jvp_alone,
    from_jvps,
    from_makers,
    in_each_argument,
)
from tapeless.compat.autograd.spaces import VSpace, vspace
from tapeless.graph.variable import Variable as Box
from tapeless.rules import kinds, table
from tapeless.source.own import WRAPPERS

Function = Callable[..., Any]


def primitive(f_raw: Function) -> Any:
    """A function that is differentiated by rules of its own, not through its body.

    >>> from tapeless import grad
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> defvjp(cube, lambda ans, x: lambda g: 3.0 * g * x**2)
    >>> grad(cube)(2.0)
    12.0

    TypeError for what is not callable.  MissingRuleError when it is differentiated by an argument for which
    it has no rule.
    """
    if not callable(f_raw):
        raise TypeError(f"primitive takes a function, got {f_raw!r} of type {type(f_raw).__name__}")
    own = Primitive(f_raw)

    def called(*args: Any) -> Any:
        return own(*args)

    WRAPPERS.add(called.__code__)
    wrapped = own.wrapped = caller(f_raw, called)
    for name in functools.WRAPPER_ASSIGNMENTS:
        if (value := getattr(f_raw, name, None)) is not None:
            setattr(wrapped, name, value)
    wrapped.primitive = own  # type: ignore[attr-defined]
    return wrapped


def _primitive(fun: Any, what: str) -> Primitive:
    own = getattr(fun, "primitive", None)
    if isinstance(own, Primitive):
        return own
    name = getattr(fun, "__name__", repr(fun))
    has_rule = table.find(table.meant(fun)) is not None
    why = "it has a derivative rule already" if has_rule else f"say  {name} = primitive({name})  before"
    raise TypeError(f"{what} gives rules to functions that `primitive` made, and {name} is none: {why}")


def _numbered(rules: Sequence[Any], argnums: Sequence[int] | None) -> dict[int, Any]:
    return dict(zip(range(len(rules)) if argnums is None else argnums, rules, strict=argnums is not None))


def defvjp(fun: Function, *vjpmakers: Function | None, argnums: Sequence[int] | None = None) -> None:
    """Reverse mode, argument by argument: `vjpmaker(ans, *args, **kwargs)` gives `vjp(g)`; None is for zeros.

    The makers are those of the arguments 0, 1, ..., or of `argnums`.  By others the function cannot be
    differentiated: MissingRuleError.  TypeError if `fun` is not what `primitive` made.
    """
    own, makers = _primitive(fun, "defvjp"), _numbered(vjpmakers, argnums)
    own.set_reverse(makers, from_makers(makers))


def defvjp_argnum(fun: Function, vjpmaker: Function) -> None:
    """Reverse mode for any argument: `vjpmaker(argnum, ans, args, kwargs)` gives `vjp(g)`."""
    _primitive(fun, "defvjp_argnum").set_reverse(vjpmaker, each_alone(vjpmaker))


def defvjp_argnums(fun: Function, vjpmaker: Function) -> None:
    """Reverse mode for several arguments: `vjpmaker(argnums, ans, args, kwargs)` gives `vjp(g)`, a tuple.

    It is asked for all arguments that are floats, arrays of floats or containers.
    """
    _primitive(fun, "defvjp_argnums").set_reverse(vjpmaker, all_at_once(vjpmaker))


def defjvp(fun: Function, *jvpfuns: Any, argnums: Sequence[int] | None = None) -> None:
    """Forward mode, argument by argument: `jvpfun(g, ans, *args, **kwargs)` gives the tangent of the result.

    None stands for zeros, "same" for the function itself on g.  Where there are no rules for forward mode, it
    is the transpose of reverse mode; the other way round it is refused: MissingRuleError.
    """
    own, rules = _primitive(fun, "defjvp"), _numbered(jvpfuns, argnums)
    own.set_forward(rules, from_jvps(own, rules))


def defjvp_argnum(fun: Function, jvpmaker: Function) -> None:
    """Forward mode for any argument: `jvpmaker(argnum, g, ans, args, kwargs)` gives the tangent."""
    own = _primitive(fun, "defjvp_argnum")
    own.set_forward(jvpmaker, each_jvp_alone(own, jvpmaker))


def defjvp_argnums(fun: Function, jvpmaker: Function) -> None:
    """Forward mode for several arguments: `jvpmaker(argnums, gs, ans, args, kwargs)` gives the tangent."""
    own = _primitive(fun, "defjvp_argnums")
    own.set_forward(jvpmaker, all_jvps_at_once(own, jvpmaker))


def def_linear(fun: Function) -> None:
    """The function is linear in each of its arguments: forward mode follows."""
    own = _primitive(fun, "def_linear")
    own.set_forward(own.raw, in_each_argument(own))


def notrace_primitive(f_raw: Function) -> Any:
    """A function through which nothing flows: of what is traced it is given the data.

    >>> from tapeless import grad
    >>> rounded = notrace_primitive(lambda x: round(float(x)))
    >>> grad(lambda x: x * rounded(x))(2.6)
    3.0
    """
    made = table.primitive(f_raw)
    kinds.constant(made)
    return made


__all__ = [
    "Box",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "notrace_primitive",
    "primitive",
    "vspace",
]
