"""The programs of the corpus as they are read: run statement by statement, they do what Python does."""

from __future__ import annotations

import contextlib
import inspect
import io

import numpy as np
import pytest

from tapeless.source.lower.run import lower
from tests.ir.evaluate import evaluate
from tests.source.programs import PROGRAMS
from tests.source.programs.containers import assert_same
from tests.source.programs.refused import REFUSED
from tests.source.programs.registry import Program
from tests.source.programs.runs import plain


def takes_as_many_as_it_names(program: Program) -> bool:
    function = program.function
    if not inspect.isfunction(function):
        return False
    kinds = [one.kind for one in inspect.signature(function, follow_wrapped=False).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL not in kinds and inspect.Parameter.VAR_KEYWORD not in kinds


PLAIN = [one for one in PROGRAMS if takes_as_many_as_it_names(one)]
# What they refuse to read is for the tests of refusals.
RECURSIVE = ("recurs", "quicksort", "fft", "factorial")
UNREAD = {name for name, ways in REFUSED.items() if {"primal", "forward"} <= set(ways)}
READ = [one for one in PLAIN if one.name not in UNREAD and not any(word in one.name for word in RECURSIVE)]


def test_nearly_all_programs_are_in_this_test():
    assert len(READ) > 0.95 * len(PROGRAMS)


@pytest.mark.parametrize("program", READ, ids=[one.name for one in READ])
def test_a_program_as_it_is_read_does_what_python_does(program: Program):
    expected = plain(program)
    args, kwargs = program.fresh()
    bound = inspect.signature(program.function, follow_wrapped=False).bind(*args, **kwargs)
    bound.apply_defaults()
    names, values = list(bound.arguments), list(bound.arguments.values())
    for position in program.positions:
        values[position] = float(values[position]) if type(values[position]) is int else values[position]

    lowered = lower(program.function, names, values, program.positions)
    free = {name: value for name, (_, value) in lowered.found.free.items()}
    silent = {kind: "ignore" for kind, setting in lowered.found.errstate.items() if setting == "ignore"}
    with contextlib.redirect_stdout(io.StringIO()) as printed, np.errstate(**silent):  # type: ignore[arg-type]
        found = evaluate(lowered.program, *values, free=free)

    assert_same(found, expected.value)
    assert printed.getvalue() == expected.printed
    assert_same(list(args), list(expected.args), "argument")
    assert_same(kwargs, expected.kwargs, "keyword argument")
