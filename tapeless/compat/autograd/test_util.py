"""Derivatives against differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.transforms import checks

Function = Callable[..., Any]
Argnum = int | Sequence[int]
MODES = ("fwd", "rev")
TOL = 1e-6
RTOL = 1e-6


def check_grads(f: Function, argnum: Argnum = 0, modes: Sequence[str] = MODES, order: int = 2) -> Function:
    """`check_grads(f)(*args)`: AssertionError if f's derivatives are not what differences give.

    Only those by `argnum` are checked: a number, or a tuple or list of numbers.

    >>> check_grads(np.outer, [0, 1])(np.ones(2), np.arange(3.0))
    """
    numbers: tuple[int, ...] = tuple(argnum) if isinstance(argnum, Sequence) else (argnum,)

    def check(*args: Any, **kwargs: Any) -> None:
        def of_those(*chosen: Any) -> Any:
            given = list(args)
            for number, value in zip(numbers, chosen, strict=True):
                given[number] = value
            return f(*given, **kwargs)

        of_those.__name__ = getattr(f, "__name__", "f")
        checks.check_grads(of_those, [args[number] for number in numbers], modes=tuple(modes), order=order)

    return check


def check_vjp(f: Function, x: Any) -> None:
    """First derivatives in reverse mode."""
    checks.check_grads(f, (x,), modes="rev", order=1)


def check_jvp(f: Function, x: Any) -> None:
    """First derivatives in forward mode."""
    checks.check_grads(f, (x,), modes="fwd", order=1)


def combo_check(fun: Function, *options: Any, **named: Any) -> Function:
    """`combo_check(fun, argnum)(values, values, ..., key=values)`: `check_grads` of every combination.

    >>> combo_check(np.sum, 0)([np.ones((2, 3)), np.arange(4.0)], axis=[None, 0])
    """
    checked = check_grads(fun, *options, **named)

    def check(*args: Any, **kwargs: Any) -> None:
        for values in itertools.product(*args):
            for chosen in itertools.product(*kwargs.values()):
                checked(*values, **dict(zip(kwargs, chosen, strict=True)))

    return check


def check_equivalent(x: Any, y: Any) -> None:
    """AssertionError unless two values have one structure, the same shapes, and are equal to tolerance."""
    one, other = _tree.flatten(x), _tree.flatten(y)
    assert one[1] == other[1], f"a value of the structure {one[1]} is none of {other[1]}"
    for a, b in zip(one[0], other[0], strict=True):
        assert np.shape(a) == np.shape(b), f"an array of shape {np.shape(a)} is none of shape {np.shape(b)}"
        assert np.allclose(a, b, rtol=RTOL, atol=TOL), f"{a} is not {b}"


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers are equal, to the tolerance."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)
