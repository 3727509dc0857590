"""Numbers that add up to one along an axis, with PyTorch's names and defaults."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary import reducing
from tapeless.graph.vocabulary.dtypes import dtype_from
from tapeless.graph.vocabulary.sampling import numpy_generator
from tapeless.rules import activations
from tapeless.rules.support import stopped


def _axis(name: str, dim: int | None, ndim: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


def _cast(input: Array, dtype: Any) -> Array:
    return input if dtype is None else input.astype(dtype_from(dtype))


def softmax(input: Array, dim: int | None = None, dtype: Any = None) -> Array:
    """exp(input) over its sum along `dim`; computed in `dtype` if given.  Large numbers do not overflow.

    Without `dim` it warns and takes the first axis (of 0, 1 or 3) or the second.  As
    `torch.nn.functional.softmax`.

    >>> softmax(np.array([1000.0, 1000.0]), dim=0)
    array([0.5, 0.5])
    """
    axis = _axis("softmax", dim, np.ndim(input))
    if isinstance(input, Tensor):
        return reducing.softmax(input, axis, dtype)
    return activations.softmax(_cast(input, dtype), axis)


def softmin(input: Array, dim: int | None = None, dtype: Any = None) -> Array:
    """`softmax(-input)`.  As `torch.nn.functional.softmin`.

    >>> softmin(np.array([0.0, 1000.0]), dim=0)
    array([1., 0.])
    """
    axis = _axis("softmin", dim, np.ndim(input))
    return softmax(-input, axis, dtype)


def log_softmax(input: Array, dim: int | None = None, dtype: Any = None) -> Array:
    """The logarithm of `softmax`, which does not underflow.  As `torch.nn.functional.log_softmax`.

    >>> log_softmax(np.array([0.0, 1000.0]), dim=0)
    array([-1000.,     0.])
    """
    axis = _axis("log_softmax", dim, np.ndim(input))
    if isinstance(input, Tensor):
        return reducing.log_softmax(input, axis, dtype)
    return activations.log_softmax(_cast(input, dtype), axis)


def gumbel_softmax(logits: Array, tau: float = 1.0, hard: bool = False, dim: int = -1) -> Array:
    """A sample of `softmax(logits)`, softened by the temperature `tau` so that it has a derivative.

    `hard`: one-hot, with the derivative of the soft sample.  Random numbers come from `manual_seed`'s
    generator. As `torch.nn.functional.gumbel_softmax`; Jang et al., Categorical Reparameterization with
    Gumbel-Softmax (2017).

    >>> float(gumbel_softmax(np.zeros(3)).sum().round(6))
    1.0
    """
    drawn = numpy_generator(None).random(np.shape(logits))
    noise = -np.log(-np.log1p(-drawn))  # 1 - drawn is never zero
    noise = np.reshape(noise, np.shape(logits)).astype(logits.dtype)
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    axis = dim % logits.ndim
    places = np.reshape(np.arange(np.shape(logits)[axis]), (-1,) + (1,) * (logits.ndim - axis - 1))
    is_peak = np.equal(np.expand_dims(np.argmax(soft, axis=axis), axis), places)
    fixed = stopped(soft)
    return np.where(is_peak, 1.0 - fixed, -fixed) + soft
