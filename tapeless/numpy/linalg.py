"""`numpy.linalg`, of which some functions also take lists of Arrays; all other names are NumPy's own."""

from __future__ import annotations

from tapeless.numpy.lists import of_linalg
from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "numpy.linalg", of_linalg)
__dir__ = listed(__name__, "numpy.linalg")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
