"""The functions that derivative rules call and NumPy lacks."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import Const, reshaped_part
from tapeless.rules import (
    activations,
    contractions,
    decompositions,
    extremes,
    indexing,
    linear_forms,
    lists,
    norms,
    parts,
    puts,
    reductions,
    scans,
    shields,
    signals,
    smooth,
    sorting,
    steps,
    support,
)
from tapeless.rules import linalg as rules_linalg
from tapeless.rules import shapes as rules_shapes
from tapeless.rules.elementwise import is_lowered, is_raised, is_within
from tapeless.rules.own import own_cotangent
from tapeless.source.facts import (
    BOOL,
    FLOAT,
    NUMERIC,
    PYTHON_NUMBERS,
    UNKNOWN,
    Dim,
    Fact,
    known_of,
    same_dtype,
)
from tapeless.source.infer.contractions import matmul
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.joining import parts_of
from tapeless.source.infer.lengths import ANY, minus, product, total
from tapeless.source.infer.linalg import diagonal
from tapeless.source.infer.operators import binary
from tapeless.source.infer.pointwise import chosen, of_one
from tapeless.source.infer.reductions import INDEX, logsumexp, reduced
from tapeless.source.infer.selecting import order, partition_order
from tapeless.source.infer.shapes import matrix_transpose, pad, ravel, reshape, same_array
from tapeless.source.infer.signals import kept
from tapeless.source.infer.terms import (
    NONE,
    ZERO,
    Dtype,
    Result,
    Term,
    anything,
    axes_argument,
    axis_argument,
    broadcast_all,
    dtype_argument,
    flag,
    integer,
    is_none,
    loose,
    numeric,
    operand,
    shape_argument,
    text,
)

# In another shape -------------------------------------------------------------------------------------


def inexact(fact: Fact) -> Dtype | None:
    """The dtype of floats and complex numbers of NumPy: what becomes of others does not matter here."""
    is_inexact = fact.dtype is not None and fact.dtype.kind in "fc"
    return fact.dtype if is_inexact and fact.weak is False else None


def in_shape(x: Term, shape: Term, *options: Term) -> Fact:
    """What comes in the dtype of its first argument and the shape that the second names."""
    return loose(inexact(operand(x)), shape_argument(shape))


def spread(x: Term, shape: Term, *options: Term) -> Fact:
    """What is made an array first: a Python number has the dtype that NumPy gives it."""
    return loose(operand(x).dtype, shape_argument(shape))


def unbroadcast(x: Term, shape: Term) -> Fact:
    """Summed down to a shape; a number stays what it is."""
    fact = operand(x)
    return fact if fact.dims == () else in_shape(x, shape)


def of_imaginary(x: Term, dtype: Term) -> Fact:
    """Complex where the dtype is."""
    fact, wanted = operand(x), dtype_argument(dtype, None)
    if wanted is None:
        return loose(None, fact.dims)
    turned = result_dtype(np.multiply, fact, PYTHON_NUMBERS[complex])
    return loose(turned if wanted.kind == "c" else inexact(fact), fact.dims)


def product_in_shape(c: Term, x: Term, shape: Term, *options: Term) -> Fact:
    """A product of two arrays in the shape that the third argument names."""
    first, second = operand(c), operand(x)
    known = inexact(first) is not None and second.dtype is not None
    if second.weak is not False:  # some of them make an array of it first, others do not
        known = known and same_dtype(first.dtype, second.dtype)
    return loose(result_dtype(np.multiply, first, second) if known else None, shape_argument(shape))


def spread_weights(weights: Term, shape: Term, axis: Term, dtype: Term) -> Fact:
    """In the shape given, unless there is one weight for each element already."""
    if is_none(weights):
        return Fact("array", dtype_argument(dtype, None), shape_argument(shape))
    fact = operand(weights)
    return loose(fact.dtype, fact.dims if is_none(axis) else shape_argument(shape))


def restore_axes(x: Term, shape: Term, axis: Term, keepdims: Term) -> Fact:
    """With the axes that a reduction took away, of length 1."""
    fact, whole = operand(x), shape_argument(shape)
    kept = flag(keepdims)
    if is_none(axis) or kept or whole == ():
        return fact
    if kept is None or whole is None:
        return Fact("numeric", fact.dtype)
    return Fact("array", fact.dtype, reduced(whole, axis, True))


def merge_axes(x: Term, axis: Term) -> Fact:
    """Some axes brought together into one, the last."""
    fact = operand(x)
    if is_none(axis) or fact.dims == ():
        return Fact("array", fact.dtype, (ANY if fact.dims is None else product(fact.dims),))
    axes = None if fact.dims is None else axes_argument(axis, len(fact.dims))
    if fact.dims is None or axes is None:
        return Fact("array", fact.dtype)
    rest = [dim for i, dim in enumerate(fact.dims) if i not in axes]
    return Fact("array", fact.dtype, (*rest, product([fact.dims[i] for i in axes])))


# Element by element -----------------------------------------------------------------------------------


def like_first(x: Term, *options: Term) -> Fact:
    """As `same`, where a number of Python may come back as NumPy's."""
    fact = operand(x)
    return loose(fact.dtype if fact.weak is False else None, fact.dims)


def spread_of(function: Callable[..., Any], count: int) -> Callable[..., Fact]:
    """A function whose first `count` arguments broadcast."""

    def handler(*args: Term, **options: Term) -> Fact:
        facts = [operand(arg) for arg in args[:count]]
        return loose(result_dtype(function, *facts), broadcast_all(facts))

    return handler


def masked(x: Term, where: Term) -> Fact:
    """Zero where the mask does not hold; the array itself if it is True."""
    return filled(x, where, ZERO)


def filled(x: Term, where: Term, value: Term) -> Fact:
    """Something else where the mask does not hold; the array itself if it is True."""
    fact = operand(x)
    if type(where) is Const and where.value is True:
        return fact
    holds = operand(where)
    dtype = None if inexact(fact) is None else result_dtype(chosen, fact, operand(value))
    if holds.kind == "array":
        return Fact("array", dtype, broadcast_all((fact, holds)))
    return loose(dtype, broadcast_all((fact, holds)) if fact.dims is not None and holds.dims == () else None)


def as_dtype(x: Term, dtype: Term) -> Fact:
    """In another dtype."""
    fact, wanted = operand(x), dtype_argument(dtype, None)
    if fact.weak and same_dtype(fact.dtype, wanted):
        return fact
    return loose(wanted if fact.weak is False or fact.weak else None, fact.dims)


def power_derivative(x: Term, y: Term, m: Term, k: Term) -> Fact:
    """A number as exponent stays a number; else powers of arrays."""
    base, exponent = operand(x), operand(y)
    dims = broadcast_all((base, exponent))
    dtype = result_dtype(np.power, base, exponent)
    if inexact(base) is None:
        return loose(None, dims)
    # A number is as narrow as Python's there, whatever its own dtype.
    return loose(dtype if dtype == base.dtype or exponent.kind == "array" else None, dims)


def mask_of(count: int) -> Callable[..., Fact]:
    """A bool for each element of the first arguments, broadcast; arguments that are None are left out."""

    def handler(*args: Term) -> Fact:
        facts = [operand(arg) for arg in args[:count] if not is_none(arg) and not _is_bool(arg)]
        return loose(BOOL, broadcast_all(facts))

    return handler


def _is_bool(term: Term) -> bool:
    return type(term) is Const and isinstance(term.value, bool)


def affine(bias: Term, x1: Term, x2: Term) -> Fact:
    """A matrix product and a sum."""
    return binary(np.add, np.add, matmul(x1, x2), bias)


# Picked and put ---------------------------------------------------------------------------------------


def picked(x: Term, indices: Term, axis: Term, keepdims: Term) -> Fact:
    """One element of each line."""
    fact = operand(x)
    return loose(fact.dtype, reduced(fact.dims, axis, flag(keepdims)))


def recurrence(b: Term, x: Term) -> Fact:
    """In the shape of the first argument."""
    first, second = operand(b), operand(x)
    return Fact("array", result_dtype(np.multiply, first, second), first.dims)


def identity_of(x: Term) -> Fact:
    """A square matrix as large as the last axis, in the real dtype."""
    fact = operand(x)
    dtype = None if fact.dtype is None else np.finfo(fact.dtype).dtype
    dims = None if not fact.dims else (fact.dims[-1], fact.dims[-1])
    return Fact("array", dtype, dims)


def gap_reciprocals(w: Term) -> Fact:
    """A square for each vector."""
    fact = operand(w)
    return Fact("array", fact.dtype, None if not fact.dims else (*fact.dims, fact.dims[-1]))


def columns(x: Term, count: Term) -> Fact:
    """With so many columns."""
    fact, number = operand(x), integer(count)
    size = known_of(count).size
    last: Dim = number if number is not None else ANY if size is None else size
    return Fact("array", fact.dtype, None if not fact.dims else (*fact.dims[:-1], last))


def adjoint_if(x: Term, condition: Term) -> Fact:
    """The conjugate transpose, or the array itself."""
    chosen, fact = flag(condition), operand(x)
    if chosen is None:
        return Fact("array", inexact(fact), None if fact.dims is None else anything(len(fact.dims)))
    return Fact("array", inexact(fact), matrix_transpose(fact).dims) if chosen else fact


def vector_or_columns(x: Term, ndim: Term, change: int) -> Fact:
    """With one axis of length 1 more or less if the right-hand side is a vector."""
    fact, rank = operand(x), integer(ndim)
    if rank != 1 or fact.dims is None:
        return fact if rank not in (None, 1) else Fact("array" if change > 0 else "numeric", fact.dtype)
    return loose(fact.dtype, (*fact.dims, 1) if change > 0 else fact.dims[:-1])


def as_columns(x: Term, ndim: Term) -> Fact:
    return vector_or_columns(x, ndim, 1)


def from_columns(x: Term, ndim: Term) -> Fact:
    return vector_or_columns(x, ndim, -1)


def sums_of_neighbours(y: Term, axis: Term) -> Fact:
    """One shorter along an axis."""
    fact = operand(y)
    at = None if fact.dims is None else axis_argument(axis, len(fact.dims))
    if fact.dims is None or at is None:
        return Fact("array", fact.dtype)
    return Fact("array", fact.dtype, (*fact.dims[:at], minus(fact.dims[at], 1), *fact.dims[at + 1 :]))


def steps_between(x: Term, dx: Term, ndim: Term, axis: Term) -> Fact:
    """The distances between places, as they broadcast against `ndim` axes; without places `dx`."""
    if is_none(x):
        return known_of(dx)
    fact, rank = operand(x), integer(ndim)
    dtype = result_dtype(np.diff, fact)
    if not fact.dims:
        return Fact("array", dtype)
    if len(fact.dims) != 1:
        found = sums_of_neighbours(x, axis)
        return Fact("array", dtype, found.dims)
    at = None if rank is None else axis_argument(axis, rank)
    if rank is None or at is None:
        return Fact("array", dtype, None if rank is None else anything(rank))
    places = fact.dims[0]
    return Fact("array", dtype, tuple([minus(places, 1) if i == at else 1 for i in range(rank)]))


def put_in_full(x: Term, n: Term, m: Term, *options: Term) -> Fact:
    """As long as the full convolution."""
    sizes = known_of(n).size, known_of(m).size
    length = ANY if None in sizes else minus(total([size for size in sizes if size is not None]), 1)
    return Fact("array", operand(x).dtype, (length,))


def take_of_full(x: Term, n: Term, m: Term, mode: Term, mirrored: Term) -> Fact:
    """As long as the mode keeps."""
    sizes = known_of(n).size, known_of(m).size
    length = ANY if sizes[0] is None or sizes[1] is None else kept(sizes[0], sizes[1], text(mode))
    return Fact("array", operand(x).dtype, (length,))


def quantile_shares(a: Term, q: Term, axis: Term, ignore_nan: Term, dtype: Term) -> Fact:
    """How much of each quantile each element is."""
    first, second = operand(q).dims, operand(a).dims
    dims = None if first is None or second is None else (*first, *second)
    return loose(dtype_argument(dtype, None), dims)


def within_bounds(a: Term, a_min: Term, a_max: Term) -> Fact:
    """Where clipping changes nothing: everywhere, in one bool, without bounds."""
    bounds = [operand(bound) for bound in (a_min, a_max) if not is_none(bound)]
    return loose(BOOL, broadcast_all([operand(a), *bounds]) if bounds else ())


def as_floats(x: Term, *options: Term) -> Fact:
    """In the shape and dtype of the array, if it is of floats."""
    fact = operand(x)
    return loose(inexact(fact), fact.dims)


def element(a: Term) -> Fact:
    """One of the elements."""
    return numeric(operand(a).dtype, ())


def placed(x: Term, like: Term, index: Term) -> Fact:
    """Zeros but in one place."""
    fact, whole = operand(x), known_of(like)
    if whole.weak is not False or whole.kind not in NUMERIC:
        return UNKNOWN
    return loose(fact.dtype, whole.dims)


def zeros_of(value: Term) -> Fact:
    """Zeros in the structure of a value; of whole numbers, floats."""
    fact = known_of(value)
    if fact.kind not in NUMERIC or fact.dtype is None or fact.kind == "numeric":
        return UNKNOWN
    if fact.kind == "array":
        return Fact("array", fact.dtype if fact.dtype.kind in "fc" else FLOAT, fact.dims)
    if fact.weak is None:
        return UNKNOWN
    return PYTHON_NUMBERS[float] if fact.weak or fact.dtype.kind not in "fc" else fact


def added(a: Term, b: Term) -> Fact:
    """A sum of numbers or arrays; of containers nothing is said."""
    if known_of(a).kind not in NUMERIC or known_of(b).kind not in NUMERIC:
        return UNKNOWN
    return binary(operator.add, np.add, a, b)


def last_written(x: Term, index: Term, shape: Term, *options: Term) -> Fact:
    """In the shape that the third argument names."""
    return in_shape(x, shape)


def places_on_diagonal(*args: Term) -> Fact:
    """As many integers as only the running program knows."""
    return Fact("array", INDEX, (ANY,))


def fill_where(x: Term, mask: Term, value: Term) -> Fact:
    """In the dtype of the first."""
    facts = [operand(term) for term in (x, mask, value)]
    return loose(facts[0].dtype if facts[0].weak is False else None, broadcast_all(facts))


def norm_gradient(out: Term, x: Term, *options: Term) -> Fact:
    """In the shape of the array."""
    return as_floats(x)


def cofactors_change(t: Term, a: Term) -> Fact:
    """In the shape of the matrices."""
    change, fact = operand(t), operand(a)
    known = inexact(change) is not None and inexact(fact) is not None
    return Fact("array", result_dtype(np.multiply, change, fact) if known else None, fact.dims)


def none_holds(condlist: Term) -> Fact:
    """A bool for each element of the conditions, broadcast."""
    parts, all_known = parts_of(condlist)
    return loose(BOOL, broadcast_all(parts) if all_known else None)


def place(x: Term, xp: Term) -> Fact:
    """The index of a knot."""
    return loose(INDEX, operand(x).dims)


def beyond_knots(x: Term, xp: Term, dtype: Term) -> Fact:
    """One or zero for each place."""
    return Fact("array", dtype_argument(dtype, None), operand(x).dims)


def sinc_derivative(x: Term, k: Term) -> Fact:
    """The k-th derivative of sinc."""
    fact = operand(x)
    return loose(result_dtype(_slope_of_sinc, fact), fact.dims)


def _slope_of_sinc(x: Any) -> Any:
    return smooth.sinc_derivative(x, 1)


def part_in_shape(a: Term, shape: Term = NONE) -> Result:
    """Without a shape it is ravelled."""
    return ravel(a) if is_none(shape) else reshape(a, shape)


IN_SHAPE = (
    indexing.index_add, indexing.index_put, indexing.add_taken, indexing.add_along_axis, indexing.undiagonal,
    indexing.undiag, indexing.untrace, support.split_axes, scans.diff_transposed,
    signals.sums_of_neighbours_transposed, signals.steps_transposed,
)  # fmt: skip
SUMS_IN_SHAPE = (
    rules_shapes.sum_repeats, rules_shapes.sum_tiles, rules_shapes.sum_cycles,
    rules_shapes.unpad, reductions.gather_weights,
)  # fmt: skip
PRODUCTS_IN_SHAPE = (
    contractions.matmul_to_left, contractions.matmul_to_right, contractions.dot_to_left,
    contractions.dot_to_right, contractions.inner_to_left, contractions.inner_to_right,
    contractions.tensordot_to_left, contractions.tensordot_to_right, contractions.kron_to_left,
    contractions.kron_to_right, contractions.cross_to_left, contractions.cross_to_right,
    linear_forms.laid_out_to_right,
)  # fmt: skip
OF_ONE = (
    activations.sigmoid, activations.relu, activations.error_function,
    activations.error_complement, activations.log_odds, activations.reciprocal_root,
    steps.sign, steps.floor, steps.ceil, steps.trunc, steps.fraction, steps.magnitude,
)  # fmt: skip
SPREAD = {
    activations.subtract_from: 2, activations.interpolate: 3, activations.softplus: 3,
    activations.times_log: 2, smooth.exp_share: 2,
    norms.power_or_zero: 2, support.divide_or_zero: 2, reductions.log_share: 2,
}  # fmt: skip
SAME = (
    decompositions.tril_half, decompositions.phase_free,
    scans.shifted_up, scans.shifted_down, scans.products_before, parts.add_at, indexing.index_set,
    support.overwrite,
)  # fmt: skip

HANDLERS: dict[Any, Callable[..., Result]] = {
    **dict.fromkeys(IN_SHAPE, in_shape),
    support.spread: spread,
    **dict.fromkeys(SUMS_IN_SHAPE, in_shape),
    **dict.fromkeys(PRODUCTS_IN_SHAPE, product_in_shape),
    **{function: of_one(function) for function in OF_ONE},
    **{function: spread_of(function, count) for function, count in SPREAD.items()},
    **dict.fromkeys(SAME, same_array),
    activations.softmax: like_first,
    activations.log_softmax: like_first,
    activations.logsumexp: logsumexp,
    decompositions.adjoint_if: adjoint_if,
    decompositions.phase_free: like_first,
    decompositions.gap_reciprocals: gap_reciprocals,
    decompositions.identity_of: identity_of,
    decompositions.reduced_columns: columns,
    decompositions.zero_columns_after: columns,
    is_within: within_bounds,
    is_raised: mask_of(3),
    is_lowered: mask_of(3),
    extremes.quantile_shares: quantile_shares,
    indexing.last_written: last_written,
    puts.last_put: last_written,
    puts.put_into: in_shape,
    puts.diagonal_places: places_on_diagonal,
    linear_forms.affine: affine,
    linear_forms.lies_turned: lambda x: PYTHON_NUMBERS[bool],
    lists.added: added,
    lists.placed: placed,
    lists.zeros_of: zeros_of,
    norms.polar: as_floats,
    norms.tie_share: as_floats,
    rules_linalg.cofactors: as_floats,
    norms.vector_gradient: norm_gradient,
    norms.matrix_gradient: norm_gradient,
    parts.diagonal_view: diagonal,
    parts.fill_where: fill_where,
    parts.middle: element,
    parts.nan_middle: element,
    parts.picked: picked,
    reductions.spread_weights: spread_weights,
    indexing.none_holds: none_holds,
    own_cotangent: lambda x, layout, whose: Fact("numeric"),
    shields.shielded_product: spread_of(shields.shielded_product, 2),
    shields.shielded_quotient: spread_of(shields.shielded_quotient, 2),
    reshaped_part: part_in_shape,
    rules_linalg.as_columns: as_columns,
    rules_linalg.from_columns: from_columns,
    rules_linalg.cofactors_change: cofactors_change,
    rules_shapes.pad_linear: pad,
    scans.not_nan: mask_of(2),
    scans.recurrence_up: recurrence,
    scans.recurrence_down: recurrence,
    signals.beyond_knots: beyond_knots,
    signals.between_knots: mask_of(1),
    signals.reads_knots: mask_of(1),
    signals.knot_below: place,
    signals.knot_above: place,
    signals.put_in_full: put_in_full,
    signals.take_of_full: take_of_full,
    signals.steps: steps_between,
    signals.sums_of_neighbours: sums_of_neighbours,
    smooth.power_derivative: power_derivative,
    smooth.sinc_derivative: sinc_derivative,
    smooth.bessel_i: like_first,
    sorting.stable_order: order,
    sorting.stable_places: order,
    sorting.partitioned_places: partition_order,
    sorting.partitioned_order: partition_order,
    steps.rounded: of_one(np.round),
    support.as_dtype: as_dtype,
    support.conjugate: like_first,
    support.filled: filled,
    support.masked: masked,
    support.merge_axes: merge_axes,
    support.of_imaginary: of_imaginary,
    support.restore_axes: restore_axes,
    support.stopped: known_of,
    support.unbroadcast: unbroadcast,
}
