"""The passes of normalisation, in the order in which they run."""

from __future__ import annotations

from tapeless.source.normalise.assignments import plain_assignments
from tapeless.source.normalise.cases import plain_branches
from tapeless.source.normalise.comparisons import plain_comparisons
from tapeless.source.normalise.contexts import single_contexts
from tapeless.source.normalise.idle import drop_idle
from tapeless.source.normalise.jumps import structured_jumps
from tapeless.source.normalise.syntax import Function

PASSES = (
    plain_branches,  # first: no other pass knows `match`
    drop_idle,  # before jumps: a branch that does nothing is then seen to be empty
    single_contexts,
    plain_assignments,
    plain_comparisons,
    structured_jumps,  # last: what it nests deeply no other pass has to walk
)


def normalise(tree: Function) -> Function:
    """The same function in fewer constructs; LoweringError, with its `node`, where it cannot be said so.

    Functions, lambdas and classes inside stay as they are: they are normalised when they are called.
    The input is not changed; what is left as it was is shared with it.
    """
    for simplify in PASSES:
        tree = simplify(tree)
    return tree
