"""All modules, parameters and buffers within a module, in order, with their dotted names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def modules(
    module: Any, seen: set[Any], prefix: str, remove_duplicate: bool = True
) -> Iterator[tuple[str, Any]]:
    """The module, then those within, depth first."""
    if module in seen:
        return
    if remove_duplicate:
        seen.add(module)
    yield prefix, module
    for name in module._module_names:
        child = module.__dict__[name]
        if child is not None:
            yield from modules(child, seen, joined(prefix, name), remove_duplicate)


def children(module: Any) -> Iterator[tuple[str, Any]]:
    seen: set[Any] = set()
    for name in module._module_names:
        child = module.__dict__[name]
        if child is not None and child not in seen:
            seen.add(child)
            yield name, child


def members(
    module: Any, kind: str, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Any]]:
    """The attributes of one kind (`_parameter_names`, `_buffer_names`); those within if `recurse`."""
    owners = modules(module, set(), prefix, remove_duplicate) if recurse else [(prefix, module)]
    seen: set[int] = set()
    for place, owner in owners:
        for name in getattr(owner, kind):
            value = owner.__dict__[name]
            if value is None or id(value) in seen:
                continue
            if remove_duplicate:
                seen.add(id(value))
            yield joined(place, name), value


def submodule(module: Any, target: str, kind: type) -> Any:
    """The module under a dotted name; the module itself under the empty one."""
    for name in target.split(".") if target else ():
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        module = getattr(module, name)
        if not isinstance(module, kind):
            raise AttributeError(f"`{name}` is not an nn.Module")
    return module


def owner_of(module: Any, target: str, kind: type) -> tuple[Any, str]:
    """The module whose attribute has a dotted name, and the attribute's own name."""
    path, _, name = target.rpartition(".")
    owner = submodule(module, path, kind)
    if not hasattr(owner, name):
        raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
    return owner, name


def joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
