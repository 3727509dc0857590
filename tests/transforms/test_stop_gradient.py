"""`stop_gradient`: the value, and nothing flows back, on every road."""

from __future__ import annotations

import numpy as np

import tapeless as tl
from tapeless import stop_gradient
from tapeless.rules import table


def test_plain_values_come_back_as_they_are():
    x = np.ones(3)
    held = {"a": [x, "text", None, 2]}
    found = stop_gradient(held)

    assert stop_gradient(x) is x
    assert stop_gradient(2.0) == 2.0
    assert found == held
    assert found["a"][0] is x


def test_the_table_knows_it():
    assert table.lookup(stop_gradient).kind == "constant"


def test_tensors_and_arrays_lose_their_past():
    for face in (
        tl.tensor([2.0, 3.0], requires_grad=True),
        tl.Array(np.array([2.0, 3.0]), requires_grad=True),
    ):
        stopped = stop_gradient({"a": (face, 1.0)})["a"][0]

        assert type(stopped) is type(face)
        assert not stopped.requires_grad
        assert stopped.tolist() == [2.0, 3.0]
        (face * stop_gradient(face)).sum().backward()
        assert face.grad.tolist() == [2.0, 3.0]
