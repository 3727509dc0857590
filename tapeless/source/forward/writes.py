"""What is written in place: the same operation on the tangent, with zeros for what does not vary.

a[i] = np.sin(x)      =>      t = np.sin(x)
                              a[i] = t
                              ta[i] = tx * np.cos(x)
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.effects import written
from tapeless.ir.inside import add_in, append_at, pop_at, put_at
from tapeless.ir.program import Argument, Const, Let, Var, named
from tapeless.source.forward.work import Work

# Positions of the arguments that are values; all others say where.
REPLACING: dict[Any, tuple[int, ...]] = {
    operator.setitem: (2,),
    operator.delitem: (),
    list.append: (1,),
    list.extend: (1,),
    list.insert: (2,),
    list.pop: (),
    list.reverse: (),
    list.clear: (),
    dict.update: (1,),
    dict.pop: (2,),
    dict.setdefault: (2,),
    ir.take_last: (),
    put_at: (1,),
    append_at: (1,),
    pop_at: (),
    np.copyto: (1,),
    ir.set_imag: (2,),
    np.put_along_axis: (2,),
    np.fill_diagonal: (1,),
    np.put: (2,),
}
# Adding zeros changes nothing.
ADDING: dict[Any, int] = {
    ir.iadd: 1,
    ir.isub: 1,
    ir.add_at: 2,
    ir.subtract_at: 2,
    ir.add_part: 2,
    (np.add, "at"): 2,
    (np.subtract, "at"): 2,
    ir.add_unless_shared: 1,
    add_in: 1,
}


def through_write(work: Work, let: Let) -> None:
    """Write into the tangent what corresponds to what was written into the primal."""
    key = _key(let.op)
    if let.op in (ir.push, ir.pop):
        _stack(work, let)
    elif key in ADDING:
        _add(work, let, ADDING[key])
    elif key in REPLACING:
        _replace(work, let, REPLACING[key])
    else:
        name = getattr(let.op, "__name__", repr(let.op))
        raise work.refuse(f"no derivative rule for what {name} writes", "write it as a[index] = value")


def _key(op: Any) -> Any:
    owner = getattr(op, "__self__", None)
    return (owner, getattr(op, "__name__", "")) if isinstance(owner, np.ufunc) else op


def _target(work: Work, let: Let) -> Var:
    found = work.tangent(Var(written(let) or ""))
    assert isinstance(found, Var)
    return found


def _add(work: Work, let: Let, position: int) -> None:
    value = let.args[position]
    if not work.carries(value) and _keeps_form(work, let, value):
        return
    args = [_target(work, let), *let.args[1:position], work.spread(value), *let.args[position + 1 :]]
    work.run(let.op, *args, kwargs=let.kwargs)


def _keeps_form(work: Work, let: Let, value: Argument) -> bool:
    """Whether adding zeros to a tangent does nothing: a list grows by them, a number takes on their shape."""
    if let.op in (ir.add_part, add_in):
        return isinstance(value, Const) or work.fact(named(value)).kind == "scalar"
    return work.fact(let.args[0]).kind not in ("list", "object")


def _replace(work: Work, let: Let, positions: tuple[int, ...]) -> None:
    args: list[Argument] = [_target(work, let)]
    for position, argument in enumerate(let.args[1:], 1):
        args.append(work.spread(argument) if position in positions else argument)
    if any(work.carries(atom) for _, atom in let.kwargs):
        raise work.refuse("writes a value that is given by keyword", "give it by position")
    _popped(work, let, tuple(args), let.targets)


def _popped(work: Work, let: Let, args: tuple[Argument, ...], targets: tuple[str, ...]) -> None:
    """The operation on tangents, which may give some back."""
    names = tuple([work.tangent_name(name) for name in targets])
    work.out.append(Let(names, let.op, args, let.kwargs, line=let.line, effect=True))
    for name, tangent in zip(targets, names, strict=True):
        if work.carries(name):
            work.tangents[name] = Var(tangent)


# Stacks -----------------------------------------------------------------------------------------------


def _stack(work: Work, let: Let) -> None:
    """Of the values that are pushed or popped together, those that carry tangents somewhere."""
    sites = work.aliases.of(named(let.args[0]) or "")
    values = let.args[1:] if let.op is ir.push else let.targets
    kept = [place for place in range(len(values)) if work.activity.keeps(sites, place)]
    if not kept:
        for name in let.targets:
            if work.carries(name):
                work.tangents[name] = work.zero(Var(name))
        return
    if let.op is ir.push:
        work.run(ir.push, _target(work, let), *[work.spread(let.args[1 + place]) for place in kept])
        return
    _popped(work, let, (_target(work, let),), tuple([let.targets[place] for place in kept]))
    for name in let.targets:
        if work.carries(name) and name not in work.tangents:
            work.tangents[name] = work.zero(Var(name))
