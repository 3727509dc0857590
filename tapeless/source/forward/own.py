"""The tangent of what a function with rules of its own gives: by its pushforward, or its pullback transposed.

y = f(x)      =>      y, ty = f_tangent(x, tx)       def f_tangent(x, tx): return f_jvp((x,), (tx,))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Const, Let, Program, Return, Var
from tapeless.rules.own import own_cotangent
from tapeless.rules.support import layout_of
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.own_read import OwnRead, Writing
from tapeless.source.reverse import reverse
from tapeless.source.reverse.own import (
    finished,
    forward_half,
    program_of,
    pushed_program,
    refuse_fixed,
)


def own_tangent(work: Any, procedure: Procedure, active: tuple[int, ...]) -> Procedure:
    """The procedure that gives value and tangent, from arguments and the tangents of those in `active`."""
    rules: OwnRead = procedure.rules
    refuse_fixed(work, rules, active)
    if rules.pushforward is None:
        return _transposed(work, procedure, active)
    made, facts, _ = pushed_program(work, rules, active)
    return finished(f"{rules.title}_tangent", made, facts)


def _transposed(work: Any, procedure: Procedure, active: tuple[int, ...]) -> Procedure:
    """The backward half is linear in the cotangent: transposed, it takes tangents to the result's."""
    rules: OwnRead = procedure.rules
    assert procedure.program is not None
    params = procedure.program.params
    half = forward_half(work, rules)
    if not any(place in rules.found for place in active):
        return _still(procedure, rules, active)
    linear, linear_facts, flowing = _pulled(work, rules, params, active)
    transposed, facts = reverse(linear, linear_facts, _cotangents(rules, linear), seed=None)
    back = finished(f"{rules.title}_transposed", transposed, facts)
    writing = Writing(Program("f", params, (), Return(())), procedure.facts)
    tangents = [
        writing.fresh(f"t{params[place]}", procedure.facts.get(params[place], UNKNOWN)) for place in active
    ]
    out, kept = writing.fresh("out"), writing.fresh("kept", Fact("tuple"))
    writing.body.append(Let((out, kept), half, tuple(map(Var, params))))
    names = [writing.fresh("kept") for _ in range(rules.kept + len(rules.fixed) + rules.outside)]
    writing.opened(Var(kept), names)
    leaves = writing.unpacked(Var(out), rules.facts, "out")
    zeros = [
        writing.let("zero", np.zeros_like, leaf) if isinstance(leaf, Var) else Const(0.0)
        for leaf, flows in zip(leaves, rules.flows, strict=True)
        if flows
    ]
    by_place = dict(zip(active, tangents, strict=True))
    seed = writing.packed([Var(by_place[place]) for place in flowing], "along")
    residuals, others = names[: rules.kept], names[rules.kept :]
    fixed, outside = others[: len(rules.fixed)], others[len(rules.fixed) :]
    wanted = [Var(params[place]) for place in flowing]
    given = (*map(Var, (*fixed, *residuals)), *zeros, *map(Var, outside), *wanted, seed)
    moved = iter(writing.unpacked(writing.let("tangent", back, *given), [UNKNOWN] * len(zeros), "t"))
    along = [next(moved) if flows else Const(None) for flows in rules.flows]
    exit_ = Return((Var(out), writing.packed(along, "tangent")), as_tuple=True)
    made = Program(procedure.name, (*params, *tangents), writing.taken(), exit_)
    return finished(f"{rules.title}_tangent", made, writing.facts)


def _still(procedure: Procedure, rules: OwnRead, active: tuple[int, ...]) -> Procedure:
    """The rule says that nothing flows: the tangent is zero."""
    assert procedure.program is not None
    params = procedure.program.params
    writing = Writing(Program("f", params, (), Return(())), procedure.facts)
    tangents = [writing.fresh(f"t{params[place]}") for place in active]
    out = writing.let("out", procedure, *map(Var, params))
    leaves = writing.unpacked(out, rules.facts, "out")
    zeros = [
        writing.let("zero", np.zeros_like, leaf) if flows else Const(None)
        for leaf, flows in zip(leaves, rules.flows, strict=True)
    ]
    exit_ = Return((out, writing.packed(zeros, "tangent")), as_tuple=True)
    made = Program(procedure.name, (*params, *tangents), writing.taken(), exit_)
    return finished(f"{rules.title}_tangent", made, writing.facts)


def _cotangents(rules: OwnRead, program: Program) -> tuple[str, ...]:
    start = len(rules.fixed) + rules.kept
    return program.params[start : start + sum(rules.flows)]


def _pulled(
    work: Any, rules: OwnRead, params: tuple[str, ...], active: tuple[int, ...]
) -> tuple[Program, dict[str, Fact], tuple[int, ...]]:
    """The backward half, also of the arguments whose cotangents it gives: these have their shapes."""
    program, facts = program_of(work, rules, rules.backward)
    writing = Writing(program, facts)
    found = writing.leaves(program, [UNKNOWN] * len(rules.found), "g")
    pairs = [(atom, place) for atom, place in zip(found, rules.found, strict=True) if place in active]
    arguments = [writing.fresh(params[place]) for _, place in pairs]
    fitted = []
    for (atom, _), name in zip(pairs, arguments, strict=True):
        layout = writing.let("layout", layout_of, Var(name))
        fitted.append(writing.let("g", own_cotangent, atom, layout, Const(rules.own.name)))
    exit_ = Return((writing.packed(fitted, "g"),))
    body = (*program.body, *writing.taken())
    made = Program(program.name, (*program.params, *arguments), body, exit_, program.free)
    return made, writing.facts, tuple([place for _, place in pairs])
