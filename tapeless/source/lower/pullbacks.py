"""Linear maps that a function makes and calls: what `vjp` and `linearize` give besides the value.

out, pull = vjp(f, x)     The statements of `f` are written here; those of the way back are written at each
(g,) = pull(out)          call, and read what the former left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapeless.errors import TransformError
from tapeless.ir.effects import written
from tapeless.ir.program import (
    Atom,
    Block,
    Const,
    Let,
    Program,
    Return,
    Var,
    build_tuple,
    free_names,
    named,
    same,
    walk,
)
from tapeless.source.expand import completed
from tapeless.source.facts import Fact
from tapeless.source.forward import forward
from tapeless.source.forward.work import tangent_fact
from tapeless.source.linear import linear
from tapeless.source.lower.calls import Args, Kwargs
from tapeless.source.lower.inner import (
    Ran,
    fitted,
    fitting,
    flows,
    gathered,
    outputs,
    pairs,
    program_of,
    settle,
    unpacked,
    with_tangents,
    write,
    zero_of,
)
from tapeless.source.lower.leaves import plain_name
from tapeless.source.lower.lists import as_lists
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.recursion import RecursionFoundError
from tapeless.source.lower.splice import own_names, under
from tapeless.source.lower.values import Dyn, Known, Pullback, Tup, Value
from tapeless.source.reverse import reverse_pair

COPIES: dict[str, Callable[..., Any]] = {"array": np.copy, "list": list, "dict": dict}
STEADY = ("scalar", "slice", "stack")  # a stack is seen by what loops write alone


class CalledAgainError(RecursionFoundError):
    """What a linear map reads must be kept otherwise: the function is read from the start again."""


@dataclass(slots=True)
class Halves:
    """What runs once, and what runs at each call: it reads `inputs`, and leaves `found`."""

    first: Block
    second: Block
    inputs: tuple[str, ...]
    found: tuple[Atom, ...]
    facts: dict[str, Fact]


def pullback(m: Machine, ran: Ran, lists: bool = False) -> Pullback:
    """Statements of the value; those of the way back are written where the pullback is called.

    With `lists` it may be called in loops.
    """
    leaves, program = _read(m, ran, "vjp")
    if program is None:
        m.block.extend(ran.fork.block)
        zeros = [m.atom(zero_of(m, Dyn(Var(name), m.facts[name]))) for name in ran.leaves]
        return _made(m, ran, "vjp", Halves((), (), (), tuple(zeros), {}), ran.arguments, ())
    first, second, facts = reverse_pair(program, m.facts, tuple(ran.leaves))
    residuals, seed = second.params
    body, inputs = _without(second.body, residuals), (seed,)
    if not isinstance(ran.result, Dyn):
        inputs = tuple([f"{seed}_{k}_of" for k in range(len(leaves))])
        facts = {**facts, **{n: tangent_fact(leaf.fact) for n, leaf in zip(inputs, leaves, strict=True)}}
        body = (Let((seed,), build_tuple, tuple(map(Var, inputs))), *body)
    halves = Halves(first.body[:-1], body, inputs, second.exit.values, dict(facts))
    if lists or (_place(m), "lists") in m.recursions.wanted:
        _keep_lists(halves)
    return _made(m, ran, "vjp", halves, ran.arguments, own_names(program.body))


def linear_map(m: Machine, ran: Ran) -> Pullback | None:
    """Statements of the value; those of a tangent are written where the map is called.

    None where the two cannot be taken apart.
    """
    _, program = _read(m, ran, "linearize")
    if program is None:
        m.block.extend(ran.fork.block)
        return _made(m, ran, "linearize", Halves((), (), (), (), {}), ran.arguments, ())
    pushed, facts = forward(program, m.facts, tuple(ran.leaves))
    facts = completed(pushed, facts)
    parts = linear(pushed, facts, len(ran.leaves), "inner", tidy=False)
    if parts is None:
        return None
    residuals, *inputs = parts[1].params
    first, second = parts[0].body[:-1], _without(parts[1].body, residuals)
    whole = Program("inner", tuple(inputs), (*first, *second), Return(()), program.free)
    halves = Halves(first, second, tuple(inputs), parts[1].exit.values, completed(whole, facts))
    _keep_lists(halves)
    return _made(m, ran, "linearize", halves, ran.arguments, own_names(program.body))


def _read(m: Machine, ran: Ran, title: str) -> tuple[list[Dyn], Program | None]:
    """The numbers and arrays in the result, and the program of them; None if it is known beforehand."""
    settle(m, ran)
    with m.within(ran.fork):
        leaves, out = outputs(m, ran.result, title)
        return leaves, program_of(m, ran, out)


def _without(body: Block, residuals: str) -> Block:
    """The statements without those that unpack the residuals: here these are names that are known."""
    return tuple([s for s in body if not (isinstance(s, Let) and Var(residuals) in s.args)])


def _keep_lists(halves: Halves) -> None:
    halves.first, halves.second = as_lists(halves.first, halves.second, halves.facts)


def _place(m: Machine) -> Any:
    """Where in the text the reading is, as a key."""
    if m.frame is None or m.node is None:
        return None
    where = m.frame.source.location(m.node)
    return where.filename, where.line, where.column, where.end_column


def _made(
    m: Machine, ran: Ran, kind: str, halves: Halves, arguments: Sequence[Value], own: Sequence[str]
) -> Pullback:
    """The first half is written; the second is put aside under names of its own."""
    facts = halves.facts
    taken = write(m, halves.first, facts, set(own)) if halves.first else {}
    back = {
        name: m.fresh(plain_name(name), facts[name])
        for name in dict.fromkeys((*halves.inputs, *own_names(halves.second)))
    }
    names = {old: new.name for old, new in taken.items()} | back
    body = under(halves.second, names)
    found = [Var(names.get(a.name, a.name)) if isinstance(a, Var) else a for a in halves.found]
    inputs = tuple([names[name] for name in halves.inputs])
    made = Pullback(
        kind=kind,
        body=body,
        inputs=inputs,
        found=tuple(found),
        leaves=tuple(ran.leaves),
        args=(ran.result, *arguments),
        varies=ran.varies,
        key=m.temporary(),
        loops=len(m.loops),
        place=_place(m),
        since=m.memory.clock,
    )
    if (made.place, "copies") in m.recursions.wanted:
        made = _on_copies(m, made)
    return made


# What is written into meanwhile ----------------------------------------------------------------------


def _reads(pulled: Pullback) -> list[str]:
    """The names that the second half finds."""
    own = {*pulled.inputs, *own_names(pulled.body)}
    ends = [name for atom in pulled.found if (name := named(atom)) is not None]
    return sorted({*free_names(pulled.body), *ends} - own)


def _on_copies(m: Machine, pulled: Pullback) -> Pullback:
    """The same, with copies of all that it reads and others may write into."""
    names: dict[str, str] = {}
    for name in _reads(pulled):
        fact = m.facts[name]
        if fact.kind in STEADY or (fact.kind == "tuple" and _is_steady(fact)):
            continue
        if fact.kind not in COPIES:
            raise m.refuse(
                "this linear map",
                f"it reads {plain_name(name)}, which is written into before it is called",
                "write into a copy of it",
            )
        names[name] = m.fresh(plain_name(name), fact)
        m.block.append(Let((names[name],), COPIES[fact.kind], (Var(name),), line=m.line))
    found = [Var(names.get(a.name, a.name)) if isinstance(a, Var) else a for a in pulled.found]
    return replace(pulled, body=under(pulled.body, names), found=tuple(found), since=m.memory.clock)


def _is_steady(fact: Fact) -> bool:
    items = fact.items
    return items is not None and all([isinstance(i, Const) or i.kind == "scalar" for i in items])


def check_unwritten(m: Machine, pulled: Pullback) -> None:
    """What a linear map reads must be what it was when it was made: else it gets copies."""
    for name in _reads(pulled):
        kind = m.facts[name].kind
        now = m.renamed.get(name)
        now = name if now is None else now.name
        if kind not in STEADY and m.memory.is_written(now, pulled.since):
            raise CalledAgainError((pulled.place, "copies"))


# Calls -----------------------------------------------------------------------------------------------


def pull(m: Machine, pulled: Pullback, args: Args, kwargs: Kwargs) -> Value:
    """A call of a linear map: its statements, under names of their own."""
    check_unwritten(m, pulled)
    if len(m.loops) > pulled.loops:
        m.recursions.maps.append(pulled)  # what the rest of the loop writes is not known yet
    given = _given(m, pulled, args, kwargs)
    own = dict.fromkeys(own_names(pulled.body))
    names = _copies(m, pulled, own)
    for name, value in zip(pulled.inputs, given, strict=True):
        names[name] = m.fresh(plain_name(name), m.facts[name])
        m.block.append(Let((names[name],), same, (m.atom(value),), line=m.line))
    taken = write(m, pulled.body, {name: m.facts[name] for name in own}, set(), names)
    names |= {old: new.name for old, new in taken.items()}
    atoms = [Var(names.get(a.name, a.name)) if isinstance(a, Var) else a for a in pulled.found]
    varies = pulled.varies or any(map(m.varies, given))
    result, *arguments = pulled.args
    if pulled.kind == "vjp":
        return Tup(tuple(gathered(m, arguments, atoms, pulled.leaves, varies)))
    leaves, _ = outputs(m, result, "linearize") if isinstance(result, Dyn) else (_flowing(m, result), None)
    tangents = unpacked(m, atoms[0], leaves, result) if atoms else [zero_of(m, leaf) for leaf in leaves]
    return with_tangents(m, result, tangents)


def _flowing(m: Machine, result: Value) -> list[Dyn]:
    found = [leaf for leaf, _ in pairs(m, result, result, "this result")]
    return [leaf for leaf in found if flows(m, leaf, "linearize")]


def _given(m: Machine, pulled: Pullback, args: Args, kwargs: Kwargs) -> list[Value]:
    """What it is called with, one value for each input."""
    result, *arguments = pulled.args
    if pulled.kind == "vjp":
        if len(args) != 1 or kwargs:
            raise m.refuse("this call", "a pullback takes one cotangent", "write pullback(cotangent)")
        both = pairs(m, result, args[0], "the cotangent")
        found = [one for one in both if isinstance(result, Dyn) or flows(m, one[0], "vjp")]
        return [fitted(m, leaf, value, "the cotangent") for leaf, value in found][: len(pulled.inputs)]
    if len(args) != len(arguments) or kwargs:
        raise m.refuse("this call", f"it takes {len(arguments)} tangents", "give one for each primal")
    triples = zip(arguments, args, strict=True)
    found = [t for primal, along in triples for t in fitting(m, primal, along, "this tangent")]
    return found[: len(pulled.inputs)]


def _copies(m: Machine, pulled: Pullback, own: dict[str, None]) -> dict[str, str]:
    """What the second half changes of what the first left, copied where that may run again."""
    copied: dict[str, str] = {}
    in_loop = len(m.loops) > pulled.loops
    for statement in walk(pulled.body):
        target = written(statement) if isinstance(statement, Let) else None
        if target is None or target in own or target in copied:
            continue
        fact = m.facts[target]
        if fact.kind == "stack":
            if in_loop or m.get(pulled.key) is not MISSING:
                raise CalledAgainError((pulled.place, "lists"))
            m.set(pulled.key, Known(True))
        elif fact.kind == "list":
            copied[target] = m.fresh(plain_name(target), fact)
            m.block.append(Let((copied[target],), list, (Var(target),), line=m.line))
        else:
            raise _refused(m, target)
    return copied


def _refused(m: Machine, target: str) -> TransformError:
    return m.refuse(
        "this pullback",
        f"on the way back it changes {plain_name(target)}, which others may read",
        "use grad, or write the function without changing arrays in place",
    )
