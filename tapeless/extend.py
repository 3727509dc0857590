"""Derivatives of your own: rows of the table for any function, and functions with rules of their own.

A row (`elementwise`, `linear`, `general`, `constant`) is one rule for both roads, every order and both modes,
of a function of yours made a `primitive`, or of another library's.  `custom_vjp` and `custom_jvp` are JAX's.
"""

from __future__ import annotations

from tapeless.rules import constant, elementwise, forward_rule, general, linear, primitive
from tapeless.rules.kinds import composite, same_as
from tapeless.transforms.custom import custom_jvp, custom_vjp

__all__ = [
    "composite",
    "constant",
    "custom_jvp",
    "custom_vjp",
    "elementwise",
    "forward_rule",
    "general",
    "linear",
    "primitive",
    "same_as",
]
