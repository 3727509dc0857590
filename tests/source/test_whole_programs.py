"""Whole programs are held to what the corpus is held to."""

from __future__ import annotations

from tests.source import test_programs as checks
from tests.source.programs.registry import Program
from tests.source.test_programs import each
from tests.source.whole_programs import PROGRAMS

SMOOTH = [one for one in PROGRAMS if one.second]


@each(PROGRAMS)
def test_a_program_gives_the_same_each_time_and_has_a_gradient(program: Program):
    checks.test_a_program_gives_the_same_each_time_and_has_a_gradient(program)


@each(PROGRAMS)
def test_the_source_road_leaves_the_program_as_it_is(program: Program):
    checks.test_the_source_road_leaves_the_program_as_it_is(program)


@each(PROGRAMS)
def test_the_source_road_agrees_with_differences(program: Program):
    checks.test_the_source_road_agrees_with_differences(program)


@each(PROGRAMS)
def test_a_pullback_agrees_with_differences_each_time(program: Program):
    checks.test_a_pullback_agrees_with_differences_each_time(program)


@each(PROGRAMS)
def test_forward_mode_agrees_with_differences(program: Program):
    checks.test_forward_mode_agrees_with_differences(program)


@each(SMOOTH)
def test_reverse_over_reverse_agrees_with_differences(program: Program):
    checks.test_reverse_over_reverse_agrees_with_differences(program)


@each(SMOOTH)
def test_forward_over_reverse_agrees_with_differences(program: Program):
    checks.test_forward_over_reverse_agrees_with_differences(program)
