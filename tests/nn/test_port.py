"""Programs written for PyTorch give what they give there when only their imports are changed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.nn.porting import NAMES, STORED, program

RESULTS = json.loads(STORED.read_text(encoding="utf-8"))


def assert_near(expected: Any, actual: Any, place: str) -> None:
    assert type(expected) is type(actual), place
    if isinstance(expected, list):
        assert len(expected) == len(actual), place
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            assert_near(one, other, f"{place}[{number}]")
    elif isinstance(expected, float):
        assert math.isclose(expected, actual, rel_tol=1e-5, abs_tol=1e-5), (place, expected, actual)
    else:
        assert expected == actual, place


@pytest.mark.parametrize("name", NAMES)
def test_a_program_for_pytorch_gives_the_same_numbers_with_other_imports(name: str, tmp_path: Path):
    result = program(name)(tmp_path)

    assert_near(RESULTS[name], result, name)


def test_training_that_was_interrupted_goes_on_from_its_file_as_if_it_had_not_been(tmp_path: Path):
    main = program("images")
    before = main(tmp_path, stop_after=3)[:3]
    after = main(tmp_path)
    (tmp_path / "whole").mkdir()
    whole = main(tmp_path / "whole")

    assert whole == before + after
