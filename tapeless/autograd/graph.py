"""The graph behind gradients: nodes, edges, hooks over several tensors, what is saved."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapeless.graph.backward import GradientEdge
from tapeless.graph.engine import current_pass, mark_written
from tapeless.graph.hooks import RemovableHandle
from tapeless.graph.node import Node, edge
from tapeless.graph.saved import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from tapeless.graph.variable import Variable

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """The place in the graph where the gradient of a tensor is computed: what `grad` takes in its place."""
    if not isinstance(tensor, Variable):
        raise TypeError(f"get_gradient_edge() takes a Tensor, not {type(tensor).__name__}")
    if tensor._view is None and not tensor._needs:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    return GradientEdge(edge(tensor), tensor._nr)


def increment_version(tensor: Any) -> None:
    """Tell autograd that a tensor (or each of several) was written to behind its back."""
    for one in tensor if isinstance(tensor, Iterable) and not isinstance(tensor, Variable) else (tensor,):
        mark_written(one)


class MultiHandle(RemovableHandle):
    """Removes the hooks of all its tensors."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[..., Any], *, mode: str = "all"
) -> RemovableHandle:
    """A hook for several tensors.

    mode="all": `fn(grads)` once per backward, when all of them that take part have their gradients, None for
    the others.  mode="any": `fn(grad)` once per backward, at the first.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    hook = _All(tensors, fn) if mode == "all" else _Any(fn)
    handles = [tensor.register_hook(functools.partial(hook, index)) for index, tensor in enumerate(tensors)]
    return MultiHandle(handles)


class _All:
    def __init__(self, tensors: Sequence[Any], fn: Callable[..., Any]) -> None:
        # Weakly: the hook hangs on what these lead to.  A leaf's node comes and goes with the graphs.
        self.places = [weakref.ref(tensor if tensor._node is None else edge(tensor)) for tensor in tensors]
        self.fn = fn
        self.lock = threading.Lock()
        self.waiting: dict[Any, tuple[int, list[Any]]] = {}  # by pass: how many are to come, what came

    def __call__(self, index: int, grad: Any) -> None:
        running = current_pass()
        assert running is not None
        with self.lock:
            if running not in self.waiting:
                expected = sum([running.will_reach(node) for node in self._nodes()])
                self.waiting = {one: rest for one, rest in self.waiting.items() if one.is_running}
                self.waiting[running] = expected, [None] * len(self.places)
            to_come, grads = self.waiting[running]
            grads[index] = grad
            self.waiting[running] = to_come - 1, grads
            if to_come > 1:
                return
            del self.waiting[running]
        self.fn(grads)

    def _nodes(self) -> list[Node]:
        alive = [one for one in [place() for place in self.places] if one is not None]
        return [edge(one) if isinstance(one, Variable) else one for one in alive]


class _Any:
    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.lock = threading.Lock()
        self.last: Any = None

    def __call__(self, index: int, grad: Any) -> None:
        running = current_pass()
        with self.lock:
            if self.last is running:
                return
            self.last = running
        self.fn(grad)
