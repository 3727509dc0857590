"""NumPy, as `tapeless.numpy` has it."""

# ruff: noqa: F401

from tapeless.compat.autograd.numpy import fft, linalg, numpy_boxes, random
from tapeless.numpy.names import borrowed, listed

__getattr__ = borrowed(__name__, "tapeless.numpy")
__dir__ = listed(__name__, "tapeless.numpy")
__all__ = __dir__()  # pyright: ignore[reportUnsupportedDunderAll]
