"""Calls of lifted functions: their last arguments stand for the Tensors that the function finds around it."""

from __future__ import annotations

from inspect import Parameter
from types import FunctionType
from typing import Any

from tapeless.source.captured import Lifted
from tapeless.source.lower.calls import NESTED, Args, Kwargs, call, inline
from tapeless.source.lower.iteration import tuple_items
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Entries, Known, Ref, Value


def _read(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    if not isinstance(function, Lifted):
        return None
    count = len(function.own)
    owners = tuple([value.value if isinstance(value, Known) else None for value in args[:count]])
    standing = dict(zip(function.addresses(owners), args[count:], strict=True))
    before = m.lifts, {key: m.captured.get(key) for key in standing}
    m.lifts = True
    m.captured.update(standing)
    try:
        own = zip(function.own, args, strict=False)
        given, by_name = function.arranged([_as_passed(m, one.kind, value) for one, value in own])
        if isinstance(function.function, FunctionType):  # read even if no other argument varies
            return inline(m, function.function, given, by_name)
        return call(m, Known(function.function), given, by_name)
    finally:
        m.lifts = before[0]
        m.captured.update(before[1])


def _as_passed(m: Machine, kind: Any, value: Value) -> Any:
    """Stars as Python has them: a tuple of values, a dict of values."""
    if kind is Parameter.VAR_POSITIONAL:
        return tuple_items(m, value)
    if kind is Parameter.VAR_KEYWORD:
        assert isinstance(value, Ref)
        content = m.content(value)
        assert isinstance(content, Entries)
        return dict(content.entries)
    return value


NESTED.append(_read)
