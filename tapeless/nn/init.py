"""First values of parameters: each function writes into a Tensor, outside of the graph, and returns it.

Random numbers come from `manual_seed`'s generator unless one is given.  As `torch.nn.init`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tapeless.graph.modes import no_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.sampling import Generator, numpy_generator

MODES = ["fan_in", "fan_out"]
GAINS = {"sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75, "linear": 1.0}
GAINS |= {f"conv{kind}{count}d": 1.0 for kind in ("", "_transpose") for count in (1, 2, 3)}


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """By what an activation's inputs should be scaled to keep the variance of what goes through it.

    `param`: the slope of "leaky_relu", 0.01 if None. ValueError for an activation that is not known.

    >>> calculate_gain("relu") ** 2
    2.0000000000000004
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


def _put(tensor: Tensor, values: Any) -> Tensor:
    if not isinstance(tensor, Variable):
        raise TypeError(f"values are put into a Tensor, not {type(tensor).__name__}")
    with no_grad():
        return tensor.copy_(wrap(Tensor, np.asarray(values)))


def _drawn_normal(tensor: Tensor, generator: Generator | None) -> np.ndarray:
    wanted = np.float64 if tensor.dtype == np.float64 else np.float32
    return numpy_generator(generator).standard_normal(tensor.shape, wanted)


# Numbers that are known -----------------------------------------------------------------------------------


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element `val`.

    >>> import tapeless as tl
    >>> constant_(tl.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return _put(tensor, np.full(tensor.shape, val, tensor.dtype))


def zeros_(tensor: Tensor) -> Tensor:
    """Every element zero.

    >>> import tapeless as tl
    >>> zeros_(tl.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Every element one.

    >>> import tapeless as tl
    >>> ones_(tl.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity; ValueError unless the tensor has two axes.

    >>> import tapeless as tl
    >>> eye_(tl.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _put(tensor, np.eye(*tensor.shape, dtype=tensor.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Kernels that leave as many channels as they can as they are: (out, in / groups, *size), odd sizes best.

    ValueError unless there are 3 to 5 axes, and `groups` divides the first.

    >>> import tapeless as tl
    >>> dirac_(tl.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    shape = tensor.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values = np.zeros(shape, tensor.dtype)
    own = shape[0] // groups
    middle = tuple([length // 2 for length in shape[2:]])
    for group in range(groups):
        for channel in range(min(own, shape[1])):
            values[(group * own + channel, channel, *middle)] = 1.0
    return _put(tensor, values)


# Random numbers -------------------------------------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers from `a` to `b`.

    >>> import tapeless as tl
    >>> bool((uniform_(tl.empty(100), -2.0, -1.0) <= -1.0).all())
    True
    """
    wanted = np.float64 if tensor.dtype == np.float64 else np.float32
    drawn = numpy_generator(generator).random(tensor.shape, wanted)
    return _put(tensor, a + (b - a) * drawn)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Normal numbers around `mean`, with the standard deviation `std`.

    >>> import tapeless as tl
    >>> bool(normal_(tl.empty(10000), 3.0, 0.5).mean() < 3.1)
    True
    """
    return _put(tensor, mean + std * _drawn_normal(tensor, generator))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers around `mean`, those outside of [a, b] drawn again.

    >>> import tapeless as tl
    >>> bool((trunc_normal_(tl.empty(1000), a=-0.5, b=0.5).abs() <= 0.5).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    low, high = (a - mean) / std, (b - mean) / std
    found = _between(low, high, tensor.numel(), numpy_generator(generator))
    return _put(tensor, np.clip(mean + std * found, a, b).reshape(tensor.shape))


def _between(low: float, high: float, count: int, source: np.random.Generator) -> np.ndarray:
    """Standard normal numbers between two bounds, by rejection."""
    chance = 0.5 * (math.erf(high / math.sqrt(2.0)) - math.erf(low / math.sqrt(2.0)))
    peak = min(max(0.0, low), high)
    found = np.zeros(0)
    while found.size < count:
        missing = 2 * (count - found.size)
        if chance > 0.2:
            drawn = source.standard_normal(missing)
            is_in = (low <= drawn) & (drawn <= high)
        else:  # evenly, kept as often as their density is to the highest
            drawn = source.uniform(low, high, missing)
            is_in = source.random(missing) < np.exp(0.5 * (peak * peak - drawn * drawn))
        found = np.concatenate([found, drawn[is_in]])
    return found[:count]


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output has, and how many outputs each input, of weights (out, in, *kernel)."""
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers of variance gain**2 * 2 / (fan_in + fan_out): weights (out, in, *kernel).

    Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010).

    >>> import tapeless as tl
    >>> bool((xavier_uniform_(tl.empty(2, 4)).abs() <= 1.0).all())
    True
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers of variance gain**2 * 2 / (fan_in + fan_out): weights (out, in, *kernel).

    >>> import tapeless as tl
    >>> xavier_normal_(tl.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode.lower() not in MODES:
        raise ValueError(f"Mode {mode} not supported, please use one of {MODES}")
    fan = _fans(tensor)[MODES.index(mode.lower())]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor: Tensor) -> bool:
    if 0 not in tensor.shape:
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return True


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform numbers of variance gain**2 / fan, the gain that of a leaky relu of slope `a`.

    `mode`: "fan_in" keeps the variance on the way forward, "fan_out" on the way back. ValueError for other
    words. He et al., Delving Deep into Rectifiers (2015).

    >>> import tapeless as tl
    >>> bool((kaiming_uniform_(tl.empty(8, 6)).abs() <= 1.0).all())
    True
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers of variance gain**2 / fan; see `kaiming_uniform_`.

    >>> import tapeless as tl
    >>> kaiming_normal_(tl.empty(8, 6), mode="fan_out").shape
    torch.Size([8, 6])
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """`gain` times a random matrix with orthogonal rows or columns, whichever are fewer; later axes as one.

    ValueError for fewer than two axes. Saxe et al., Exact Solutions to the Nonlinear Dynamics of Learning
    (2014).

    >>> import tapeless as tl
    >>> q = orthogonal_(tl.empty(2, 3, dtype=tl.float64))
    >>> tl.allclose(q @ q.t(), tl.eye(2, dtype=tl.float64))
    True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    drawn = numpy_generator(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diagonal(r))  # so that all such matrices are equally likely
    return _put(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers of standard deviation `std`, but that part `sparsity` of each column that is zero.

    ValueError unless the tensor has two axes. Martens, Deep Learning via Hessian-Free Optimization (2010).

    >>> import tapeless as tl
    >>> int((sparse_(tl.empty(10, 3), 0.2) == 0.0).sum())
    6
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    values = std * _drawn_normal(tensor, generator)
    source = numpy_generator(generator)
    for column in range(columns):
        values[source.permutation(rows)[: math.ceil(sparsity * rows)], column] = 0.0
    return _put(tensor, values)
