"""SciPy's functions, those with derivative rules among them."""

# ruff: noqa: F401

from tapeless.compat.autograd.scipy import integrate, linalg, signal, special, stats
