"""From a program to one that also gives the tangent of its result."""

from __future__ import annotations

from collections.abc import Mapping

from tapeless.ir.program import Program, Return, Var
from tapeless.source.facts import Fact
from tapeless.source.forward.blocks import forward_block
from tapeless.source.forward.work import Work, tangent_fact


def forward(
    program: Program, facts: Mapping[str, Fact], wrt: tuple[str, ...]
) -> tuple[Program, dict[str, Fact]]:
    """The program with tangents of `wrt` as further parameters, and that of its result returned last.

    Names of `wrt` are parameters, or defined at the top level.  A tangent has the shape and dtype of its
    primal, and is a Python number where that is one.

    f(x):                   f_jvp(x, tx):
        y = np.sin(x)           y = np.sin(x)
        return y        =>      ty = tx * np.cos(x)
                                return y, ty
    """
    work = Work(program, facts, wrt)
    work.forward = forward
    params = [work.fresh("t" + name, tangent_fact(work.fact(name))) for name in wrt]
    work.tangents.update({name: Var(param) for name, param in zip(wrt, params, strict=True)})
    for name in (*program.free, *program.params):
        if name in wrt:
            work.own_given(name)
        elif work.carries(name):
            work.tangents[name] = work.zero(Var(name))
    forward_block(work, work.program.body)
    tangent = work.tangent(program.exit.values[0])
    made = Program(
        f"{program.name}_jvp",
        (*program.params, *params),
        tuple(work.out),
        Return((*program.exit.values, tangent), as_tuple=True),
        program.free,
    )
    return made, work.facts
