"""Calls of convolutions and pooling that are held to PyTorch: name, shapes of the arrays, keywords."""

from __future__ import annotations

from typing import Any

import numpy as np

Case = tuple[str, tuple[tuple[int, ...], ...], dict[str, Any]]

CASES: list[Case] = [
    ("conv1d", ((2, 3, 7), (4, 3, 3), (4,)), {"padding": 1}),
    ("conv1d", ((2, 4, 9), (4, 2, 2)), {"stride": 2, "groups": 2, "dilation": 3}),
    ("conv1d", ((3, 7), (2, 3, 4)), {"padding": "same"}),
    ("conv2d", ((2, 3, 5, 4), (2, 3, 3, 2), (2,)), {}),
    ("conv2d", ((2, 3, 5, 4), (2, 3, 3, 2), (2,)), {"padding": "same", "dilation": (1, 2)}),
    ("conv2d", ((1, 2, 6, 7), (2, 1, 3, 3), (2,)), {"stride": (2, 3), "padding": (2, 1), "groups": 2}),
    ("conv2d", ((2, 5, 6), (3, 2, 2, 3)), {"padding": "valid"}),
    ("conv2d", ((1, 4, 3, 3), (4, 1, 2, 2), (4,)), {"groups": 4, "padding": 1}),
    ("conv_transpose1d", ((2, 3, 4), (3, 2, 3), (2,)), {"stride": 2, "output_padding": 1}),
    (
        "conv_transpose2d",
        ((1, 2, 3, 3), (2, 2, 3, 3), (2,)),
        {"stride": 2, "padding": 1, "output_padding": 1},
    ),
    ("conv_transpose2d", ((1, 4, 3, 2), (4, 1, 2, 3), (2,)), {"groups": 2, "stride": (1, 3)}),
    (
        "conv_transpose2d",
        ((2, 3, 2), (2, 3, 3, 2)),
        {"dilation": 2, "output_padding": (1, 0), "padding": (2, 1)},
    ),
    ("max_pool1d", ((2, 2, 7),), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("max_pool2d", ((2, 1, 6, 5),), {"kernel_size": 2}),
    ("max_pool2d", ((2, 6, 7),), {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0), "ceil_mode": True}),
    ("max_pool2d", ((1, 1, 7, 7),), {"kernel_size": 3, "dilation": 2, "padding": 1, "stride": 1}),
    ("max_pool1d", ((1, 1, 3),), {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("avg_pool2d", ((1, 1, 3, 6),), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    ("avg_pool1d", ((2, 2, 7),), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ("avg_pool2d", ((2, 1, 6, 5),), {"kernel_size": 2}),
    ("avg_pool2d", ((1, 1, 6, 7),), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    (
        "avg_pool2d",
        ((1, 6, 6),),
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
    ),
    ("avg_pool2d", ((1, 1, 4, 4),), {"kernel_size": (2, 3), "divisor_override": 5}),
    ("adaptive_avg_pool1d", ((2, 1, 7),), {"output_size": 3}),
    ("adaptive_avg_pool2d", ((1, 2, 5, 6),), {"output_size": (3, 2)}),
    ("adaptive_avg_pool2d", ((1, 2, 4, 6),), {"output_size": 1}),
    ("adaptive_avg_pool2d", ((2, 3, 5),), {"output_size": (None, 4)}),
    ("adaptive_max_pool1d", ((2, 1, 7),), {"output_size": 3}),
    ("adaptive_max_pool2d", ((1, 2, 5, 6),), {"output_size": (3, 4)}),
]
WITH_INDICES = ("max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d")


def wave(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers between -1 and 1, no two of them equal."""
    count = int(np.prod(shape))
    return np.sin(1.7 * np.arange(count) + phase).reshape(shape)


def arrays_of(case: Case) -> list[np.ndarray]:
    """The arrays of a call."""
    return [wave(shape, float(place)) for place, shape in enumerate(case[1])]
