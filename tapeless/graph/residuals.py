"""What stands among a node's residuals where a variable or an array cannot."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapeless.graph import modes
from tapeless.graph.variable import Variable, result, wrap

if TYPE_CHECKING:
    from tapeless.graph.node import Node


class Packed:
    """A residual that went through `saved_tensors_hooks`: packed once, unpacked at each read.

    `node` is the variable's place in the graph; None for a result of the saving node, which `unpack` names.
    """

    __slots__ = ("_counter", "_is_leaf", "_needs", "_node", "_nr", "_unpack", "_value", "version")

    def __init__(
        self, variable: Variable, node: Node | None, pack: Callable[..., Any], unpack: Callable[..., Any]
    ):
        given = wrap(variable._face, variable._array())  # no part of the graph: a hook may keep it
        given._counter = variable._own_counter()
        before = given._counter[0]
        mode = modes.change(grad=False, saved_hooks=None, dual_level=None)
        try:
            self._value = pack(given)
        finally:
            modes.restore(mode)
        if given._counter[0] != before:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack "
                "hook can not be modified by in-place operations as this can lead to unexpected "
                "side-effects. Please open an issue if you need to perform in-place operations on the input "
                "to a pack hook."
            )
        self._unpack = unpack
        self._needs = variable._needs
        self._node = node
        self._is_leaf = variable._node is None
        self._nr = variable._nr
        # What was packed has a version of its own, unless it is the tensor itself.
        self._counter = given._counter if self._value is given else [0]
        self.version = self._counter[0]

    def unpack(self, saver: Node | None = None) -> Any:
        value = self._unpack(self._value)
        if not isinstance(value, Variable):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                + type(value).__name__
            )
        node = self._node or saver
        if not self._needs or node is None:
            return value
        if self._is_leaf:
            out = wrap(value._face, value._data, True)
            out._own_meta().accumulator = weakref.ref(node)
            return out
        return result(value._face, value._data, node, self._nr)


class Own:
    """The owner of a residual that is one of the node's results: the result itself would hold the node."""

    __slots__ = ("_counter", "nr")

    def __init__(self, counter: Any, nr: int) -> None:
        self._counter = counter
        self.nr = nr
