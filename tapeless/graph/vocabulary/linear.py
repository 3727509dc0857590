"""Products of matrices and vectors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply
from tapeless.graph.ops import cast, method, op, tensors
from tapeless.graph.promote import result_dtype
from tapeless.graph.quick import binary
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary import linalg
from tapeless.graph.vocabulary.choices import where
from tapeless.graph.vocabulary.dims import one_dim
from tapeless.graph.vocabulary.dtypes import c_name
from tapeless.rules import linear_forms

_matmul = op(np.matmul, "UnsafeView", saved=("self", "other"))
_bmm = Op(_matmul.rule, Tensor, "Bmm", saved=("self", "mat2"))
_mm = Op(_matmul.rule, Tensor, "Mm", compute=operator.matmul, saved=("self", "mat2"))
_mv = Op(_matmul.rule, Tensor, "Mv", compute=operator.matmul, saved=("self", "vec"))
_vm = Op(_matmul.rule, Tensor, "Squeeze4", compute=operator.matmul, saved=("self", "mat2"))
_dot = Op(_matmul.rule, Tensor, "Dot", compute=operator.matmul, saved=("self", "tensor"))
_BY_DIMS = {(1, 1): _dot, (1, 2): _vm, (2, 1): _mv, (2, 2): _mm}
_QUICK = {dims: binary(made, lambda x, y: _checked_product(x, y)) for dims, made in _BY_DIMS.items()}


def _same_dtype(a: Any, b: Any) -> None:
    first, second = a._data.dtype, b._data.dtype
    if first != second:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{_product_name(first)} != {_product_name(second)}"
        )


def _product_name(dtype: np.dtype[Any]) -> str:
    return c_name(dtype).replace("long int", "long long")


def _require(value: Any, name: str, position: int, label: str) -> None:
    if not isinstance(value, Variable):
        raise TypeError(
            f"{name}(): argument '{label}' (position {position}) must be Tensor, not {type(value).__name__}"
        )


@method("matmul")
def matmul(input: Any, other: Any, *, out: None = None) -> Any:
    """The product of matrices, vectors, or batches of them."""
    _require(input, "matmul", 1, "input")
    _require(other, "matmul", 2, "other")
    return _product(input, other)


def _product(input: Any, other: Any) -> Any:
    quick = _QUICK.get((input._data.ndim, other._data.ndim))
    return _checked_product(input, other) if quick is None else quick(input, other)


def _checked_product(input: Any, other: Any) -> Any:
    a, b = input._data.shape, other._data.shape
    if not a or not b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D"
        )
    _same_dtype(input, other)
    if a[-1] != b[-2 if len(b) > 1 else 0]:
        raise RuntimeError(_mismatch(a, b))
    made = _BY_DIMS.get((len(a), len(b)), _matmul)
    if made is _matmul:
        _check_batches(a, b)
    return apply(made, (input, other))


def _check_batches(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    lead_a, lead_b = a[:-2], b[:-2]
    for back in range(1, min(len(lead_a), len(lead_b)) + 1):
        n, m = lead_a[-back], lead_b[-back]
        if n != m and 1 not in (n, m):
            raise RuntimeError(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton "
                "dimension "
                f"{max(len(lead_a), len(lead_b)) - back}"
            )


def _mismatch(a: Sequence[int], b: Sequence[int]) -> str:
    if len(a) == 1 and len(b) == 1:
        return (
            f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of "
            f"elements, but got {a[0]} and {b[0]} elements respectively"
        )
    if len(a) == 2 and len(b) == 1:
        return f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})"
    if len(a) > 2 and len(b) > 2:
        first, second = [*a[-3:-2], *a[-2:]], [*b[-3:-2], *b[-2:]]
        return (
            f"Expected size for first two dimensions of batch2 tensor to be: [{first[0]}, {first[2]}] "
            "but got: "
            f"[{second[0]}, {second[1]}]."
        )
    rows = "1" if len(a) == 1 else str(int(np.prod(a[:-1])))
    columns = "1" if len(b) == 1 else str(b[-1])
    left, right = f"{rows}x{a[-1]}", f"{b[-2] if len(b) > 1 else b[0]}x{columns}"
    return f"mat1 and mat2 shapes cannot be multiplied ({left} and {right})"


def _matmul_operator(self: Any, other: Any) -> Any:
    return _product(self, other) if isinstance(other, Variable) else NotImplemented


Tensor.__matmul__ = _matmul_operator  # type: ignore[attr-defined]


@method()
@tensors
def mm(input: Any, mat2: Any, *, out: None = None) -> Any:
    """The product of two matrices."""
    if input._data.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if mat2._data.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    return _product(input, mat2)


@method()
@tensors
def bmm(input: Any, mat2: Any, *, out: None = None) -> Any:
    """The products of two batches of matrices."""
    a, b = input._data.shape, mat2._data.shape
    if len(a) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    _same_dtype(input, mat2)
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(_mismatch(a, b))
    return apply(_bmm, (input, mat2))


@method()
@tensors
def mv(input: Any, vec: Any, *, out: None = None) -> Any:
    """A matrix times a vector."""
    if input._data.ndim != 2 or vec._data.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input._data.ndim}, {vec._data.ndim}")
    return _product(input, vec)


@method()
@tensors
def dot(input: Any, tensor: Any, *, out: None = None) -> Any:
    """The sum of the products of two vectors' elements."""
    if input._data.ndim != 1 or tensor._data.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input._data.ndim}D and {tensor._data.ndim}D tensors"
        )
    return _product(input, tensor)


# Sums with products, and other products ---------------------------------------------------------------

_addmm = op(linear_forms.affine, "Addmm", saved=("self", "mat1", "mat2"))
_einsum = op(np.einsum, "Einsum")
_kron = op(np.kron, "Kron")
_cross = op(np.linalg.cross, "LinalgCross")
_trace = op(np.trace, "Trace")
_tensordot = op(np.tensordot, "Tensordot")
_inner = op(np.inner, "Inner")
_vdot = op(np.vdot, "Vdot")


def _affine(beta: Any, input: Any, alpha: Any, product: Any) -> Any:
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else scaled + (input if beta == 1 else input * beta)


@method()
@tensors
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * (mat1 @ mat2)`."""
    if alpha == 1 and beta == 1 and mat1._data.ndim == 2 == mat2._data.ndim:
        a, b = mat1._data.shape, mat2._data.shape
        if a[1] != b[0]:
            raise RuntimeError(_mismatch(a, b))
        _same_dtype(mat1, mat2)
        return apply(_addmm, (input, mat1, mat2))
    return _affine(beta, input, alpha, mm(mat1, mat2))


@method()
@tensors
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * (mat @ vec)`."""
    return _affine(beta, input, alpha, mv(mat, vec))


@method()
@tensors
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input` and `alpha` times the sum of the products of a batch."""
    return _affine(beta, input, alpha, bmm(batch1, batch2).sum(0))


@method()
@tensors
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * bmm(batch1, batch2)`."""
    return _affine(beta, input, alpha, bmm(batch1, batch2))


@method()
@tensors
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * input + alpha * outer(vec1, vec2)`."""
    return _affine(beta, input, alpha, outer(vec1, vec2))


@method("outer", "ger")
def outer(input: Any, vec2: Any) -> Any:
    """All products of an element of one vector and one of the other."""
    if input._data.ndim != 1 or vec2._data.ndim != 1:
        wrong, name = (input, "self") if input._data.ndim != 1 else (vec2, "vec2")
        raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {wrong._data.ndim}-D")
    return input.unsqueeze(1) * vec2


ger = outer


def einsum(equation: str, *operands: Any) -> Any:
    """Sums of products, written as letters: einsum("ij,jk->ik", a, b)."""
    given = operands[0] if len(operands) == 1 and isinstance(operands[0], tuple | list) else operands
    try:
        return apply(_einsum, _einsum.rule.bind((equation, *_alike(*given)), {}))
    except ValueError as error:
        raise RuntimeError(f"einsum(): {error}") from None


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sum of products over `dims`: so many of the last of `a` and first of `b`, or those named."""
    axes = dims if isinstance(dims, int) else tuple([tuple(axis) for axis in dims])
    return apply(_tensordot, (a, b, axes))


@method()
@tensors
def inner(input: Any, other: Any) -> Any:
    """The sum of products over the last dimensions."""
    if input._data.ndim and other._data.ndim and input._data.shape[-1] != other._data.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input._data.shape)} and {list(other._data.shape)}"
        )
    return apply(_inner, _alike(input, other))


@method()
def vdot(input: Any, other: Any) -> Any:
    """The sum of products of two vectors, the first conjugated."""
    return apply(_vdot, (input, other))


@method()
def kron(input: Any, other: Any) -> Any:
    """Every element of `input` times the whole of `other`, in blocks."""
    return apply(_kron, _alike(input, other))


def _alike(*given: Any) -> tuple[Any, ...]:
    """The tensors in the dtype that PyTorch's promotion gives, which is not NumPy's."""
    dtype = result_dtype(*given)
    return tuple([cast(one, dtype) for one in given])


@method()
def cross(input: Any, other: Any, dim: Any = None) -> Any:
    """The product of vectors in space: along `dim`, or the first dimension of length 3."""
    if dim is None and 3 not in input._data.shape:
        raise RuntimeError("no dimension of size 3 in input")
    axis = input._data.shape.index(3) if dim is None else one_dim(dim, input._data.ndim)
    return apply(_cross, _cross.rule.bind(_alike(input, other), {"axis": axis}))


@tensors
@method()
def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    if input._data.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._data.ndim}")
    return apply(_trace, (input, 0, 0, 1, None))


def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices, in the cheapest order."""
    return linalg.multi_dot(matrices)


def _from_linalg(function: Any, *names: str) -> Any:
    return method(*names)(function)


inverse = _from_linalg(linalg.inv, "inverse")
det = _from_linalg(linalg.det, "det")
slogdet = _from_linalg(linalg.slogdet, "slogdet")
pinverse = _from_linalg(linalg.pinv, "pinverse")
cholesky = _from_linalg(linalg.cholesky, "cholesky")
qr = _from_linalg(linalg.qr, "qr")
matrix_power = _from_linalg(linalg.matrix_power, "matrix_power")


@tensors
@method()
def logdet(input: Any) -> Any:
    """The logarithm of the determinant; nan if it is negative."""
    sign, logarithm = slogdet(input)
    return where(sign == -1, float("nan"), logarithm)


@method()
def svd(input: Any, some: bool = True) -> Any:
    """`U`, `S` and `V` (not its transpose, which `linalg.svd` gives)."""
    found = linalg.svd(input, full_matrices=not some)
    return found.U, found.S, found.Vh.mH
