"""Forward-mode differentiation of structured programs."""

from tapeless.source.forward.program import forward

__all__ = ["forward"]
