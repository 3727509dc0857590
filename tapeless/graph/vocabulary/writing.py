"""Filling and copying in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, check_broadcast, method, op, operand
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.views import write
from tapeless.graph.vocabulary.dims import one_dim
from tapeless.graph.vocabulary.pointwise import input_of
from tapeless.graph.vocabulary.sampling import Generator, numpy_generator
from tapeless.graph.vocabulary.shaping import fit_value
from tapeless.rules import support

_copy = op(support.overwrite, "CopyBackwards")
_fill = Op(_copy.rule, Tensor, "Fill")
_fill_tensor = Op(_copy.rule, Tensor, "Fill1")
_zero = Op(_copy.rule, Tensor, "Zero")
_uniform = Op(_copy.rule, Tensor, "Uniform")
_normal = Op(_copy.rule, Tensor, "Normal")
_bernoulli = Op(_copy.rule, Tensor, "Bernoulli")


@method()
def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """The elements of `src`, broadcast and cast, written into this tensor."""
    value = operand(src)
    if value is NotImplemented:
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    if not isinstance(value, Variable):
        value = input_of(self, "copy_").new_tensor(value)
    check_broadcast(self, value)
    return write(_copy, self, fit_value(value, self._data.shape))


@method()
def fill_(self: Any, value: Any) -> Any:
    """Every element set to `value`, a number or a 0-d tensor."""
    if isinstance(value, Variable):
        if value._data.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._data.ndim} "
                "dimensions."
            )
        return write(_fill_tensor, self, value)
    return write(_fill, self, value)


@method()
def zero_(self: Any) -> Any:
    """Every element set to zero."""
    return write(_zero, self, 0)


def fill(input: Any, value: Any) -> Any:
    """A tensor like `input` with every element `value`."""
    return apply(
        _fill_tensor if isinstance(value, Variable) else _fill, (input, cast(value, input._data.dtype))
    )


@method()
def uniform_(self: Any, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Filled with uniform numbers between `a` and `b`."""
    return write(_uniform, self, numpy_generator(generator).uniform(a, b, self._data.shape))


@method()
def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Filled with normal numbers."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    return write(_normal, self, numpy_generator(generator).normal(mean, std, self._data.shape))


@method()
def bernoulli_(self: Any, p: Any = 0.5, *, generator: Generator | None = None) -> Any:
    """Filled with ones of probability `p`, else zeros."""
    chance = p._data if isinstance(p, Variable) else p
    return write(_bernoulli, self, numpy_generator(generator).random(self._data.shape) < chance)


@method()
def exponential_(self: Any, lambd: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Filled with exponentially distributed numbers of rate `lambd`."""
    return write(_uniform, self, numpy_generator(generator).exponential(1.0 / lambd, self._data.shape))


@method()
def random_(self: Any, low: Any = 0, high: Any = None, *, generator: Generator | None = None) -> Any:
    """Filled with integers from `low` up to but without `high`: as many as the dtype holds, unless given."""
    if high is None:
        low, high = 0, low or _exact_integers(self._data.dtype)
    return write(_uniform, self, numpy_generator(generator).integers(low, high, self._data.shape))


def _exact_integers(dtype: np.dtype[Any]) -> int:
    if dtype.kind == "f":
        return 2 ** (np.finfo(dtype).nmant + 1)
    return 2 if dtype.kind == "b" else int(np.iinfo(dtype).max)


@method()
def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """The main diagonal set to `fill_value`."""
    self.diagonal().fill_(fill_value)
    return self


# Views of itself in place of the tensor ---------------------------------------------------------------


def _turn(self: Any, view: Any) -> Any:
    """The tensor becomes a view of what it was: another shape on the same memory."""
    if self._view is not None:
        raise RuntimeError("the shape of a view cannot be changed in place: assign the new view to its name")
    if self._needs and self._node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    self._data, self._node, self._nr = view._array(), view._node, view._nr
    return self


@method("transpose_", "swapaxes_", "swapdims_")
def transpose_(self: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged, in place."""
    return _turn(self, self.transpose(dim0, dim1))


@method()
def t_(self: Any) -> Any:
    """The matrix transposed, in place."""
    return _turn(self, self.t())


@method()
def squeeze_(self: Any, dim: Any = None) -> Any:
    """Dimensions of length one left out, in place."""
    return _turn(self, self.squeeze(dim))


@method()
def unsqueeze_(self: Any, dim: int) -> Any:
    """A dimension of length one put in, in place."""
    return _turn(self, self.unsqueeze(one_dim(dim, self._data.ndim + 1)))
