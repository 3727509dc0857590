"""What is inferred step by step of random programs is true of every value on the way."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeless.ir.program import Const, build_tuple
from tapeless.source.facts import as_one, fact_of, known_of, same_shape, stretched
from tapeless.source.infer import infer
from tests.source.infer.truth import Truth

INVALID = (TypeError, ValueError, ArithmeticError, IndexError, AttributeError)
LENGTHS = (0, 1, 2, 3, 5)
NUMBERS = (2, -1, 0.5, True, 1j, np.float32(1.5), np.int8(3), np.float64(0.25))
DTYPES = (np.float64, np.float64, np.float32, np.int64, np.int8, np.bool_, np.complex64)

BINARY = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.lt, operator.eq, operator.and_, operator.matmul, operator.iadd, divmod, min, max, pow, np.add,
    np.maximum, np.arctan2, np.power, np.dot, np.matmul, np.outer, np.logaddexp, np.where, np.hypot,
)  # fmt: skip
UNARY = (
    operator.neg, operator.not_, abs, len, float, int, round, np.sin, np.sqrt, np.exp, np.square, np.floor,
    np.isnan, np.sum, np.mean, np.max, np.argmax, np.cumsum, np.diff, np.sort, np.transpose, np.ravel,
    np.squeeze, np.atleast_2d, np.shape, np.size, np.ndim, np.zeros_like, np.copy, np.array, np.asarray,
    np.real, np.nonzero,
)  # fmt: skip
SHAPED = (np.zeros, np.ones, np.arange)
WITH_SHAPE = (np.reshape, np.broadcast_to, np.full)
ALONG = (np.sum, np.prod, np.max, np.mean, np.cumsum, np.flip, np.expand_dims, np.argmax, np.std, np.repeat)
JOINS = (np.concatenate, np.stack, np.vstack, np.hstack, np.array, np.column_stack)
INDICES = (
    0, -1, None, Ellipsis, (Ellipsis, None), (slice(None), 0), (0, Ellipsis), [0, 0, 1], slice(1, None),
    slice(None, -1), slice(1, -1), slice(None, None, 2), slice(None, None, -1), slice(2), slice(-2, None),
    slice(1, 3),
)  # fmt: skip
STEPS = ("binary", "binary", "unary", "shape", "along", "join", "item", "bounds")


class Program:
    """Values that a random program has computed, and what is known of each."""

    def __init__(self, draw: Any) -> None:
        self.draw, self.truth = draw, Truth()
        self.values: list[tuple[Any, Any]] = []
        for name in "abc":
            shape = draw(st.lists(st.sampled_from(LENGTHS), max_size=3))
            value = np.ones(shape, draw(st.sampled_from(DTYPES)))
            self.values.append((value, fact_of(value, name)))
            self.truth.bind(self.values[-1][1], value)
        for position, number in enumerate(draw(st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=2))):
            self.values.append((number, fact_of(number, f"n{position}")))
        self.values.extend((value, Const(value)) for value in (2, 0.5))

    def pick(self) -> tuple[Any, Any]:
        return self.draw(st.sampled_from(self.values))

    def pick_axis(self) -> tuple[Any, Any]:
        axis = self.draw(st.sampled_from((0, 1, -1)))
        return axis, self.draw(st.sampled_from((Const(axis), fact_of(axis, "axis"))))

    def call(self, op: Any, *args: tuple[Any, Any]) -> tuple[Any, Any] | None:
        """Run and infer one step; nothing if NumPy does not take it."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = op(*[value for value, _ in args])
        except INVALID:
            return None
        if _is_huge(value) or _is_of_objects(value):
            return None
        fact = as_one(infer(op, [fact for _, fact in args], {}, f"t{len(self.values)}"))
        try:
            self.truth.check(fact, value)
        except AssertionError as error:
            error.add_note(f"{op} of {args}")
            raise
        self.values.append((value, fact))
        return value, fact

    def step(self) -> None:
        kind = self.draw(st.sampled_from(STEPS))
        pick, choose = self.pick, lambda ops: self.draw(st.sampled_from(ops))
        if kind == "binary":
            self.call(choose(BINARY), pick(), pick())
        elif kind == "unary":
            self.call(choose(UNARY), pick())
        elif kind == "along":
            self.call(choose(ALONG), pick(), self.pick_axis())
        elif kind == "join":
            parts = self.call(build_tuple, pick(), pick())
            if parts is not None:
                self.call(choose(JOINS), parts)
        elif kind == "item":
            index = choose(INDICES)
            self.call(operator.getitem, pick(), (index, Const(index)))
        elif kind == "bounds":
            bounds = [choose([(None, Const(None)), (1, Const(1)), (-2, Const(-2)), pick()]) for _ in range(2)]
            piece = self.call(slice, *bounds)
            if piece is not None:
                self.call(operator.getitem, pick(), piece)
        else:
            self._shaped(choose)

    def _shaped(self, choose: Any) -> None:
        sizes = [(-1, Const(-1)), (2, Const(2))]
        lengths = [choose([*sizes, self.pick(), self.pick()]) for _ in range(choose((1, 2)))]
        shape = choose([self.call(np.shape, self.pick()), self.call(build_tuple, *lengths), self.pick()])
        if shape is not None and choose((True, False)):
            self.call(choose(SHAPED), shape)
        elif shape is not None:
            op = choose(WITH_SHAPE)
            self.call(op, *((shape, self.pick()) if op is np.full else (self.pick(), shape)))


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind not in "biufc"


def _is_huge(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size > 10_000
    return type(value) is int and abs(value) > 2**60


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_is_inferred_of_random_programs_is_true(data: Any) -> None:
    program = Program(data.draw)

    for _ in range(12):
        program.step()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_axes_that_are_summed_bring_a_cotangent_back_to_its_input(data: Any) -> None:
    program = Program(data.draw)
    for _ in range(4):
        program.step()
    arrays = [(v, f) for v, f in program.values if isinstance(v, np.ndarray | np.generic)]
    one, other = data.draw(st.sampled_from(arrays)), data.draw(st.sampled_from(arrays))
    found = program.call(np.add, one, other)
    if found is None:
        return
    for x, fact in (one, other):
        axes = stretched(known_of(fact), found[1])
        if axes is not None:
            back = np.sum(np.ones(np.shape(found[0])), axis=axes)
            assert np.size(x) == np.size(back)
            assert np.shape(x) == np.reshape(back, np.shape(x)).shape
        if same_shape(known_of(fact), found[1]):
            assert np.shape(x) == np.shape(found[0])
