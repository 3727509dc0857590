"""Reading and writing elements by position, by index tensors and by masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, check_broadcast, method, op, tensors
from tapeless.graph.promote import result_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.views import write
from tapeless.graph.vocabulary.creating import fresh
from tapeless.graph.vocabulary.dims import numpy_words, one_dim
from tapeless.graph.vocabulary.dtypes import c_name, scalar_name
from tapeless.graph.vocabulary.indexing import getitem
from tapeless.graph.vocabulary.pointwise import input_of
from tapeless.rules import parts, table
from tapeless.rules.indexing import index_set

_getitem = table.lookup(operator.getitem)
_set = table.lookup(index_set)
_gather = Op(_getitem, Tensor, "Gather")
_index_select = Op(_getitem, Tensor, "IndexSelect")
_masked_select = Op(_getitem, Tensor, "MaskedSelect")
_take = op(np.take, "Take")
_add_at = op(parts.add_at, "IndexAdd")
_scatter_add = Op(_add_at.rule, Tensor, "ScatterAdd")
_index_put_add = Op(_add_at.rule, Tensor, "IndexPut")
_index_put = Op(_set, Tensor, "IndexPut")
_scatter = Op(_set, Tensor, "Scatter")
_scatter_number = Op(_set, Tensor, "Scatter1")
_index_copy = Op(_set, Tensor, "IndexCopy")
_index_fill = Op(_set, Tensor, "IndexFill")
_masked_fill = op(parts.fill_where, "MaskedFill")
_masked_fill_tensor = Op(_masked_fill.rule, Tensor, "MaskedFill1")
_tril = op(np.tril, "Tril")
_triu = op(np.triu, "Triu")
_diagonal = op(parts.diagonal_view, "Diagonal", views=True)
_diag = op(np.diag, "DiagonalBackward0_copy")
_diag_embed = Op(_diag.rule, Tensor, "DiagEmbed")

# Views ------------------------------------------------------------------------------------------------


@method()
@numpy_words
def select(input: Any, dim: int, index: int) -> Any:
    """What stands at `index` of `dim`, as a view."""
    ndim = input._data.ndim
    if not ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, ndim)
    n = input._data.shape[axis]
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._data.shape)} at "
            f"dimension {axis}"
        )
    return getitem(input, (*[slice(None)] * axis, int(index)))


@method()
@numpy_words
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """`length` elements of `dim` from `start` on, as a view."""
    if not input._data.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    n = input._data.shape[axis]
    first = int(start)
    if not -n <= first <= n:
        raise IndexError(f"start out of range (expected to be in range of [{-n}, {n}], but got {first})")
    first += n if first < 0 else 0
    if first + length > n:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({n}).")
    return getitem(input, (*[slice(None)] * axis, slice(first, first + length)))


@tensors
@method()
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of two dimensions, last, as a view."""
    ndim = input._data.ndim
    input._array()
    return apply(_diagonal, (input, offset, one_dim(dim1, ndim), one_dim(dim2, ndim)))


@tensors
@method()
def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix of a diagonal."""
    if input._data.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._data.ndim}D")
    return apply(_diag_embed if input._data.ndim == 1 else _diag, (input, diagonal))


@tensors
@method()
def tril(input: Any, diagonal: int = 0) -> Any:
    """Zero above the diagonal."""
    return apply(_tril, (_matrices(input, "tril"), diagonal))


@tensors
@method()
def triu(input: Any, diagonal: int = 0) -> Any:
    """Zero below the diagonal."""
    return apply(_triu, (_matrices(input, "triu"), diagonal))


def _matrices(input: Any, name: str) -> Any:
    if input._data.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return input


@method()
def unfold(self: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of `size` elements along a dimension, last, `step` apart."""
    axis = one_dim(dimension, self._data.ndim)
    starts = np.arange(0, self._data.shape[axis] - size + 1, step)
    index = starts[:, None] + np.arange(size)
    return getitem(self, (*[slice(None)] * axis, index)).movedim(axis + 1, -1)


# By index ---------------------------------------------------------------------------------------------


def _grid(input: Any, axis: int, index: Any) -> tuple[Any, ...]:
    """For each place of `index` the place in `input`: the same but along `axis`."""
    places = _indices(index)
    if places.ndim != input._data.ndim and places.size:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    n = input._data.shape[axis] if input._data.ndim else 1
    if places.size and (places.max() >= n or places.min() < 0):
        worst = places.max() if places.max() >= n else places.min()
        raise RuntimeError(f"index {worst} is out of bounds for dimension {axis} with size {n}")
    if not input._data.ndim:
        return ()
    grid: list[Any] = list(np.ogrid[tuple(slice(size) for size in places.shape)])
    grid[axis] = places
    return tuple(grid)


def _indices(index: Any) -> np.ndarray:
    if not isinstance(index, Variable):
        raise TypeError(f"argument 'index' must be Tensor, not {type(index).__name__}")
    if index._data.dtype.kind not in "iu":
        raise RuntimeError(
            f"gather(): Expected dtype int32/int64 for index, got {scalar_name(index._data.dtype)}"
        )
    return np.asarray(index._data)


@method()
@numpy_words
def gather(input: Any, dim: int, index: Any) -> Any:
    """For each place of `index`, the element of `input` there but at that index along `dim`."""
    axis = one_dim(dim, input._data.ndim)
    return apply(_gather, (input, _grid(input, axis, index)))


@method()
@numpy_words
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """`gather` whose index is broadcast; without `dim` from the flattened tensor."""
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    axis = one_dim(dim, input._data.ndim)
    shape = list(np.broadcast_shapes(_but(input._data.shape, axis), _but(indices._data.shape, axis)))
    shape[axis] = indices._data.shape[axis]
    return gather(input.expand([*shape[:axis], -1, *shape[axis + 1 :]]), axis, indices.expand(shape))


def _but(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], 1, *shape[axis + 1 :])


def _scattered(input: Any, dim: int, index: Any, src: Any) -> tuple[Op, tuple[Any, ...], Any]:
    axis = one_dim(dim, input._data.ndim)
    grid = _grid(input, axis, index)
    if not isinstance(src, Variable):
        return _scatter_number, grid, src
    _same_dtype("scatter", input, src)
    return _scatter, grid, getitem(src, tuple([slice(n) for n in index._data.shape]))


def _same_dtype(name: str, input: Any, src: Any) -> None:
    if input._data.dtype != src._data.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")


@method()
@numpy_words
def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """A copy of `input` with `src` (or a number) written where `gather` would read."""
    if reduce == "add":
        return scatter_add(input, dim, index, src)
    made, grid, source = _scattered(input, dim, index, value if src is None else src)
    return apply(made, (input, grid, source))


@method()
@numpy_words
def scatter_(
    self: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """`scatter`, in place."""
    if reduce == "add":
        return scatter_add_(self, dim, index, src)
    made, grid, source = _scattered(self, dim, index, value if src is None else src)
    return write(made, self, grid, source)


@method()
@numpy_words
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """A copy of `input` with `src` added where `gather` would read."""
    _, grid, source = _scattered(input, dim, index, src)
    return apply(_scatter_add, (input, grid, source))


@method()
@numpy_words
def scatter_add_(self: Any, dim: int, index: Any, src: Any) -> Any:
    """`scatter_add`, in place."""
    _, grid, source = _scattered(self, dim, index, src)
    return write(_scatter_add, self, grid, source)


def _along(input: Any, dim: int, index: Any, name: str) -> tuple[Any, ...]:
    """The index of whole slices along a dimension."""
    axis = one_dim(dim, input._data.ndim)
    places = np.atleast_1d(_indices(index))
    if places.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {places.ndim}")
    n = input._data.shape[axis] if input._data.ndim else 1
    if places.size and (places.max() >= n or places.min() < 0):
        raise IndexError("index out of range in self")
    return (*[slice(None)] * axis, places)


@method()
@numpy_words
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of `dim` that `index` names."""
    return apply(_index_select, (input, _along(input, dim, index, "index_select")))


@method()
@numpy_words
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy of `input` with the slices of `source` added to those that `index` names."""
    _same_dtype("index_add", input, source)
    value = source if alpha == 1 else source * alpha
    return apply(_add_at, (input, _along(input, dim, index, "index_add"), value))


@method()
@numpy_words
def index_add_(self: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """`index_add`, in place."""
    _same_dtype("index_add", self, source)
    value = source if alpha == 1 else source * alpha
    return write(_add_at, self, _along(self, dim, index, "index_add"), value)


@method()
@numpy_words
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy of `input` with the slices of `source` in the place of those that `index` names."""
    return apply(_index_copy, (input, _along(input, dim, index, "index_copy"), source))


@method()
@numpy_words
def index_copy_(self: Any, dim: int, index: Any, source: Any) -> Any:
    """`index_copy`, in place."""
    return write(_index_copy, self, _along(self, dim, index, "index_copy"), source)


@method()
@numpy_words
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy of `input` with one value in the slices that `index` names."""
    return apply(_index_fill, (input, _along(input, dim, index, "index_fill"), value))


@method()
@numpy_words
def index_fill_(self: Any, dim: int, index: Any, value: Any) -> Any:
    """`index_fill`, in place."""
    return write(_index_fill, self, _along(self, dim, index, "index_fill"), value)


def _place(indices: Any) -> tuple[Any, ...]:
    return tuple([np.asarray(index._data) for index in indices])


@method()
@tensors
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of `input` with `values` at the places that the index tensors name."""
    return apply(_index_put_add if accumulate else _index_put, (input, _place(indices), values))


@method()
@tensors
def index_put_(self: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """`index_put`, in place."""
    return write(_index_put_add if accumulate else _index_put, self, _place(indices), values)


@method()
def take(input: Any, index: Any) -> Any:
    """The elements of the flattened tensor that `index` names."""
    return apply(_take, (input, _indices(index), None, "raise"))


# By mask ----------------------------------------------------------------------------------------------


def _mask(input: Any, mask: Any, name: str) -> np.ndarray:
    if not isinstance(mask, Variable):
        raise TypeError(f"{name}(): argument 'mask' must be Tensor, not {type(mask).__name__}")
    if mask._data.dtype != np.bool_:
        raise RuntimeError(
            f"{name} only supports boolean masks, but got mask with dtype {c_name(mask._data.dtype)}"
        )
    check_broadcast(input, mask)
    return np.asarray(mask._data)


@method()
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy of `input` with `value` where the mask holds."""
    made = _masked_fill_tensor if isinstance(value, Variable) else _masked_fill
    where = _mask(input, mask, "masked_fill_")
    if input._data.dtype.kind in "biu" and isinstance(value, float):
        value = input._data.dtype.type(value)
    return apply(made, (cast(input, result_dtype(input, value)), where, value))


@method()
def masked_fill_(self: Any, mask: Any, value: Any) -> Any:
    """`masked_fill`, in place."""
    made = _masked_fill_tensor if isinstance(value, Variable) else _masked_fill
    return write(made, self, _mask(self, mask, "masked_fill_"), value)


@method()
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask holds, in a vector."""
    where = _mask(input, mask, "masked_select")
    shape = np.broadcast_shapes(input._data.shape, where.shape)
    return apply(_masked_select, (input.expand(shape), (np.broadcast_to(where, shape),)))


@method()
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy of `input` with the elements of `source`, in order, where the mask holds."""
    where = np.broadcast_to(_mask(input, mask, "masked_scatter"), input._data.shape)
    return apply(_index_put, (input, (where,), source.reshape(-1)[: int(where.sum())]))


@method()
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: in rows, or a vector for each dimension."""
    found = np.nonzero(np.atleast_1d(input_of(input, "nonzero")._data))
    if as_tuple:
        return tuple([fresh(np.asarray(item)) for item in found])
    columns = found if input._data.ndim else ()
    return fresh(np.stack(columns, 1) if columns else np.empty((found[0].size, 0), np.int64))


def argwhere(input: Any) -> Any:
    """The indices of the elements that are not zero, in rows."""
    return nonzero(input)


def tril_indices(row: int, col: int, offset: int = 0) -> Any:
    """Where a matrix has its lower triangle: rows and columns."""
    return fresh(np.stack(np.tril_indices(row, offset, col)))


def triu_indices(row: int, col: int, offset: int = 0) -> Any:
    """Where a matrix has its upper triangle: rows and columns."""
    return fresh(np.stack(np.triu_indices(row, offset, col)))
