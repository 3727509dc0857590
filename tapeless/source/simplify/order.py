"""Which passes simplify a program, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tapeless.ir.branches import join_branches
from tapeless.ir.constants import fold_constants
from tapeless.ir.copies import follow_copies
from tapeless.ir.dead import drop_dead
from tapeless.ir.program import Program
from tapeless.ir.share import share
from tapeless.source.facts import Fact
from tapeless.source.simplify.early import push_early
from tapeless.source.simplify.fits import leave_out_fits
from tapeless.source.simplify.identities import use_identities
from tapeless.source.simplify.known import kinds_of
from tapeless.source.simplify.late import add_in_place
from tapeless.source.simplify.learn import learn
from tapeless.source.simplify.parts import read_in_place
from tapeless.source.simplify.plain import say_plainly
from tapeless.source.simplify.spelling import spell
from tapeless.source.simplify.spreads import narrow_spreads
from tapeless.source.simplify.starts import start_full

Pass = Callable[[Program, dict[str, Fact]], Program]
ROUNDS = 8  # most programs are done after three


def _share(program: Program, facts: dict[str, Fact]) -> Program:
    return share(program, kinds_of(facts))


def _drop_dead(program: Program, facts: dict[str, Fact]) -> Program:
    return drop_dead(program, kinds_of(facts))


def _follow_copies(program: Program, facts: dict[str, Fact]) -> Program:
    return follow_copies(program)


def _join_branches(program: Program, facts: dict[str, Fact]) -> Program:
    return join_branches(program, kinds_of(facts))


def _fold_constants(program: Program, facts: dict[str, Fact]) -> Program:
    return fold_constants(program)


PASSES: tuple[Pass, ...] = (
    _drop_dead,  # most of what differentiation writes nobody reads: the others need not look at it
    _follow_copies,
    leave_out_fits,
    say_plainly,
    narrow_spreads,
    read_in_place,
    start_full,
    _follow_copies,  # what those before left as copies, so that the next ones see one name for one value
    _fold_constants,
    use_identities,
    _join_branches,
    _share,
    _follow_copies,
    _drop_dead,  # what nobody reads any more must not look used to the next round
)


def simplify(program: Program, facts: Mapping[str, Fact], *, to_cut: bool = False) -> Program:
    """The program made shorter, with the same results, writes and effects.

    With `to_cut` its halves stay apart: a branch does not take in what another one far below it does.
    """
    passes = [change for change in PASSES if not (to_cut and change is _join_branches)]
    known = dict(facts)
    done: dict[Pass, Program] = {}  # what a pass gave: it need not look at that again
    for _ in range(ROUNDS):
        before = program
        known = learn(program, known)
        for change in passes:
            if done.get(change) is not program:
                program = change(program, known)
                done[change] = program
        if program is before:
            break
    program = drop_dead(add_in_place(program, known), kinds_of(known))
    return spell(push_early(program), known)  # for those who read: no pass needs to know these forms
