"""The way back through a call of a procedure: it becomes a pair of procedures.

y = f(x, n)      =>      y, kept = f_forward(x, n)
                         ...
                         dx = f_backward(kept, dy)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure, with_one_result
from tapeless.ir.program import Atom, Block, Let, Program, Var, named, names_of, same
from tapeless.source.facts import Fact
from tapeless.source.reverse.frame import Frame
from tapeless.source.reverse.halves import halves
from tapeless.source.reverse.own import fitted, own_pair

Reverse = Callable[[Program, Mapping[str, Fact], tuple[str, ...]], tuple[Program, dict[str, Fact]]]


def through_procedure(frame: Frame, let: Let, g: Atom, reverse: Reverse) -> Block:
    """The statements that take the call's place; those of the way back go to the frame."""
    work, procedure = frame.work, let.op
    assert isinstance(procedure, Procedure)
    refuse_writes(frame, let)
    active = tuple([k for k, arg in enumerate(let.args) if work.is_active(named(arg))])
    if procedure.rules is not None:
        forward, backward, flowing = own_pair(frame, procedure, active, reverse)
    else:
        forward, backward = pair_of(frame, procedure, active, reverse)
        flowing = active
    args = tuple([frame.value(arg) for arg in let.args])
    kept = work.forward_name("kept", frame.scope, Fact("tuple"))
    whole = let.targets[0] if len(let.targets) == 1 else work.forward_name("t", frame.scope, Fact("tuple"))
    calls = [Let((whole, kept), forward, args, (), let.line, let.effect)]
    if len(let.targets) > 1:
        calls.append(Let(let.targets, same, (Var(whole),), line=let.line))
    inputs = [name for k in flowing if (name := named(let.args[k])) is not None]
    cotangents = tuple([work.cotangent_name(name) for name in inputs])
    if inputs:
        frame.out.append(Let(cotangents, backward, (Var(kept), g), line=let.line))
    for name, cotangent in zip(inputs, cotangents, strict=True):
        found = Var(cotangent)
        frame.contribute(
            Var(name), found if procedure.rules is None else fitted(frame, procedure.rules, name, found)
        )
    return tuple(calls)


def refuse_writes(frame: Frame, let: Let) -> None:
    """What goes into a procedure, or comes out, may be kept or returned by it: nobody writes into it."""
    work = frame.work
    position = work.outline.spans[id(let)][0]
    containers = [name for arg in let.args if (name := named(arg)) and work.fact(name).kind != "array"]
    for name in [*let.targets, *containers]:  # of an array a copy goes in
        if work.is_held_and_written(name, frame.scope, position):
            raise frame.refuse(
                f"writes into {name}, which {whose(let.op)} takes or gives", "write into a copy of it"
            )


def whose(procedure: Any) -> str:
    """What a procedure is to a user."""
    has_rules = isinstance(procedure, Procedure) and procedure.rules is not None
    return "a function with rules of its own" if has_rules else "a function that calls itself"


def pair_of(
    frame: Frame, procedure: Procedure, active: tuple[int, ...], reverse: Reverse
) -> tuple[Procedure, Procedure]:
    """The forward and the backward procedure, with respect to some of the parameters."""
    known = procedure.derived.get(("reverse", active))
    if known is not None:
        return known
    if procedure.program is None:
        raise frame.refuse("differentiates a function inside of itself", "take the derivative outside")
    pair = Procedure(f"{procedure.name}_forward"), Procedure(f"{procedure.name}_backward")
    procedure.derived["reverse", active] = pair  # before it is differentiated: it calls itself
    wrt = tuple([procedure.program.params[k] for k in active])
    joint, facts = reverse(procedure.program, procedure.facts, wrt)
    first, second, facts = halves(joint, facts, procedure.name)
    for one, program in zip(pair, (first, second), strict=True):
        name = Names(names_of(program)).fresh("results")
        one.program = with_one_result(program, name)
        one.facts = {**facts, name: Fact("tuple")}
    return pair
