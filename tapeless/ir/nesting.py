"""Walks over nested blocks that may lie deeper than Python's stack: a chain of a thousand `elif`s."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias

from tapeless.ir.program import Block, blocks, with_blocks

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


def rebuild(body: Block, change: Callable[[Block], Block]) -> Block:
    """The body with each of its blocks changed, inner ones first, and itself last."""
    found: list[Block] = [body]
    for block in found:
        found += [part for statement in block for part in blocks(statement)]
    changed: dict[int, Block] = {}
    for block in reversed(found):
        inner = [with_blocks(statement, lambda part: changed[id(part)]) for statement in block]
        is_same = all([a is b for a, b in zip(inner, block, strict=True)])
        changed[id(block)] = change(block if is_same else tuple(inner))
    return changed[id(body)]
