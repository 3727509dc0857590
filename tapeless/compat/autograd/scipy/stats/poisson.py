"""`scipy.stats.poisson`, whose functions also take what is traced."""

from __future__ import annotations

from tapeless.compat.autograd.scipy.lending import lent, names

__getattr__ = lent(__name__, "scipy.stats.poisson")
__all__ = names("scipy.stats.poisson")  # pyright: ignore[reportUnsupportedDunderAll]
