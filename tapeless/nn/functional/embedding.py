"""Rows of a table by their numbers, with PyTorch's names and messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.modes import no_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.rules.fitting import row_numbers
from tapeless.rules.support import stopped


def embedding(
    input: Array,
    weight: Array,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Array:
    """The rows of `weight` whose numbers are in `input`.

    Weight (rows, length), input whole numbers of any shape; result (*input, length). The row `padding_idx`
    gets no gradient. `max_norm`: rows that are asked for and longer (by the norm of order `norm_type`) are
    first scaled down, in place. `scale_grad_by_freq`: the gradient of each is divided by how often it is
    asked for. IndexError for numbers of no row; sparse gradients do not exist here. As
    `torch.nn.functional.embedding`.

    >>> embedding(np.array([[0, 1, 1]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[[1., 2.],
            [3., 4.],
            [3., 4.]]])
    """
    if sparse:
        raise NotImplementedError("embedding(): gradients are dense arrays; sparse=True is not supported")
    places = input._data if isinstance(input, Variable) else input
    rows = np.shape(weight)[0]
    places = row_numbers(places, rows)
    if max_norm is not None:
        _shorten(weight, places, max_norm, norm_type)
    out = np.take(weight, places, axis=0)
    if scale_grad_by_freq:
        often = np.bincount(np.ravel(places), minlength=rows)[places][..., None]
        part = 1.0 / often.astype(weight.dtype)
        fixed = stopped(out)
        out = fixed + (out - fixed) * part
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError("Padding_idx must be within num_embeddings")
        is_padding = np.expand_dims(np.equal(places, padding_idx % rows), -1)
        out = np.where(is_padding, stopped(out), out)
    return out


def _shorten(weight: Any, places: Any, max_norm: float, norm_type: float) -> None:
    """Scale down the rows that are too long, in place and outside of the graph."""
    table = np.asarray(weight.detach()) if isinstance(weight, Tensor) else weight
    asked = np.unique(places)
    length = np.linalg.norm(table[asked], norm_type, axis=1)
    is_long = length > max_norm
    scaled = table[asked[is_long]] * (max_norm / (length[is_long] + 1e-7))[:, None]
    _put_rows(weight, asked[is_long], scaled)


def _put_rows(weight: Any, rows: Any, values: Any) -> None:
    with no_grad():
        weight[rows] = values


def one_hot(tensor: Array, num_classes: int = -1) -> Array:
    """Whole numbers of any shape as rows with a single one: (*tensor, classes), int64.

    As many classes as the largest number asks for unless told. RuntimeError for numbers below zero, or too
    large. As `torch.nn.functional.one_hot`.

    >>> one_hot(np.array([0, 2]))
    array([[1, 0, 0],
           [0, 0, 1]])
    """
    places = tensor._data if isinstance(tensor, Variable) else np.asarray(tensor)
    if places.dtype.kind not in "iu":
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not places.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if places.size and places.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    classes = int(places.max()) + 1 if num_classes == -1 else num_classes
    if places.size and places.max() >= classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = np.equal(np.expand_dims(places, -1), np.arange(classes)).astype(np.int64)
    return wrap(Tensor, out) if isinstance(tensor, Tensor) else out
