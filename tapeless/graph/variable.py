"""A variable: an array and its place in the graph.  Tensor and Array are its two faces."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tapeless.graph.node import Node

Counter = list[int] | tuple[int]
FRESH = (0,)  # stands for the version counter of a variable that was neither written to nor shared
INFERENCE = (-1,)  # ... of every tensor made in inference mode
new = object.__new__


class Meta:
    """What few variables have; most carry None in its place."""

    __slots__ = ("accumulator", "grad", "hooks", "name", "post_hooks", "retains", "tangent")

    def __init__(self) -> None:
        self.grad: Any = None
        self.hooks: dict[int, Any] = {}
        self.post_hooks: dict[int, Any] = {}
        self.accumulator: weakref.ref[Node] | None = None
        self.tangent: Any = None
        self.retains = False
        self.name: str | None = None


class View:
    """How a view came from its base: `replay(base)` makes it again."""

    __slots__ = ("base", "creation", "steps", "version")

    def __init__(
        self, base: Variable, steps: tuple[Any, ...], version: int, creation: str | None = None
    ) -> None:
        self.base = base
        self.steps = steps  # (op, values after the first, index among several results or None)
        self.version = version  # of the base when the view's own grad_fn was last right
        self.creation = creation  # why it must not be written to while recording: "multi", "no_grad"


class Variable:
    """`_data` may be a NumPy scalar until somebody needs the 0-d array."""

    __slots__ = ("__weakref__", "_counter", "_data", "_meta", "_needs", "_node", "_nr", "_view")

    _data: Any
    _node: Node | None
    _nr: int
    _needs: bool
    _counter: Counter
    _view: View | None
    _meta: Meta | None

    _face: type[Variable]  # the class of what operations on it give
    _conjugates = False  # gradients of complex numbers: du/dx + i du/dy (PyTorch) rather than its conjugate
    _keeps_old = False  # a write first copies what backward still needs, instead of making backward refuse

    def _array(self) -> np.ndarray:
        """The data as an array that can be shared and written to."""
        data = self._data
        if type(data) is not np.ndarray:
            data = self._data = np.asarray(data)
        return data

    def _own_counter(self) -> Counter:
        """The version counter that views and writes share; made when the first of them needs it."""
        counter = self._counter
        if counter is FRESH:
            counter = self._counter = [0]
        return counter

    def _own_meta(self) -> Meta:
        meta = self._meta
        if meta is None:
            meta = self._meta = Meta()
        return meta


def wrap(face: type[Variable], data: Any, needs: bool = False) -> Any:
    """A leaf that holds `data` (not copied)."""
    out = new(face)
    out._data = data
    out._node = None
    out._nr = 0
    out._needs = needs
    out._counter = FRESH
    out._view = None
    out._meta = None
    return out


def result(face: type[Variable], data: Any, node: Node, nr: int = 0) -> Any:
    """The `nr`-th result of a recorded operation."""
    out = new(face)
    out._data = data
    out._node = node
    out._nr = nr
    out._needs = True
    out._counter = FRESH
    out._view = None
    out._meta = None
    return out
