"""What the rules that users write give back: pairs, cotangents, tangents; said by name where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.source.own import OwnRules

Shape = tuple[int, ...]


def rule_name(own: OwnRules, role: str) -> str:
    """How messages call a rule: its own name, and what it is of whom."""
    rule = getattr(own, role)
    title = {"forward": "forward half", "backward": "backward half", "pushforward": "forward-mode rule"}[role]
    return f"{getattr(rule, '__name__', repr(rule))}, the {title} of {own.name},"


def pair_of(own: OwnRules, role: str, given: Any, what: str) -> tuple[Any, Any]:
    """The two things that a rule returns; TypeError otherwise."""
    if not isinstance(given, tuple) or len(given) != 2:
        raise TypeError(f"{rule_name(own, role)} must return a pair, {what}; it returned {_described(given)}")
    return given[0], given[1]


def cotangent_leaves(
    own: OwnRules,
    structures: Sequence[_tree.Structure],
    shapes: Sequence[Sequence[Shape | None]],
    given: Any,
) -> list[list[Any]]:
    """The leaves of each argument's cotangent, None where there is none; errors name the rule."""
    name = rule_name(own, "backward")
    count = len(structures)
    if not isinstance(given, tuple | list) or len(given) != count:
        plural = "s" if count != 1 else ""
        raise TypeError(
            f"{name} must return a tuple of {count} cotangent{plural}, one for each differentiated argument; "
            f"it returned {_described(given)}"
        )
    found: list[list[Any]] = []
    for number, (structure, inside, one) in enumerate(zip(structures, shapes, given, strict=True)):
        title = f"cotangent number {number + 1} of {name.rstrip(',')}"
        found.append(_leaves(structure, inside, one, title, "argument"))
    return found


def tangent_leaves(own: OwnRules, out: Any, given: Any) -> list[Any]:
    """The leaves of the tangent that belongs to `out`; errors name the rule."""
    leaves, structure = _tree.flatten(out)
    title = f"the tangent of {rule_name(own, 'pushforward').rstrip(',')}"
    return _leaves(structure, [np.shape(leaf) for leaf in leaves], given, title, "result")


def _leaves(
    structure: _tree.Structure, shapes: Sequence[Shape | None], given: Any, title: str, stands_for: str
) -> list[Any]:
    if given is None:
        return [None] * structure.leaves
    found: list[Any] = []
    for shape, (path, part) in zip(shapes, _tree.parts_like(structure, given, title), strict=True):
        if part is not None and not _tree.is_leaf(part):
            raise ValueError(f"{path} is a {type(part).__name__} where an array or number is expected")
        if part is not None and shape is not None and np.shape(part) != shape:
            raise ValueError(f"{path} has shape {np.shape(part)}, its {stands_for} has shape {shape}")
        found.append(part)
    return found


def _described(given: Any) -> str:
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a {type(given).__name__}"
