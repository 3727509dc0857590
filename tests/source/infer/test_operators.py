"""Python's operators on its own numbers, on NumPy's and on containers: every pair of types."""

from __future__ import annotations

import itertools
import operator
import warnings
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import Const, build_tuple
from tapeless.source.facts import UNKNOWN, Fact, Size, as_one, fact_of
from tapeless.source.infer import infer
from tests.source.infer.truth import Truth

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.eq, operator.ne,
    operator.lt, operator.ge, operator.iadd, operator.imul, operator.itruediv, operator.ipow, divmod, min,
    max,
]  # fmt: skip
UNARY = [
    operator.neg, operator.pos, operator.abs, operator.invert, operator.not_, abs, round, float, int, bool,
]  # fmt: skip
VALUES: list[Any] = [
    True, 3, -2, 2.5, -1.5, 1j, np.bool_(True), np.int8(3), np.int64(-2), np.float16(1.5), np.float32(1.5),
    np.float64(2.5), np.float64(-0.5), np.longdouble(1.5), np.complex64(1j), np.complex128(2j), np.array(2.0),
    np.array(3), np.ones(2), np.ones(2, np.float32), np.ones(2, np.int8), np.ones(2, bool), [1.0, 2.0],
    (1.0, 2.0), [1, 2], "text", None,
]  # fmt: skip
KNOWN = {"argument": lambda value: fact_of(value, "x"), "constant": Const}


def run(op: Any, *args: Any) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return op(*[arg.copy() if isinstance(arg, np.ndarray | list) else arg for arg in args])


@pytest.mark.parametrize("op", [*OPERATORS, np.add, np.power, np.where], ids=lambda op: op.__name__)
def test_what_an_operator_gives_for_two_values(op: Any) -> None:
    for one, other in itertools.product(VALUES, VALUES):
        args = (True, one, other) if op is np.where else (one, other)
        try:
            result = run(op, *args)
        except (TypeError, ValueError, ArithmeticError, SystemError):
            continue
        if np.asarray(result).dtype.kind not in "biufc":
            continue
        for known in itertools.product(KNOWN.values(), KNOWN.values()):
            terms = [know(arg) for know, arg in zip((Const, *known)[-len(args) :], args, strict=True)]
            Truth().check(as_one(infer(op, terms, {}, "y")), result)


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.__name__)
@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_what_an_operator_gives_for_one_value(op: Any, known: Any) -> None:
    for value in VALUES:
        try:
            result = run(op, value)
        except (TypeError, ValueError, ArithmeticError):
            continue
        Truth().check(as_one(infer(op, [known(value)], {}, "y")), result)


def test_a_python_number_does_not_widen_an_array() -> None:
    x = fact_of(np.ones(3, np.float32), "x")

    assert x == infer(operator.mul, [x, Const(2.0)], {})
    assert x == infer(operator.mul, [fact_of(2.0, "c"), x], {})
    assert np.dtype(np.float64) == as_one(infer(operator.mul, [x, fact_of(np.float64(2.0), "c")], {})).dtype


def test_lengths_stay_known_through_arithmetic() -> None:
    x = fact_of(np.ones((4, 5)), "x")
    shape = infer(np.shape, [x], {})
    n, m = (as_one(infer(operator.getitem, [shape, Const(i)], {})) for i in (0, 1))
    more = as_one(infer(operator.add, [n, Const(1)], {}))
    less = as_one(infer(operator.sub, [n, Const(1)], {}))
    both = as_one(infer(operator.mul, [n, m], {}))
    tail = as_one(infer(operator.getitem, [x, Const(slice(1, None))], {}))
    flat = as_one(infer(np.ravel, [x], {}))
    grid = as_one(infer(np.zeros, [infer(build_tuple, [n, m], {})], {}))

    assert x.dims == grid.dims
    assert flat.dims == as_one(infer(np.zeros, [both], {})).dims
    assert (Size("x.0+1"),) == as_one(infer(np.zeros, [more], {})).dims
    assert tail.dims is not None
    assert tail.dims[:1] == as_one(infer(np.zeros, [less], {})).dims
    assert tail.dims[:1] == as_one(infer(np.arange, [Const(1), n], {})).dims
    assert (Size("x.0"),) == as_one(infer(np.arange, [n], {})).dims


def test_a_number_that_may_be_negative_says_nothing_to_a_reshape() -> None:
    x = fact_of(np.ones((4, 5)), "x")
    less = infer(operator.sub, [infer(len, [x], {}), Const(5)], {})

    assert as_one(infer(np.reshape, [x, less], {}, "y")).dims == (Size("y.0"),)


def test_lists_and_tuples_are_put_together() -> None:
    pair, triple = fact_of((1.0, 2), "p"), fact_of((1.0, 2, 1.0, 2), "t")

    assert triple == infer(operator.add, [pair, pair], {})
    assert triple == infer(operator.mul, [pair, Const(2)], {})
    assert infer(operator.add, [pair, Fact()], {}) == UNKNOWN


def test_new_lengths_are_named_after_the_result() -> None:
    x = fact_of(np.ones(3), "x")
    mask = infer(operator.gt, [x, Const(0.0)], {})
    named = as_one(infer(operator.getitem, [x, mask], {}, "y"))
    one, other = (as_one(infer(operator.getitem, [x, mask], {})) for _ in range(2))

    assert (Size("y.0"),) == named.dims
    assert one.dims != other.dims


def test_a_call_that_is_invalid_or_unknown_is_unknown() -> None:
    assert infer(operator.add, [], {}) == UNKNOWN
    assert infer(np.sin, [Const("text")], {}) == UNKNOWN
    assert infer(print, [Const(1)], {}) == UNKNOWN
    assert infer(np.reshape, [fact_of(np.ones(3), "x")], {"wrong": Const(1)}) == UNKNOWN
    assert infer(lambda x: x, [Const(1)], {}) == UNKNOWN
