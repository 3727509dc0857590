"""A joint program in two halves, with what is known of what the first hands to the second."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tapeless.ir.program import If, Let, Program, Var, named, walk
from tapeless.source.analyse.activity import is_cut
from tapeless.source.cut import cut
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.simplify import simplify
from tapeless.source.simplify.known import kinds_of
from tapeless.source.simplify.learn import learn

# What is kept though no derivative flows through it: a dtype, how a list is laid out.
OPAQUE = Fact("object", np.dtype(object))


def halves(joint: Program, facts: Mapping[str, Fact], name: str) -> tuple[Program, Program, dict[str, Fact]]:
    """A forward and a backward program of a joint one, whose last parameter is the cotangent of its value."""
    joint = simplify(joint, facts, to_cut=True)
    first, second = cut(joint, 1, name, kinds_of(learn(joint, facts)))
    known = {**facts, **dict.fromkeys(_without_derivative(first, facts), OPAQUE)}
    pack = first.body[-1]
    assert isinstance(pack, Let)
    items = tuple([known.get(named(arg) or "", UNKNOWN) for arg in pack.args])
    known[second.params[0]] = known[pack.targets[0]] = Fact("tuple", items=items)
    return first, second, known


def _without_derivative(program: Program, facts: Mapping[str, Fact]) -> list[str]:
    """Names of which nothing is known, but that what makes them passes no derivative on."""
    found: dict[str, None] = {}
    for statement in reversed(list(walk(program.body))):  # what stands in a branch before the branch itself
        if isinstance(statement, Let) and is_cut(statement):
            found.update(dict.fromkeys([n for n in statement.targets if _is_unclear(facts.get(n, UNKNOWN))]))
        elif isinstance(statement, If):
            for phi in statement.outs:
                sides = [named(side) for side in (phi.then, phi.orelse) if isinstance(side, Var)]
                if sides and all(side in found for side in sides):
                    found[phi.name] = None
    return list(found)


def _is_unclear(fact: Fact) -> bool:
    """Whether it might hold numbers with derivatives, for all that is known: a shape of unknown length."""
    return fact == UNKNOWN or (fact.kind == "tuple" and fact.items is None)
