"""Generated code is read by users: each change of it is reviewed like code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source.golden.programs import GOLDENS, Golden

FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("one", GOLDENS, ids=[one.name for one in GOLDENS])
def test_generated_code_is_what_was_reviewed(one: Golden):
    expected = (FOLDER / f"{one.name}.txt").read_text()

    assert expected == one.text(), "to accept it: python -m tests.source.golden, and read the difference"


def test_every_text_belongs_to_a_function():
    assert {one.name for one in GOLDENS} == {path.stem for path in FOLDER.glob("*.txt")}


def test_texts_are_deterministic():
    assert [one.text() for one in GOLDENS] == [one.text() for one in GOLDENS]
