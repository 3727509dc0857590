"""Rooms that are imported when somebody asks for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tapeless as tl
from tapeless._lazy import on_demand

SCRIPT = """
import sys
import tapeless as tl

late = ("tapeless.nn", "tapeless.optim", "tapeless.data", "tapeless.saving")
assert not [name for name in sys.modules if name.startswith(late)]
assert tl.nn is sys.modules["tapeless.nn"]
assert tl.optim is sys.modules["tapeless.optim"]
assert tl.data is sys.modules["tapeless.data"]
assert tl.save is sys.modules["tapeless.saving"].save
assert tl.load is sys.modules["tapeless.saving"].load
"""


def test_training_rooms_wait_until_they_are_asked_for():
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True)


def test_other_names_are_missing_as_in_any_module():
    assert not hasattr(tl, "nothing_of_the_kind")
    with pytest.raises(AttributeError, match="module 'tapeless' has no attribute 'nothing_of_the_kind'"):
        _ = tl.nothing_of_the_kind


def test_a_name_is_looked_up_once():
    find = on_demand("tests", {"found_late": "math:pi", "whole": "math"})
    package = sys.modules["tests"]
    try:
        assert find("found_late") == package.found_late == 3.141592653589793
        assert find("whole").floor(1.5) == 1
    finally:
        del package.found_late, package.whole
