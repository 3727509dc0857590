"""Tensors that a function finds around it: read as the arguments that stand for them, or as constants."""

from __future__ import annotations

from typing import Any

from tapeless.ir.program import Var
from tapeless.source.captured import address, place_of
from tapeless.source.facts import fact_of
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.values import Dyn, Known
from tapeless.source.own import DATA_OF, IS_CONSTANT


def tensor_at(m: Machine, value: Any, name: str, where: tuple[Any, ...]) -> Any:
    """What stands for the Tensor at a place, noted where nothing does yet; None if it is no Tensor."""
    if not m.lifts:
        return None
    data = DATA_OF[0](value)
    if data is None:
        m.found.origins.setdefault(id(value), where)
        return None
    m.tensors_read += 1
    key = address(place_of(where))
    known = m.captured.get(key)
    if known is None:
        free = m.fresh(name)
        fact = m.facts[free] = fact_of(data, free)
        known = m.captured[key] = Dyn(Var(free), fact, True)
        m.found.captured.append((where, name))
    return known


def is_tensor(m: Machine, value: Any) -> bool:
    """Whether there are data that are read in the place of a value."""
    return DATA_OF[0](value) is not None if m.lifts else IS_CONSTANT[0](value)


def constant_tensor(m: Machine, value: Any, owner: Known | Dyn, hint: str) -> Dyn:
    """The data of a Tensor that counts as a constant, read at each call."""
    m.tensors_read += 1
    for name in ("_needs", "_meta"):
        m.found.guards.append(("attribute", value, name, getattr(value, name)))
    m.found.guards.append(("attribute fact", value, "_data", value._data))
    read = m.let(getattr, [owner, Known("_data")], hint=hint)
    assert isinstance(read, Dyn)
    return m.refined(read, fact_of(value._data, f"data of {id(value)}"))


def holds_tensors(m: Machine, value: Any) -> bool:
    """Whether a list, tuple or dict has Tensors in it that are to be read one by one."""
    if not isinstance(value, list | tuple | dict):
        return False
    items = list(value.values()) if isinstance(value, dict) else list(value)
    return any([is_tensor(m, item) or holds_tensors(m, item) for item in items])


def is_of_tensors(m: Machine) -> bool:
    """Whether what is being read computes Tensors when it runs: a module's `forward`, all beside a Tensor."""
    frame = m.frame
    if frame is None or str(getattr(frame.function, "__module__", "")).partition(".")[0] == "tapeless":
        return False
    if m.tensors_read or m.captured:
        return True
    while frame is not None:
        owner = m.get(("name", frame.number, "self"))
        if isinstance(owner, Known) and getattr(type(owner.value), "of_tensors", False):
            return True
        frame = frame.caller
    return False
