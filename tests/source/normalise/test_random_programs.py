"""Random control flow does the same before and after normalisation."""

from __future__ import annotations

import os
from unittest import mock

import gast
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tapeless.source.normalise import jumps, normalise
from tests.source.normalise.programs import programs
from tests.source.normalise.running import agrees, tree_of

EXAMPLES = int(os.environ.get("TAPELESS_PROGRAMS", "150"))
CHOICES = st.lists(st.integers(0, 2), max_size=30)


@seed(1)
@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(programs(), CHOICES, CHOICES, CHOICES)
def test_a_random_program_does_the_same_in_the_same_order(source, first, second, third):
    agrees(source, first, second, third, [])


@seed(4)
@settings(max_examples=EXAMPLES // 2, deadline=None, database=None)
@given(programs(), CHOICES, CHOICES)
def test_it_does_so_too_where_little_may_nest(source, first, second):
    with mock.patch.object(jumps, "_DEEPEST", 1):
        agrees(source, first, second, [])


@seed(2)
@settings(max_examples=EXAMPLES // 3, deadline=None, database=None)
@given(programs())
def test_what_comes_out_grows_as_what_goes_in(source):
    tree = tree_of(source)

    assert size(normalise(tree)) < 40 + 6 * size(tree)


@seed(3)
@settings(max_examples=EXAMPLES // 3, deadline=None, database=None)
@given(programs())
def test_what_is_normal_already_stays_as_it_is(source):
    once = normalise(tree_of(source))

    assert gast.unparse(normalise(once)) == gast.unparse(once)


def size(tree: gast.AST) -> int:
    return sum(isinstance(node, gast.stmt | gast.expr) for node in gast.walk(tree))
