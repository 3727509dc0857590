"""What layers compute, as functions of Tensors, Arrays and plain arrays."""

__all__ = []
