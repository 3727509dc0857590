"""Calls of a module with other values in the place of its parameters: an object that stands for it is read.

functional_call(model, {"weight": w, "bias": b}, x)    =>    x @ w.T + b
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tapeless.source.facts import NUMERIC
from tapeless.source.lower.calls import Args, call
from tapeless.source.lower.dict_methods import entries_of
from tapeless.source.lower.lookup import guard_attribute
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.nested import READERS
from tapeless.source.lower.objects import instance_attribute
from tapeless.source.lower.values import Dyn, Fields, Known, Ref, Tup, Value

TABLES = ("_parameter_names", "_buffer_names", "_module_names")


def _functional_call(m: Machine, module: Value, args: Args, has_aux: bool) -> Value:
    if not isinstance(module, Known) or not _is_module(module.value) or not 1 <= len(args) <= 3:
        raise m.refuse("this functional_call", "its module is not known beforehand", "call it outside")
    stand_ins = _StandIns(m, _by_name(m, args[0]))
    made = stand_ins.of(module.value, "")
    if stand_ins.missing:
        missing = ", ".join(stand_ins.missing)
        raise m.refuse("this functional_call", f"the module has no {missing}")
    positional = _positional(m, args[1]) if len(args) > 1 else ()
    keywords = _by_name(m, args[2]) if len(args) == 3 and args[2] != Known(None) else {}
    before = {ref: m.content(ref) for ref in stand_ins.made.values()}
    result = call(m, made, list(positional), keywords)
    if any(m.content(ref) != content for ref, content in before.items()):
        raise m.refuse("this functional_call", "the module sets attributes of its own", "call it outside")
    return result


def _positional(m: Machine, given: Value) -> tuple[Value, ...]:
    """The items of a tuple; anything else is one argument."""
    if isinstance(given, Tup):
        return given.items
    if given == Known(None):
        return ()
    if isinstance(given, Dyn) and given.fact.kind not in NUMERIC:
        raise m.refuse(
            "this functional_call", "how many arguments there are is not known beforehand", "give a tuple"
        )
    return (given,)


READERS["functional_call"] = _functional_call


def _is_module(value: Any) -> bool:
    return all(isinstance(getattr(value, "__dict__", {}).get(name), dict) for name in TABLES)


def _by_name(m: Machine, values: Value) -> dict[str, Value]:
    """The entries of a dictionary, or of several."""
    merged: dict[str, Value] = {}
    for one in values.items if isinstance(values, Tup) else (values,):
        content = entries_of(m, one)
        if content is None or not merged.keys().isdisjoint(dict(content.entries)):
            raise m.refuse(
                "this functional_call", "its values are not known by name beforehand", "give one dict"
            )
        merged.update(content.entries)
    return merged


@dataclass
class _StandIns:
    """Objects with the modules' attributes, but for those that are given."""

    m: Machine
    values: dict[str, Value]
    made: dict[int, Ref] = field(default_factory=dict)  # by the module
    tied: dict[int, Value] = field(default_factory=dict)  # by the parameter, which may have several names
    used: set[str] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        return [name for name in self.values if name not in self.used]

    def of(self, module: Any, prefix: str) -> Ref:
        if id(module) in self.made:
            return self.made[id(module)]
        ref = self.made[id(module)] = self.m.new(Fields(type(module), ()))
        self.m.stand_ins.add(ref)
        own = {name: value for name, value in vars(module).items() if name not in TABLES}
        fields = tuple([(name, self._attribute(module, prefix, name, value)) for name, value in own.items()])
        self.m.store(ref, Fields(type(module), fields))
        return ref

    def _attribute(self, module: Any, prefix: str, name: str, value: Any) -> Value:
        key = f"{prefix}{name}"
        if name in module._parameter_names or name in module._buffer_names:
            guard_attribute(self.m, module, name, value)
            if key in self.values:
                self.used.add(key)
                if value is not None:
                    self.tied[id(value)] = self.values[key]
                return self.values[key]
            if id(value) in self.tied:
                return self.tied[id(value)]
            if name in module._buffer_names and value is not None:
                value._array()  # no NumPy scalar from now on: forward may write into it
                return instance_attribute(self.m, Known(value), "_data")
        if _is_module(value):
            guard_attribute(self.m, module, name, value)
            return self.of(value, f"{key}.")
        if isinstance(value, tuple) and value and all(map(_is_module, value)):
            guard_attribute(self.m, module, name, value)
            return Tup(tuple([self.of(one, self._place(module, prefix, one)) for one in value]))
        return instance_attribute(self.m, Known(module), name)

    def _place(self, module: Any, prefix: str, inner: Any) -> str:
        """Under which name a module that is in a tuple is listed."""
        name = next(name for name in module._module_names if module.__dict__[name] is inner)
        return f"{prefix}{name}."
