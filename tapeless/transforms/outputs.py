"""What may be differentiated: real numbers for gradients, arrays of floats for everything else."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.source.facts import Fact
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.callee import Parameters


def is_surely_scalar(output: Fact, holomorphic: bool) -> bool:
    """Whether an output is known to be one number of the right kind before it is computed."""
    if output.dtype is None or output.kind not in ("scalar", "array", "numeric"):
        return False
    has_one = output.kind == "scalar" or (output.dims is not None and all([n == 1 for n in output.dims]))
    return has_one and output.dtype.kind == ("c" if holomorphic else "f")


def check_scalar(value: Any, transform: str, function: Parameters, holomorphic: bool) -> None:
    """TypeError if an output is not one number whose gradient can be taken."""
    if not holomorphic and (type(value) is float or type(value) is np.float64):
        return
    if not is_number(value) and type(value) is not bool:
        advice = (
            ": use has_aux=True if only its first part is to be differentiated, or vjp or jacobian"
            if isinstance(value, tuple | list)
            else ": return the number that is to be differentiated"
        )
        raise TypeError(f"{transform} requires a scalar output; {function} returned {_named(value)}{advice}")
    if np.size(value) != 1:
        raise TypeError(
            f"{transform} requires a scalar output; {function} returned an array of shape {np.shape(value)}: "
            "use jacobian, vjp or elementwise_grad"
        )
    check_dtype(dtype_of(value), transform, function, holomorphic)


def _named(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def check_dtype(dtype: np.dtype[Any], transform: str, function: Parameters, holomorphic: bool) -> None:
    """TypeError for outputs through which nothing flows, and for complex ones unless they are announced."""
    if dtype.kind not in "fc":
        raise TypeError(
            f"{transform} requires a float output; {function} returned {dtype}: its derivative is zero "
            "wherever it has one"
        )
    if dtype.kind == "c" and not holomorphic:
        raise TypeError(
            f"{transform} requires a real output; {function} returned {dtype}: use holomorphic=True if it is "
            "a holomorphic function, or differentiate np.real, np.imag or np.abs of it"
        )
    if dtype.kind == "f" and holomorphic:
        raise TypeError(
            f"{transform} with holomorphic=True requires a complex output; {function} returned {dtype}: "
            "leave holomorphic out"
        )


def check_flows(out: Any, transform: str, function: Parameters) -> None:
    """TypeError if no part of an output is a float or complex number."""
    numbers = [leaf for leaf in _tree.flatten(out)[0] if is_number(leaf)]
    if any([dtype_of(leaf).kind in "fc" for leaf in numbers]):
        return
    said = str(dtype_of(numbers[0])) if numbers else _named(out)
    raise TypeError(
        f"{transform} requires a float output; {function} returned {said}: nothing flows back from it"
    )
