"""Programs with branches, loops, writes and stacks: what can be seen of a run survives every pass."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings

from tapeless.ir.check import check
from tapeless.ir.constants import fold_constants
from tapeless.ir.copies import follow_copies
from tapeless.ir.dead import drop_dead
from tapeless.ir.program import Program
from tapeless.ir.share import share
from tests.ir.structured import FAILED, arguments, observe, structured_programs

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(structured_programs())
def test_what_is_dead_is_not_missed(program: Program):
    seen = observe(check(program), *arguments())[0]
    assume(seen != FAILED)

    assert observe(check(drop_dead(program)), *arguments())[0] == seen


@MANY
@given(structured_programs())
def test_what_is_shared_was_the_same(program: Program):
    seen = observe(program, *arguments())[0]

    assert observe(check(share(program)), *arguments())[0] == seen


@MANY
@given(structured_programs())
def test_a_copy_is_its_original(program: Program):
    seen = observe(program, *arguments())[0]

    assert observe(check(follow_copies(program)), *arguments())[0] == seen


@MANY
@given(structured_programs())
def test_what_is_folded_was_known(program: Program):
    seen = observe(program, *arguments())[0]
    assume(seen != FAILED)

    assert observe(check(fold_constants(follow_copies(program))), *arguments())[0] == seen


@MANY
@given(structured_programs())
def test_passes_may_follow_each_other_in_any_order(program: Program):
    seen = observe(program, *arguments())[0]
    assume(seen != FAILED)

    for simplify in (share, follow_copies, fold_constants, drop_dead, follow_copies, share, drop_dead):
        program = check(simplify(program))

    assert observe(program, *arguments())[0] == seen
