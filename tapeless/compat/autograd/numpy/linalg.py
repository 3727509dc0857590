"""`numpy.linalg`, as `tapeless.numpy.linalg` has it."""

from __future__ import annotations

from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "tapeless.numpy.linalg")
__dir__ = listed(__name__, "tapeless.numpy.linalg")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
