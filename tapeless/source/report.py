"""What is told of a derivative: the residuals that its two halves share."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tapeless.ir.program import Let, Program
from tapeless.source.facts import UNKNOWN, Dim, Fact


def residuals_of(second: Program, text: str, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """What the second half takes over from the first, as its text names it, each with what is known of it."""
    whole = second.params[0]
    first = second.body[0] if second.body else None
    if not isinstance(first, Let) or not any(getattr(arg, "name", None) == whole for arg in first.args):
        return ()
    names = _unpacked_in(text) or first.targets
    return tuple(
        [
            f"{name}: {described(facts.get(own, UNKNOWN))}"
            for name, own in zip(names, first.targets, strict=False)
        ]
    )


def _unpacked_in(text: str) -> tuple[str, ...]:
    """The names to which the text's first assignment gives the residuals."""
    function = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    made = next((node for node in ast.walk(function) if isinstance(node, ast.Assign)), None)
    if made is None:
        return ()
    target = made.targets[0]
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return tuple([part.id for part in parts if isinstance(part, ast.Name)])


def described(fact: Fact) -> str:
    """A fact in words.

    >>> import numpy as np
    >>> described(Fact("array", np.dtype(float), (3, 1))), described(Fact("stack"))
    ('float64[3, 1]', 'list, one item for each iteration')
    """
    match fact.kind:
        case "stack":
            return "list, one item for each iteration"
        case "array" | "numeric" | "scalar":
            dtype = "number" if fact.dtype is None else str(fact.dtype)
            if fact.kind == "scalar" or fact.dims == ():
                return dtype
            return f"{dtype}[...]" if fact.dims is None else f"{dtype}[{', '.join(map(_length, fact.dims))}]"
        case "object":
            return "object"
        case kind:
            return kind


def _length(dim: Dim) -> str:
    return str(dim) if isinstance(dim, int) else "?"
