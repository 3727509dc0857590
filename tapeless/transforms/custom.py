"""Functions whose derivatives you write: `custom_vjp` and `custom_jvp`, for both roads and every order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tapeless.errors import MissingRuleError
from tapeless.source.own import WRAPPERS, OwnRules
from tapeless.transforms.custom_node import is_recorded, record


class Custom(OwnRules):
    """What stands behind a function with rules of its own: the function, and the rules."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs and is_recorded(tuple(kwargs.values())):
            args, kwargs = self.positional(args, kwargs), {}
        if not is_recorded(args):
            return self.function(*args, **kwargs)
        if self.forward is None and self.pushforward is None:
            raise MissingRuleError(f"{self.name} has no derivative rule yet: {self.remedy}")
        return record(self, self.positional(args, kwargs))


def custom_vjp(fun: Callable[..., Any] | None = None, nondiff_argnums: tuple[int, ...] | int = ()) -> Any:
    """A function with a reverse-mode rule of your own: `f.defvjp(fwd, bwd)`.

    `fwd(*args)` gives `(result, residuals)`, `bwd(residuals, cotangent)` a tuple with one cotangent for each
    argument: an array of its shape, a container of its structure, or None for zeros.  The positions in
    `nondiff_argnums` are handed to `bwd` first, as they are, and have no cotangent.

    >>> import numpy as np
    >>> import tapeless as tl
    >>> @custom_vjp
    ... def clipped(x, limit):
    ...     return np.exp(x)
    >>> def clipped_fwd(x, limit):
    ...     y = np.exp(x)
    ...     return y, (y, limit)
    >>> def clipped_bwd(residuals, g):
    ...     y, limit = residuals
    ...     return np.minimum(g * y, limit), None
    >>> clipped.defvjp(clipped_fwd, clipped_bwd)
    >>> x = tl.tensor([0.0, 5.0], requires_grad=True)
    >>> clipped(x, 10.0).sum().backward()
    >>> x.grad
    tensor([ 1., 10.])

    It holds where the function is read (`grad`, `vjp`, `hessian`...) and where it is recorded (Tensors,
    Arrays).  Derivatives of derivatives go through the bodies of `fwd` and `bwd`.  Forward mode uses
    `f.defjvp(rule)` if there is one too, else `bwd` transposed, which is linear in the cotangent.
    Methods and arguments by keyword work; keyword-only ones do not.  TypeError and ValueError name the
    function whose rule gives the wrong number of cotangents, or one of a wrong shape; MissingRuleError if
    there is no rule yet.  As JAX's `custom_vjp`, but that None stands for any zeros.
    """
    return _applied("vjp", fun, nondiff_argnums)


def custom_jvp(fun: Callable[..., Any] | None = None, nondiff_argnums: tuple[int, ...] | int = ()) -> Any:
    """A function with a forward-mode rule of your own: `f.defjvp(rule)`, also as a decorator.

    `rule(primals, tangents)` takes two tuples with an item for each argument and gives `(result, tangent)`.
    It must be linear in the tangents: reverse mode is its transpose.  The positions in `nondiff_argnums`
    are handed to `rule` first, and are in neither tuple.

    >>> import numpy as np
    >>> import tapeless as tl
    >>> @custom_jvp
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return log1pexp(x), (1.0 - 1.0 / (1.0 + np.exp(x))) * t
    >>> x = tl.tensor(50.0, requires_grad=True)
    >>> log1pexp(x).backward()
    >>> x.grad
    tensor(1.)

    `f.defjvps(*rules)` takes one `rule(tangent, result, *args)` for each argument instead, or None.  The
    rest is as in `custom_vjp`.  As JAX's `custom_jvp`.
    """
    return _applied("jvp", fun, nondiff_argnums)


def _applied(kind: Any, fun: Callable[..., Any] | None, nondiff_argnums: tuple[int, ...] | int) -> Any:
    fixed = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)

    def decorate(fun: Callable[..., Any]) -> Any:
        if not callable(fun):
            raise TypeError(f"custom_{kind} takes a function, got {fun!r} of type {type(fun).__name__}")
        own = Custom(fun, fixed)
        own.kind = kind
        return _wrapper(own, fun)

    return decorate if fun is None else decorate(fun)


def _wrapper(own: Custom, fun: Callable[..., Any]) -> Any:
    """A function that can be a method, be read, and be given rules."""

    @functools.wraps(fun)
    def custom(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    made: Any = custom
    WRAPPERS.add(made.__code__)

    def defvjp(fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the reverse-mode rule: the two halves."""
        own.forward, own.backward = fwd, bwd

    def defjvp(rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the forward-mode rule; gives it back."""
        own.pushforward = rule
        return rule

    def defjvps(*rules: Callable[..., Any] | None) -> None:
        """Set the forward-mode rule as one for each argument, or None."""
        own.pushforward = _summed(own, custom, rules)

    made.defvjp, made.defjvp, made.defjvps = defvjp, defjvp, defjvps
    return made


def _summed(own: Custom, function: Callable[..., Any], rules: tuple[Any, ...]) -> Callable[..., Any]:
    """The rule whose tangent is the sum of those along each argument."""
    if own.fixed:
        raise TypeError(f"{own.name}: defjvps takes no nondiff_argnums; use defjvp")

    def pushforward(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        out = function(*primals)
        terms = [
            rule(tangent, out, *primals)
            for rule, tangent in zip(rules, tangents, strict=True)
            if rule is not None
        ]
        return out, sum(terms[1:], start=terms[0])

    pushforward.__name__ = f"{own.name}_jvps"
    return pushforward
