"""The one place from which the transforms take the engine that makes derivatives; tests put another here."""

from __future__ import annotations

import importlib
from typing import Any

from tapeless.source.cache import Derived, Form


def derive(
    function: Any, names: tuple[str, ...], values: tuple[Any, ...], wrt: tuple[int, ...], form: Form
) -> Derived:
    """The derivative of `function(*values)` with respect to the parameters at the positions `wrt`.

    The engine is loaded when the first derivative is asked for: it is as large as the rest of the library,
    and who works with tensors never needs it.
    """
    pipeline = importlib.import_module("tapeless.source.pipeline")
    return pipeline.derive(function, names, values, wrt, form)
