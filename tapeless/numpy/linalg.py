"""`numpy.linalg` under the name that goes with `tapeless.numpy`: every name in it is NumPy's own."""

from __future__ import annotations

from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "numpy.linalg")
__dir__ = listed(__name__, "numpy.linalg")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
