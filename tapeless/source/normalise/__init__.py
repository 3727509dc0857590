"""From a user's syntax tree to a plainer one that means the same."""

from tapeless.source.normalise.order import PASSES, normalise

__all__ = ["PASSES", "normalise"]
