"""`scipy.integrate`; `odeint` is differentiated, by the adjoint equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.compat.autograd.differential_operators import make_vjp
from tapeless.compat.autograd.extend import defvjp_argnums, primitive
from tapeless.compat.autograd.misc.flatten import flatten
from tapeless.compat.autograd.scipy.lending import lent, names

Function = Callable[..., Any]

__getattr__ = lent(__name__, "scipy.integrate")
__all__ = names("scipy.integrate")  # pyright: ignore[reportUnsupportedDunderAll]

# Options with which the adjoint equation would be another one.
REFUSED = {"Dfun", "col_deriv", "full_output", "ml", "mu", "tcrit", "tfirst"}
_solve = __getattr__("odeint")


@primitive
def odeint(func: Function, y0: Any, t: Any, args: tuple[Any, ...] = (), **options: Any) -> Any:
    """`scipy.integrate.odeint`: y at each of the times t, from dy/dt = func(y, t, *args) and y0.

    Differentiated by y0, t and args: another initial value problem is solved backwards in time (Pontryagin),
    to the tolerances in `options`.  What func finds outside of its arguments counts as a constant.

    >>> from tapeless import grad
    >>> decay = lambda y, t, rate: -rate * y
    >>> end = lambda rate: odeint(decay, np.array([2.0]), np.array([0.0, 1.0]), (rate,))[-1, 0]
    >>> float(grad(end)(0.5)).__round__(5), float(-2.0 * np.exp(-0.5)).__round__(5)
    (-1.21306, -1.21306)

    TypeError where it is differentiated with options that change what func or the result is.
    """
    return _solve(func, y0, t, args=tuple(args), **options)


def _adjoint(argnums: Any, ys: Any, given: tuple[Any, ...], options: dict[str, Any]) -> Function:
    """The cotangents of y0, t and args."""
    strange = REFUSED.intersection(options)
    if strange:
        raise TypeError(f"odeint cannot be differentiated with its option {min(strange)!r}: leave it out")
    func, times = given[0], given[2]
    args: Any = given[3] if len(given) > 3 else ()
    flat_args, unflatten = flatten(args)
    size = len(ys[0])

    def slope(y: Any, t: Any, flat: Any) -> Any:
        return func(y, t, *unflatten(flat))

    def backwards(state: Any, s: Any, end: Any) -> Any:
        """Of y, its cotangent, and the integral of that of args, at end - s."""
        y, cotangent, t = state[:size], state[size : 2 * size], end - s
        pull, here = make_vjp(slope, (0, 2))(y, t, flat_args)
        by_y, by_args = pull(cotangent)
        return np.concatenate([-here, by_y, by_args])

    def vjp(g: Any) -> tuple[Any, ...]:
        by_time = np.zeros(len(times))
        cotangent, by_args = np.zeros(size), np.zeros(len(flat_args))
        for k in range(len(times) - 1, 0, -1):
            by_time[k] = np.dot(g[k], slope(ys[k], times[k], flat_args))
            state = np.concatenate([ys[k], cotangent + g[k], by_args])
            span = np.array([0.0, times[k] - times[k - 1]])
            state = _solve(backwards, state, span, args=(times[k],), **options)[-1]
            cotangent, by_args = state[size : 2 * size], state[2 * size :]
        by_time[0] = -np.dot(cotangent, slope(ys[0], times[0], flat_args))
        found = {1: cotangent + g[0], 2: by_time, 3: unflatten(by_args)}
        return tuple([found[number] for number in argnums])

    return vjp


defvjp_argnums(odeint, _adjoint)
