"""The one place from which the transforms take the engine that makes derivatives; tests put another here."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.errors import TransformError
from tapeless.source.cache import Derived, Form, Guard, Transformed
from tapeless.source.captured import Captured, CapturedError
from tapeless.transforms.callee import Rewritten


def derive(
    function: Any, names: tuple[str, ...], values: tuple[Any, ...], wrt: tuple[int, ...], form: Form
) -> Derived:
    """The derivative of `function(*values)` with respect to the parameters at the positions `wrt`.

    The engine is loaded when the first derivative is asked for: it is as large as the rest of the library,
    and who works with tensors never needs it.
    """
    pipeline = importlib.import_module("tapeless.source.pipeline")
    text, guards = _readable(function, values)
    derived = pipeline.derive(text, names, values, wrt, form)
    return replace(derived, guards=(*derived.guards, *guards)) if guards else derived


def captured(function: Any, names: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Captured, ...]:
    """The Tensors that a function finds around it; none of one that cannot be read."""
    run = importlib.import_module("tapeless.source.lower.run")
    text, _ = _readable(function, values)
    wrt = tuple([k for k, value in enumerate(values) if _holds_arrays(value)])
    try:
        run.lower(text, names, values, wrt, lifts=True)
    except CapturedError as error:
        return error.found
    except TransformError:
        return ()
    return ()


def _holds_arrays(value: Any) -> bool:
    return any(
        [isinstance(leaf, np.ndarray | np.generic | float | complex) for leaf in _tree.flatten(value)[0]]
    )


def _readable(function: Any, values: tuple[Any, ...]) -> tuple[Any, tuple[Guard, ...]]:
    """What is read in the place of a function that has a text for each kind of arguments; what that rests on.

    Also in derivatives of one, which are made again of the text.
    """
    if isinstance(function, Rewritten):
        return function.for_values(values)
    if isinstance(function, Transformed):
        inner, guards = _readable(function.function, values)
        if inner is not function.function:
            flags = {"has_aux": function.has_aux, "holomorphic": function.holomorphic}
            return type(function)(inner, function.argnums, **flags), guards  # type: ignore[call-arg]
    return function, ()
