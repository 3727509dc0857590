"""Flat parameters, optimisers, fixed points."""

from tapeless.compat.autograd.misc.flatten import flatten

__all__ = ["flatten"]
