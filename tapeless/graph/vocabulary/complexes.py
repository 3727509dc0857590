"""Complex numbers and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, method, op, tensors
from tapeless.graph.promote import default_dtype
from tapeless.graph.tensor import Tensor
from tapeless.graph.vocabulary.dtypes import scalar_name
from tapeless.graph.vocabulary.pointwise import add, cos, mul, sin
from tapeless.rules import table

_conj = op(np.conjugate, "Conj")
_real = op(np.real, "Real", views=True)
_imag = op(np.imag, "Imag", views=True)
_angle = op(np.angle, "Angle")
_stack = Op(table.lookup(np.stack), Tensor, "ViewAsReal")


@tensors
@method()
def conj(input: Any) -> Any:
    """The complex conjugate; a real tensor itself."""
    return apply(_conj, (input,)) if input._data.dtype.kind == "c" else input


@tensors
def real(input: Any) -> Any:
    """The real part, as a view; a real tensor itself."""
    return apply(_real, (input,)) if input._data.dtype.kind == "c" else input


@tensors
def imag(input: Any) -> Any:
    """The imaginary part, as a view; RuntimeError for a real tensor."""
    if input._data.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return apply(_imag, (input,))


Tensor.real = property(real)  # type: ignore[attr-defined]
Tensor.imag = property(imag)  # type: ignore[attr-defined]


@tensors
@method()
def angle(input: Any) -> Any:
    """The angle of complex numbers; pi for negative real ones."""
    x = cast(input, default_dtype()) if input._data.dtype.kind in "biu" else input
    return apply(_angle, (x, False))


@tensors
def complex(real: Any, imag: Any) -> Any:
    """The complex numbers of the given parts."""
    if real._data.dtype != imag._data.dtype or real._data.dtype.kind != "f":
        raise RuntimeError(
            "Expected object of scalar type "
            + scalar_name(real._data.dtype)
            + " but got scalar type "
            + scalar_name(imag._data.dtype)
            + " for second argument"
        )
    return add(real, mul(imag, 1j))


def polar(abs: Any, angle: Any) -> Any:
    """The complex numbers of the given absolute values and angles."""
    return complex(abs * cos(angle), abs * sin(angle))


@tensors
def view_as_real(input: Any) -> Any:
    """Real and imaginary parts along a new last dimension."""
    return apply(_stack, ([real(input), imag(input)], -1, None, "same_kind"))


def view_as_complex(input: Any) -> Any:
    """The complex numbers whose parts stand along the last dimension."""
    return complex(input[..., 0], input[..., 1])
