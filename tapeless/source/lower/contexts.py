"""`with` statements that change how NumPy warns or prints: what they silence stays silent on the way back.

with np.errstate(divide="ignore"):      def df(x):
    y = 1 / x                     =>        with np.errstate(divide="ignore"):
return np.sum(y)                                return -1 / x ** 2
"""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import gast
import numpy as np

from tapeless.source.cache import PUBLIC
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Known, Value
from tapeless.source.wrappers import sets_errstate

# What reads a `with` of one of the public functions, by its name.
CONTEXTS: dict[str, Callable[[Machine, gast.With], None]] = {}
KINDS = ("divide", "over", "under", "invalid")


def enter(m: Machine, tree: gast.With) -> bool:
    """Execute a `with` whose context is understood."""
    item = tree.items[0]
    if not isinstance(item.context_expr, gast.Call):
        return False
    callee = m.evaluate(item.context_expr.func)
    kind = callee.value if isinstance(callee, Known) else None
    handler = CONTEXTS.get(PUBLIC.get(kind, "")) if isinstance(kind, Hashable) else None
    if handler is not None:
        handler(m, tree)
        return True
    if item.optional_vars is not None:
        return False
    if kind not in (np.errstate, np.printoptions, warnings.catch_warnings) or item.context_expr.args:
        return False
    settings = _settings(m, item.context_expr.keywords)
    if kind is np.printoptions:
        _printing(m, settings, tree.body)
        return True
    if kind is np.errstate:
        note_errors(m, settings)
    elif settings:
        raise m.refuse(
            "this catch_warnings", "its arguments may catch the warnings of the derivative", "leave them out"
        )
    else:
        _note(m, "warnings.catch_warnings()")
    m.execute(tree.body)
    return True


def _settings(m: Machine, keywords: list[gast.keyword]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for keyword in keywords:
        value = m.evaluate(keyword.value)
        if keyword.arg is None or not isinstance(value, Known):
            raise m.refuse(
                "this setting", "its value is not known beforehand", "write it as a literal", keyword.value
            )
        settings[keyword.arg] = value.value
    return settings


def _printing(m: Machine, settings: Mapping[str, Any], body: list[gast.AST]) -> None:
    """The options are set where the user sets them; however the function ends, they are as they were."""
    _note(m, "np.printoptions()")
    before = m.let(np.get_printoptions, [], hint="options", effect=True)
    m.do(np.set_printoptions, [], {name: Known(value) for name, value in settings.items()})
    m.execute(body)
    if not m.dead:
        old: dict[str, Value] = {name: m.let(operator.getitem, [before, Known(name)]) for name in settings}
        m.do(np.set_printoptions, [], old)


def _note(m: Machine, context: str) -> None:
    if context not in m.found.contexts:
        m.found.contexts.append(context)


def note_errors(m: Machine, settings: Mapping[str, Any]) -> None:
    """What the function does not want to hear of; where it wants to hear of it elsewhere, it does."""
    for name, setting in settings.items():
        for kind in () if setting is None else KINDS if name == "all" else (name,):
            found = m.found.errstate.get(kind, setting)
            m.found.errstate[kind] = str(setting) if found == setting else "as it is"


def note_decorators(m: Machine, function: Any) -> None:
    """The settings of `@np.errstate(...)` above a function."""
    while True:
        if isinstance(function, functools._lru_cache_wrapper):
            function = function.__wrapped__
            continue
        if not sets_errstate(function):
            return
        held = [cell.cell_contents for cell in function.__closure__]
        state = next(item for item in held if isinstance(item, np.errstate))
        with np.errstate(all="warn"):
            settings: Mapping[str, Any] = state(np.geterr)()
        note_errors(m, {kind: setting for kind, setting in settings.items() if setting != "warn"})
        function = function.__wrapped__
