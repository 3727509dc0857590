"""`scipy.stats.multivariate_normal`, whose functions also take what is traced."""

from __future__ import annotations

from tapeless.compat.autograd.scipy.lending import lent, names

__getattr__ = lent(__name__, "scipy.stats.multivariate_normal")
__all__ = names("scipy.stats.multivariate_normal")  # pyright: ignore[reportUnsupportedDunderAll]
