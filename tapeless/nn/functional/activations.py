"""Activations, with PyTorch's names and defaults: elementwise, of Tensors, Arrays and plain arrays.

`inplace=True` writes the result into `input` and returns that; a leaf that requires grad refuses it.
"""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array
from tapeless.graph.apply import apply
from tapeless.graph.ops import op
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary import pointwise
from tapeless.rules import activations
from tapeless.rules.units import exponential_linear, hard_tanh, normal_probability
from tapeless.rules.units import leaky_relu as _leaky

# What the graph calls them.
LEAKY_RELU, ELU, HARDTANH = op(_leaky, "LeakyRelu"), op(exponential_linear, "Elu"), op(hard_tanh, "Hardtanh")

SELU_ALPHA = 1.6732632423543772848170429916717  # Klambauer et al., Self-Normalizing Neural Networks (2017)
SELU_SCALE = 1.0507009873554804934193349852946


def overwritten(input: Array, out: Array) -> Array:
    input[...] = out
    return input


# Bent lines -----------------------------------------------------------------------------------------------


def relu(input: Array, inplace: bool = False) -> Array:
    """`input` where it is positive, else zero.  As `torch.nn.functional.relu`.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if inplace:
        return overwritten(input, activations.relu(input))
    if isinstance(input, Tensor):
        return pointwise.relu(input)
    return activations.relu(input)


def relu_(input: Array) -> Array:
    """`relu`, in place.

    >>> relu_(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return relu(input, inplace=True)


def relu6(input: Array, inplace: bool = False) -> Array:
    """`input` between 0 and 6; flat at both ends.  As `torch.nn.functional.relu6`.

    >>> relu6(np.array([-1.0, 2.0, 7.0]))
    array([0., 2., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def leaky_relu(input: Array, negative_slope: float = 0.01, inplace: bool = False) -> Array:
    """`input` where it is positive, else `negative_slope * input`.  As `torch.nn.functional.leaky_relu`.

    >>> leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    if inplace:
        return overwritten(input, _leaky(np.copy(input), negative_slope))
    if isinstance(input, Tensor):
        return apply(LEAKY_RELU, (input, negative_slope))
    return _leaky(input, negative_slope)


def leaky_relu_(input: Array, negative_slope: float = 0.01) -> Array:
    """`leaky_relu`, in place.

    >>> leaky_relu_(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return leaky_relu(input, negative_slope, inplace=True)


def prelu(input: Array, weight: Array) -> Array:
    """`leaky_relu` with slopes that are learned: one, or one for each index of the second axis.

    `input`: (batch, channels, ...), or of one axis or none; `weight`: (channels,) or (1,). RuntimeError if
    there are not as many.  As `torch.nn.functional.prelu`; He et al., Delving Deep into Rectifiers (2015).

    >>> prelu(np.array([[-1.0, -1.0]]), np.array([0.1, 0.2]))
    array([[-0.1, -0.2]])
    """
    channels = np.shape(input)[1] if input.ndim > 1 else 1
    if np.size(weight) != 1 and np.size(weight) != channels:
        raise RuntimeError(
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{np.size(weight)} and channel size = {channels}."
        )
    if input.ndim > 2:
        weight = np.reshape(weight, (-1,) + (1,) * (input.ndim - 2))
    elif input.ndim == 0:
        weight = np.reshape(weight, ())
    return np.where(input > 0.0, input, weight * input)


def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Array:
    """`input` between `min_val` and `max_val`; flat at both ends.  As `torch.nn.functional.hardtanh`.

    >>> hardtanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if inplace:
        return overwritten(input, hard_tanh(np.copy(input), min_val, max_val))
    return hard_tanh(input, min_val, max_val)


def hardtanh_(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """`hardtanh`, in place.

    >>> hardtanh_(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold(input: Array, threshold: float, value: float, inplace: bool = False) -> Array:
    """`input` where it is above `threshold`, else `value`.  As `torch.nn.functional.threshold`.

    >>> threshold(np.array([0.5, 2.0]), 1.0, -7.0)
    array([-7.,  2.])
    """
    if inplace:
        return overwritten(input, np.where(input <= threshold, value, np.copy(input)))
    return np.where(input <= threshold, value, input)


def hardsigmoid(input: Array, inplace: bool = False) -> Array:
    """A line from 0 at -3 to 1 at 3, flat outside.  As `torch.nn.functional.hardsigmoid`.

    >>> hardsigmoid(np.array([-3.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    out = hard_tanh(input / 6.0 + 0.5, 0.0, 1.0)
    return overwritten(input, out) if inplace else out


def hardswish(input: Array, inplace: bool = False) -> Array:
    """`input * hardsigmoid(input)`.  As `torch.nn.functional.hardswish`; Howard et al., MobileNetV3 (2019).

    >>> hardswish(np.array([-4.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """
    if inplace:
        return overwritten(input, hardswish(np.copy(input)))
    return input * hardsigmoid(input)


def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    """Zero within `lambd` of zero, else `input`.  As `torch.nn.functional.hardshrink`.

    >>> hardshrink(np.array([-1.0, 0.3]))
    array([-1.,  0.])
    """
    return np.where(np.abs(input) <= lambd, 0.0, input)


def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """`input` moved towards zero by `lambd`, not beyond.  As `torch.nn.functional.softshrink`.

    >>> softshrink(np.array([-1.0, 0.3, 2.0]))
    array([-0.5,  0. ,  1.5])
    """
    if lambd < 0.0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g}.")
    return np.where(np.abs(input) <= lambd, 0.0, input - lambd * np.sign(input))


# Smooth ---------------------------------------------------------------------------------------------------


def tanh(input: Array) -> Array:
    """The hyperbolic tangent.

    >>> tanh(np.array([0.0]))
    array([0.])
    """
    return pointwise.tanh(input) if isinstance(input, Tensor) else np.tanh(input)


def sigmoid(input: Array) -> Array:
    """1 / (1 + exp(-input)).

    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return pointwise.sigmoid(input) if isinstance(input, Tensor) else activations.sigmoid(input)


def logsigmoid(input: Array) -> Array:
    """log(sigmoid(input)), which overflows nowhere.  As `torch.nn.functional.logsigmoid`.

    >>> logsigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,    -0.])
    """
    return -activations.softplus(-input, 1.0, math.inf)


def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta * input)) / beta; `input` itself where beta * input is above `threshold`.

    As `torch.nn.functional.softplus`.

    >>> softplus(np.array([0.0, 100.0])).round(6)
    array([  0.693147, 100.      ])
    """
    return activations.softplus(input, beta, threshold)


def softsign(input: Array) -> Array:
    """input / (1 + |input|).  As `torch.nn.functional.softsign`.

    >>> softsign(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """
    return input / (1.0 + np.abs(input))


def tanhshrink(input: Array) -> Array:
    """input - tanh(input).  As `torch.nn.functional.tanhshrink`.

    >>> tanhshrink(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.2384])
    """
    return input - np.tanh(input)


def elu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Array:
    """`input` where it is positive, else alpha * (exp(input) - 1).

    As `torch.nn.functional.elu`; Clevert et al., Fast and Accurate Deep Network Learning by Exponential
    Linear Units (2016).

    >>> elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    if inplace:
        return overwritten(input, exponential_linear(np.copy(input), alpha, 1.0, 1.0))
    if isinstance(input, Tensor):
        return apply(ELU, (input, alpha, 1.0, 1.0))
    return exponential_linear(input, alpha, 1.0, 1.0)


def elu_(input: Array, alpha: float = 1.0) -> Array:
    """`elu`, in place.

    >>> elu_(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    return elu(input, alpha, inplace=True)


def selu(input: Array, inplace: bool = False) -> Array:
    """`elu` with an alpha and a scale that keep mean 0 and variance 1 from layer to layer.

    As `torch.nn.functional.selu`; Klambauer et al., Self-Normalizing Neural Networks (2017).

    >>> selu(np.array([-1.0, 1.0])).round(4)
    array([-1.1113,  1.0507])
    """
    if inplace:
        return overwritten(input, exponential_linear(np.copy(input), SELU_ALPHA, SELU_SCALE, 1.0))
    return exponential_linear(input, SELU_ALPHA, SELU_SCALE, 1.0)


def celu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Array:
    """`input` where it is positive, else alpha * (exp(input / alpha) - 1): its slope has no jump.

    As `torch.nn.functional.celu`; Barron, Continuously Differentiable Exponential Linear Units (2017).

    >>> celu(np.array([-1.0, 1.0]), 2.0).round(4)
    array([-0.7869,  1.    ])
    """
    if alpha == 0.0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if inplace:
        return overwritten(input, exponential_linear(np.copy(input), alpha, 1.0, 1.0 / alpha))
    return exponential_linear(input, alpha, 1.0, 1.0 / alpha)


def gelu(input: Array, approximate: str = "none") -> Array:
    """`input` times the chance that a standard normal number is below it; with "tanh", nearly so and quicker.

    As `torch.nn.functional.gelu`; Hendrycks and Gimpel, Gaussian Error Linear Units (2016).

    >>> gelu(np.array([-1.0, 1.0])).round(4), gelu(np.array([-1.0, 1.0]), "tanh").round(4)
    (array([-0.1587,  0.8413]), array([-0.1588,  0.8412]))
    """
    if approximate == "none":
        return input * normal_probability(input)
    if approximate != "tanh":
        raise RuntimeError("approximate argument must be either none or tanh.")
    inner = math.sqrt(2.0 / math.pi) * (input + 0.044715 * (input * input * input))
    return 0.5 * input * (1.0 + np.tanh(inner))


def silu(input: Array, inplace: bool = False) -> Array:
    """`input * sigmoid(input)`, also called swish.  As `torch.nn.functional.silu`.

    >>> silu(np.array([-1.0, 1.0])).round(4)
    array([-0.2689,  0.7311])
    """
    if inplace:
        return overwritten(input, silu(np.copy(input)))
    return input * activations.sigmoid(input)


def mish(input: Array, inplace: bool = False) -> Array:
    """`input * tanh(softplus(input))`.  As `torch.nn.functional.mish`; Misra, Mish (2019).

    >>> mish(np.array([-1.0, 1.0])).round(4)
    array([-0.3034,  0.8651])
    """
    if inplace:
        return overwritten(input, mish(np.copy(input)))
    return input * np.tanh(activations.softplus(input, 1.0, 20.0))


def glu(input: Array, dim: int = -1) -> Array:
    """The first half along `dim` times the sigmoid of the second; RuntimeError if the length there is odd.

    As `torch.nn.functional.glu`; Dauphin et al., Language Modeling with Gated Convolutional Networks (2016).

    >>> glu(np.array([3.0, 0.0]))
    array([1.5])
    """
    length = np.shape(input)[dim]
    if length % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.ndim} is size {length}"
        )
    first, second = np.split(input, 2, axis=dim)
    return first * activations.sigmoid(second)
