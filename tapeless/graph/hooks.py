"""What may hang on few nodes and leaves: users' functions, and the handles that take them away again."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any


class Hooks:
    """What few nodes have: hooks, kept gradients, metadata, packed residuals."""

    __slots__ = ("metadata", "packed", "post", "pre", "retained", "tangents", "tensor", "trace")

    def __init__(self) -> None:
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}
        self.tensor: dict[int, dict[int, Callable[..., Any]]] = {}  # by output number
        self.retained: dict[int, weakref.ref[Any]] = {}  # by output number
        self.metadata: dict[Any, Any] = {}
        self.packed = False
        self.trace: str | None = None
        self.tangents: dict[int, Any] = {}  # of the node's results, by output number


class RemovableHandle:
    """What registering a hook gives: `remove()` takes the hook away; also a context manager."""

    _numbers = itertools.count()

    def __init__(self, registry: dict[int, Any], hook: Any) -> None:
        self.id = next(self._numbers)
        self._registry = registry
        registry[self.id] = hook

    def remove(self) -> None:
        self._registry.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
