"""Names for the operations of the Tensor face, and the words to make a vocabulary of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph import apply as _apply
from tapeless.graph.apply import Op, apply
from tapeless.graph.promote import default_dtype, result_dtype
from tapeless.graph.quick import binary, unary
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import write
from tapeless.rules import support, table


def op(function: Any, name: str, **options: Any) -> Op:
    """A Tensor operation for a function of the table, under PyTorch's name ("Mul": nodes are MulBackward0).

    The first one made for a function is also what `np.function` on Tensors records.
    Options: compute, saved, views (see `Op`).
    """
    made = Op(table.lookup(function), Tensor, name, **options)
    _apply._ops.setdefault((made.rule, Tensor), made)
    return made


ARITHMETIC = (np.add, np.subtract, np.multiply, np.true_divide)

to_copy = op(support.as_dtype, "ToCopy")


def cast(value: Any, dtype: np.dtype[Any]) -> Any:
    """A tensor in another dtype (recorded); Python numbers as they are."""
    if isinstance(value, Variable) and value._data.dtype != dtype:
        return apply(to_copy, (value, dtype))
    return value


def operand(value: Any) -> Any:
    """A tensor, or a Python number, for a binary operation; arrays become tensors; else NotImplemented."""
    if isinstance(value, Variable):
        return value if value._face is Tensor else NotImplemented
    if isinstance(value, np.generic):  # first: np.float64 is a float too, and would widen
        return value.item()
    if isinstance(value, bool | int | float | complex):
        return value
    if isinstance(value, np.ndarray):
        return wrap(Tensor, value.copy())
    return NotImplemented


def promoted(made: Op, floats: bool = False) -> Callable[[Any, Any], Any]:
    """`f(x, y)` with PyTorch's promotion, and message for shapes that do not fit.

    `floats`: integers divide to floats.
    """

    def slow(x: Any, y: Any) -> Any:
        x, y = operand(x), operand(y)
        if x is NotImplemented or y is NotImplemented:
            return NotImplemented
        dtype = result_dtype(x, y)
        if floats and dtype.kind in "biu":
            dtype = default_dtype()
        if not isinstance(x, Variable):
            x = wrap(Tensor, np.asarray(x, dtype))
        check_broadcast(x, y)
        return apply(made, (cast(x, dtype), cast(y, dtype)))

    return slow


def check_broadcast(x: Any, y: Any) -> None:
    """RuntimeError in PyTorch's words if two shapes do not broadcast."""
    a, b = np.shape(getattr(x, "_data", x)), np.shape(getattr(y, "_data", y))
    for back in range(1, min(len(a), len(b)) + 1):
        n, m = a[-back], b[-back]
        if n != m and n != 1 and m != 1:
            raise RuntimeError(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton "
                f"dimension {max(len(a), len(b)) - back}"
            )


def unary_function(function: Any, name: str, **options: Any) -> Callable[[Any], Any]:
    """A quick `f(input)`; integers are computed as floats of the default dtype, as PyTorch does."""
    made = op(function, name, **options)
    quick = unary(made)

    def run(input: Any) -> Any:
        data = input._data
        if data.dtype.kind in "biu":
            return quick(cast(input, default_dtype()))
        return quick(input)

    run.op = made  # type: ignore[attr-defined]
    return run


def binary_function(
    function: Any, name: str, floats: bool = False, **options: Any
) -> Callable[[Any, Any], Any]:
    """A quick `f(input, other)` with PyTorch's promotion."""
    made = op(function, name, **options)
    slow = promoted(made, floats)
    quick = binary(made, slow, numbers_as_arrays=function in ARITHMETIC)

    def run(input: Any, other: Any) -> Any:
        return quick(input, other) if isinstance(input, Variable) else slow(input, other)

    run.op = made  # type: ignore[attr-defined]
    run.quick = quick  # type: ignore[attr-defined]
    return run


def in_place(made: Op) -> Callable[..., Any]:
    """`x.f_(*rest)`: the operation written into `x`."""

    def run(self: Any, *rest: Any) -> Any:
        values = [operand(value) for value in rest]
        for value in values:
            check_broadcast(self, value)
        return write(made, self, *values)

    return run


def method(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a method of Tensor as well, under its own name or `names`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names or (function.__name__,):
            setattr(Tensor, name, function)
        return function

    return decorate


def tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, with PyTorch's TypeError where an argument should be a tensor and is not."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            raise no_tensor(function, args, kwargs, error) from None

    return run


def no_tensor(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], error: AttributeError
) -> Exception:
    """What to raise instead of an AttributeError: it says which argument should have been a tensor."""
    wrong = error.obj
    if isinstance(wrong, Variable):
        return error
    given = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    kind = type(wrong).__name__
    for position, (name, value) in enumerate(given.items()):
        if value is wrong:
            where = f"argument '{name}' (position {position + 1})"
            return TypeError(f"{function.__name__}(): {where} must be Tensor, not {kind}")
        if isinstance(value, tuple | list) and any(item is wrong for item in value):
            place = next(index for index, item in enumerate(value) if item is wrong)
            return TypeError(f"expected Tensor as element {place} in argument {position}, but got {kind}")
    return error
