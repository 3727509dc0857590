"""`numpy.random`, as `tapeless.numpy.random` has it."""

from __future__ import annotations

from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "tapeless.numpy.random")
__dir__ = listed(__name__, "tapeless.numpy.random")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
