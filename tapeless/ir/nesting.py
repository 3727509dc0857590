"""Walks over nested blocks that may lie deeper than Python's stack: a chain of a thousand `elif`s."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

# Where a function would call itself, it yields the call instead.
Steps: TypeAlias = "Generator[Steps, None, None]"


def descend(steps: Steps) -> None:
    """Run a walk, and each walk that it yields before it goes on.

    >>> def count(depth):
    ...     if depth < 5000:
    ...         yield count(depth + 1)
    ...     else:
    ...         print(depth)
    >>> descend(count(0))
    5000
    """
    waiting = [steps]
    while waiting:
        deeper = next(waiting[-1], None)
        if deeper is None:
            waiting.pop()
        else:
            waiting.append(deeper)
