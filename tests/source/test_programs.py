"""Every program of the corpus, differentiated in every way: all agree, and the program is untouched."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tapeless.errors import MissingRuleError, TransformError
from tests.source.programs import PROGRAMS
from tests.source.programs.containers import assert_same
from tests.source.programs.refused import REFUSED
from tests.source.programs.registry import Program
from tests.source.programs.runs import (
    derivative_along,
    differences,
    directions,
    forward_slope,
    inner,
    inputs,
    plain,
    plain_scalar,
    pulled_back,
    source_gradient,
    source_hvp,
    source_run,
    source_second,
    structure,
)

SMOOTH = [one for one in PROGRAMS if one.second]


def refused_or_right(way: str):
    """Programs that are refused on this way must be refused loudly; all others must be right."""

    def decorate(test):
        @functools.wraps(test)
        def run(program: Program):
            if way not in REFUSED.get(program.name, ()):
                test(program)
                return
            with pytest.raises((TransformError, MissingRuleError)):
                test(program)

        return run

    return decorate


def each(programs):
    return pytest.mark.parametrize("program", programs, ids=[one.name for one in programs])


def assert_close(actual, expected, tolerance, what):
    largest = max([1.0, *[float(np.max(np.abs(one), initial=0.0)) for one in expected]])
    assert len(actual) == len(expected)
    for mine, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * largest, err_msg=what)


def precision(program):
    single = any(np.asarray(one).dtype == np.float32 for one in inputs(program))
    return 2e-5 if single else program.tolerance


@each(PROGRAMS)
def test_a_program_gives_the_same_each_time_and_has_a_gradient(program: Program):
    first, second = plain(program), plain(program)
    gradient = differences(program)

    assert_same(second.value, first.value)
    assert second.printed == first.printed
    assert all(np.all(np.isfinite(one)) for one in gradient)
    assert program.zero != all(np.any(np.abs(one) > 1e-6) for one in gradient)


@each(PROGRAMS)
@refused_or_right("primal")
def test_the_source_road_leaves_the_program_as_it_is(program: Program):
    expected = plain_scalar(program)

    found = source_run(program)

    assert_same(found.value[0], expected.value)
    assert found.printed == expected.printed
    assert_same(list(found.args), list(expected.args), "argument")
    assert_same(found.kwargs, expected.kwargs, "keyword argument")


@each(PROGRAMS)
@refused_or_right("reverse")
def test_the_source_road_agrees_with_differences(program: Program):
    gradient = source_gradient(program)

    assert_close(gradient, differences(program), precision(program), "source, reverse")
    assert structure(gradient) == structure(inputs(program))


@each(PROGRAMS)
@refused_or_right("pullback")
def test_a_pullback_agrees_with_differences_each_time(program: Program):
    first, second = pulled_back(program)

    expected = differences(program)
    assert_close(first, expected, precision(program), "source, forward and backward")
    assert_close(second, expected, precision(program), "source, backward again")


@each(PROGRAMS)
@refused_or_right("forward")
def test_forward_mode_agrees_with_differences(program: Program):
    expected = inner(differences(program), directions(inputs(program)))

    assert_close([forward_slope(program)], [expected], precision(program), "source, forward")


@each(SMOOTH)
@refused_or_right("twice")
def test_reverse_over_reverse_agrees_with_differences(program: Program):
    expected = derivative_along(lambda values: source_gradient(program, values), inputs(program))

    assert_close(source_second(program), expected, 1e-6, "source, reverse over reverse")


@each(SMOOTH)
@refused_or_right("mixed")
def test_forward_over_reverse_agrees_with_differences(program: Program):
    expected = derivative_along(lambda values: source_gradient(program, values), inputs(program))

    assert_close(source_hvp(program), expected, 1e-6, "source, forward over reverse")
