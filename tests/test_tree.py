"""Containers of arrays: taken apart, put together, matched."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeless import _tree


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    w: Any
    b: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    w: Any
    made: Any = field(init=False, default=0.0)


class Checked(dict):
    """A dict that means something of its own."""


VALUES = [
    1.0,
    None,
    [],
    [1.0, [2.0, ()]],
    {"b": 1.0, "a": (2.0, None)},
    Point(1.0, [2.0]),
    Layer(1.0, {"k": 2.0}),
    Frozen([3.0]),
    collections.OrderedDict(b=1.0, a=2.0),
    collections.defaultdict(list, a=1.0),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_unflatten_undoes_flatten(value):
    leaves, structure = _tree.flatten(value)
    back = _tree.unflatten(structure, leaves)

    assert back == value
    assert type(back) is type(value)
    assert structure.leaves == len(leaves) == len(_tree.labels(structure, "x"))
    assert hash(structure) == hash(_tree.structure(back))


@given(
    st.recursive(
        st.floats(allow_nan=False) | st.none() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text() | st.integers(), inner)
            | st.builds(Point, inner, inner)
            | st.builds(Layer, inner, inner)
        ),
    )
)
def test_any_nesting_comes_back(value):
    leaves, structure = _tree.flatten(value)

    assert _tree.unflatten(structure, leaves) == value
    assert _tree.leaves_like(structure, value) == leaves
    assert _tree.map(lambda leaf: leaf, value) == value


def test_leaves_are_the_objects_themselves():
    array = np.ones(3)

    ((leaf,), _) = _tree.flatten({"a": [array]})
    assert leaf is array


def test_a_dict_keeps_its_order_and_matches_by_key():
    first, second = {"b": 1.0, "a": 2.0}, {"a": 20.0, "b": 10.0}

    assert _tree.flatten(first)[0] == [1.0, 2.0]
    assert _tree.map(lambda x, y: (x, y), first, second) == {"b": (1.0, 10.0), "a": (2.0, 20.0)}
    assert list(_tree.map(lambda x, y: x, first, second)) == ["b", "a"]


def test_a_subclass_of_a_container_is_a_leaf():
    value = Checked(a=1.0)

    assert _tree.is_leaf(value)
    assert _tree.flatten(value)[0] == [value]


def test_none_holds_nothing():
    leaves, structure = _tree.flatten([None, 1.0])

    assert leaves == [1.0]
    assert _tree.unflatten(structure, [2.0]) == [None, 2.0]


@pytest.mark.parametrize(
    ("model", "value", "said"),
    [
        ([1.0], (1.0,), "t is a tuple where a list is expected"),
        ([1.0, 2.0], [1.0], "t has 1 parts where 2 are expected"),
        ({"a": [1.0]}, {"a": 1.0}, "t['a'] is a float where a list is expected"),
        ({"a": 1.0}, {"a": [1.0]}, "t['a'] is a list where an array or number is expected"),
        ({"a": 1.0}, {"b": 1.0}, "t lacks the key 'a'"),
        ({"a": 1.0}, {"a": 1.0, "b": 1.0}, "t has the key 'b' too many"),
        (Point(1.0, [2.0]), Point(1.0, None), "t.y is a NoneType where a list is expected"),
        (Layer(1.0), Layer(1.0, 2.0), "t.b is a float where a NoneType is expected"),
    ],
    ids=repr,
)
def test_a_mismatch_is_named_by_its_place(model, value, said):
    with pytest.raises(ValueError) as caught:
        _tree.leaves_like(_tree.structure(model), value, "t")

    assert str(caught.value) == said


def test_too_many_leaves_are_refused():
    with pytest.raises(ValueError, match="holds 1 leaves, got 2"):
        _tree.unflatten(_tree.structure([1.0]), [1.0, 2.0])


def test_a_dataclass_is_put_together_without_its_init():
    @dataclass
    class Picky:
        w: Any

        def __post_init__(self):
            if self.w is None:
                raise ValueError("no weights")

    structure = _tree.structure(Picky(1.0))

    assert _tree.unflatten(structure, [None]).w is None


def test_registered_containers_are_taken_apart():
    class Box:
        def __init__(self, inside, label):
            self.inside, self.label = inside, label

    _tree.register_container(
        Box, lambda box: ([box.inside], box.label), lambda label, parts: Box(*parts, label)
    )
    leaves, structure = _tree.flatten([Box({"a": 1.0}, "red")])
    (back,) = _tree.unflatten(structure, [2.0])

    assert leaves == [1.0]
    assert (back.inside, back.label) == ({"a": 2.0}, "red")
    with pytest.raises(ValueError, match="made with 'blue' where 'red' is expected"):
        _tree.leaves_like(structure, [Box({"a": 1.0}, "blue")])
    with pytest.raises(TypeError, match="registered as a container already"):
        _tree.register_container(Box, lambda box: ((), None), lambda label, parts: None)


def test_a_type_that_was_a_leaf_can_be_registered():
    class Late:
        def __init__(self, inside):
            self.inside = inside

    assert _tree.is_leaf(Late(1.0))
    _tree.register_container(Late, lambda late: ([late.inside], None), lambda _, parts: Late(*parts))
    assert _tree.flatten(Late(1.0))[0] == [1.0]
