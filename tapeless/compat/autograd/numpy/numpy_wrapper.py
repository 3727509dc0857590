"""Where HIPS autograd keeps NumPy's names."""

from __future__ import annotations

from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "tapeless.numpy")
__dir__ = listed(__name__, "tapeless.numpy")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
