"""The node of a custom function, the context that its methods share, and what is differentiable once."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.messages import FREED
from tapeless.graph.modes import current
from tapeless.graph.node import MultiNode, RawSaved, edge, version_of
from tapeless.graph.residuals import Own
from tapeless.graph.variable import Variable, result, wrap
from tapeless.rules.support import as_dtype, unbroadcast

TWICE = "trying to differentiate twice a function that was marked with @once_differentiable"
OF_NODE = {"name", "next_functions", "metadata", "register_hook", "register_prehook", "_raw_saved_tensors"}


class FunctionCtx:
    """What a Function's methods share: tensors saved with `save_for_backward`, and any attribute set on it.

    It knows its node weakly, and nothing of the node's names can collide with the user's attributes.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.to_save: tuple[Any, ...] = ()
        self.saved_for_forward: tuple[Any, ...] | None = None
        self.dirty_tensors: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()
        self.materialize_grads = True
        self._node: weakref.ref[FunctionNode] | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for `backward`, which reads them from `saved_tensors`."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Variable):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {position} is of type "
                    + type(tensor).__name__
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for `jvp`, which reads them from `saved_tensors`."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs `forward` wrote to; they must be among its results."""
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which results no gradient flows through."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """False: `backward` gets None, not zeros, for results that no gradient came for."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved; RuntimeError if it was written to since, or freed."""
        node = self._node and self._node()
        return self.to_save if node is None else node.saved_tensors

    saved_variables = saved_tensors

    def __getattr__(self, name: str) -> Any:
        reference = self.__dict__.get("_node")
        node = reference and reference()
        if node is None or name not in OF_NODE:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return getattr(node, name)


class FunctionNode(MultiNode):
    """The node of a call of a Function; attributes that the user set on `ctx` can be read from it."""

    __slots__ = ("ctx", "face", "inputs")

    function: Any  # the user's class
    ctx: FunctionCtx
    inputs: tuple[
        tuple[int, tuple[int, ...], np.dtype[Any]] | None, ...
    ]  # (edge, shape, dtype) of each argument

    def __init__(self, args: tuple[Any, ...], ctx: FunctionCtx) -> None:
        tensors = [arg for arg in args if isinstance(arg, Variable)]
        edges = tuple([edge(tensor) if tensor._needs else None for tensor in tensors])
        nrs = tuple([tensor._nr for tensor in tensors])
        super().__init__(None, edges, nrs if any(nrs) else None, (), None, None)
        self.ctx = ctx
        self.face = tensors[0]._face
        numbers = iter(range(len(tensors)))
        self.inputs = tuple(
            [(next(numbers), a._data.shape, a._data.dtype) if isinstance(a, Variable) else None for a in args]
        )
        self.infos = []

    # What was saved ---------------------------------------------------------------------------------------

    def save(self, tensors: tuple[Any, ...]) -> None:
        owners = tuple([self._owner_of(tensor) for tensor in tensors])
        versions = tuple([version_of(owner) for owner in owners])
        self.saved = tuple([None if tensor is None else tensor._data for tensor in tensors])
        self.owners = owners
        self.versions = versions if any(versions) else None

    def _owner_of(self, tensor: Any) -> Any:
        if tensor is not None and tensor._node is self:
            return Own(tensor._own_counter(), tensor._nr)
        return tensor

    def _variable(self, kept: Any, owner: Any) -> Any:
        if not isinstance(owner, Own):
            return super()._variable(kept, owner)
        out = result(self.face, kept, self, owner.nr)
        out._counter = owner._counter
        self._restore_tangent(out, owner.nr)
        return out

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `forward` saved."""
        return self.variables()

    @property
    def _raw_saved_tensors(self) -> tuple[RawSaved, ...]:
        if self.saved is None:
            raise RuntimeError(FREED)
        return tuple([RawSaved(self, index) for index in range(len(self.saved))])

    def free(self) -> None:
        self.saved = self.owners = None

    def __getattr__(self, name: str) -> Any:
        if name in ("ctx", "face", "inputs", "infos"):
            raise AttributeError(name)
        if name == "needs_input_grad" or name in self.ctx.__dict__:
            return getattr(self.ctx, name)
        return super().__getattr__(name)

    # Pulling back -----------------------------------------------------------------------------------------

    def pull(self, gs: list[Any], differentiable: bool) -> list[Any]:
        if self.ctx.materialize_grads:
            gs = list(self.whole(gs, differentiable))
        given = [wrap(self.face, g) if isinstance(g, np.ndarray | np.generic) else g for g in gs]
        found = self.function._pull(self.ctx, *given)
        cotangents = self._checked(found if isinstance(found, tuple) else (found,))
        return cotangents if differentiable else [None if c is None else c._data for c in cotangents]

    def whole(self, gs: list[Any], differentiable: bool) -> Any:
        filled = [
            g if g is not None or info is None else np.zeros(*info)
            for g, info in zip(gs, self.infos, strict=True)
        ]
        return tuple(filled)

    def _checked(self, found: tuple[Any, ...]) -> list[Any]:
        """One cotangent for each edge, in its input's shape and dtype."""
        expected = len(self.inputs)
        if len(found) < expected or any([extra is not None for extra in found[expected:]]):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(found)})"
            )
        cotangents: list[Any] = []
        for position, (cotangent, of) in enumerate(zip(found, self.inputs, strict=False)):
            if of is None:
                if cotangent is not None:
                    raise RuntimeError(
                        f"function {self.name()} returned a gradient different than None at position "
                        f"{position + 1}, but the corresponding forward input was not a Variable"
                    )
                continue
            index, shape, dtype = of
            if cotangent is not None and not isinstance(cotangent, Variable):
                raise RuntimeError(f"expected Variable or None (got {type(cotangent).__name__})")
            if cotangent is None or self.edges[index] is None:
                cotangents.append(None)
            else:
                cotangents.append(self._fitted(cotangent, index, shape, dtype))
        return cotangents

    def _fitted(self, cotangent: Any, index: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        own = cotangent._data
        if own.shape != shape:
            if not _is_expandable(shape, own.shape):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {index} - got "
                    f"{list(own.shape)} but expected shape compatible with {list(shape)}"
                )
            cotangent = unbroadcast(cotangent, shape)
        if own.dtype != dtype:
            if own.dtype.kind == "c" and dtype.kind != "c":
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {index} - got a complex "
                    f"gradient "
                    "for a real input: return its real part"
                )
            cotangent = as_dtype(cotangent, dtype)
        return cotangent


class BackwardCFunction(FunctionNode):
    """The base of the nodes of all Functions, under PyTorch's name."""

    __slots__ = ()


def _is_expandable(shape: tuple[int, ...], larger: tuple[int, ...]) -> bool:
    return len(shape) <= len(larger) and all(
        n in (1, m) for n, m in zip(reversed(shape), reversed(larger), strict=False)
    )


# Backward that is differentiable once ---------------------------------------------------------------------


class Error(MultiNode):
    """Stands where a gradient must not be differentiated again."""

    __slots__ = ()

    def pull(self, gs: list[Any], differentiable: bool) -> list[Any]:
        raise RuntimeError(TWICE)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """For `backward`: it runs unrecorded, and differentiating its result raises RuntimeError."""

    @functools.wraps(function)
    def wrapper(ctx: Any, *gs: Any) -> Any:
        with modes.no_grad():
            found = function(ctx, *gs)
        node = ctx._node and ctx._node()
        if not current().grad or node is None:
            return found
        several = found if isinstance(found, tuple) else (found,)
        sources = [g for g in gs if isinstance(g, Variable) and g._needs]
        edges = (*[edge(g) for g in sources], *node.edges)
        nrs = (*[g._nr for g in sources], *(node.nrs or (0,) * len(node.edges)))
        error = Error(None, edges, nrs, (), None, None)
        error.infos = [
            (one._data.shape, one._data.dtype) if isinstance(one, Variable) else ((), None) for one in several
        ]
        marked = [
            result(one._face, one._data, error, nr)
            if isinstance(one, Variable) and one._data.dtype.kind in "fc"
            else one
            for nr, one in enumerate(several)
        ]
        return tuple(marked) if isinstance(found, tuple) else marked[0]

    return wrapper
