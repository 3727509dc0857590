"""Programs as differentiation writes them: what can be seen of a run survives, and the text is short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from tapeless.ir.check import check
from tapeless.ir.program import Program
from tapeless.source.facts import UNKNOWN, Fact, Size, same_dtype
from tapeless.source.simplify import simplify
from tapeless.source.simplify.learn import learn
from tapeless.source.simplify.order import PASSES
from tests.ir.structured import FAILED, observe, structured_programs
from tests.source.simplify.programs import HelperWriter, arguments, facts_of

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
PROGRAMS = structured_programs(HelperWriter)


def arrays(value: Any) -> list[np.ndarray]:
    return [item for item in value if isinstance(item, np.ndarray)] if isinstance(value, tuple) else []


def shared(result: Any, args: tuple[Any, ...]) -> set[tuple[int, int]]:
    """Which results share memory with which arguments."""
    pairs = [(i, j, a, b) for i, a in enumerate(arrays(result)) for j, b in enumerate(arrays(args))]
    return {(i, j) for i, j, a, b in pairs if np.shares_memory(a, b)}


def holds(program: Program, change: Callable[[Program, dict[str, Fact]], Program], **known: Any) -> None:
    seen, result, args = observe(program, *arguments())
    assume(seen != FAILED)

    after = check(change(program, facts_of(program, *arguments())))

    again, other, others = observe(after, *arguments())
    assert again == seen
    assert shared(other, others) <= shared(result, args)


@MANY
@given(PROGRAMS)
def test_a_simplified_program_does_the_same(program: Program):
    holds(program, simplify)


@pytest.mark.parametrize("change", PASSES, ids=lambda change: change.__name__.strip("_"))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
def test_each_pass_alone_does_the_same(change: Any, program: Program):
    holds(program, change)


@MANY
@given(PROGRAMS)
def test_facts_may_be_found_out_from_those_of_the_parameters(program: Program):
    def change(program: Program, facts: dict[str, Fact]) -> Program:
        return simplify(program, {name: facts[name] for name in program.params})

    holds(program, change)


@MANY
@given(PROGRAMS)
def test_what_is_found_out_is_so(program: Program):
    assume(observe(program, *arguments())[0] != FAILED)
    facts = facts_of(program, *arguments())

    learned = learn(program, {name: facts[name] for name in program.params})

    for name, fact in facts.items():
        found = learned.get(name, UNKNOWN)
        assert found.dtype is None or same_dtype(found.dtype, fact.dtype)
        assert found.dtype is None or found.weak in (None, fact.weak)
        assert found.kind in ("object", "numeric", "stack", fact.kind)
        assert found.dims is None or fact.dims is not None
        for dim, length in zip(found.dims or (), (fact.dims or ()) if found.dims else (), strict=True):
            assert dim == length or isinstance(dim, Size)
