"""Tensor: the face that speaks PyTorch.  Its place in the graph is here; its vocabulary in `vocabulary/`."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.graph import backward as _backward
from tapeless.graph.hooks import RemovableHandle
from tapeless.graph.modes import current, note_reading
from tapeless.graph.node import Node, refresh
from tapeless.graph.printing import show
from tapeless.graph.protocols import any_needs, call_function, call_ufunc
from tapeless.graph.variable import INFERENCE, Variable, wrap

NUMPY = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
NON_LEAF_FLAG = (
    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
    "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
)
NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't "
    "be populated during autograd.backward(). If you indeed want the .grad field to be populated for a "
    "non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by "
    "mistake, make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for "
    "more informations."
)


class Size(tuple):  # of ints
    """A shape that prints as PyTorch's."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        return int(np.prod(self, dtype=np.int64))


class Tensor(Variable):
    """An array that remembers what happened to it, in PyTorch's words.

    >>> import tapeless as tl
    >>> x = tl.tensor([2.0, 3.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([4., 6.])
    """

    __slots__ = ()
    _conjugates = True
    __array_priority__ = 1000

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __new__(cls, data: Any = ()) -> Any:
        """`Tensor([1, 2])` copies, as float32; `Tensor(2, 3)` is not supported: use `empty(2, 3)`."""
        from_tensor = data._data if isinstance(data, Variable) else data
        return wrap(cls._face, np.array(from_tensor, dtype=np.float32))

    # The graph ----------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        if self._view is not None:
            refresh(self)
        return self._needs

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool):
            raise RuntimeError("requires_grad must be a bool")
        if not self.is_leaf:
            raise RuntimeError(NON_LEAF_FLAG if not wanted else NON_LEAF_FLAG.split(" If you")[0])
        if wanted and self._data.dtype.kind not in "fc":
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self._allow_grad(wanted)
        self._needs = wanted

    def _allow_grad(self, wanted: bool) -> None:
        if wanted and self._counter is INFERENCE and not current().inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
            )

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                + type(requires_grad).__name__
            )
        if self.is_leaf:
            if requires_grad and self._data.dtype.kind not in "fc":
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
            self._allow_grad(requires_grad)
            self._needs = requires_grad
        elif not requires_grad:
            raise RuntimeError(NON_LEAF_FLAG)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made this tensor (or none that was recorded)."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this tensor."""
        if self._view is not None:
            refresh(self)
        return self._node

    @property
    def output_nr(self) -> int:
        """Which result of its node this tensor is."""
        return self._nr

    @property
    def grad(self) -> Any:
        """The accumulated gradient, None before the first backward."""
        meta = self._meta
        found = meta.grad if meta is not None else None
        if found is None and self._needs and not self.is_leaf and not self.retains_grad:
            warnings.warn(NON_LEAF_GRAD, UserWarning, stacklevel=2)
        return found

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            self._check_grad(value)
        self._own_meta().grad = value

    def _check_grad(self, value: Any) -> None:
        if not isinstance(value, Variable):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        mine, other = self._data, value._data
        if other.dtype != mine.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{other.dtype.name}' to a tensor with dtype "
                f"'{mine.dtype.name}'. Please ensure that the gradient and the tensor have the same dtype"
            )
        if other.shape != mine.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(other.shape)}' to a tensor of size "
                f"'{list(mine.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )

    @grad.deleter
    def grad(self) -> None:
        self._own_meta().grad = None

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to the leaves' `grad`; see `autograd.backward`."""
        _backward.backward(self, gradient, retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """`hook(grad)` runs when this tensor's gradient is ready; what it returns replaces the gradient."""
        if not self._needs:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        _check_hook(hook)
        node = self.grad_fn
        if node is None:
            return RemovableHandle(self._own_meta().hooks, hook)
        return RemovableHandle(node.own_hooks().tensor.setdefault(self._nr, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """`hook(tensor)` runs after a gradient was added to this leaf's `grad`."""
        if not self._needs:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        _check_hook(hook)
        return RemovableHandle(self._own_meta().post_hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `grad` though it is no leaf."""
        _backward.retain_grad(self)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this non-leaf."""
        return self._meta is not None and self._meta.retains

    def detach(self) -> Any:
        """The same memory outside the graph; in-place changes to either are seen by both."""
        out = wrap(self._face, self._array())
        out._counter = self._own_counter()
        return out

    def detach_(self) -> Any:
        """Take this tensor out of its graph."""
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node, self._nr, self._needs = None, 0, False
        return self

    @property
    def data(self) -> Any:
        """The same memory with a version counter of its own: changes to it are not noticed."""
        out = wrap(self._face, self._array())
        if self._counter is INFERENCE:
            out._counter = INFERENCE
        return out

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Variable):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._data = value._array()

    @property
    def _version(self) -> int:
        if self._counter is INFERENCE:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._counter[0]

    @property
    def _base(self) -> Any:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def is_inference(self) -> bool:
        """Whether this tensor was made in inference mode."""
        return self._counter is INFERENCE

    # NumPy and Python ---------------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def shape(self) -> Size:
        return Size(self._data.shape)

    @property
    def ndim(self) -> int:
        return self._data.ndim

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The data as an array on the same memory; RuntimeError if it requires grad, unless `force`."""
        if self.requires_grad and not force:
            raise RuntimeError(NUMPY)
        note_reading(self, "numpy()")
        return self._array()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The one element as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(f"a Tensor with {self._data.size} elements cannot be converted to Scalar")
        note_reading(self, "item()")
        return self._data.item()

    def tolist(self) -> Any:
        """The data as nested lists of Python numbers."""
        note_reading(self, "tolist()")
        return self._data.tolist()

    def __bool__(self) -> bool:
        if self._data.size != 1:
            kind = "no values" if self._data.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous")
        note_reading(self, "bool()")
        return bool(self._data.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._data.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if self._data.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[index] for index in range(self._data.shape[0])])  # pyright: ignore[reportIndexIssue]

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return show(self)

    def __format__(self, spec: str) -> str:
        is_number = type(self) is Tensor and self._data.ndim == 0
        return format(self.item(), spec) if is_number or (spec and self._data.size == 1) else repr(self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(one, Variable) and one._face is not Tensor for one in inputs):
            return NotImplemented
        if "out" in kwargs and any_needs((*inputs, kwargs["out"])):
            raise RuntimeError(
                f"{ufunc.__name__}(): functions with out=... arguments don't support automatic "
                "differentiation, but one of the arguments requires grad."
            )
        return call_ufunc(Tensor, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(one, Variable) and one._face is not Tensor for one in types):
            return NotImplemented
        return call_function(Tensor, function, args, kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), np.array(self._data), self.requires_grad)

    def __copy__(self) -> Any:
        """A leaf on the same memory."""
        out = wrap(type(self), self._array(), self.requires_grad)
        out._counter = self._own_counter()
        return out

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A leaf with memory and a gradient of its own; RuntimeError for what is no leaf."""
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError(NOT_COPIED)
        out = memo[id(self)] = _rebuild(type(self), np.array(self._data), self._needs)
        if self._meta is not None and self._meta.grad is not None:
            out._own_meta().grad = copy.deepcopy(self._meta.grad, memo)
        return out


NOT_COPIED = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. "
    "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
    "see https://github.com/pytorch/pytorch/pull/103001"
)
Tensor._face = Tensor


def _check_hook(hook: Any) -> None:
    if not callable(hook):
        raise TypeError(f"a hook must be callable: {type(hook).__name__} is not")


def _rebuild(face: type[Tensor], data: np.ndarray, needs: bool) -> Any:
    return wrap(face, data, needs)
