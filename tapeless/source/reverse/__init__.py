"""Reverse-mode differentiation of structured programs."""

from tapeless.source.reverse.program import reverse, reverse_pair

__all__ = ["reverse", "reverse_pair"]
