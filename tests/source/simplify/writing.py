"""Short programs with their facts, and what a pass makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.check import check
from tapeless.ir.copies import follow_copies
from tapeless.ir.dead import drop_dead
from tapeless.ir.program import Argument, Const, Let, Program, Return, Var
from tapeless.source.facts import PYTHON_NUMBERS, Fact, Size
from tapeless.source.simplify.learn import learn
from tests.ir.listing import listing

N, M = Size("n", stretches=False), Size("m", stretches=False)


def real(*dims: int | Size, dtype: Any = np.float64) -> Fact:
    """The fact of an array, or of a NumPy number."""
    return Fact("array" if dims else "scalar", np.dtype(dtype), dims)


PYTHON_FLOAT = PYTHON_NUMBERS[float]
PERHAPS_PYTHON = Fact("scalar", np.dtype(float), (), weak=None)  # or else a np.float64


def let(targets: str, op: Any, *args: Any, **kwargs: Any) -> Let:
    keywords = tuple((name, _atom(value)) for name, value in kwargs.items())
    return Let(tuple(targets.split()), op, tuple(map(_atom, args)), keywords)


def do(op: Any, *args: Any) -> Let:
    return Let((), op, tuple(map(_atom, args)), effect=True)


def _atom(value: Any) -> Argument:
    """Names are written as text."""
    return Var(value) if isinstance(value, str) else Const(value)


def made(
    change: Callable[..., Program], facts: dict[str, Fact], *body: Let, returns: str | None = None
) -> str:
    """What is left of a program whose parameters are those of `facts`, after a pass, without copies."""
    values = (returns or body[-1].targets[0]).split()
    whole = check(Program("f", tuple(facts), body, Return(tuple(map(Var, values)))))
    changed = check(change(whole, learn(whole, facts)))
    return listing(check(drop_dead(follow_copies(changed))))
