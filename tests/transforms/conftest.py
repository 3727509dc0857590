"""The transforms over an engine of differences."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from tapeless.source import store
from tapeless.transforms import engine as real
from tests.transforms.standin import Engine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """In the place of the engine that reads source; with no derivatives made yet."""
    standin = Engine()
    monkeypatch.setattr(real, "derive", standin.derive)
    monkeypatch.setattr(store, "_shared", OrderedDict())
    return standin
