"""Programs in HIPS autograd's dialect give here what they gave there, to ten digits.

`results.json` holds what they gave on HIPS autograd itself; `python -m tests.compat.programs` makes it.
"""

import functools
import importlib
import json
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "programs"
RESULTS = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
WHOLE = ("neural_net", "gaussian_process", "ode_fit")
PARTS = [(name, part) for name in ("operators", "extensions", "special") for part in RESULTS[name]]


@functools.cache
def module(name: str):
    return importlib.import_module(f"tests.compat.programs.{name}")


# A line search magnifies what another linear algebra library rounds otherwise.
TOLERANCES = {"gaussian_process": 1e-9}


def assert_same(expected, actual, tolerance=1e-10):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_program_gives_the_same_numbers(name: str):
    found = module(name).main()

    assert found.keys() == RESULTS[name].keys()
    for key, expected in RESULTS[name].items():
        assert_same(expected, found[key], TOLERANCES.get(name, 1e-10))


@pytest.mark.parametrize(("name", "part"), PARTS, ids=[f"{name}: {part}" for name, part in PARTS])
def test_each_call_gives_the_same_numbers(name: str, part: str):
    program = module(name)

    assert_same(RESULTS[name][part], program.numbers(program.CALLS[part]()))


def test_every_call_has_numbers_to_compare_with():
    for name in ("operators", "extensions", "special"):
        assert module(name).CALLS.keys() == RESULTS[name].keys()
