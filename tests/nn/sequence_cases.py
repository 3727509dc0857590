"""Layers for sequences that are held to PyTorch: how they are made, and what they are called with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.nn.functional.plane_cases import wave


@dataclass(frozen=True)
class Case:
    """`shapes`: of the arrays that are differentiated; a tuple of them is handed over as a tuple.

    `masks`: keywords that are arrays, and are not differentiated.
    """

    name: str
    args: tuple[Any, ...]
    shapes: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    keywords: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"{key}={value}" for key, value in (self.options | self.keywords).items()]
        return f"{self.name}({', '.join([*map(str, self.args), *given, *self.masks])}){list(self.shapes)}"


HIDDEN = np.array([[False, False, True, True], [False, False, False, True]])
LATER = np.triu(np.ones((3, 4), bool), 2)
SCORES = np.where(LATER, -np.inf, wave((3, 4), 4.0))
SQUARE = np.triu(np.full((3, 3), -np.inf), 1)
SEQUENCE = (3, 2, 4)

CASES = [
    Case("RNN", (2, 3), ((4, 2, 2),)),
    Case("RNN", (2, 3, 2), ((4, 2, 2), (2, 2, 3)), {"nonlinearity": "relu"}),
    Case("RNN", (2, 3), ((4, 2), (2, 3)), {"bidirectional": True}),
    Case("LSTM", (2, 3), ((4, 2, 2),)),
    Case("LSTM", (2, 3, 2), ((4, 2, 2), ((2, 2, 3), (2, 2, 3))), {"bias": False}),
    Case(
        "LSTM", (2, 3, 2), ((2, 3, 2), ((4, 2, 3), (4, 2, 3))), {"batch_first": True, "bidirectional": True}
    ),
    Case("LSTM", (2, 3), ((4, 2), ((1, 3), (1, 3)))),
    Case("GRU", (2, 3), ((4, 2, 2),)),
    Case("GRU", (2, 3, 2), ((2, 3, 2), (4, 2, 3)), {"batch_first": True, "bidirectional": True}),
    Case("GRU", (2, 3), ((4, 2),), {"bias": False}),
    Case("RNNCell", (2, 3), ((2, 2), (2, 3))),
    Case("RNNCell", (2, 3), ((2, 2),), {"nonlinearity": "relu", "bias": False}),
    Case("LSTMCell", (2, 3), ((2, 2), ((2, 3), (2, 3)))),
    Case("LSTMCell", (2, 3), ((2,),)),
    Case("GRUCell", (2, 3), ((2, 2), (2, 3))),
    Case("GRUCell", (2, 3), ((2,),), {"bias": False}),
    Case("MultiheadAttention", (4, 2), ((3, 2, 4), (4, 2, 4), (4, 2, 4))),
    Case("MultiheadAttention", (4, 2), ((2, 3, 4), (2, 4, 4), (2, 4, 4)), {"batch_first": True}),
    Case("MultiheadAttention", (4, 2), ((3, 4), (4, 4), (4, 4)), {"bias": False}),
    Case("MultiheadAttention", (4, 2), ((3, 2, 4), (4, 2, 3), (4, 2, 5)), {"kdim": 3, "vdim": 5}),
    Case(
        "MultiheadAttention",
        (4, 2),
        ((3, 2, 4), (4, 2, 4), (4, 2, 4)),
        masks={"key_padding_mask": HIDDEN, "attn_mask": LATER},
        keywords={"average_attn_weights": False},
    ),
    Case(
        "MultiheadAttention",
        (4, 2),
        ((3, 2, 4), (4, 2, 4), (4, 2, 4)),
        {"add_bias_kv": True, "add_zero_attn": True},
        {"key_padding_mask": HIDDEN, "attn_mask": SCORES},
    ),
    Case(
        "MultiheadAttention",
        (4, 2),
        ((3, 2, 4), (4, 2, 4), (4, 2, 4)),
        masks={"attn_mask": np.stack([SCORES, 0.5 * wave((3, 4), 1.0)] * 2)},
        keywords={"need_weights": False},
    ),
    Case("TransformerEncoderLayer", (4, 2, 5, 0.0), (SEQUENCE,)),
    Case(
        "TransformerEncoderLayer",
        (4, 2, 5, 0.0),
        ((2, 3, 4),),
        {"activation": "gelu", "norm_first": True, "batch_first": True},
        {"src_mask": SQUARE},
    ),
    Case("TransformerEncoderLayer", (4, 2, 5, 0.0), ((3, 4),), {"bias": False}),
]


def arrays_of(case: Case) -> list[Any]:
    """The arrays of a call, in tuples where there are several in one place."""
    return [
        tuple(wave(one, place + 0.3 * number) for number, one in enumerate(shape))
        if shape and isinstance(shape[0], tuple)
        else wave(shape, float(place))
        for place, shape in enumerate(case.shapes)
    ]


def flat(value: Any) -> list[Any]:
    """What is in nested tuples, but for None."""
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in flat(item)]
    return [] if value is None else [value]


def first_values(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Numbers for each parameter."""
    return {name: 0.7 * wave(shape, 0.1 * place) for place, (name, shape) in enumerate(shapes.items())}


def cotangents(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Cotangents for each result."""
    return [wave(shape, 0.5 + place) for place, shape in enumerate(shapes)]
