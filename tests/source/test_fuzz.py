"""Random programs: their values, gradients, slopes and second derivatives are those of differences."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.source.fuzz.checks import agree
from tests.source.fuzz.statements import HELPERS, UNREADABLE, programs

PROGRAMS = 150


def held(count: int, mode: str, helpers: str) -> list[str | None]:
    """Why each program was refused; None for those that agreed in every way."""
    found: list[str | None] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(programs())
    def check(text: str) -> None:
        text = text.replace(HELPERS, helpers)
        found.append(agree(text, second=len(text) % 3 == 0, mode=mode))

    check()
    return found


@pytest.fixture(scope="module")
def reasons() -> list[str | None]:
    return held(PROGRAMS, "source", HELPERS)


def test_random_programs_that_are_not_refused_are_differentiated_rightly(reasons: list[str | None]):
    assert reasons.count(None) >= PROGRAMS // 2


def test_less_than_a_tenth_of_random_programs_is_refused(reasons: list[str | None]):
    refused = [reason for reason in reasons if reason is not None]

    assert len(refused) < 0.1 * len(reasons), "\n".join(refused)


def test_random_programs_with_calls_that_cannot_be_read_are_differentiated_rightly():
    found = held(PROGRAMS // 2, "auto", UNREADABLE)

    assert found.count(None) > 0.95 * len(found), "\n".join(filter(None, found))
