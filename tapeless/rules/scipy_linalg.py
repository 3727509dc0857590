"""scipy.linalg: read by the table when the first of its functions is met.

A cotangent is carried back by transposed matrices, not by conjugated ones.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.errors import MissingRuleError
from tapeless.rules.decompositions import tril_half
from tapeless.rules.kinds import constant, forward_rule, general, linear, same_as
from tapeless.rules.support import Layout, in_dtype, layout_of
from tapeless.rules.table import Call, primitive

scipy_linalg: Any = importlib.import_module("scipy.linalg")


# Systems of equations ---------------------------------------------------------------------------------------
# SciPy's functions do not know variables: rules call these in their place.


@primitive
def flipped(condition: bool) -> bool:
    return not condition


constant(flipped)


@primitive
def triangular_solution(a: Array, b: Array, transposed: bool, lower: bool, unit_diagonal: bool) -> Array:
    """What solves `a @ x = b`, or `a.T @ x = b`, of a triangle of `a`."""
    return scipy_linalg.solve_triangular(a, b, int(bool(transposed)), lower, unit_diagonal)


@primitive
def triangle(x: Array, lower: bool, unit_diagonal: bool) -> Array:
    """The triangle that a solver reads; without the diagonal if that counts as ones."""
    return np.tril(x, -int(unit_diagonal)) if lower else np.triu(x, int(unit_diagonal))


@linear(triangle)
def triangle_rule(g: Array, x: Array, lower: bool, unit_diagonal: bool) -> Array:
    return triangle(g, lower, unit_diagonal)


@primitive
def outer_of_columns(x: Array, y: Array, transposed: bool) -> Array:
    """The sum of the outer products of the columns, or vectors; transposed if asked for."""
    if np.ndim(x) > 2:
        raise MissingRuleError("no derivative rule for scipy.linalg.solve_triangular of stacked matrices")
    columns = [np.reshape(one, (np.shape(one)[0], -1)) for one in (x, y)]
    product = columns[0] @ columns[1].T
    return product.T if transposed else product


@primitive
def transposed_if(x: Array, condition: bool) -> Array:
    """The transpose, or `x` itself."""
    return np.transpose(x) if condition else x


@linear(transposed_if)
def transposed_if_rule(g: Array, x: Array, condition: bool) -> Array:
    return transposed_if(g, condition)


@general(outer_of_columns)
def outer_of_columns_rule(g: Array, x: Array, y: Array, transposed: bool) -> Any:
    turned = transposed_if(g, transposed)
    return turned @ y, np.transpose(turned) @ x


@forward_rule(outer_of_columns)
def outer_of_columns_forward(
    t_x: Array, t_y: Array, out: Array, x: Array, y: Array, transposed: bool
) -> Array:
    return outer_of_columns(t_x, y, transposed) + outer_of_columns(x, t_y, transposed)


@general(triangular_solution)
def triangular_solution_rule(
    g: Array, out: Array, a: Array, b: Array, transposed: bool, lower: bool, unit_diagonal: bool
) -> Any:
    back = triangular_solution(a, g, flipped(transposed), lower, unit_diagonal)
    return triangle(-outer_of_columns(back, out, transposed), lower, unit_diagonal), back


@forward_rule(triangular_solution)
def triangular_solution_forward(
    t_a: Array,
    t_b: Array,
    out: Array,
    a: Array,
    b: Array,
    transposed: bool,
    lower: bool,
    unit_diagonal: bool,
) -> Array:
    change = transposed_if(triangle(t_a, lower, unit_diagonal), transposed) @ out
    return triangular_solution(a, t_b - change, transposed, lower, unit_diagonal)


def with_plain_trans(
    a: Array, b: Array, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **others: Any
) -> Call:
    """`trans` as 0 or 1; conjugated matrices are not differentiated."""
    if trans not in (0, 1, "N", "T"):
        raise MissingRuleError(
            f"no derivative rule for scipy.linalg.solve_triangular with trans={trans!r}: use 0 or 1"
        )
    return (a, b, int(trans in (1, "T")), lower, unit_diagonal), others


@general(scipy_linalg.solve_triangular, prepare=with_plain_trans)
def solve_triangular(
    g: Array,
    out: Array,
    a: Array,
    b: Array,
    trans: int = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    back = triangular_solution(a, g, flipped(trans), lower, unit_diagonal)
    return triangle(-outer_of_columns(back, out, trans), lower, unit_diagonal), back


@forward_rule(scipy_linalg.solve_triangular)
def solve_triangular_forward(
    t_a: Array,
    t_b: Array,
    out: Array,
    a: Array,
    b: Array,
    trans: int = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    change = transposed_if(triangle(t_a, lower, unit_diagonal), trans) @ out
    return triangular_solution(a, t_b - change, trans, lower, unit_diagonal)


same_as(np.linalg.solve, scipy_linalg.solve)
same_as(np.linalg.inv, scipy_linalg.inv)
same_as(np.linalg.det, scipy_linalg.det)

# Factors and functions of matrices --------------------------------------------------------------------------


@general(scipy_linalg.cholesky)
def cholesky(g: Array, out: Array, a: Array, lower: bool = False) -> Array:
    low = transposed_if(out, flipped(lower))
    inverse = np.linalg.inv(low)
    inside = tril_half(np.matrix_transpose(low) @ transposed_if(g, flipped(lower)))
    whole = np.matrix_transpose(inverse) @ inside @ inverse
    return transposed_if(tril_half(whole + np.matrix_transpose(whole)), flipped(lower))


@forward_rule(scipy_linalg.cholesky)
def cholesky_forward(t: Array, out: Array, a: Array, lower: bool = False) -> Array:
    low = transposed_if(out, flipped(lower))
    inverse = np.linalg.inv(low)
    half = tril_half(transposed_if(t, flipped(lower)))
    inside = inverse @ (half + np.matrix_transpose(half)) @ np.matrix_transpose(inverse)
    return transposed_if(low @ tril_half(inside), flipped(lower))


@primitive
def matrix_exp(A: Array) -> Array:
    """The exponential of a matrix."""
    return scipy_linalg.expm(A)


@primitive
def doubled(a: Array, t: Array) -> Array:
    """[[a, t], [0, a]]: in the upper right corner of its exponential stands the derivative along `t`."""
    upper = np.concatenate([a, t], axis=-1)
    under = np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([upper, under], axis=-2)


@primitive
def halved(x: Array) -> tuple[Array, Array]:
    """The transpose of `doubled`."""
    n = np.shape(x)[-1] // 2
    return x[..., :n, :n] + x[..., n:, n:], x[..., :n, n:]


@general(doubled)
def doubled_rule(g: Array, a: Array, t: Array) -> Any:
    parts = halved(g)
    return parts[0], parts[1]


@forward_rule(doubled)
def doubled_forward(t_a: Array, t_t: Array, out: Array, a: Array, t: Array) -> Array:
    return doubled(t_a, t_t)


@linear(halved)
def halved_rule(g: tuple[Array, Array], x: Array) -> Array:
    return doubled(g[0], g[1])


@primitive
def corner(x: Array) -> Array:
    """The upper right quarter of a matrix."""
    n = np.shape(x)[-1] // 2
    return x[..., :n, n:]


@primitive
def in_corner(x: Array) -> Array:
    """`x` as the upper right quarter of a matrix of zeros."""
    return doubled(np.zeros_like(x), x)


@linear(corner)
def corner_rule(g: Array, x: Array) -> Array:
    return in_corner(g)


@linear(in_corner)
def in_corner_rule(g: Array, x: Array) -> Array:
    return corner(g)


@general(matrix_exp)
def matrix_exp_rule(g: Array, A: Array) -> Array:
    return corner(matrix_exp(doubled(np.matrix_transpose(A), g)))


@forward_rule(matrix_exp)
def matrix_exp_forward(t: Array, out: Array, A: Array) -> Array:
    return corner(matrix_exp(doubled(A, t)))


same_as(matrix_exp, scipy_linalg.expm)


@primitive
def sylvester(a: Array, b: Array, q: Array) -> Array:
    """The solution of `a @ x + x @ b = q`."""
    return scipy_linalg.solve_sylvester(a, b, q)


@general(sylvester)
def sylvester_rule(g: Array, out: Array, a: Array, b: Array, q: Array) -> Any:
    back = sylvester(np.transpose(a), np.transpose(b), g)
    turned = np.transpose(out)
    return -(back @ turned), -(turned @ back), back


@forward_rule(sylvester)
def sylvester_forward(t_a: Array, t_b: Array, t_q: Array, out: Array, a: Array, b: Array, q: Array) -> Array:
    return sylvester(a, b, t_q - t_a @ out - out @ t_b)


same_as(sylvester, scipy_linalg.solve_sylvester)


@general(scipy_linalg.sqrtm)
def sqrtm(g: Array, out: Array, A: Array) -> Array:
    turned = np.transpose(out)
    return sylvester(turned, turned, g)


@forward_rule(scipy_linalg.sqrtm)
def sqrtm_forward(t: Array, out: Array, A: Array) -> Array:
    return sylvester(out, out, t)


# Blocks -----------------------------------------------------------------------------------------------------


@linear(scipy_linalg.block_diag)
def block_diag(g: Array, *arrs: Array) -> Any:
    return diagonal_blocks(g, layout_of(arrs))


@primitive
def diagonal_blocks(x: Array, layout: Layout) -> list[Array]:
    """The blocks along the diagonal, each as the array that it came from."""
    found, row, column = [], 0, 0
    for leaf in layout:
        height, width = leaf.shape if len(leaf.shape) == 2 else (1, math.prod(leaf.shape))
        block = x[row : row + height, column : column + width]
        found.append(in_dtype(np.reshape(block, leaf.shape), leaf.dtype))
        row, column = row + height, column + width
    return found


@linear(diagonal_blocks)
def diagonal_blocks_rule(g: Sequence[Array], x: Array, layout: Layout) -> Array:
    return joined_blocks(g)


@primitive
def joined_blocks(parts: Sequence[Array]) -> Array:
    """The blocks along the diagonal of a matrix of zeros."""
    return scipy_linalg.block_diag(*parts)


@linear(joined_blocks)
def joined_blocks_rule(g: Array, parts: Sequence[Array]) -> Any:
    return diagonal_blocks(g, layout_of(parts))
