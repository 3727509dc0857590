"""The way back through a function with rules of its own: the pair of procedures is made of them.

y = f(x)      =>      y, kept = f_forward(x)         def f_forward(x): y, kept = f_fwd(x)
                      ...
                      dx = f_backward(kept, dy)      def f_backward(kept, g): return f_bwd(kept, g)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.dead import drop_dead
from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure, with_one_result
from tapeless.ir.program import Atom, Const, Let, Program, Return, Var, reads, same, walk
from tapeless.rules.own import own_cotangent
from tapeless.rules.support import layout_of
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.own_read import OwnRead, Writing
from tapeless.source.reverse.frame import Frame
from tapeless.source.reverse.halves import halves

Reverse = Callable[[Program, Mapping[str, Fact], tuple[str, ...]], tuple[Program, dict[str, Fact]]]
Made = tuple[Procedure, Procedure, tuple[int, ...]]


def own_pair(frame: Frame, procedure: Procedure, active: tuple[int, ...], reverse: Reverse) -> Made:
    """The forward and the backward procedure, and which parameters the cotangents that it gives are for."""
    known = procedure.derived.get(("own", active))
    if known is None:
        rules: OwnRead = procedure.rules
        refuse_fixed(frame, rules, active)
        if rules.backward is not None and rules.own.kind != "checkpoint":
            known = procedure.derived["own", active] = _from_halves(frame, procedure, active)
        else:
            make = _checkpoint if rules.own.kind == "checkpoint" else _transposed
            pair = Procedure(f"{rules.title}_forward"), Procedure(f"{rules.title}_backward")
            # Before it is differentiated: it may call itself.
            known = procedure.derived["own", active] = (*pair, active)
            for one, made in zip(pair, make(frame, procedure, active, reverse), strict=True):
                one.program, one.facts, one.rules = made.program, made.facts, made.rules
    return known


def refuse_fixed(refuser: Any, rules: OwnRead, active: tuple[int, ...]) -> None:
    """What is in nondiff_argnums is not differentiated; functions made inside have no rules to be kept."""
    if any(place in rules.fixed for place in active):
        raise refuser.refuse(*rules.own.why_fixed)
    if rules.own.kind in ("vjp", "jvp") and any(k not in rules.moving for k in active):
        raise refuser.refuse(
            f"differentiates what a function that is handed to {rules.title} finds around it",
            f"pass it to {rules.title} as an argument: its rules know nothing of it",
        )


def fitted(frame: Frame, rules: OwnRead, name: str, cotangent: Atom) -> Atom:
    """A cotangent that a user's rule gave, looked at: it must have the shape of what it belongs to."""
    fact = frame.work.fact(name)
    if rules.backward is None or rules.own.kind == "checkpoint":
        return cotangent  # it was made here
    if fact.kind not in ("scalar", "array", "numeric", "object"):
        return cotangent
    layout = frame.shape(Var(name), layout_of)
    return frame.let("g", own_cotangent, cotangent, layout, Const(rules.own.name), fact=fact)


def program_of(refuser: Any, rules: OwnRead, part: Procedure | None) -> tuple[Program, dict[str, Fact]]:
    """The program of a rule that was read."""
    if part is None or part.program is None:
        raise refuser.refuse(
            f"differentiates {rules.title} inside of its own rule", "write the rule without it"
        )
    return part.program, part.facts


def finished(name: str, program: Program, facts: Mapping[str, Fact], rules: Any = None) -> Procedure:
    result = Names([*facts, *program.params]).fresh("results")
    made = Procedure(name, with_one_result(replace(program, name=name), result), {**facts}, rules=rules)
    made.facts[result] = Fact("tuple")
    return made


# From a forward and a backward half ------------------------------------------------------------------------


def forward_half(refuser: Any, rules: OwnRead, wanted: Sequence[int] | None = None) -> Procedure:
    """Gives the result, and a tuple of what was kept and of the fixed arguments; of that what is wanted."""
    program, facts = program_of(refuser, rules, rules.forward)
    writing = Writing(program, facts)
    leaves = writing.leaves(program, rules.leaf_facts, "kept")
    results, kept = leaves[: len(rules.flows)], leaves[len(rules.flows) :]
    count = len(rules.fixed) + len(rules.moving)
    given = [Var(program.params[place]) for place in (*rules.fixed, *range(count, count + rules.outside))]
    out = writing.packed(results, "out")
    kept = [*kept, *given]
    whole = writing.tuple_of(kept if wanted is None else [kept[place] for place in wanted], "kept")
    body = (*program.body, *writing.taken())
    made = replace(program, body=body, exit=Return((out, whole), as_tuple=True))
    return finished(f"{rules.title}_forward", made, writing.facts)


def _from_halves(frame: Frame, procedure: Procedure, active: tuple[int, ...]) -> Made:
    rules: OwnRead = procedure.rules
    program, facts = program_of(frame, rules, rules.backward)
    writing = Writing(program, facts)
    kept, g = writing.fresh("kept", Fact("tuple")), writing.fresh("g")
    fixed, residuals, cotangents, outside = _parameters(rules, program)
    found = writing.leaves(program, [UNKNOWN] * len(rules.found), "g")
    pairs = [(atom, place) for atom, place in zip(found, rules.found, strict=True) if place in active]
    exit_ = Return(tuple([atom for atom, _ in pairs]), as_tuple=len(pairs) != 1)
    needed = drop_dead(replace(program, body=(*program.body, *writing.taken()), exit=exit_))
    read = {name for statement in (*walk(needed.body), exit_) for name in reads(statement)}
    given = [(place, name) for place, name in enumerate((*residuals, *fixed, *outside)) if name in read]
    writing.opened(Var(kept), [name for _, name in given])
    _open_cotangent(writing, rules, g, cotangents)
    made = Program(program.name, (kept, g), (*writing.taken(), *needed.body), exit_, program.free)
    backward = finished(f"{rules.title}_backward", made, writing.facts)
    half = forward_half(frame, rules, [place for place, _ in given])
    return half, backward, tuple([place for _, place in pairs])


def _parameters(rules: OwnRead, program: Program) -> tuple[Any, Any, Any, Any]:
    """The parameters of the backward half: what is fixed, what was kept, cotangents, what is around it."""
    first = len(rules.fixed)
    second = first + rules.kept
    third = second + sum(rules.flows)
    return (
        program.params[:first],
        program.params[first:second],
        program.params[second:third],
        program.params[third:],
    )


def _open_cotangent(writing: Writing, rules: OwnRead, g: str, cotangents: tuple[str, ...]) -> None:
    """The cotangent of the result, under the names of those of its leaves that flow."""
    names = iter(cotangents)
    own = [next(names) if flows else writing.fresh("unused") for flows in rules.flows]
    if len(own) == 1:
        writing.body.append(Let((own[0],), same, (Var(g),)))
    else:
        writing.opened(Var(g), own)


# From a pushforward -----------------------------------------------------------------------------------------


def pushed_program(
    refuser: Any, rules: OwnRead, active: tuple[int, ...]
) -> tuple[Program, dict[str, Fact], tuple[str, ...]]:
    """The rule as a program of the function's parameters and the tangents of those in `active`.

    It returns the result and its tangent.  The tangents' names come last; the others are zero.
    """
    program, facts = program_of(refuser, rules, rules.pushforward)
    writing = Writing(program, facts)
    order = (*rules.fixed, *rules.moving)
    end = len(order) + len(rules.pushed)
    own = dict(zip(order, program.params[: len(order)], strict=True))
    tangents = dict(zip(rules.pushed, program.params[len(order) : end], strict=True))
    for place, name in tangents.items():
        if place not in active:
            writing.body.append(Let((name,), *_zeros(Var(own[place]), facts)))
    front = writing.taken()
    count = len(rules.flows)
    flowing = sum(rules.flows)
    leaves = writing.leaves(program, [*rules.facts, *(UNKNOWN,) * flowing], "out")
    moved = iter(leaves[count:])
    along = [next(moved) if flows else Const(None) for flows in rules.flows]
    out, tangent = writing.packed(leaves[:count], "out"), writing.packed(along, "tangent")
    wanted = tuple([tangents.get(place) or writing.fresh("unused") for place in active])
    made = Program(
        program.name,
        (*[own[place] for place in range(len(order))], *program.params[end:], *wanted),
        (*front, *program.body, *writing.taken()),
        Return((out, tangent), as_tuple=True),
        program.free,
    )
    return made, writing.facts, wanted


def _zeros(like: Var, facts: Mapping[str, Fact]) -> tuple[Any, tuple[Atom, ...]]:
    if facts.get(like.name, UNKNOWN).kind == "scalar":
        return same, (Const(0.0),)
    return np.zeros_like, (like,)


def _transposed(
    frame: Frame, procedure: Procedure, active: tuple[int, ...], reverse: Reverse
) -> list[Procedure]:
    """The pushforward is linear in the tangents: its way back with respect to them, where they are zero."""
    rules: OwnRead = procedure.rules
    pushed, facts, tangents = pushed_program(frame, rules, active)
    swapped = replace(pushed, exit=Return(tuple(reversed(pushed.exit.values)), as_tuple=True))
    joint, facts = reverse(swapped, facts, tangents)
    inputs = pushed.params[: len(pushed.params) - len(tangents)]
    by_tangent = dict(zip(tangents, [inputs[place] for place in active], strict=True))
    zeros = [Let((name,), *_zeros(Var(of), facts)) for name, of in by_tangent.items()]
    _, out, *cotangents = joint.exit.values
    joint = replace(
        joint,
        params=(*inputs, joint.params[-1]),
        body=(*zeros, *joint.body),
        exit=Return((out, *cotangents), as_tuple=True),
    )
    first, second, facts = halves(joint, facts, rules.title)
    return [finished(one.name, one, facts) for one in (first, second)]


# Nothing kept -----------------------------------------------------------------------------------------------


def _checkpoint(
    frame: Frame, procedure: Procedure, active: tuple[int, ...], reverse: Reverse
) -> list[Procedure]:
    """Forward the function itself; its arguments are what is kept; on the way back it runs again."""
    rules: OwnRead = procedure.rules
    program, facts = program_of(frame, rules, procedure)
    writing = Writing(program, facts)
    out = writing.let("out", procedure, *map(Var, program.params))
    whole = writing.tuple_of([Var(name) for name in program.params], "kept")
    exit_ = Return((out, whole), as_tuple=True)
    first = finished(
        f"{rules.title}_forward", replace(program, body=writing.taken(), exit=exit_), writing.facts
    )
    joint, known = reverse(program, facts, tuple([program.params[place] for place in active]))
    writing = Writing(joint, known)
    kept = writing.fresh("kept", Fact("tuple"))
    writing.opened(Var(kept), program.params)
    cotangents = joint.exit.values[1:]
    second = replace(
        joint,
        params=(kept, joint.params[-1]),
        body=(*writing.taken(), *joint.body),
        exit=Return(cotangents, as_tuple=len(cotangents) != 1),
    )
    again = OwnRead(rules.own, f"{rules.title}_backward", flows=(True,) * len(cotangents))
    return [first, finished(f"{rules.title}_backward", second, writing.facts, again)]
