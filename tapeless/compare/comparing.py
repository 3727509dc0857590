"""`tapeless.compare`: loads what it takes when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapeless.compare.report import Comparison


def compare(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | str | tuple[int | str, ...] = 0,
    rtol: float | None = None,
    atol: float | None = None,
    strict: bool = False,
    **kwargs: Any,
) -> Comparison:
    """The gradient of `f` at `args` by every road, side by side: source, tape, forward mode, differences.

    `print` shows a table: how far each is from the first, what a call takes in time and memory, and what the
    first call took, in which the derivative is made.  A road that cannot take the function says why in its
    row; where that is the source, "auto" follows: what `grad` does by itself, parts recorded on the graph.
    `argnums` and `kwargs` are as with `grad`.

    A result that is no number is weighed with random numbers, the same for every road.  With more than 256
    numbers to differentiate by (fewer if a call takes long), forward mode and differences are taken along
    random directions, at most 24.

    >>> import numpy as np
    >>> report = compare(lambda x: np.sum(np.sin(x) * x), np.array([0.5, 2.0]))
    >>> list(report), report.agrees
    (['source', 'tape', 'forward', 'differences'], True)
    >>> report["source"]["gradient"].round(3)
    array([0.918, 0.077])
    >>> report.pairs["source", "tape"].absolute < 1e-12
    True

    Two roads disagree where an entry differs by more than `atol` and `rtol` times the largest entry of that
    argument's gradient; the defaults follow the precision of the arguments (for float64 1e-8, and 1e-5 for
    differences).  With `strict=True` that raises DisagreementError, an AssertionError, which names the entry.
    `report.plot(path)` draws it (matplotlib, of the extra "viz").  Seconds, bytes.
    """
    running = importlib.import_module("tapeless.compare.running")
    report: Comparison = running.run(f, args, kwargs, argnums, rtol, atol)
    if strict:
        report.check()
    return report
