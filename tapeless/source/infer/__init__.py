"""Abstract inference: what is known of the result of each operation."""

from tapeless.source.infer.dispatch import infer

__all__ = ["infer"]
