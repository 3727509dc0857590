"""Activations as layers: each is the function of its name in `nn.functional`, on Tensors of any shape."""

from __future__ import annotations

from typing import Any

from tapeless.graph.vocabulary.creating import full
from tapeless.nn import functional
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter


class _InPlace(Module):
    """What has no option but where the result goes."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """`input` where it is positive, else zero.  As `torch.nn.ReLU`.

    >>> import tapeless as tl
    >>> ReLU()(tl.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        return functional.relu(input, self.inplace)


class ReLU6(_InPlace):
    """`input` between 0 and 6.  As `torch.nn.ReLU6`.

    >>> import tapeless as tl
    >>> ReLU6()(tl.tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """

    def forward(self, input: Any) -> Any:
        return functional.relu6(input, self.inplace)


class SELU(_InPlace):
    """`ELU` with an alpha and a scale that keep mean 0 and variance 1.  As `torch.nn.SELU`.

    >>> import tapeless as tl
    >>> SELU()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 1.0507])
    """

    def forward(self, input: Any) -> Any:
        return functional.selu(input, self.inplace)


class SiLU(_InPlace):
    """`input * sigmoid(input)`, also called swish.  As `torch.nn.SiLU`.

    >>> import tapeless as tl
    >>> SiLU()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """

    def forward(self, input: Any) -> Any:
        return functional.silu(input, self.inplace)


class Mish(_InPlace):
    """`input * tanh(softplus(input))`.  As `torch.nn.Mish`.

    >>> import tapeless as tl
    >>> Mish()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """

    def forward(self, input: Any) -> Any:
        return functional.mish(input, self.inplace)


class Hardsigmoid(_InPlace):
    """A line from 0 at -3 to 1 at 3, flat outside.  As `torch.nn.Hardsigmoid`.

    >>> import tapeless as tl
    >>> Hardsigmoid()(tl.tensor([0.0, 4.0]))
    tensor([0.5000, 1.0000])
    """

    def forward(self, input: Any) -> Any:
        return functional.hardsigmoid(input, self.inplace)


class Hardswish(_InPlace):
    """`input * hardsigmoid(input)`.  As `torch.nn.Hardswish`.

    >>> import tapeless as tl
    >>> Hardswish()(tl.tensor([0.0, 4.0]))
    tensor([0., 4.])
    """

    def forward(self, input: Any) -> Any:
        return functional.hardswish(input, self.inplace)


class Tanh(Module):
    """The hyperbolic tangent.  As `torch.nn.Tanh`.

    >>> import tapeless as tl
    >>> Tanh()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Any) -> Any:
        return functional.tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-input)).  As `torch.nn.Sigmoid`.

    >>> import tapeless as tl
    >>> Sigmoid()(tl.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """

    def forward(self, input: Any) -> Any:
        return functional.sigmoid(input)


class LogSigmoid(Module):
    """The logarithm of the sigmoid.  As `torch.nn.LogSigmoid`.

    >>> import tapeless as tl
    >>> LogSigmoid()(tl.tensor([0.0, 1.0]))
    tensor([-0.6931, -0.3133])
    """

    def forward(self, input: Any) -> Any:
        return functional.logsigmoid(input)


class Softsign(Module):
    """input / (1 + |input|).  As `torch.nn.Softsign`.

    >>> import tapeless as tl
    >>> Softsign()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, input: Any) -> Any:
        return functional.softsign(input)


class Tanhshrink(Module):
    """input - tanh(input).  As `torch.nn.Tanhshrink`.

    >>> import tapeless as tl
    >>> Tanhshrink()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, input: Any) -> Any:
        return functional.tanhshrink(input)


class LeakyReLU(Module):
    """`input` where it is positive, else `negative_slope * input`.  As `torch.nn.LeakyReLU`.

    >>> import tapeless as tl
    >>> LeakyReLU(0.1)(tl.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Any) -> Any:
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """`input` where it is positive, else alpha * (exp(input) - 1).  As `torch.nn.ELU`.

    >>> import tapeless as tl
    >>> ELU()(tl.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Any) -> Any:
        return functional.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(Module):
    """`input` where it is positive, else alpha * (exp(input / alpha) - 1).  As `torch.nn.CELU`.

    >>> import tapeless as tl
    >>> CELU(2.0)(tl.tensor([-1.0, 2.0]))
    tensor([-0.7869,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Any) -> Any:
        return functional.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class Hardtanh(Module):
    """`input` between `min_val` and `max_val`; flat at both ends.  As `torch.nn.Hardtanh`.

    >>> import tapeless as tl
    >>> Hardtanh()(tl.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Any) -> Any:
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class Threshold(Module):
    """`input` where it is above `threshold`, else `value`.  As `torch.nn.Threshold`.

    >>> import tapeless as tl
    >>> Threshold(1.0, -7.0)(tl.tensor([0.5, 2.0]))
    tensor([-7.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Any) -> Any:
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """`input` times the chance that a normal number is below it; "tanh" is quicker.  As `torch.nn.GELU`.

    >>> import tapeless as tl
    >>> GELU()(tl.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return functional.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta * input)) / beta; a line above `threshold`.  As `torch.nn.Softplus`.

    >>> import tapeless as tl
    >>> Softplus()(tl.tensor([0.0, 100.0]))
    tensor([  0.6931, 100.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Hardshrink(Module):
    """Zero within `lambd` of zero, else `input`.  As `torch.nn.Hardshrink`.

    >>> import tapeless as tl
    >>> Hardshrink()(tl.tensor([-1.0, 0.3]))
    tensor([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        return functional.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Module):
    """`input` moved towards zero by `lambd`, not beyond.  As `torch.nn.Softshrink`.

    >>> import tapeless as tl
    >>> Softshrink()(tl.tensor([-1.0, 0.3]))
    tensor([-0.5000,  0.0000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        return functional.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class GLU(Module):
    """The first half along `dim` times the sigmoid of the second.  As `torch.nn.GLU`.

    >>> import tapeless as tl
    >>> GLU()(tl.tensor([3.0, 0.0]))
    tensor([1.5000])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class PReLU(Module):
    """`LeakyReLU` with slopes that are learned: one, or one for each of `num_parameters` channels (axis 1).

    `weight` (num_parameters,) is `init` at first. As `torch.nn.PReLU`; He et al., Delving Deep into
    Rectifiers (2015).

    >>> import tapeless as tl
    >>> PReLU()(tl.tensor([-1.0, 2.0])).detach()
    tensor([-0.2500,  2.0000])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def forward(self, input: Any) -> Any:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
