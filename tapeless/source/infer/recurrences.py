"""Recurrent layers: a state, and perhaps a cell, for each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.rules import recurrences
from tapeless.source.facts import Dims, Fact
from tapeless.source.infer.dtypes import result_dtype
from tapeless.source.infer.terms import Result, Term, operand


def states(gates: Term, h: Term, w: Term, *rest: Term) -> Fact:
    """(steps, batch, size): as many steps as gates, states of the size of the first."""
    facts = [operand(term) for term in (gates, h, w)]
    dtype = result_dtype(np.matmul, facts[0], facts[2])
    dims: Dims | None = None
    if facts[0].dims and facts[1].dims and len(facts[0].dims) == 3:
        dims = (*facts[0].dims[:2], facts[1].dims[-1])
    same = all(fact.dtype is not None and fact.dtype == dtype for fact in facts)
    return Fact("array", dtype if same and dtype is not None and dtype.kind == "f" else None, dims)


def states_and_cells(gates: Term, h: Term, c: Term, w: Term) -> Fact:
    """A pair of them."""
    found = states(gates, h, w)
    if operand(c).dtype != found.dtype:
        found = Fact("array", None, found.dims)
    return Fact("tuple", items=(found, found))


def states_with_bias(gates: Term, h: Term, w: Term, b: Term) -> Fact:
    """The same, with a fourth array."""
    found = states(gates, h, w)
    return found if operand(b).dtype == found.dtype else Fact("array", None, found.dims)


def cotangents(count: int) -> Callable[..., Result]:
    """The rules themselves, for `count` arrays: of each array's shape, and of the dtype that all have."""

    def handler(g: Term, out: Term, *arguments: Term) -> Result:
        facts = [operand(term) for term in arguments[:count]]
        dtype = facts[0].dtype
        same = all(fact.dtype == dtype for fact in facts) and dtype is not None and dtype.kind == "f"
        return tuple([Fact("array", dtype if same else None, fact.dims) for fact in facts])

    return handler


HANDLERS: dict[Any, Callable[..., Result]] = {
    recurrences.rnn_scan: states,
    recurrences.lstm_scan: states_and_cells,
    recurrences.gru_scan: states_with_bias,
    recurrences.rnn_scan_rule: cotangents(3),
    recurrences.lstm_scan_rule: cotangents(4),
    recurrences.gru_scan_rule: cotangents(4),
}
