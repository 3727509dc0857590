"""What a Tensor can do, in PyTorch's words: one file a family.  Importing them gives Tensor its methods."""

from tapeless.graph.vocabulary import (
    conversion,
    creating,
    drawing,
    indexing,
    joining,
    linear,
    operators,
    pointwise,
    reducing,
    sampling,
    shaping,
)

__all__ = [
    "conversion",
    "creating",
    "drawing",
    "indexing",
    "joining",
    "linear",
    "operators",
    "pointwise",
    "reducing",
    "sampling",
    "shaping",
]
