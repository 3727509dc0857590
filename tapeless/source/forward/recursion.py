"""The tangent of what a procedure gives: by a procedure that computes both.

y = f(x, n)      =>      y, ty = f_tangent(x, n, tx)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure, with_one_result
from tapeless.ir.program import Let, Program, Var, same
from tapeless.source.facts import Fact
from tapeless.source.forward.own import own_tangent
from tapeless.source.forward.work import Work
from tapeless.source.reverse.recursion import whose

Forward = Callable[[Program, Mapping[str, Fact], tuple[str, ...]], tuple[Program, dict[str, Fact]]]


def through_procedure(work: Work, let: Let, forward: Forward) -> None:
    """Write the call with its tangents, in the place of the call."""
    procedure = let.op
    assert isinstance(procedure, Procedure)
    _refuse_writes(work, let)
    active = tuple([k for k, arg in enumerate(let.args) if work.carries(arg)])
    both = _tangent_of(work, procedure, active, forward)
    args = (*let.args, *[work.tangent(let.args[k]) for k in active])
    single = len(let.targets) == 1
    value = let.targets[0] if single else work.fresh("t", Fact("tuple"))
    tangents = tuple([work.tangent_name(name) for name in let.targets])
    tangent = tangents[0] if single else work.fresh("t", Fact("tuple"))
    work.out.append(Let((value, tangent), both, args, (), let.line, let.effect))
    if not single:
        work.out.append(Let(let.targets, same, (Var(value),), line=let.line))
        work.out.append(Let(tangents, same, (Var(tangent),), line=let.line))
    for name, found in zip(let.targets, tangents, strict=True):
        if work.carries(name):
            work.tangents[name] = Var(found)


def _refuse_writes(work: Work, let: Let) -> None:
    """What comes out may be what went in, or a part of it: nobody writes into either."""
    for name in let.targets:
        position, scope = work.outline.spans[id(let)][0], work.outline.home[id(let)]
        if work.fact(name).kind in ("scalar", "slice"):
            continue
        if work.aliases.is_written_later(name, scope, position, deep=True):
            raise work.refuse(
                f"writes into {name}, which {whose(let.op)} takes or gives", "write into a copy of it"
            )


def _tangent_of(work: Work, procedure: Procedure, active: tuple[int, ...], forward: Forward) -> Procedure:
    known = procedure.derived.get(("forward", active))
    if known is not None:
        return known
    if procedure.rules is not None and procedure.rules.own.kind != "checkpoint":
        made = procedure.derived["forward", active] = own_tangent(work, procedure, active)
        return made
    if procedure.program is None:
        raise work.refuse("differentiates a function inside of itself", "take the derivative outside")
    made = Procedure(f"{procedure.name}_tangent")
    procedure.derived["forward", active] = made  # before it is differentiated: it calls itself
    wrt = tuple([procedure.program.params[k] for k in active])
    pushed, facts = forward(procedure.program, procedure.facts, wrt)
    name = Names([*facts]).fresh("results")
    made.program = with_one_result(replace(pushed, name=made.name), name)
    made.facts = {**facts, name: Fact("tuple")}
    return made
