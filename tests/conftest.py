"""For every test: the same examples on every run, and no network."""

from __future__ import annotations

import socket

import pytest
from hypothesis import settings

settings.register_profile("tapeless", derandomize=True, deadline=None, database=None)
settings.load_profile("tapeless")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("tests must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
