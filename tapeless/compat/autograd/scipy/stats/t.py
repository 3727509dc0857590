"""`scipy.stats.t`, whose functions also take what is traced."""

from __future__ import annotations

from tapeless.compat.autograd.scipy.lending import lent, names

__getattr__ = lent(__name__, "scipy.stats.t")
__all__ = names("scipy.stats.t")  # pyright: ignore[reportUnsupportedDunderAll]
