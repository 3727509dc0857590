"""A function that is read on the side, and its derivative written here.

grad(lambda y: g(x * y))(z)    The inner function becomes a program of its own, in which `y` is a name and
                               `x` is found outside; its derivative with respect to `y` is a program
                               again, and its statements are written here.  Nothing tells levels apart but
                               the names.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless.ir.program import (
    Atom,
    Block,
    Const,
    Let,
    Program,
    Return,
    Var,
    build_tuple,
    fail,
    free_names,
    same,
)
from tapeless.ir.renaming import rename_block
from tapeless.rules.lists import zeros_of
from tapeless.source.facts import NUMERIC, Dims, Fact
from tapeless.source.forward import forward
from tapeless.source.forward.work import tangent_fact
from tapeless.source.lower.calls import Args, Kwargs, call
from tapeless.source.lower.control import branch
from tapeless.source.lower.leaves import Copied, copied, opened, plain_name, rebuilt, renamed
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.notes import Fork
from tapeless.source.lower.splice import own_names, under
from tapeless.source.lower.values import (
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Ref,
    Runtime,
    Tup,
    Value,
    parts_of,
)
from tapeless.source.reverse import reverse

Spot = tuple[Any, Any]  # a list or dict of arguments, and where in it the differentiated one stands


@dataclass(frozen=True, slots=True)
class Ran:
    """An inner function that was read: what it did and returned, and what it is differentiated by."""

    fork: Fork
    result: Value
    aux: Value | None
    arguments: list[Value]  # as they were before the call
    leaves: list[str]  # the names of the numbers and arrays in them
    varies: bool
    copies: list[Copied]  # what the function was given in the place of the caller's containers


def run(m: Machine, function: Value, args: Args, kwargs: Kwargs, spots: list[Spot], has_aux: bool) -> Ran:
    """Read a call, each differentiated argument under names of its own; `args` and `kwargs` take them."""
    varies = any(map(m.varies, [*args, *kwargs.values(), function]))
    leaves: list[str] = []
    outcome: list[Value] = []
    trees: list[Any] = []
    copies: list[Copied] = []

    def read() -> None:
        for holder, key in spots:
            trees.append(renamed(m, holder[key], leaves))
            holder[key] = copied(m, holder[key], trees[-1], copies)
        outcome.append(call(m, function, args, kwargs))

    fork = m.fork(read)
    if fork.dead:
        raise m.refuse("this derivative", "the function always raises an exception", "return a number")
    result, aux = outcome[0], None
    if has_aux:
        if not isinstance(result, Tup) or len(result.items) != 2:
            raise m.refuse(
                "this derivative",
                "with has_aux=True the function returns a pair",
                "return what is differentiated and the rest: return loss, aux",
            )
        result, aux = result.items
    arguments = [rebuilt(m, tree) for tree in trees]
    return Ran(fork, result, aux, arguments, leaves, varies, copies)


def gradients(m: Machine, ran: Ran, title: str) -> list[Value]:
    """Statements of the value and the way back; the gradients in the structure of the arguments."""
    with m.within(ran.fork):
        result = _number(m, ran.result, title)
        program = program_of(m, ran, m.atom(result))
    if program is None:
        zeros = unmoved(m, ran)
        return gathered(m, ran.arguments, [m.atom(zero) for zero in zeros], ran.leaves, ran.varies)
    joint, facts = reverse(program, m.facts, tuple(ran.leaves), value=True)
    kept = len(program.exit.values)
    taken = write(m, joint.body, facts, set(own_names(program.body)))
    atoms = [taken.get(a.name, a) if isinstance(a, Var) else a for a in joint.exit.values[kept:]]
    settle(m, ran)
    return gathered(m, ran.arguments, atoms, ran.leaves, ran.varies)


def tangent(m: Machine, ran: Ran, tangents: Sequence[Value]) -> Value:
    """Statements of the value and its tangent along those of the leaves; in the structure of the result."""
    settle(m, ran)
    with m.within(ran.fork):
        leaves, out = outputs(m, ran.result, "jvp")
        program = program_of(m, ran, out)
    if program is None:
        unmoved(m, ran)
        return with_tangents(m, ran.result, [zero_of(m, leaf) for leaf in leaves])
    pushed, facts = forward(program, m.facts, tuple(ran.leaves))
    given: dict[str, str] = {}
    for name, along in zip(pushed.params, tangents, strict=True):
        given[name] = m.fresh(plain_name(name), facts[name])
        m.block.append(Let((given[name],), same, (m.atom(along),), line=m.line))
    taken = write(m, pushed.body, facts, set(own_names(program.body)), given)
    atom = pushed.exit.values[-1]
    found = taken.get(atom.name, Var(given.get(atom.name, atom.name))) if isinstance(atom, Var) else atom
    return with_tangents(m, ran.result, unpacked(m, found, leaves, ran.result))


def unpacked(m: Machine, whole: Atom, leaves: Sequence[Dyn], result: Value) -> list[Value]:
    """The tangent of each leaf of a result, from that of all."""
    facts = [tangent_fact(leaf.fact) for leaf in leaves]
    if isinstance(result, Dyn):
        return [Dyn(whole, facts[0], varies=True) if isinstance(whole, Var) else zero_of(m, result)]
    names = tuple([m.fresh("t", fact) for fact in facts])
    if len(names) == 1:
        m.block.append(Let(names, operator.getitem, (whole, Const(0)), line=m.line))
    elif names:
        m.block.append(Let(names, same, (whole,), line=m.line))
    return [Dyn(Var(name), fact, varies=True) for name, fact in zip(names, facts, strict=True)]


# Programs --------------------------------------------------------------------------------------------


def program_of(m: Machine, ran: Ran, out: Atom) -> Program | None:
    """What was read as a program; None if its result is known beforehand."""
    inner = rename_block(tuple(ran.fork.block), m.renamed)
    out = m.renamed.get(out.name, out) if isinstance(out, Var) else out
    if not isinstance(out, Var):
        return None
    own = set(own_names(inner))
    free = free_names(inner) | ({out.name} - own)
    others = [Var(name) for name in _read_later(m, ran) if name in own and name != out.name]
    return Program("inner", (), inner, Return((out, *others)), tuple(sorted(free)))


def _read_later(m: Machine, ran: Ran) -> list[str]:
    """The names that the rest of the function may read besides the result: in its containers, and in aux."""
    found: dict[str, None] = {}
    met: set[int] = set()
    changed = [value for key, value in ran.fork.changes.items() if key in m.state]
    waiting: list[Any] = [ran.result, ran.aux, *changed]
    while waiting:
        value = waiting.pop()
        match value:
            case Dyn(atom=Var() as atom):
                found[m.renamed.get(atom.name, atom).name] = None
            case Tup():
                waiting.extend(value.items)
            case Ref() if value.location not in met:
                met.add(value.location)
                key = ("heap", value.location, "")
                waiting.append(ran.fork.changes.get(key, m.state.get(key)))
            case Items() | Entries() | Fields() | Runtime():
                waiting.extend(parts_of(value))
            case _:
                pass
    return sorted(found)


def write(
    m: Machine,
    body: Block,
    facts: Mapping[str, Fact],
    kept: set[str],
    given: Mapping[str, str] | None = None,
) -> dict[str, Var]:
    """Write statements here, under names that are free but for those that are known already or given."""
    own = [name for name in dict.fromkeys(own_names(body)) if name not in kept]
    taken = {name: m.fresh(plain_name(name), facts[name]) for name in own}
    m.facts.update({name: fact for name, fact in facts.items() if name in kept})
    m.block.extend(under(body, {**taken, **(given or {})}))
    return {old: Var(new) for old, new in taken.items()}


def settle(m: Machine, ran: Ran) -> None:
    """Containers and outer names that the function changed are changed."""
    for key, value in ran.fork.changes.items():
        if key in m.state:
            m.set(key, value)
        elif key[0] == "heap":
            m.state[key] = value
    for original, copy, content in ran.copies:
        if m.content(copy) is not content:
            m.store(original, m.content(copy))


def unmoved(m: Machine, ran: Ran) -> list[Value]:
    """The statements alone: the result does not depend on the leaves."""
    m.block.extend(ran.fork.block)
    settle(m, ran)
    return [zero_of(m, Dyn(Var(name), m.facts[name])) for name in ran.leaves]


def zero_of(m: Machine, value: Value) -> Value:
    if isinstance(value, Dyn) and value.fact.kind != "scalar":
        return m.let(np.zeros_like, [value])
    return Known(0.0)


# Arguments and results -------------------------------------------------------------------------------


def outputs(m: Machine, result: Value, title: str) -> tuple[list[Dyn], Atom]:
    """The numbers and arrays in a result, and all of them as one value of the program."""
    if isinstance(result, Dyn):
        return [result], result.atom
    found: list[Dyn] = []

    def note(leaf: Dyn | Known) -> Value:
        if isinstance(leaf, Dyn) and flows(m, leaf, title):
            found.append(leaf)
        return leaf

    opened(m, result, note)
    return found, m.built(build_tuple, found) if found else Const(())


def flows(m: Machine, leaf: Dyn, title: str) -> bool:
    """Whether a leaf of a result has a derivative."""
    fact = leaf.fact
    if fact.kind not in NUMERIC and fact.dtype is None:
        raise m.refuse(
            f"this {title}",
            "the function returns what is not known to be a number or an array",
            "return arrays, or a tuple of them",
        )
    return fact.dtype is None or fact.dtype.kind in "fc"


def with_tangents(m: Machine, result: Value, tangents: Sequence[Value]) -> Value:
    """A result with tangents in the place of its numbers and arrays; zeros where none flows."""
    if isinstance(result, Dyn):
        return tangents[0]
    left = iter(tangents)

    def tangent_of(leaf: Dyn | Known) -> Value:
        if isinstance(leaf, Dyn):
            return next(left) if flows(m, leaf, "jvp") else m.let(zeros_of, [leaf])
        return Known(0.0) if isinstance(leaf.value, int | float | complex | np.ndarray) else Known(None)

    return rebuilt(m, opened(m, result, tangent_of))


def _array(m: Machine, value: Value, title: str) -> Value:
    if isinstance(value, Dyn | Known) and not (isinstance(value, Known) and value.value is None):
        return value
    raise m.refuse(
        f"{title} of a function that returns a container",
        "a gradient is that of one number",
        "return one number, and the rest by has_aux=True",
    )


def _number(m: Machine, value: Value, title: str) -> Value:
    """The output of a function whose gradient is taken: one real number, which a run checks if it must."""
    value = _array(m, value, title)
    fact = value.fact if isinstance(value, Dyn) else None
    if fact is None:
        return value
    if fact.dtype is not None and fact.dtype.kind != "f":
        raise m.refuse(f"this {title}", f"the function returns {fact.dtype}", "return a real float")
    if fact.kind == "scalar" or (fact.dims is not None and all(dim == 1 for dim in fact.dims)):
        return value
    if fact.dims is not None and any(isinstance(dim, int) and dim != 1 for dim in fact.dims):
        raise m.refuse(
            f"this {title}",
            "the function returns an array, and a gradient is that of one number",
            "sum it, or use elementwise_grad or jacobian",
        )
    several = m.let(operator.ne, [m.let(np.size, [value]), Known(1)])
    error = f"{title} requires a scalar output; sum it, or use elementwise_grad or jacobian"
    branch(m, several, lambda: m.do(fail, [m.let(TypeError, [Known(error)])]), lambda: None)
    return m.let(np.reshape, [value, Known(())])


def pairs(m: Machine, model: Value, given: Value, title: str) -> Iterator[tuple[Dyn, Value]]:
    """Each number or array of a model, and what is given for it; what has no derivative is left out."""
    if isinstance(model, Dyn):
        yield model, given
        return
    one, other = _parts(m, model), _parts(m, given)
    if one is None:
        return
    if other is None or len(one) != len(other):
        raise m.refuse(
            title, "it has another structure than what it belongs to", "give it the structure of its primal"
        )
    for a, b in zip(one, other, strict=True):
        yield from pairs(m, a, b, title)


def fitting(m: Machine, primals: Value, given: Value, title: str) -> Iterator[Value]:
    """For each leaf of the primals its tangent."""
    for primal, tangent in pairs(m, primals, given, title):
        if isinstance(primal.atom, Var) and primal.varies:
            yield fitted(m, primal, tangent, title)


def _parts(m: Machine, value: Value) -> tuple[Value, ...] | None:
    if isinstance(value, Tup):
        return value.items
    content = m.content(value) if isinstance(value, Ref) else None
    return (
        m.parts(value) if isinstance(value, Ref) and isinstance(content, Items | Entries | Fields) else None
    )


def fitted(m: Machine, model: Value, given: Value, title: str) -> Value:
    """A tangent or cotangent of the shape of what it belongs to."""
    if isinstance(given, Known) and isinstance(given.value, int | float | complex):
        given = Known(float(given.value)) if isinstance(given.value, int) else given
    elif not isinstance(given, Dyn):
        raise m.refuse(title, "it is neither a number nor an array", "give it the shape of its primal")
    needed, found = _dims(m, model), _dims(m, given)
    if needed is not None and found is not None and len(needed) != len(found):
        raise m.refuse(
            title,
            f"it has {len(found)} axes where {len(needed)} are needed",
            "give it the shape of its primal",
        )
    return given


def _dims(m: Machine, value: Value) -> Dims | None:
    fact = m.known(value)
    return fact.dims if isinstance(fact, Fact) else ()


def gathered(
    m: Machine, arguments: Sequence[Value], atoms: Sequence[Atom], leaves: Sequence[str], varies: bool
) -> list[Value]:
    """The gradients in the structure of the arguments."""
    by_name = dict(zip(leaves, atoms, strict=True))

    def leaf(value: Dyn | Known) -> Value:
        name = value.atom.name if isinstance(value, Dyn) and isinstance(value.atom, Var) else None
        if name not in by_name:
            return Known(None)
        atom = by_name[name]
        return Dyn(atom, m.facts[name], varies) if isinstance(atom, Var) else Known(atom.value)

    return [rebuilt(m, opened(m, argument, leaf)) for argument in arguments]
