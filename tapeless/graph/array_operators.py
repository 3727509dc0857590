"""Python's operators for the face that speaks NumPy: dtypes, scalars and writes in place are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, op_of
from tapeless.graph.keeping import remember
from tapeless.graph.protocols import constant, data_of
from tapeless.graph.quick import binary
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import write


def operand(face: type[Variable], value: Any) -> Any:
    """What an operator takes on its other side: what NumPy would; else NotImplemented."""
    if isinstance(value, Variable):
        return value if type(value) is face else NotImplemented
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        return value
    if isinstance(value, list | tuple):
        return np.asarray(value, like=wrap(face, np.empty(0)))
    return value if value is None else NotImplemented


def arithmetic(face: type[Variable], name: str, function: np.ufunc, compute: Callable[..., Any]) -> None:
    """`__add__`, `__radd__` and `__iadd__`."""
    op = op_of(function, face)
    quick = op.rule.kind == "elementwise"

    def slow(x: Any, y: Any) -> Any:
        other = operand(face, y)
        return other if other is NotImplemented else function(x, other)

    def reflected(self: Any, other: Any) -> Any:
        other = operand(face, other)
        return other if other is NotImplemented else function(other, self)

    forward = kept(binary(Op(op.rule, face, op.name, compute=compute), slow)) if quick else slow

    def in_place(self: Any, other: Any) -> Any:
        value = operand(face, other)
        if value is NotImplemented or isinstance(self._data, np.generic):
            return forward(self, other)
        if quick:
            _check_fits(function, self._data, data_of(value))
            return write(op, self, value)
        return function(self, value, out=(self,))

    for prefix, run in (("", forward), ("r", reflected), ("i", in_place)):
        setattr(face, f"__{prefix}{name}__", run)


def kept(run: Callable[..., Any]) -> Callable[..., Any]:
    """The quick road makes its node itself: what it keeps is noted here."""

    def noted(*values: Any) -> Any:
        out = run(*values)
        if out is not NotImplemented and out._node is not None and out._node.owners is not None:
            remember(out._node)
        return out

    return noted


def _check_fits(function: np.ufunc, into: np.ndarray, other: Any) -> None:
    """NumPy's own errors where the result does not fit into the memory it is to be written to."""
    shape = np.broadcast_shapes(into.shape, np.shape(other))
    if shape != into.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {into.shape} doesn't match the broadcast shape "
            f"{shape}"
        )
    other_type = other.dtype if isinstance(other, np.ndarray | np.generic) else type(other)
    dtype = function.resolve_dtypes((into.dtype, other_type, None))[-1]
    if not np.can_cast(dtype, into.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc '{function.__name__}' output from {dtype!r} to {into.dtype!r} with casting "
            "rule 'same_kind'"
        )


def comparison(face: type[Variable], function: np.ufunc) -> Callable[[Any, Any], Any]:
    op = op_of(function, face)

    def run(self: Any, other: Any) -> Any:
        value = operand(face, other)
        return value if value is NotImplemented else constant(op, (self, value), {})

    return run
