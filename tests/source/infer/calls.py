"""Calls to infer and to run: every sample of a derivative rule, and what has none because nothing flows."""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from tapeless.ir.program import Const
from tapeless.rules import support
from tapeless.source.facts import Fact, fact_of
from tests.rules.sample import array, positive
from tests.rules.samples import EDGES, SAMPLES

Call = tuple[Any, tuple[Any, ...], dict[str, Any]]

X, Y, V = array(2, 3), positive(2, 3, seed=1), array(4, seed=2)
COUNTS, MASK = np.array([2, 0, 1]), np.array([[True, False, True], [False, True, True]])

MORE: list[Call] = [
    (function, args, kwargs)
    for function, args, kwargs in [
        *[(f, (X, Y), {}) for f in (np.less, np.equal, np.greater_equal, np.isclose, np.floor_divide)],
        *[(f, (X,), {}) for f in (np.isnan, np.isreal, np.signbit, np.floor, np.rint, np.fix, np.isposinf)],
        *[(f, (X, X), {}) for f in (np.allclose, np.array_equal, np.shares_memory)],
        *[(f, (X, 1), {}) for f in (np.argmax, np.nanargmin, np.argsort, np.count_nonzero, np.any)],
        *[(f, (MASK,), {}) for f in (np.nonzero, np.flatnonzero, np.argwhere, np.all, np.logical_not)],
        *[(f, (np.eye(3),), {}) for f in (np.diag_indices_from, np.tril_indices_from)],
        *[(f, (X,), {}) for f in (np.shape, np.ndim, np.size, len, np.isscalar, np.iscomplexobj)],
        (np.argmax, (X,), {}),
        (np.argmin, (X,), {"keepdims": True}),
        (np.argsort, (X,), {"axis": None}),
        (np.count_nonzero, (X,), {}),
        (np.lexsort, ((V, V),), {}),
        (np.searchsorted, (np.sort(V), X), {}),
        (np.searchsorted, (np.sort(V), 0.0), {}),
        (np.digitize, (X, np.sort(V)), {}),
        (np.unravel_index, (COUNTS, (2, 3)), {}),
        (np.ravel_multi_index, ((COUNTS, COUNTS), (3, 3)), {}),
        (np.indices, ((2, 3),), {}),
        (np.isin, (COUNTS, [1, 2]), {}),
        (np.round, (X, 1), {}),
        (np.round, (1.5,), {}),
        (np.gcd, (COUNTS, 2), {}),
        (np.bitwise_and, (MASK, MASK), {}),
        (np.left_shift, (COUNTS, 1), {}),
        (np.bitwise_count, (COUNTS,), {}),
        (np.linalg.matrix_rank, (np.eye(3),), {}),
        (np.result_type, (X, 1.0), {}),
        *[(f, ((2, 3),), {}) for f in (np.zeros, np.ones, np.empty)],
        *[(f, (3,), {"dtype": np.float32}) for f in (np.zeros, np.identity, np.arange, np.tri)],
        (np.zeros, ((),), {}),
        (np.full, ((2, 2), np.float32(1.0)), {}),
        (np.eye, (3, 2), {}),
        (np.arange, (3,), {}),
        (np.arange, (1, 7, 2), {}),
        (np.arange, (0.0, 1.0, 0.25), {}),
        (np.linspace, (0.0, 1.0, 5), {}),
        (np.linspace, (0.0, X, 5), {}),
        *[(f, (X,), {}) for f in (np.zeros_like, np.ones_like, np.empty_like)],
        (np.zeros_like, (X,), {"dtype": int}),
        (np.unique, (COUNTS,), {}),
        (np.add.outer, (V, V), {}),
        (np.float32, (X,), {}),
        (np.float64, (1.0,), {}),
        (np.ndarray.astype, (X, np.float32), {}),
        (support.dtype_of, (X,), {}),
        (support.dtype_of, (1.0,), {}),
        (operator.matmul, (X, X.T), {}),
        (operator.contains, ((1, 2), 1), {}),
        (operator.not_, (1.0,), {}),
        *[(f, (2.5,), {}) for f in (float, int, bool, complex, abs, round, math.sin, math.floor, math.isnan)],
        *[(f, (V[0],), {}) for f in (float, int, bool, abs, round, math.exp)],
        *[(f, (1.0, 2.0), {}) for f in (min, max, pow, divmod, math.atan2, math.hypot)],
        *[(f, (7, 2), {}) for f in (min, max, pow, divmod, math.gcd, math.comb)],
        *[(f, (V,), {}) for f in (list, tuple, min, max)],
        (sum, ([V, V],), {}),
        (sum, ([1, 2.0],), {}),
        (round, (2.5, 1), {}),
        (round, (np.float32(2.5), 1), {}),
        (math.frexp, (2.5,), {}),
        (math.modf, (2.5,), {}),
        (getattr, (X, "dtype"), {}),
        (getattr, (1.0, "imag"), {}),
        (builtins.slice, (1, None), {}),
    ]
]

CALLS: list[Call] = [(s.function, s.args, s.kwargs) for s in (*SAMPLES, *EDGES)] + MORE


def has_arrays(value: Any) -> bool:
    """Whether an argument is data, of which a signature says dtype and rank, or an option."""
    if isinstance(value, list | tuple):
        return any(has_arrays(item) for item in value)
    return isinstance(value, np.ndarray | np.generic)


def term(value: Any, name: str) -> Fact | Const:
    """What is known of an argument before the program runs."""
    return fact_of(value, name) if has_arrays(value) else Const(value)


def described(call: Call) -> str:
    function, args, kwargs = call
    name = getattr(function, "__name__", str(function))
    shapes = [str(np.shape(a)) if isinstance(a, np.ndarray) else repr(a) for a in args]
    return f"{name}({', '.join([*shapes, *(f'{k}={v!r}' for k, v in kwargs.items())])})".replace("\n", "")


def name_of(call: Call) -> str:
    return getattr(call[0], "__name__", str(call[0]))
