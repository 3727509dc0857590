"""Setting random elements to zero, with PyTorch's names; drawn by the generator that `manual_seed` seeds."""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.sampling import numpy_generator
from tapeless.nn.functional.activations import SELU_ALPHA, SELU_SCALE, overwritten


def check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """Each element is zero with probability `p`, else divided by 1 - p; `input` itself if not `training`.

    ValueError unless 0 <= p <= 1.  As `torch.nn.functional.dropout`; Srivastava et al., Dropout (2014).

    >>> dropout(np.ones(3), 0.5, training=False)
    array([1., 1., 1.])
    >>> set(dropout(np.ones(100), 0.75).tolist()) == {0.0, 4.0}
    True
    """
    check_probability(p)
    return _thinned(input, p, np.shape(input), inplace) if training else input


def dropout1d(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """`dropout` of whole channels: input (batch, channels, length) or (channels, length).

    RuntimeError for another number of axes.  As `torch.nn.functional.dropout1d`; Tompson et al. (2015).

    >>> dropout1d(np.ones((1, 2, 3)), training=False).shape
    (1, 2, 3)
    """
    return _of_channels("dropout1d", input, p, training, inplace, 1)


def dropout2d(input: Array, p: float = 0.5, training: bool = True, inplace: bool = False) -> Array:
    """`dropout` of whole channels: input (batch, channels, height, width), or without the batch.

    RuntimeError for another number of axes.  As `torch.nn.functional.dropout2d`, but that a batch of
    signals is one of `dropout1d`'s.

    >>> channels = dropout2d(np.ones((1, 50, 2, 2))).reshape(50, 4)
    >>> bool((channels == channels[:, :1]).all())
    True
    """
    return _of_channels("dropout2d", input, p, training, inplace, 2)


def _of_channels(name: str, input: Array, p: float, training: bool, inplace: bool, count: int) -> Array:
    check_probability(p)
    ndim = input.ndim
    if ndim not in (count + 1, count + 2):
        raise RuntimeError(
            f"{name}: Expected {count + 1}D or {count + 2}D input, but received a {ndim}D input. Note that "
            f"{name} exists to provide channel-wise dropout on inputs with {count} spatial dimension"
            f"{'s' if count > 1 else ''}, a channel dimension, and an optional batch dimension."
        )
    shape = (*np.shape(input)[: ndim - count], *(1,) * count)
    return _thinned(input, p, shape, inplace) if training else input


def alpha_dropout(input: Array, p: float = 0.5, training: bool = False, inplace: bool = False) -> Array:
    """`dropout` for `selu`: what is dropped takes selu's lowest value, and mean 0 and variance 1 are kept.

    ValueError unless 0 <= p <= 1.  As `torch.nn.functional.alpha_dropout`; Klambauer et al.,
    Self-Normalizing Neural Networks (2017).

    >>> alpha_dropout(np.ones(2), training=False)
    array([1., 1.])
    """
    check_probability(p)
    if not training or p == 0.0:
        return input
    lowest = -SELU_ALPHA * SELU_SCALE
    scale = 1.0 / math.sqrt((1.0 - p) * (1.0 + p * lowest * lowest)) if p < 1.0 else 0.0
    is_kept = _kept(np.shape(input), p)
    out = np.where(is_kept, input * scale, lowest * scale) - scale * p * lowest
    return overwritten(input, out) if inplace else out


def _thinned(input: Array, p: float, shape: tuple[int, ...], inplace: bool) -> Array:
    """What is drawn has the shape `shape` and is broadcast."""
    scale = 1.0 / (1.0 - p) if p < 1.0 else 0.0
    if isinstance(input, Variable):
        mask = _kept(shape, p).astype(input._data.dtype)
        mask *= scale
        out = input * wrap(input._face, mask)
    else:
        mask = np.zeros(shape, input.dtype)
        mask[...] = _kept(shape, p)
        out = input * (mask * scale)
    return overwritten(input, out) if inplace else out


def _kept(shape: tuple[int, ...], p: float) -> Array:
    """False with probability `p`."""
    is_kept = np.zeros(shape, bool)
    is_kept[...] = numpy_generator(None).random(shape) >= p
    return is_kept
