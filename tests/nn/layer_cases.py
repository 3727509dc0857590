"""Layers and functions on fixed numbers, the same for every module with PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Case = tuple[Callable[[Any], Any], list[np.ndarray]]

POINTS = np.array([0.0, -0.0, 1.0, -1.0, 6.0, 3.0, -3.0, 0.5, -0.5, 25.0, -25.0, 2.5, -1.7, np.nan])
ELEMENTWISE = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "softsign",
    "logsigmoid",
    "hardtanh",
    "hardswish",
    "tanhshrink",
    "hardshrink",
    "softshrink",
    "tanh",
    "sigmoid",
]
# Made as `nn.NAME(*args, **options)`, and given arrays of these shapes.
LAYERS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], list[tuple[int, ...]]]] = {
    "linear": ("Linear", (3, 2), {}, [(4, 3)]),
    "linear without bias": ("Linear", (3, 2), {"bias": False}, [(4, 3)]),
    "linear of three axes": ("Linear", (3, 2), {}, [(2, 4, 3)]),
    "linear of a vector": ("Linear", (3, 2), {}, [(3,)]),
    "bilinear": ("Bilinear", (3, 2, 4), {}, [(5, 3), (5, 2)]),
    "prelu": ("PReLU", (), {}, [(2, 3, 4)]),
    "prelu of channels": ("PReLU", (3,), {}, [(2, 3, 4)]),
    "elu": ("ELU", (0.7,), {}, [(2, 5)]),
    "celu": ("CELU", (0.5,), {}, [(2, 5)]),
    "gelu tanh": ("GELU", ("tanh",), {}, [(2, 5)]),
    "softplus": ("Softplus", (2.0, 1.0), {}, [(2, 5)]),
    "threshold": ("Threshold", (0.1, 3.0), {}, [(2, 5)]),
    "glu": ("GLU", (), {}, [(2, 6)]),
    "glu of rows": ("GLU", (0,), {}, [(2, 6)]),
    "softmax": ("Softmax", (1,), {}, [(2, 5)]),
    "softmin": ("Softmin", (0,), {}, [(2, 5)]),
    "log_softmax": ("LogSoftmax", (-1,), {}, [(2, 5)]),
    "softmax2d": ("Softmax2d", (), {}, [(2, 3, 2, 2)]),
    "flatten": ("Flatten", (), {}, [(2, 3, 4)]),
    "unflatten": ("Unflatten", (1, (2, 3)), {}, [(2, 6)]),
    "batch norm": ("BatchNorm1d", (3,), {}, [(5, 3)]),
    "batch norm of signals": ("BatchNorm1d", (3,), {"eps": 0.1, "momentum": 0.3}, [(5, 3, 4)]),
    "batch norm of images": ("BatchNorm2d", (3,), {}, [(2, 3, 4, 2)]),
    "batch norm of volumes": ("BatchNorm3d", (2,), {}, [(2, 2, 2, 3, 2)]),
    "batch norm, averaging": ("BatchNorm1d", (3,), {"momentum": None}, [(5, 3)]),
    "batch norm, not affine": ("BatchNorm1d", (3,), {"affine": False}, [(5, 3)]),
    "batch norm, not tracking": ("BatchNorm1d", (3,), {"track_running_stats": False}, [(5, 3)]),
    "layer norm": ("LayerNorm", (4,), {}, [(3, 4)]),
    "layer norm of two axes": ("LayerNorm", ((3, 4),), {"eps": 0.01}, [(2, 3, 4)]),
    "layer norm without bias": ("LayerNorm", (4,), {"bias": False}, [(3, 4)]),
    "layer norm, not affine": ("LayerNorm", (4,), {"elementwise_affine": False}, [(3, 4)]),
    "rms norm": ("RMSNorm", (4,), {}, [(3, 4)]),
    "group norm": ("GroupNorm", (2, 4), {}, [(3, 4, 5)]),
    "group norm of vectors": ("GroupNorm", (2, 6), {}, [(3, 6)]),
    "instance norm": ("InstanceNorm1d", (3,), {}, [(2, 3, 4)]),
    "instance norm, affine": ("InstanceNorm2d", (3,), {"affine": True}, [(2, 3, 4, 2)]),
    "instance norm, tracking": ("InstanceNorm1d", (3,), {"track_running_stats": True}, [(2, 3, 4)]),
}


def waves(shape: tuple[int, ...], seed: float = 0.0) -> np.ndarray:
    """Numbers without ties, the same everywhere."""
    places = np.arange(np.prod(shape, dtype=int), dtype=np.float64)
    return np.sin(1.7 * places + 0.3 + seed).reshape(shape) * (1.3 + seed / 10.0)


def build(nn: Any, name: str, from_array: Callable[[np.ndarray], Any]) -> Any:
    """The layer in float64, with fixed weights."""
    kind, args, options, _ = LAYERS[name]
    layer = getattr(nn, kind)(*args, **options).double()
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data = from_array(waves(tuple(parameter.shape), seed + 1.0))
    return layer


def inputs(name: str) -> list[np.ndarray]:
    return [waves(shape, 0.5 * place) for place, shape in enumerate(LAYERS[name][3])]


def plain(tensor: Any) -> list[float]:
    """What is stored of a tensor."""
    return [float(f"{value:.13g}") for value in np.ravel(tensor.detach().numpy())]


def run(nn: Any, name: str, from_array: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """Two steps of training and a call in evaluation: outputs, gradients, buffers, and how it prints."""
    layer = build(nn, name, from_array)
    found: dict[str, Any] = {"repr": repr(layer), "keys": list(layer.state_dict())}
    for step in range(2):
        given = [from_array(x + 0.1 * step).requires_grad_() for x in inputs(name)]
        out = layer(*given)
        out.backward(from_array(waves(tuple(out.shape), 2.0)))
        found[f"out {step}"] = plain(out)
        found[f"inputs {step}"] = [plain(x.grad) for x in given]
    found["parameters"] = [plain(p.grad) for p in layer.parameters()]
    found["buffers"] = [plain(b) for b in layer.buffers()]
    found["eval"] = plain(layer.eval()(*given))
    return found
