"""Parameters and buffers: Tensors that a Module knows as its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap


def _share(cls: type[Tensor], data: Any, requires_grad: bool) -> Any:
    if not isinstance(data, Variable):
        data = wrap(Tensor, np.zeros(0, np.float32) if data is None else np.asarray(data))
    if requires_grad and data._data.dtype.kind not in "fc":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    out = wrap(cls, data._array(), requires_grad)
    out._counter = data._own_counter()
    return out


class Parameter(Tensor):
    """A Tensor that a Module lists among its parameters when it is made an attribute of one.

    It is a leaf on the memory of `data` (any shape; an ndarray will do) and requires grad unless told
    otherwise, also under `no_grad`. RuntimeError if it is to require grad and holds integers. As
    `torch.nn.Parameter`.

    >>> import tapeless as tl
    >>> tl.nn.Parameter(tl.tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        return _share(cls, data, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A parameter with memory of its own; its `grad` is left behind, as PyTorch does."""
        if id(self) not in memo:
            memo[id(self)] = wrap(type(self), np.array(self._data), self.requires_grad)
        return memo[id(self)]


class Buffer(Tensor):
    """A Tensor that a Module lists among its buffers: state that is saved with it, and not trained.

    `persistent=False` keeps it out of `state_dict()`. As `torch.nn.Buffer`.

    >>> import tapeless as tl
    >>> module = tl.nn.Module()
    >>> module.steps = tl.nn.Buffer(tl.zeros(2))
    >>> list(module.state_dict())
    ['steps']
    """

    __slots__ = ("persistent",)

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        out = _share(cls, data, False)
        out.persistent = persistent
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _buffer, (np.array(self._data), self.persistent)

    def __copy__(self) -> Any:
        return Buffer(self, persistent=self.persistent)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = _buffer(np.array(self._data), self.persistent)
        return memo[id(self)]


def _buffer(data: np.ndarray, persistent: bool) -> Any:
    return Buffer(wrap(Tensor, data), persistent=persistent)
