"""`tapeless.trace`: a function as the operations that it ran, or the sum of a matrix's diagonal."""

from __future__ import annotations

import importlib
from typing import Any

from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary import linear
from tapeless.transforms.selection import Argnums


def trace(
    f: Any, *example: Any, argnums: Argnums = 0, strict: bool = False, check: bool = True, **keywords: Any
) -> Any:
    """A function as the straight line of operations that it ran on an example: loops unrolled, calls inlined.

    The result is called like `f`.  It is specialised to the branches that the example took, to the shapes and
    dtypes of its arrays, and to the values of its other arguments (ints, strings, None): called with others
    it traces `f` again, and keeps both.  `gradient_source` differentiates by `argnums`, and
    `tapeless.grad(traced)` and its family read the traced text.  Arrays that `f` finds elsewhere (globals,
    random numbers) are constants of the trace, and what `f` prints is printed while tracing only.

    >>> import numpy as np
    >>> def f(x, n):
    ...     for _ in range(n):
    ...         x = np.sin(x) * x
    ...     return np.sum(x)
    >>> traced = trace(f, np.array([1.0, 2.0]), 2)
    >>> print(traced.source, end="")
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def f(x, n):
        x = np.sin(x) * x
        return np.sum(np.sin(x) * x)
    >>> bool(traced(np.array([3.0, 4.0]), 2) == f(np.array([3.0, 4.0]), 2))
    True

    Where Python decided by a value (`if x[0] > 0`, `int()`, `range()`, `in`) the text asserts that it is the
    same again: for other values the function is traced anew, and kept, too; a gradient that was made of
    another way raises AssertionError.  `traced.explain()` lists such lines.  With `check=False` they are not
    looked at again; with `strict=True` they are refused with a TransformError.  Numbers that would leave the
    program altogether (`float(x)`, `math.exp(x)`, `np.asarray`) are refused always, with a TypeError or
    RuntimeError.

    For a matrix in the place of `f` this is the sum of its diagonal, as `torch.trace`; the other is known as
    `torch.jit.trace`.
    """
    if isinstance(f, Variable) or not callable(f):
        return linear.trace(f, *example, **keywords)
    made = importlib.import_module("tapeless.transforms.tracing")
    traced = made.Traced(f, argnums, strict=strict, check=check)
    traced.specialised(*example, **keywords)
    return traced
