"""Which function infers which operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.source.infer import (
    contractions,
    convolutions,
    creation,
    fourier,
    grids,
    joining,
    layouts,
    linalg,
    losses,
    networks,
    pointwise,
    polynomials,
    primitives,
    python,
    recurrences,
    reductions,
    selecting,
    shapes,
    signals,
)
from tapeless.source.infer.operators import operators
from tapeless.source.infer.terms import Result

HANDLERS: dict[Any, Callable[..., Result]] = {
    **operators(),
    **python.HANDLERS,
    **pointwise.HANDLERS,
    **shapes.HANDLERS,
    **creation.HANDLERS,
    **reductions.HANDLERS,
    **joining.HANDLERS,
    **selecting.HANDLERS,
    **contractions.HANDLERS,
    **convolutions.HANDLERS,
    **linalg.HANDLERS,
    **signals.HANDLERS,
    **fourier.HANDLERS,
    **grids.HANDLERS,
    **losses.HANDLERS,
    **networks.HANDLERS,
    **polynomials.HANDLERS,
    **layouts.HANDLERS,
    **primitives.HANDLERS,
    **recurrences.HANDLERS,
}
