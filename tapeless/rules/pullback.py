"""From a rule to the functions that run: cut to the cotangents that are needed, with the residuals they read.

elementwise(np.multiply, lambda out, x, y: (y, x))

pullback(needs=(True, False))    def multiply_pullback(g, y):
                                     return g * y
... where shapes or dtypes differ
                                 def multiply_pullback(g, y, shape, dtype_of):
                                     return as_dtype(unbroadcast(g * y, shape), dtype_of)
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.rules.choosing import choose
from tapeless.rules.support import dtype_of, layout_of
from tapeless.rules.table import Rule, on_arrays

if TYPE_CHECKING:
    from tapeless.ir.program import Program

OUT = -1
SHAPE_ONLY = (np.shape, np.ndim, np.size, dtype_of, layout_of)


@dataclass(frozen=True, slots=True)
class Residual:
    """What a pullback reads: the input at `position` (or OUT, the result), or `of` it: its shape, dtype..."""

    name: str
    position: int
    of: Callable[[Any], Any] | None = None


def read(of: Callable[[Any], Any], value: Any) -> Any:
    """`of(value)`, without a function call for the shape of an array."""
    return value.shape if of is np.shape and type(value) is np.ndarray else of(value)


@dataclass(frozen=True, eq=False)
class Pullback:
    """A compiled slice of a rule: `on_arrays(g, *residuals)`; `on_variables` is the same, recorded."""

    program: Program
    residuals: tuple[Residual, ...]
    needs: tuple[bool, ...]

    @property
    def source(self) -> str:
        return _slices().emit(self.program)[0]

    def keep(self, values: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
        """The residuals of one call: what `on_arrays` takes after the cotangent."""
        kept = []
        for residual in self.residuals:
            value = out if residual.position == OUT else values[residual.position]
            kept.append(value if residual.of is None else read(residual.of, value))
        return tuple(kept)

    @functools.cached_property
    def on_arrays(self) -> Callable[..., Any]:
        body = [_chosen(statement) for statement in self.program.body]
        return _slices().load(replace(self.program, body=tuple(body)), on_arrays)

    @functools.cached_property
    def on_variables(self) -> Callable[..., Any]:
        return _slices().load(self.program)


def _chosen(statement: Any) -> Any:
    is_choice = getattr(statement, "op", None) is np.where
    return replace(statement, op=choose) if is_choice else statement


_lock = threading.Lock()
_pullbacks: dict[tuple[Any, ...], Pullback] = {}
_pushforwards: dict[tuple[Any, ...], Pullback] = {}


# How a rule's cotangent comes out: as its input is; in the shape of the result; in its dtype too.
EXACT, BROADCAST, CAST = 0, 1, 2


def pullback(rule: Rule, needs: tuple[bool, ...], fits: tuple[int, ...] | bool) -> Pullback:
    """The part of a rule that the needed cotangents depend on.

    `fits` says for each parameter what is left to do with its cotangent: EXACT: nothing; BROADCAST: sum it
    down to the input's shape; CAST: and give it the input's dtype.  True and False: all CAST, all EXACT.
    """
    if isinstance(fits, bool):
        fits = (CAST if fits else EXACT,) * len(needs)
    key = (rule, needs, fits)
    found = _pullbacks.get(key)
    if found is None:
        with _lock:
            found = _pullbacks.setdefault(key, _slices().slice_of(rule, needs, fits))
    return found


def pushforward(rule: Rule, needs: tuple[bool, ...]) -> Pullback:
    """The tangent of an elementwise function from those of inputs in `needs`: `f(*tangents, *residuals)`."""
    key = (rule, needs)
    found = _pushforwards.get(key)
    if found is None:
        with _lock:
            found = _pushforwards.setdefault(key, _slices().sum_of_products(rule, needs))
    return found


def cotangent_count(rule: Rule) -> int:
    """For how many of its first parameters the rule gives a cotangent."""
    return _slices().cotangent_count(rule)


def _slices() -> Any:
    """What makes them: as much again as the rules, and not needed before the first pullback."""
    return importlib.import_module("tapeless.rules.slices")
