"""`Variable`, the name that tensors with gradients had before they were one with tensors."""

from __future__ import annotations

from typing import Any

from tapeless.graph.tensor import Tensor


class _IsTensor(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_IsTensor):
    """`Variable(tensor, requires_grad=True)` is a Tensor on the same memory; every Tensor is an instance."""

    def __new__(cls, data: Any = None, requires_grad: bool = False) -> Any:
        if data is None:
            return Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
