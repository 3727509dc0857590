"""`scipy.stats.chi2`, whose functions also take what is traced."""

from __future__ import annotations

from tapeless.compat.autograd.scipy.lending import lent, names

__getattr__ = lent(__name__, "scipy.stats.chi2")
__all__ = names("scipy.stats.chi2")  # pyright: ignore[reportUnsupportedDunderAll]
