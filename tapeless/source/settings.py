"""What the user's function silences, around the source that is generated from it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MODULES: dict[str, Any] = {"np": np, "warnings": warnings}


def contexts(errstate: Mapping[str, str], others: Sequence[str]) -> tuple[str, ...]:
    """The contexts that a body stands in: of floating-point errors what the function ignores."""
    ignored = [kind for kind, setting in errstate.items() if setting == "ignore"]
    if len(ignored) == 4:
        return ("np.errstate(all='ignore')", *others)
    settings = ", ".join([f"{kind}='ignore'" for kind in ignored])
    return (f"np.errstate({settings})", *others) if ignored else tuple(others)


def within(source: str, around: Sequence[str], known: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The source with its body in `with` statements, and the modules that they name.

    >>> text = "def df(x):\\n    return -1 / x ** 2\\n"
    >>> print(within(text, ("np.errstate(divide='ignore')",), {})[0], end="")
    def df(x):
        with np.errstate(divide='ignore'):
            return -1 / x ** 2
    """
    if not around:
        return source, {}
    tree = ast.parse(source)
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    modules: dict[str, Any] = {}
    named: list[str] = []
    for context in around:
        module, _, rest = context.partition(".")
        name = module
        while name in taken and known.get(name) is not MODULES[module]:
            name += "_"
        modules[name] = MODULES[module]
        named.append(f"{name}.{rest}")
    head = f"    with {', '.join(named)}:"
    lines = source.splitlines()
    for function in reversed([node for node in tree.body if isinstance(node, ast.FunctionDef)]):
        first, last = _span(function)
        body = [f"    {line}" if line else line for line in lines[first:last]]
        lines[first:last] = [head, *body]
    return "\n".join(lines) + "\n", modules


def _span(function: ast.FunctionDef) -> tuple[int, int]:
    """The lines of the body behind its docstring, with the comments above its first statement."""
    last = function.end_lineno or function.lineno
    if ast.get_docstring(function) is not None:
        return function.body[0].end_lineno or last, last
    return function.body[0].lineno - 1, last
