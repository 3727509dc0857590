"""Gradients are the caller's alone: no array that anybody else holds is handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tapeless import _tree
from tapeless.transforms.ownership import copies, kept, owned


@dataclass
class Layer:
    w: Any


class Box:
    def __init__(self, inside):
        self.inside = inside


_tree.register_container(Box, lambda box: ([box.inside], None), lambda _, parts: Box(*parts))


def test_an_array_that_says_one_element_several_times_is_copied():
    held = (np.ndarray((3,), float, np.ones(1), strides=(0,)),)  # and may be written into
    found = owned(held[0])
    found[0] = 5.0

    assert found.tolist() == [5.0, 1.0, 1.0]


def address_of(held: Any) -> int:
    """Where the array begins that is first among what is held."""
    return held[0].__array_interface__["data"][0]


def test_a_fresh_array_is_handed_over_as_it_is():
    held = (np.ones(3),)
    address = address_of(held)
    found = (owned(held[0]),)  # no call within the assertion: pytest keeps what it shows

    assert address_of(found) == address


def test_a_fresh_view_of_a_fresh_array_is_handed_over_as_it_is():
    held = (np.ones((2, 3)).T,)
    address = address_of(held)
    found = (owned(held[0]),)

    assert address_of(found) == address


def elsewhere(value: Any) -> Any:
    """Something that holds the value, and a tuple with it."""
    return [value], (value,)


@pytest.mark.parametrize(
    "make",
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[1:],
        lambda a: np.broadcast_to(a, (4, *a.shape)),
        lambda a: a.view(np.memmap),
    ],
)
def test_an_array_that_somebody_holds_is_copied(make):
    array = np.arange(6.0).reshape(2, 3)
    held = (make(array),)
    found = owned(held[0])

    assert not np.shares_memory(found, array)
    np.testing.assert_array_equal(found, make(array))


@pytest.mark.parametrize("where", [list, tuple])
def test_one_array_in_two_places_becomes_two(where):
    array = np.ones(3)
    held = where([array, array])
    del array
    first, second = owned((held,)[0])

    assert not np.shares_memory(first, second)


def test_views_of_one_array_become_apart():
    array = np.arange(6.0)
    held = (array[:3], array[3:], array[::2])
    del array
    found = [owned(held[i]) for i in range(3)]

    assert not np.shares_memory(found[0], found[2])
    assert not np.shares_memory(found[1], found[2])


def test_a_broadcast_array_becomes_one_that_can_be_written_into():
    held = (np.broadcast_to(np.float64(2.0), (3,)),)
    found = owned(held[0])
    found += 1.0

    assert found.tolist() == [3.0] * 3


CONTAINERS = [
    lambda a: [a],
    lambda a: (a,),
    lambda a: {"a": a},
    lambda a: Layer(a),
    lambda a: [{"a": Layer((a,))}],
]


@pytest.mark.parametrize("make", CONTAINERS)
def test_containers_are_looked_into(make):
    array = np.ones(3)
    held = (make(array),)
    (found,) = _tree.flatten(owned(held[0]))[0]

    assert not np.shares_memory(found, array)


@pytest.mark.parametrize("make", CONTAINERS)
def test_fresh_arrays_in_containers_are_handed_over(make):
    held = (make(np.ones(3)),)
    address = address_of(_tree.flatten(held[0])[0])
    found = _tree.flatten(owned(held[0]))[0]

    assert address_of(found) == address


def test_what_a_registered_container_gives_is_copied():
    array = np.ones(3)
    held = (Box(array),)

    assert not np.shares_memory(owned(held[0]).inside, array)


def test_arrays_without_axes_become_numbers():
    held = (np.array(3.0),)

    assert type(owned(held[0])) is np.float64


def test_residuals_are_kept_apart():
    array, own = np.ones(3), [(np.ones(3), 5)]
    address = address_of(own[0])
    held = ((array, own.pop(), {"a": array.T}),)
    first, second, third = kept(held[0])

    assert not np.shares_memory(first, array)
    assert not np.shares_memory(third["a"], array)
    assert address_of(second) == address
    assert second[1] == 5


def test_copies_copy_arrays_only():
    array, other = np.ones(3), object()
    found = copies(({"a": array, "b": other},))[0]

    assert not np.shares_memory(found["a"], array)
    assert found["b"] is other
