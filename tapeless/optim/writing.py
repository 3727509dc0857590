"""Writing into parameters: in place, not recorded, noticed by every graph that still needs the old values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.engine import mark_written
from tapeless.graph.modes import NO_GRAD, NORMAL, current, no_grad
from tapeless.graph.variable import INFERENCE, wrap


def is_quick() -> bool:
    """Whether nobody but version counters must be told of writes: no tape, no forward mode."""
    mode = current()
    return mode is NORMAL or mode is NO_GRAD


def may_write_memory(p: Any) -> bool:
    """Whether a parameter's memory may be written and `mark_written` called after, if `is_quick()`.

    Not of Arrays, whose graphs get copies first, and not of inference tensors.
    """
    return not p._keeps_old and p._counter is not INFERENCE


def write(p: Any, array: np.ndarray) -> None:
    """Give a parameter other values."""
    if is_quick() and may_write_memory(p):
        np.copyto(p._array(), array)
        mark_written(p)
    else:
        with no_grad():
            p[...] = wrap(p._face, array)
