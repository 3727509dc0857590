"""Operations with derivatives of the user's own."""

from tapeless.graph.function import Function
from tapeless.graph.function_node import BackwardCFunction, FunctionCtx, once_differentiable

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "once_differentiable"]
