"""Functions whose derivatives their authors wrote: what a program that calls one must know of it."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

Function: TypeAlias = Callable[..., Any]
Which = Literal["vjp", "jvp", "checkpoint", "watch"]


class Opaque:
    """An object that is called as it is: nobody reads what it does."""


class OwnRules:
    """A function with a forward and a backward half (`vjp`), a pushforward (`jvp`), or both.

    `fixed` are the positions of arguments that are handed to the rules as they are, before all others.
    Of a `checkpoint` the rules are the function's own, but nothing is kept for the way back.
    """

    kind: Which = "vjp"

    def __init__(self, function: Function, fixed: tuple[int, ...] = ()) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.fixed = fixed
        self.forward: Function | None = None
        self.backward: Function | None = None
        self.pushforward: Function | None = None

    @property
    def remedy(self) -> str:
        """What to write where there is no rule yet."""
        return f"call {self.name}.{'defvjp(fwd, bwd)' if self.kind == 'vjp' else 'defjvp(rule)'}"

    @property
    def why_fixed(self) -> tuple[str, str]:
        """Why a fixed argument cannot be differentiated, and what to do."""
        return (
            f"differentiates an argument of {self.name} that is in nondiff_argnums",
            "take it out of nondiff_argnums, or use stop_gradient",
        )

    @functools.cached_property
    def signature(self) -> inspect.Signature | None:
        """The function's own; None where it cannot be known."""
        try:
            return inspect.signature(self.function)
        except (TypeError, ValueError):
            return None

    def positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments by position, defaults filled in: the rules take them so."""
        signature = self.signature
        if signature is None:
            if kwargs:
                raise TypeError(f"{self.name}: pass its arguments by position, its signature is not known")
            return args
        bound = signature.bind(*args, **kwargs)
        if bound.kwargs:
            name = next(iter(bound.kwargs))
            raise TypeError(
                f"{self.name}: its argument {name!r} is keyword-only, and derivative rules take arguments by "
                "position; give the function a plain parameter, or bind it with functools.partial before"
            )
        bound.apply_defaults()
        return bound.args

    def fixed_in(self, count: int) -> tuple[int, ...]:
        """The positions of the fixed ones among so many arguments; ValueError where there is none."""
        found = [position + count if position < 0 else position for position in self.fixed]
        for position in found:
            if not 0 <= position < count:
                raise ValueError(f"{self.name}: nondiff_argnums={self.fixed}, but it takes {count} arguments")
        return tuple(found)


# The code of the functions that stand before such rules; each finds them in its closure, under this name.
WRAPPERS: set[types.CodeType] = set()
CELL = "own"
# What makes checkpoints of functions, and a checkpoint of a function that calls its first argument.
CHECKPOINTS: dict[Any, Function] = {}


def own_rules_of(function: Any) -> tuple[OwnRules, int] | None:
    """The rules behind a function that `custom_vjp` and its like gave, and which cell of it holds them.

    What `functools.wraps` copies from one function to another says nothing: only the code does.
    """
    if not isinstance(function, types.FunctionType) or function.__code__ not in WRAPPERS:
        return None
    position = function.__code__.co_freevars.index(CELL)
    assert function.__closure__ is not None
    return function.__closure__[position].cell_contents, position


# What makes the rules of a function whose calls are recorded; the arguments at some positions are not
# differentiated.  The graph is not known here: `tapeless.transforms` puts it in.
REGIONS: list[Callable[[Any, tuple[int, ...]], OwnRules]] = []
# What tells a Tensor or Array that a function finds around it: its data, None of anything else; and whether
# it is a Tensor that nothing is differentiated by.
DATA_OF: list[Callable[[Any], Any]] = []
IS_CONSTANT: list[Callable[[Any], bool]] = []
