"""What stands for an array while a function is traced."""

from __future__ import annotations

from tapeless.graph.array import Array as ArrayBox

__all__ = ["ArrayBox"]
