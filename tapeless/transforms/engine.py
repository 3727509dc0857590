"""The one place from which the transforms take the engine that makes derivatives; tests put another here."""

from __future__ import annotations

from tapeless.source.pipeline import derive

__all__ = ["derive"]
