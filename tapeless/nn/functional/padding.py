"""Padding, with PyTorch's name, defaults and messages: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapeless._types import Array

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
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding "
            f"length {len(pad)} and input of dimension {input.ndim}"
        )
    if mode != "constant" and value is not None and value != 0.0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    lead = input.ndim - len(pad) // 2
    pairs = [(pad[2 * place], pad[2 * place + 1]) for place in reversed(range(len(pad) // 2))]
    if min([0, *pad]) < 0:
        input = input[_kept(input.shape, lead, pairs)]
        pairs = [(max(before, 0), max(after, 0)) for before, after in pairs]
    widths = [(0, 0)] * lead + pairs
    if mode == "constant":
        return np.pad(input, widths, mode="constant", constant_values=0.0 if value is None else value)
    if mode not in MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    _check_reach(input.shape, lead, pairs, mode)
    return np.pad(input, widths, mode=MODES[mode])  # type: ignore[call-overload]


def _kept(shape: tuple[int, ...], lead: int, pairs: list[tuple[int, int]]) -> tuple[slice, ...]:
    """What negative numbers leave of each axis."""
    for place, (before, after) in enumerate(pairs):
        if shape[lead + place] + before + after < 0:
            raise RuntimeError(
                f"The input size {shape[lead + place]}, plus negative padding {before} and {after}, resulted "
                f"in a negative output size at dimension {lead + place}"
            )
    kept = [
        slice(max(-before, 0), shape[lead + place] - max(-after, 0))
        for place, (before, after) in enumerate(pairs)
    ]
    return (*[slice(None)] * lead, *kept)


def _check_reach(shape: tuple[int, ...], lead: int, pairs: list[tuple[int, int]], mode: str) -> None:
    for place, (before, after) in enumerate(pairs):
        length = shape[lead + place]
        if mode == "reflect" and max(before, after) >= max(length, 1):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {lead + place} of input {list(shape)}"
            )
        if mode == "circular" and max(before, after) > length:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if mode == "replicate" and length == 0:
            raise RuntimeError(f"dimension {lead + place} of input {list(shape)} is empty: nothing to repeat")
