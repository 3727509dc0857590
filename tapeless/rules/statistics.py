"""Covariance and correlation of several variables."""

from __future__ import annotations

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import constant, general, linear
from tapeless.rules.support import conjugate
from tapeless.rules.table import primitive

Shape = tuple[int, ...]


def _is_by_columns(shape: Shape, is_second: bool, rowvar: bool) -> bool:
    """Whether an array holds a variable in each column: what NumPy takes a single row for differs."""
    return not rowvar and len(shape) == 2 and not (is_second and shape[0] == 1)


@primitive
def variables(x: Array, count: int, is_second: bool, rowvar: bool) -> Array:
    """The variables of the first or the second array in their rows among `count`, zeros in the others'.

    Of no array none: 0.
    """
    if x is None:
        return 0.0
    rows = np.reshape(x, (1, -1)) if np.ndim(x) < 2 else x
    rows = np.transpose(rows) if _is_by_columns(np.shape(x), is_second, rowvar) else rows
    result = np.zeros((count, rows.shape[1]), rows.dtype)
    result[count - len(rows) if is_second else 0 :][: len(rows)] = rows
    return result


@primitive
def variables_transposed(x: Array, shape: Shape, is_second: bool, rowvar: bool) -> Array:
    """The rows of one of the arrays, in its own shape."""
    by_columns = _is_by_columns(shape, is_second, rowvar)
    own = 1 if len(shape) < 2 else shape[1 if by_columns else 0]
    rows = x[len(x) - own :] if is_second else x[:own]
    return np.reshape(np.transpose(rows) if by_columns else rows, shape)


@linear(variables)
def variables_rule(g: Array, x: Array, count: int, is_second: bool, rowvar: bool) -> Array:
    return variables_transposed(g, np.shape(x), is_second, rowvar)


@linear(variables_transposed)
def variables_transposed_rule(g: Array, x: Array, shape: Shape, is_second: bool, rowvar: bool) -> Array:
    return variables(g, np.shape(x)[0], is_second, rowvar)


@primitive
def side(shape: Shape) -> int:
    """How many variables there are: NumPy gives a number for one."""
    return shape[0] if shape else 1


@primitive
def freedom(count: int, bias: bool, ddof: int | None) -> float:
    """What np.cov divides by."""
    return max(float(count - ((0 if bias else 1) if ddof is None else ddof)), 0.0)


constant(side, freedom)


@general(np.cov)
def cov(
    g: Array,
    m: Array,
    y: Array = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
) -> tuple[Array, Array]:
    count = side(np.shape(g))
    rows = variables(m, count, False, rowvar) + variables(y, count, True, rowvar)
    centred = rows - np.mean(rows, axis=1, keepdims=True)
    pairs = np.reshape(g, (count, count))
    change = np.matmul(pairs, conjugate(centred)) + conjugate(np.matmul(np.transpose(pairs), centred))
    scaled = change / freedom(np.shape(rows)[1], bias, ddof)
    return (
        variables_transposed(scaled, np.shape(m), False, rowvar),
        variables_transposed(scaled, np.shape(y), True, rowvar),
    )


@general(np.corrcoef)
def corrcoef(g: Array, x: Array, y: Array = None, rowvar: bool = True) -> tuple[Array, Array]:
    """Of rows brought to length one: what changes the length alone changes nothing."""
    count = side(np.shape(g))
    rows = variables(x, count, False, rowvar) + variables(y, count, True, rowvar)
    centred = rows - np.mean(rows, axis=1, keepdims=True)
    length = np.sqrt(np.sum(np.real(centred * conjugate(centred)), axis=1, keepdims=True))
    unit = centred / length
    pairs = np.reshape(g, (count, count))
    change = np.matmul(pairs, conjugate(unit)) + conjugate(np.matmul(np.transpose(pairs), unit))
    along = np.real(np.sum(change * unit, axis=1, keepdims=True))
    scaled = (change - along * conjugate(unit)) / length
    return (
        variables_transposed(scaled, np.shape(x), False, rowvar),
        variables_transposed(scaled, np.shape(y), True, rowvar),
    )
