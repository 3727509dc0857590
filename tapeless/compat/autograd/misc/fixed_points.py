"""Fixed points, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.compat.autograd.differential_operators import make_vjp
from tapeless.compat.autograd.extend import defvjp, primitive
from tapeless.compat.autograd.spaces import vspace

Function = Callable[..., Any]


@primitive
def fixed_point(f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Any:
    """The x with x = f(a)(x), found by iteration from x0 until `distance` of two iterates is below tol.

    It is differentiated by `a`, at the price of another fixed point; nothing is kept of the iteration.

    >>> from tapeless import grad
    >>> def halley(a):
    ...     return lambda x: 0.5 * (x + a / x)
    >>> float(grad(lambda a: fixed_point(halley, a, 1.0, lambda x, y: abs(x - y), 1e-12))(2.0)).__round__(6)
    0.353553
    """
    step = f(a)
    before, x = x0, step(x0)
    while distance(x, before) > tol:
        before, x = x, step(x)
    return x


def _by_parameters(ans: Any, f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Function:
    """The cotangent of the fixed point solves a linear equation, which is a fixed point as well."""

    def vjp(g: Any) -> Any:
        by_point, _ = make_vjp(f(a))(ans)
        space = vspace(g)
        total = fixed_point(_added, (by_point, g, space), space.zeros(), distance, tol)
        by_parameters, _ = make_vjp(lambda a, x: f(a)(x))(a, ans)
        return by_parameters(total)

    return vjp


def _added(given: tuple[Function, Any, Any]) -> Function:
    by_point, g, space = given
    return lambda u: space.add(by_point(u), g)


defvjp(fixed_point, None, _by_parameters, None, None, None)
