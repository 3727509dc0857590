"""Padding, with PyTorch's name, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapeless._types import Array
from tapeless.rules.windows import kept_within, widths_around

# What NumPy calls the ways to pad.
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """`input` with more around it, or, where a number is negative, less.

    `pad` is (before, after) for the last axis, then for the one before it, and so on; what is put there is
    `value` (zero unless given), or, by `mode`, the input mirrored at its border ("reflect"), its last
    elements ("replicate"), or the other end ("circular").  RuntimeError where that does not fit.  As
    `torch.nn.functional.pad`.

    >>> pad(np.array([1.0, 2.0]), (1, 2))
    array([0., 1., 2., 0., 0.])
    >>> pad(np.array([1.0, 2.0, 3.0]), (2, -1), mode="circular")
    array([1., 2., 1., 2.])
    """
    if mode != "constant" and mode not in MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if mode != "constant" and value is not None and value != 0.0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    widths = widths_around(input.shape, pad, mode)
    if min([0, *pad]) < 0:
        input = input[kept_within(input.shape, pad)]
    if mode == "constant":
        return np.pad(input, widths, mode="constant", constant_values=0.0 if value is None else value)
    return np.pad(input, widths, mode=MODES[mode])  # type: ignore[call-overload]
