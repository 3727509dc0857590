"""Users' functions around a module's forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.graph.hooks import RemovableHandle

Hook = tuple[Callable[..., Any], bool]  # and whether it takes the keyword arguments


class ModuleHooks:
    """What few modules have."""

    def __init__(self) -> None:
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}

    def add(self, where: str, hook: Any, prepend: bool, with_kwargs: bool) -> RemovableHandle:
        if not callable(hook):
            raise TypeError(f"a hook must be callable: {type(hook).__name__} is not")
        registry: dict[int, Hook] = getattr(self, where)
        earlier = dict(registry)
        handle = RemovableHandle(registry, (hook, with_kwargs))
        if prepend:
            for number, other in earlier.items():
                del registry[number]
                registry[number] = other
        return handle

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`module.forward(*args, **kwargs)` with what the hooks make of its arguments and result."""
        for hook, with_kwargs in list(self.before.values()):
            if with_kwargs:
                args, kwargs = _both(hook(module, args, kwargs), args, kwargs)
            else:
                args = _replaced(hook(module, args), args)
        out = module.forward(*args, **kwargs)
        for hook, with_kwargs in list(self.after.values()):
            found = hook(module, args, kwargs, out) if with_kwargs else hook(module, args, out)
            if found is not None:
                out = found
        return out


def _replaced(found: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if found is None:
        return args
    return found if isinstance(found, tuple) else (found,)


def _both(found: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    if found is None:
        return args, kwargs
    if isinstance(found, tuple) and len(found) == 2:
        return found
    raise RuntimeError(
        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {found}."
    )
