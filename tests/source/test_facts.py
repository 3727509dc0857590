"""Facts of arguments, and what two facts have in common."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tapeless.ir.program import Const
from tapeless.source.facts import (
    UNKNOWN,
    Fact,
    Size,
    as_one,
    as_several,
    broadcast,
    fact_of,
    fact_of_constant,
    item_of,
    join,
    same_shape,
    stretched,
)
from tests.source.infer.truth import Truth

FLOAT = np.dtype(float)
N, M = Size("x.0", False), Size("y.0", False)
S, T = Size("s.0"), Size("t.0")


def test_the_fact_of_an_array_tells_which_axes_are_one_long() -> None:
    fact = fact_of(np.zeros((3, 1, 0), np.float32), "x")

    assert Fact("array", np.dtype(np.float32), (N, 1, Size("x.2"))) == fact
    assert [dim.stretches for dim in fact.dims or () if isinstance(dim, Size)] == [False, False]


def test_python_numbers_are_weak_and_numpy_numbers_are_not() -> None:
    kinds = [fact_of(value, "x") for value in (True, 2, 2.0, 2j, np.float32(2.0), np.array(2.0))]

    assert [fact.weak for fact in kinds] == [True, True, True, True, False, False]
    assert [fact.kind for fact in kinds] == ["scalar"] * 5 + ["array"]
    assert [fact.dims for fact in kinds] == [()] * 6


def test_the_number_of_an_argument_is_not_known_but_that_of_a_constant_is() -> None:
    assert fact_of(3, "n").size is None
    assert fact_of_constant(3).size == 3


def test_containers_have_the_facts_of_their_items() -> None:
    fact = fact_of([np.zeros(2), (1.0, None), {"a": np.zeros(1)}], "x")

    assert fact.items is not None
    assert (Size("x[0].0"),) == fact.items[0].dims  # type: ignore[union-attr]
    assert (fact_of(1.0, ""), UNKNOWN) == fact.items[1].items  # type: ignore[union-attr]
    assert (Const("a"), Fact("array", FLOAT, (1,))) == fact.items[2].items  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [np.zeros(3).view(np.recarray), "text", None, object(), 2**70])
def test_of_other_objects_nothing_is_known(value: object) -> None:
    assert fact_of_constant(value) == UNKNOWN


def test_an_unknown_dtype_is_not_float64() -> None:
    assert Fact("array", None, (N,)) != Fact("array", FLOAT, (N,))
    assert join(Fact("array", None, (N,)), Fact("array", FLOAT, (N,)), "z").dtype is None
    assert join(Fact("array", FLOAT, (N,)), Fact("array", None, (N,)), "z").dtype is None


# join -------------------------------------------------------------------------------------------------


def test_a_join_keeps_what_both_say_and_names_the_lengths_that_differ() -> None:
    a, b = Fact("array", FLOAT, (N, 3, 1, S)), Fact("array", FLOAT, (N, 4, M, T))
    joined = join(a, b, "z")

    assert (N, Size("z.1"), Size("z.2"), Size("z.3")) == joined.dims
    assert [dim.stretches for dim in joined.dims[1:]] == [False, True, True]  # type: ignore[union-attr, index]


def test_a_join_of_other_ranks_or_dtypes_leaves_them_open() -> None:
    joined = join(Fact("array", FLOAT, (N,)), Fact("array", np.dtype(int), (N, M)), "z")

    assert Fact("array") == joined


def test_a_number_and_an_array_are_numeric() -> None:
    assert join(fact_of(1.0, "x"), fact_of(np.zeros(2), "y"), "z").kind == "numeric"
    assert join(fact_of(1.0, "x"), fact_of([1.0], "y"), "z") == UNKNOWN


def test_items_are_joined_one_by_one_and_lists_of_other_lengths_lose_theirs() -> None:
    joined = join(fact_of((1.0, np.zeros(2)), "x"), fact_of((1.0, np.zeros(2)), "y"), "z")

    assert joined.items == (fact_of(1.0, ""), Fact("array", FLOAT, (Size("z[1].0"),)))
    assert join(fact_of([1.0], "x"), fact_of([1.0, 2.0], "y"), "z").items is None


def test_numbers_are_joined_to_what_is_equal() -> None:
    three, four = fact_of_constant(3), fact_of_constant(4)

    assert join(three, fact_of_constant(3), "z").size == 3
    assert join(three, four, "z").size is None


def test_what_was_not_bound_before_gets_lengths_of_its_own() -> None:
    fact = join(None, Fact("array", FLOAT, (N, 3)), "z")

    assert (Size("z.0"), 3) == fact.dims


# Broadcasting -----------------------------------------------------------------------------------------

DIMS = (1, 3, N, M, S, T)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(DIMS, DIMS)), ids=str)
def test_broadcasting_is_true_of_all_lengths_that_fit(a: int | Size, b: int | Size) -> None:
    found = broadcast((a,), (b,))
    assert found is not None
    for lengths in itertools.product((0, 1, 2, 3), repeat=4):
        known = dict(zip(("x.0", "y.0", "s.0", "t.0"), lengths, strict=True))
        if 1 in lengths[:2]:
            continue
        m, n = (dim if isinstance(dim, int) else known[dim.name] for dim in (a, b))
        if m != n and 1 not in (m, n):
            continue
        truth = Truth()
        truth.lengths |= known
        truth.check(Fact("array", FLOAT, found), np.zeros(np.broadcast_shapes((m,), (n,))))


def test_a_shorter_shape_is_broadcast_from_the_last_axis() -> None:
    assert broadcast((M,), (N, 1)) == (N, M)
    assert broadcast(None, (N,)) is None


def test_the_leading_axes_and_those_of_length_one_are_summed() -> None:
    output = Fact("array", FLOAT, (S, N, M))

    assert stretched(Fact("array", FLOAT, (1, M)), output) == (0, 1)
    assert stretched(Fact("array", FLOAT, (N, M)), output) == (0,)
    assert stretched(Fact("scalar", FLOAT, ()), output) == (0, 1, 2)
    assert stretched(output, output) == ()


def test_lengths_that_may_be_one_leave_it_to_the_running_program() -> None:
    assert stretched(Fact("array", FLOAT, (S,)), Fact("array", FLOAT, (T,))) is None
    assert stretched(Fact("array", FLOAT, None), Fact("array", FLOAT, (T,))) is None
    assert stretched(Fact("array", FLOAT, (N,)), Fact("array", FLOAT, (M,))) == ()
    assert stretched(Fact("array", FLOAT, (3,)), Fact("array", FLOAT, (S,))) == ()


def test_shapes_are_the_same_if_they_are_known_to_be() -> None:
    assert same_shape(Fact("array", FLOAT, (N, 1)), Fact("array", None, (Size("x.0"), 1)))
    assert not same_shape(Fact("array", FLOAT, (N,)), Fact("array", FLOAT, (M,)))
    assert not same_shape(Fact("array"), Fact("array"))


# Several results --------------------------------------------------------------------------------------


def test_a_tuple_of_results_is_the_fact_of_a_tuple_and_the_other_way_round() -> None:
    results = (fact_of(1.0, ""), UNKNOWN)

    assert Fact("tuple", items=results) == as_one(results)
    assert results == as_several(as_one(results), 2)
    assert as_several(results, 3) == (UNKNOWN,) * 3
    assert (Fact("scalar", FLOAT, ()),) * 2 == as_several(Fact("array", FLOAT, (2,)), 2)


def test_a_loop_over_an_array_meets_its_rows() -> None:
    assert Fact("array", FLOAT, (M,)) == item_of(Fact("array", FLOAT, (N, M)), "row")
    assert Fact("scalar", FLOAT, ()) == item_of(Fact("array", FLOAT, (N,)), "row")
    assert (Size("row.0"),) == item_of(fact_of([np.zeros(2), np.zeros(3)], "x"), "row").dims
    assert item_of(UNKNOWN, "row") == UNKNOWN
