"""Modules and layers, in PyTorch's words."""

from tapeless.nn import functional
from tapeless.nn.module import Module
from tapeless.nn.parameter import Buffer, Parameter

__all__ = [
    "Buffer",
    "Module",
    "Parameter",
    "functional",
]
