"""What is inferred of an index expression is true, whatever the index and whatever is known of it."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tapeless.ir.program import Const
from tapeless.source.facts import Fact, Size, as_one, fact_of, fact_of_constant, known_of
from tapeless.source.infer import infer
from tests.source.infer.truth import Truth

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
X = fact_of(np.zeros((5, 4)), "x")


def index_of(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    parts: list[Any] = []
    for n in shape:
        kind = draw(st.sampled_from(["int", "slice", "slice", "array", "list", "mask", "zero", "stop"]))
        if kind == "stop":
            break
        if kind == "int" and n:
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind in ("array", "list") and n:
            found = draw(
                hnp.arrays(
                    np.intp, st.sampled_from([(2,), (1,), (3, 2), (2, 1)]), elements=st.integers(-n, n - 1)
                )
            )
            parts.append(found.tolist() if kind == "list" else found)
        elif kind == "mask":
            parts.append(draw(hnp.arrays(bool, (n,))))
        elif kind == "zero" and n:
            parts.append(np.array(0))
        else:
            parts.append(draw(st.slices(5)))
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
    return tuple(parts)


@st.composite
def indexed(draw: Any) -> tuple[np.ndarray, Any]:
    shape = draw(SHAPES)
    index = index_of(draw, shape)
    return np.zeros(shape), index[0] if len(index) == 1 and draw(st.booleans()) else index


def term(value: Any, name: str, draw: Any) -> Any:
    """A constant, an argument of which the dtype and rank are known, or its parts one by one."""
    if isinstance(value, tuple):
        return Fact("tuple", items=tuple(term(part, f"{name}{i}", draw) for i, part in enumerate(value)))
    if isinstance(value, np.ndarray | list):
        return draw(st.sampled_from([fact_of(value, name), Fact("array"), Fact()]))
    if isinstance(value, slice) and draw(st.booleans()):
        bounds = tuple(
            term(part, f"{name}s{i}", draw) for i, part in enumerate((value.start, value.stop, value.step))
        )
        return Fact("slice", items=bounds)
    if type(value) is int and draw(st.booleans()):
        return fact_of(value, name)
    return Const(value)


@settings(max_examples=600, deadline=None)
@given(indexed(), st.data())
def test_what_is_inferred_of_an_index_is_true(case: tuple[np.ndarray, Any], data: Any) -> None:
    x, index = case
    try:
        result = x[index]
    except (IndexError, ValueError):
        return
    draw = data.draw
    base = draw(st.sampled_from([fact_of(x, "x"), fact_of_constant(x), Fact("array", None, None)]))
    place = term(index, "i", draw)
    truth = Truth()
    truth.bind(base, x)

    truth.check(as_one(infer(operator.getitem, [base, place], {}, "y")), result)


@settings(max_examples=300, deadline=None)
@given(indexed())
def test_the_rank_of_what_an_index_takes_is_known(case: tuple[np.ndarray, Any]) -> None:
    x, index = case
    try:
        result = x[index]
    except (IndexError, ValueError):
        return
    items = index if isinstance(index, tuple) else (index,)
    terms = tuple(fact_of(item, "i") if isinstance(item, np.ndarray) else Const(item) for item in items)
    place = Fact("tuple", items=terms) if isinstance(index, tuple) else terms[0]

    found = as_one(infer(operator.getitem, [fact_of(x, "x"), place], {}, "y"))

    assert found.dims is not None
    assert np.ndim(result) == len(found.dims)
    assert result.dtype == found.dtype


def rows(start: Any, stop: Any, step: Any = None) -> Any:
    found = as_one(infer(operator.getitem, [X, Const(slice(start, stop, step))], {}, "y")).dims
    return found[0] if found is not None else None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, None), (None, -1)),
        ((2, None), (1, -1)),
        ((None, -2), (2, None)),
        ((None, None), (0, None)),
        ((None, None, -1), (None, None)),
        ((None, None, 2), (None, None, 2)),
        ((None, 2), (0, 2)),
    ],
)
def test_slices_that_take_the_same_number_of_rows_are_known_to_do_so(one: Any, other: Any) -> None:
    assert rows(*one) == rows(*other)


def test_slices_that_may_take_other_numbers_of_rows_are_not_taken_for_the_same() -> None:
    lengths = [
        rows(1, None),
        rows(2, None),
        rows(None, None),
        rows(None, None, 2),
        rows(1, None, 2),
        rows(None, 2),
    ]

    assert len(lengths) == len(set(lengths))


def test_what_a_slice_leaves_may_be_one_row() -> None:
    stretches = [rows(1, None).stretches, rows(None, 1).stretches, rows(None, 2).stretches]

    assert stretches == [True, True, False]  # an axis that is not 1 long has 0 rows, 2, or more


def test_a_slice_up_to_the_length_is_the_whole() -> None:
    n = as_one(infer(len, [X], {}))
    less = as_one(infer(operator.sub, [n, Const(1)], {}))
    whole = as_one(infer(operator.getitem, [X, Fact("slice", items=(Const(None), n, Const(None)))], {}))
    front = as_one(infer(operator.getitem, [X, Fact("slice", items=(Const(None), less, Const(None)))], {}))

    assert X.dims == whole.dims
    assert rows(None, -1) == front.dims[0]  # type: ignore[index]


def test_items_of_containers_are_known_by_their_place() -> None:
    pair = fact_of((1.0, np.zeros(2)), "p")

    assert known_of(pair.items[1]) == infer(operator.getitem, [pair, Const(1)], {})  # type: ignore[index]
    assert known_of(pair.items[1]) == infer(operator.getitem, [pair, Const(-1)], {})  # type: ignore[index]
    assert Fact() == infer(operator.getitem, [pair, Const(2)], {})
    assert Fact("scalar", np.dtype(float), (), weak=True) == infer(
        operator.getitem, [fact_of({"a": 1.0}, "d"), Const("a")], {}
    )


def test_an_item_at_an_unknown_place_is_as_all_are() -> None:
    arrays = fact_of([np.zeros(2), np.zeros(3)], "a")

    found = as_one(infer(operator.getitem, [arrays, fact_of(1, "i")], {}, "y"))

    assert Fact("array", np.dtype(float), (Size("y.0"),)) == found
