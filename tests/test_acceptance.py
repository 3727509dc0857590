"""Which acceptance cases wait: those that enter a room that tapeless lacks, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance import rooms_of


def helper(module: Any) -> Any:
    return module.nn.Linear(2, 1)


def case_plain(torch: Any) -> Any:
    "Says nn and optim, but enters neither."
    return torch.tensor("optim")


def case_inside_a_lambda(torch: Any) -> Any:
    return (lambda p: torch.optim.SGD(p, lr=0.1))([])


def case_through_a_helper(torch: Any) -> Any:
    return [helper(torch) for _ in range(2)]


@pytest.mark.parametrize(
    ("case", "rooms"),
    [(case_plain, set()), (case_inside_a_lambda, {"optim"}), (case_through_a_helper, {"nn"})],
)
def test_the_rooms_of_a_case_are_those_that_its_code_reads(case: Any, rooms: set[str]):
    assert rooms_of(case) == rooms
