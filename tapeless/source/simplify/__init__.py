"""Programs made shorter, that compute the same."""

from tapeless.source.simplify.order import simplify

__all__ = ["simplify"]
