"""What loops do with parameters: clip their gradients, put them into one vector and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tapeless.graph.modes import no_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.joining import cat


def _gradients(parameters: Any) -> list[Any]:
    if isinstance(parameters, Variable):
        parameters = [parameters]
    return [one.grad for one in parameters if one.grad is not None]


def get_total_norm(
    tensors: Iterable[Any], norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The norm of order `norm_type` of all Tensors' elements together, as if they were one vector.

    RuntimeError if it is nan or infinite and `error_if_nonfinite`. As `torch.nn.utils.get_total_norm`.

    >>> import tapeless as tl
    >>> get_total_norm([tl.tensor([3.0]), tl.tensor([[4.0]])])
    tensor(5.)
    """
    arrays = [one._data for one in ([tensors] if isinstance(tensors, Variable) else tensors)]
    norms = [np.linalg.norm(array.ravel(), norm_type) for array in arrays]
    total = np.linalg.norm(np.array(norms), norm_type) if norms else np.float32(0.0)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is non-finite, so "
            "it cannot be clipped. To disable this error and scale the gradients by the non-finite norm "
            "anyway, set `error_if_nonfinite=False`"
        )
    return wrap(Tensor, total)


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients down, in place, so that their common norm is at most `max_norm`; the norm before.

    `parameters`: Tensors, or one; those without gradient count for nothing. RuntimeError if the norm is nan
    or infinite and `error_if_nonfinite`. As `torch.nn.utils.clip_grad_norm_`; Pascanu et al., On the
    Difficulty of Training Recurrent Neural Networks (2013).

    >>> import tapeless as tl
    >>> x = tl.tensor([3.0, 4.0], requires_grad=True)
    >>> (0.5 * x * x).sum().backward()
    >>> clip_grad_norm_([x], 1.0), x.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    grads = _gradients(parameters)
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    factor = float(max_norm) / (float(total) + 1e-6)
    if not factor >= 1.0:  # nan too
        with no_grad(), np.errstate(invalid="ignore"):
            for grad in grads:
                grad.mul_(factor)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Cut each element of the gradients, in place, to between `-clip_value` and `clip_value`.

    As `torch.nn.utils.clip_grad_value_`.

    >>> import tapeless as tl
    >>> x = tl.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * tl.tensor([0.5, -2.0])).sum().backward()
    >>> clip_grad_value_(x, 1.0)
    >>> x.grad
    tensor([ 0.5000, -1.0000])
    """
    limit = float(clip_value)
    with no_grad():
        for grad in _gradients(parameters):
            grad.clamp_(-limit, limit)


def parameters_to_vector(parameters: Iterable[Any]) -> Tensor:
    """All elements in one vector; recorded.  As `torch.nn.utils.parameters_to_vector`.

    >>> import tapeless as tl
    >>> parameters_to_vector([tl.zeros(2), tl.ones(1, 2)])
    tensor([0., 0., 1., 1.])
    """
    return cat([one.reshape(-1) for one in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Any]) -> None:
    """Put the elements of a vector into parameters, which share its memory then.

    TypeError unless it is a Tensor. As `torch.nn.utils.vector_to_parameters`.

    >>> import tapeless as tl
    >>> p = tl.nn.Parameter(tl.zeros(1, 2))
    >>> vector_to_parameters(tl.tensor([1.0, 2.0]), [p])
    >>> p.data
    tensor([[1., 2.]])
    """
    if not isinstance(vec, Variable):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for one in parameters:
        count = one.numel()
        one.data = vec[start : start + count].view_as(one).data  # pyright: ignore[reportIndexIssue]
        start += count
