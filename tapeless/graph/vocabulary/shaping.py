"""Other shapes of the same elements: most of it views."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import check_broadcast, method, op, tensors
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.dims import axes_of, numpy_words, one_dim, sizes_of
from tapeless.rules import parts, table

VIEW = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans "
    "across two "
    "contiguous subspaces). Use .reshape(...) instead."
)

_view = op(np.reshape, "View", views=True)
_copied = Op(_view.rule, Tensor, "UnsafeView")
_expand = op(np.broadcast_to, "Expand", views=True, compute=parts.writable_broadcast)
_permute = op(np.transpose, "Permute", views=True)
_transpose = op(np.swapaxes, "Transpose", views=True)
_t = Op(_transpose.rule, Tensor, "T", views=True)
_squeeze = op(np.squeeze, "Squeeze", views=True)
_squeeze_dim = Op(_squeeze.rule, Tensor, "Squeeze1", views=True)
_squeeze_dims = Op(_squeeze.rule, Tensor, "Squeeze2", views=True)
_unsqueeze = op(np.expand_dims, "Unsqueeze", views=True)
_diagonal = op(parts.diagonal_view, "Diagonal", views=True)
_alias = Op(table.lookup(operator.getitem), Tensor, "Alias", views=True)

# Another shape ----------------------------------------------------------------------------------------------


def resolved(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The shape with its -1 worked out; RuntimeError in PyTorch's words if it does not fit."""
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    known = math.prod([n for n in shape if n != -1])
    if any(n < -1 for n in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    if -1 not in shape:
        if known != size:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        return shape
    if known == 0 and size == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 "
            "can be any value and is ambiguous"
        )
    if known == 0 or size % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return tuple([size // known if n == -1 else n for n in shape])


@method()
def view(self: Any, *shape: Any, size: Any = None) -> Any:
    """The same memory in another shape, or read as another dtype; RuntimeError if that needs a copy."""
    if size is not None:
        shape = (*shape, size)
    if len(shape) == 1 and isinstance(shape[0], np.dtype):
        return _reinterpreted(self, shape[0])
    wanted = resolved(sizes_of(shape), self._data.size)
    array = self._array()
    if array.size and not np.may_share_memory(array.reshape(wanted), array):
        raise RuntimeError(VIEW)
    return apply(_view, (self, wanted, "C"))


def _reinterpreted(self: Any, dtype: np.dtype[Any]) -> Any:
    if dtype == self._data.dtype:
        return apply(_alias, (self, ...))
    out = self.detach()
    out._data = self._array().view(dtype)
    return out


@method()
@tensors
def view_as(self: Any, other: Any) -> Any:
    """The same memory in the shape of `other`."""
    return view(self, other._data.shape)


@tensors
@method()
def reshape(input: Any, *sizes: Any, shape: Any = None) -> Any:
    """Another shape: a view if that is possible, else a copy."""
    if shape is not None:
        sizes = (*sizes, shape)
    wanted = resolved(sizes_of(sizes), input._data.size)
    array = input._array()
    shares = array.flags.c_contiguous or np.may_share_memory(array.reshape(wanted), array)
    return apply(_view if shares else _copied, (input, wanted, "C"))


@method()
@tensors
def reshape_as(self: Any, other: Any) -> Any:
    """Another shape, that of `other`."""
    return reshape(self, other._data.shape)


@tensors
@method()
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from `start_dim` to `end_dim` made one."""
    shape = input._data.shape
    first, last = one_dim(start_dim, len(shape)), one_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if first == last:
        return input
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@method()
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension made several."""
    shape = input._data.shape
    at = one_dim(dim, len(shape))
    return view(input, (*shape[:at], *resolved(tuple(sizes), shape[at]), *shape[at + 1 :]))


@tensors
@method()
def ravel(input: Any) -> Any:
    """One dimension."""
    return input if input._data.ndim == 1 else reshape(input, -1)


@method()
@numpy_words
def squeeze(input: Any, dim: Any = None) -> Any:
    """Without dimensions of length one: all of them, or those in `dim`."""
    shape = input._data.shape
    if dim is None:
        return apply(_squeeze, (input, tuple([axis for axis, n in enumerate(shape) if n == 1])))
    axes = axes_of(dim, len(shape))
    several = isinstance(axes, tuple)
    kept = tuple([axis for axis in (axes if several else (axes,)) if axis is not None and shape[axis] == 1])
    return apply(_squeeze_dims if several else _squeeze_dim, (input, kept))


@method()
@numpy_words
def unsqueeze(input: Any, dim: int) -> Any:
    """With a dimension of length one at `dim`."""
    return apply(_unsqueeze, (input, one_dim(dim, input._data.ndim + 1)))


@method()
def expand(self: Any, *lengths: Any, size: Any = None) -> Any:
    """Dimensions of length one stretched, without copying; -1 leaves a dimension as it is."""
    sizes = sizes_of(lengths if size is None else (*lengths, size))
    shape = self._data.shape
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{type_name_of(self)}{{{list(shape)}}}, size={list(sizes)}): the number of "
            "sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    wanted = []
    for position, n in enumerate(sizes):
        own = shape[position - lead] if position >= lead else None
        if n == -1 and own is None:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
                f"dimension {position}"
            )
        if own is not None and n not in (-1, own) and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at "
                "non-singleton "
                f"dimension {position}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
        wanted.append(own if n == -1 else n)
    return apply(_expand, (self, tuple(wanted), False))


def type_name_of(self: Any) -> str:
    return self.type().removeprefix("torch.")


@method()
@tensors
def expand_as(self: Any, other: Any) -> Any:
    """Stretched to the shape of `other`."""
    return expand(self, other._data.shape)


@method()
def broadcast_to(input: Any, size: Any) -> Any:
    """Stretched to `size`."""
    return expand(input, size)


def fit_value(value: Any, shape: tuple[int, ...]) -> Any:
    """A value may have more dimensions than the place, if they are of length one."""
    own = np.shape(value._data) if isinstance(value, Variable) else ()
    extra = len(own) - len(shape)
    if extra > 0 and own[:extra] == (1,) * extra:
        value = reshape(value, own[extra:])
        own = own[extra:]
    for place, (n, m) in enumerate(zip(own[::-1], shape[::-1], strict=False)):
        if n not in (1, m):
            raise RuntimeError(
                f"The expanded size of the tensor ({m}) must match the existing size ({n}) at non-singleton "
                f"dimension {len(shape) - 1 - place}.  Target sizes: {list(shape)}.  Tensor sizes: "
                f"{list(own)}"
            )
    return value


@tensors
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The tensors, stretched to the shape that fits them all."""
    shape: tuple[int, ...] = ()
    for one in tensors:
        check_broadcast(np.empty(shape), one)
        shape = np.broadcast_shapes(shape, one._data.shape)
    return tuple([expand(one, shape) for one in tensors])


# Dimensions in another order --------------------------------------------------------------------------


@tensors
@method()
def permute(input: Any, *places: Any, dims: Any = None) -> Any:
    """The dimensions in the order `dims`."""
    order = sizes_of(places if dims is None else (*places, dims))
    ndim = input._data.ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
            "the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    axes = tuple([one_dim(dim, ndim) for dim in order])
    if len(set(axes)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return apply(_permute, (input, axes))


@method("transpose", "swapaxes", "swapdims")
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    ndim = input._data.ndim
    first, second = one_dim(dim0, ndim), one_dim(dim1, ndim)
    return apply(_transpose, (input, first, second)) if ndim else apply(_alias, (input, ...))


swapaxes = transpose
swapdims = transpose


@tensors
@method()
def t(input: Any) -> Any:
    """The transpose of a matrix; vectors and numbers as they are."""
    if input._data.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._data.ndim}D")
    return apply(_t, (input, 0, 1)) if input._data.ndim == 2 else apply(_alias, (input, ...))


def _reversed(self: Any) -> Any:
    """All dimensions in reverse order."""
    return apply(_permute, (self, tuple(range(self._data.ndim))[::-1]))


def matrix_transposed(self: Any) -> Any:
    """The last two dimensions exchanged."""
    if self._data.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {self._data.ndim}-D tensor."
        )
    return transpose(self, -2, -1)


@tensors
@method()
def adjoint(input: Any) -> Any:
    """The last two dimensions exchanged, the elements conjugated."""
    return matrix_transposed(input).conj()


Tensor.T = property(_reversed)  # type: ignore[attr-defined]
Tensor.mT = property(matrix_transposed)  # type: ignore[attr-defined]
Tensor.H = Tensor.mH = property(adjoint)  # type: ignore[attr-defined]


@method("movedim", "moveaxis")
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions moved to other places, the rest in their order."""
    ndim = input._data.ndim
    moved, places = _as_tuple(source), _as_tuple(destination)
    if len(moved) != len(places):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(moved)} dims) should contain "
            "the same number "
            f"of dims as destination ({list(places)} dims)"
        )
    from_axes = [one_dim(dim, ndim) for dim in moved]
    rest = iter([axis for axis in range(ndim) if axis not in from_axes])
    by_place = dict(zip([one_dim(dim, ndim) for dim in places], from_axes, strict=True))
    return permute(input, [by_place[place] if place in by_place else next(rest) for place in range(ndim)])


moveaxis = movedim


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
