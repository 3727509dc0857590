"""Gradients against central differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tapeless.graph import dual, modes
from tapeless.graph.backward import grad
from tapeless.graph.variable import Variable, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient and the differences disagree; the message shows both Jacobians, a row an input element."""


NO_INPUT = (
    "gradcheck expects at least one input tensor to require gradient, but none of them have "
    "requires_grad=True."
)
PRECISION = (
    "Input #{} requires gradient and is not a double precision floating point or complex. This check will "
    "likely fail if all the inputs are not of double precision floating point or complex. "
)
STRIDE = (
    "The {}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping "
    "to be able to compute the numerical gradients correctly. You should call .contiguous on the input "
    "before passing it to gradcheck."
)
NOT_REENTRANT = (
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
    "different values, although analytical gradient matches numerical gradient. The tolerance for "
    "nondeterminism was {}."
)


class _Check(NamedTuple):
    """How a function is checked, and on what."""

    func: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    fast: bool

    def outputs(self) -> list[Any]:
        """The results that gradients may flow through."""
        found = self.func(*self.inputs)
        several = found if isinstance(found, tuple | list) else (found,)
        return [out for out in several if isinstance(out, Variable) and out._data.dtype.kind in "fc"]

    def numbers(self) -> list[np.ndarray]:
        return [np.array(out._data) for out in self.outputs()]

    def checked(self) -> list[tuple[int, Any]]:
        return [(i, x) for i, x in enumerate(self.inputs) if isinstance(x, Variable) and x._needs]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the gradients of `func` at `inputs` are those that central differences give.

    GradcheckError (or False, with `raise_exception=False`) where they differ.  `fast_mode` compares along one
    random direction.  Every output is differentiated alone, and batches row by row, so that
    `check_undefined_grad` and `check_batched_grad` have nothing more to check.  As in PyTorch.

    >>> import tapeless as tl
    >>> x = tl.tensor([0.5, 2.0], dtype=tl.float64, requires_grad=True)
    >>> tl.autograd.gradcheck(lambda x: x.exp() * x, x)
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    check = _Check(func, given, eps, atol, rtol, nondet_tol, fast_mode)
    try:
        with modes.enable_grad():
            _check_inputs(check)
            _check_all(check, check_backward_ad, check_forward_ad, check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of the gradients of `func` are right: `gradcheck` of its vector-Jacobian product.

    >>> import tapeless as tl
    >>> x = tl.tensor([0.5, 2.0], dtype=tl.float64, requires_grad=True)
    >>> tl.autograd.gradgradcheck(lambda x: x**3, x)
    True
    """
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    with modes.enable_grad():
        outputs = _differentiable(func(*given))
        weights = _weights(outputs, grad_outputs, gen_non_contig_grad_outputs)

    def pulled(*args: Any) -> Any:
        sources, vector = args[: len(given)], args[len(given) :]
        wanted = [one for one in sources if isinstance(one, Variable) and one._needs]
        found = grad(_differentiable(func(*sources)), wanted, vector, create_graph=True, allow_unused=True)
        return tuple([one for one in found if one is not None])

    return gradcheck(
        pulled,
        (*given, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
    )


def _differentiable(found: Any) -> list[Any]:
    several = found if isinstance(found, tuple | list) else (found,)
    return [out for out in several if isinstance(out, Variable) and out._needs]


def _weights(outputs: Sequence[Any], given: Any, spread: bool) -> list[Any]:
    if given is not None:
        return list(given) if isinstance(given, tuple | list) else [given]
    rng = np.random.default_rng(0)
    weights: list[Any] = []
    for out in outputs:
        data = _drawn(rng, out._data)
        if spread and data.ndim:
            data = np.repeat(data, 2, axis=-1)[..., ::2]
        weights.append(wrap(out._face, data, True))
    return weights


def _drawn(rng: np.random.Generator, like: Any) -> Any:
    drawn = rng.standard_normal(like.shape)
    if like.dtype.kind == "c":
        drawn = drawn + 1j * rng.standard_normal(like.shape)
    return np.asarray(drawn, like.dtype)


def _check_inputs(check: _Check) -> None:
    checked = check.checked()
    if not checked:
        raise ValueError(NO_INPUT)
    for index, one in checked:
        data = one._data
        if data.dtype.name not in ("float64", "complex128", "longdouble"):
            warnings.warn(PRECISION.format(index), UserWarning, stacklevel=3)
        if data.ndim and any(
            stride == 0 and n > 1 for stride, n in zip(data.strides, data.shape, strict=True)
        ):
            raise RuntimeError(STRIDE.format(index))


# Jacobians: an axis for the input's real coordinates, one for the output's elements -----------------------


def _check_all(check: _Check, backward: bool, forward: bool, dtypes: bool) -> None:
    outputs = check.outputs()
    for index, source in check.checked():
        numerical = _numerical(check, source)
        for nr, (out, expected) in enumerate(zip(outputs, numerical, strict=True)):
            if not out._needs:
                if backward and np.any(np.abs(expected) > check.atol):
                    raise GradcheckError("Numerical gradient for function expected to be zero")
                continue
            if backward:
                found = _by_backward(out, source, dtypes)
                _compare(check, found, expected, nr, index, source, out, "Jacobian mismatch for")
                again = _by_backward(out, source, dtypes)
                if np.any(np.abs(found - again) > check.nondet_tol):
                    raise GradcheckError(NOT_REENTRANT.format(check.nondet_tol))
        if forward:
            columns = _by_forward(check, index)
            for nr, (out, expected, found) in enumerate(zip(outputs, numerical, columns, strict=True)):
                title = "Jacobian computed with forward mode mismatch for"
                _compare(check, found, expected, nr, index, source, out, title)


def _numerical(check: _Check, source: Any) -> list[np.ndarray]:
    """For each output, the derivatives by the source's real coordinates: real parts, then imaginary ones."""
    array = source._array()
    steps = [check.eps] if array.dtype.kind == "f" else [check.eps, 1j * check.eps]
    columns: list[list[np.ndarray]] = []
    for step in steps:
        for position in np.ndindex(array.shape):
            kept = array[position]
            try:
                array[position] = kept + step
                above = check.numbers()
                array[position] = kept - step
                below = check.numbers()
            finally:
                array[position] = kept
            columns.append([(a - b).ravel() / (2 * check.eps) for a, b in zip(above, below, strict=True)])
    sizes = [out._data.size for out in check.outputs()]
    return [
        np.array([column[nr] for column in columns]).reshape(len(columns), size)
        for nr, size in enumerate(sizes)
    ]


def _by_backward(out: Any, source: Any, dtypes: bool) -> np.ndarray:
    """The same by backward; complex outputs are pulled back as their real and their imaginary part."""
    parts: list[np.ndarray] = []
    for unit in [1.0] if out._data.dtype.kind == "f" else [1.0, 1j]:
        columns: list[np.ndarray] = []
        for position in np.ndindex(out._data.shape):
            weight = np.zeros_like(out._data)
            weight[position] = unit
            (found,) = grad(out, source, wrap(out._face, weight), retain_graph=True, allow_unused=True)
            columns.append(_coordinates(found, source, dtypes))
        height = source._data.size * (2 if source._data.dtype.kind == "c" else 1)
        parts.append(np.stack(columns, axis=-1) if columns else np.zeros((height, 0)))
    return parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]


def _coordinates(found: Any, source: Any, dtypes: bool) -> np.ndarray:
    """A gradient by real coordinates."""
    if found is None:
        data = np.zeros_like(source._data)
    else:
        data = found._data
        if data.shape != source._data.shape:
            raise GradcheckError("Analytical gradient has incorrect size")
        if dtypes and data.dtype != source._data.dtype:
            raise GradcheckError("Analytical gradient has incorrect dtype")
    if data.dtype.kind != "c":
        return data.ravel()
    sign = 1.0 if source._face._conjugates else -1.0
    return np.concatenate([data.real.ravel(), sign * data.imag.ravel()])


def _by_forward(check: _Check, index: int) -> list[np.ndarray]:
    """The same by forward mode."""
    source = check.inputs[index]
    units = [1.0] if source._data.dtype.kind == "f" else [1.0, 1j]
    columns: list[list[np.ndarray]] = []
    for unit in units:
        for position in np.ndindex(source._data.shape):
            tangent = np.zeros_like(source._data)
            tangent[position] = unit
            with dual.dual_level():
                given = list(check.inputs)
                given[index] = dual.make_dual(source, wrap(source._face, tangent))
                outputs = _Check(check.func, tuple(given), 0.0, 0.0, 0.0, 0.0, False).outputs()
                tangents = [dual.unpack_dual(out).tangent for out in outputs]
            columns.append(
                [
                    np.zeros(out._data.size) if t is None else t._data.ravel()
                    for out, t in zip(outputs, tangents, strict=True)
                ]
            )
    return [np.array(rows) for rows in zip(*columns, strict=True)]


def _compare(
    check: _Check,
    found: np.ndarray,
    expected: np.ndarray,
    nr: int,
    index: int,
    source: Any,
    out: Any,
    title: str,
) -> None:
    if check.fast:
        rng = np.random.default_rng(0)
        left, right = (
            side / np.linalg.norm(side)
            for side in (rng.random(expected.shape[0]) + 0.5, rng.random(expected.shape[1]) + 0.5)
        )
        found, expected = left @ found @ right, left @ expected @ right
    if np.allclose(found, expected, check.rtol, check.atol, equal_nan=True):
        return
    numerical, analytical = (wrap(source._face, np.asarray(part)) for part in (expected, found))
    raise GradcheckError(
        f"{title} output {nr} with respect to input "
        f"{index},\nnumerical:{numerical!r}\nanalytical:{analytical!r}\n"
    )
