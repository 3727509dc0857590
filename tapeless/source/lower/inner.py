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

from tapeless.ir.effects import written
from tapeless.ir.program import Atom, Block, Let, Program, Return, Var, fail, free_names, same, walk
from tapeless.ir.renaming import rename_block
from tapeless.source.facts import Dims, Fact
from tapeless.source.forward import forward
from tapeless.source.lower.calls import Args, Kwargs, call
from tapeless.source.lower.control import branch
from tapeless.source.lower.leaves import Copied, copied, opened, plain_name, rebuilt, renamed
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.notes import Fork
from tapeless.source.lower.splice import own_names, under
from tapeless.source.lower.values import Dyn, Entries, Fields, Items, Known, Pullback, Ref, Tup, Value
from tapeless.source.reverse import reverse, reverse_pair

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
        program = _program(m, ran, m.atom(result))
    if program is None:
        zeros = _unmoved(m, ran)
        return _gathered(m, ran.arguments, [m.atom(zero) for zero in zeros], ran.leaves, ran.varies)
    joint, facts = reverse(program, m.facts, tuple(ran.leaves), value=True)
    taken = _write(m, joint.body, facts, set(own_names(program.body)))
    atoms = [taken.get(a.name, a) if isinstance(a, Var) else a for a in joint.exit.values[1:]]
    _settle(m, ran)
    return _gathered(m, ran.arguments, atoms, ran.leaves, ran.varies)


def tangent(m: Machine, ran: Ran, tangents: Sequence[Value]) -> Value:
    """Statements of the value and its tangent along those of the leaves."""
    with m.within(ran.fork):
        program = _program(m, ran, m.atom(_array(m, ran.result, "jvp")))
    if program is None:
        _unmoved(m, ran)
        return _zero(m, ran.result)
    pushed, facts = forward(program, m.facts, tuple(ran.leaves))
    given: dict[str, str] = {}
    for name, along in zip(pushed.params, tangents, strict=True):
        given[name] = m.fresh(plain_name(name), facts[name])
        m.block.append(Let((given[name],), same, (m.atom(along),), line=m.line))
    taken = _write(m, pushed.body, facts, set(own_names(program.body)), given)
    _settle(m, ran)
    atom = pushed.exit.values[-1]
    if not isinstance(atom, Var):
        return Known(atom.value)
    found = taken.get(atom.name, atom)
    return Dyn(found, facts[atom.name], varies=True)


def pullback(m: Machine, ran: Ran) -> Pullback:
    """Statements of the value; those of the way back are written where the pullback is called."""
    with m.within(ran.fork):
        out = _array(m, ran.result, "vjp")
        program = _program(m, ran, m.atom(out))
    if program is None:
        _unmoved(m, ran)
        raise m.refuse(
            "this vjp", "what the function returns does not depend on its arguments", "use the value itself"
        )
    first, second, facts = reverse_pair(program, m.facts, tuple(ran.leaves))
    taken = _write(m, first.body[:-1], facts, set(own_names(program.body)))
    _settle(m, ran)
    residuals, seed = second.params
    body = tuple([s for s in second.body if not (isinstance(s, Let) and Var(residuals) in s.args)])
    back = {name: m.fresh(plain_name(name), facts[name]) for name in dict.fromkeys((seed, *own_names(body)))}
    names = {old: new.name for old, new in taken.items()} | back
    found = [Var(names.get(a.name, a.name)) if isinstance(a, Var) else a for a in second.exit.values]
    return Pullback(
        body=under(body, names),
        seed=back[seed],
        found=tuple(found),
        leaves=tuple(ran.leaves),
        args=(out, *ran.arguments),
        varies=ran.varies,
        key=m.temporary(),
        loops=len(m.loops),
    )


def pull(m: Machine, pulled: Pullback, args: Args, kwargs: Kwargs) -> Value:
    """A call of a pullback; in a loop, what the function's own loops kept is taken from copies."""
    if len(args) != 1 or kwargs:
        raise m.refuse("this call", "a pullback takes one cotangent", "write pullback(cotangent)")
    out, *arguments = pulled.args
    cotangent = _fitting(m, out, args[0], "the cotangent")
    own = dict.fromkeys(own_names(pulled.body))
    given = _copies(m, pulled, own)
    given[pulled.seed] = m.fresh(plain_name(pulled.seed), m.facts[pulled.seed])
    m.block.append(Let((given[pulled.seed],), same, (m.atom(cotangent),), line=m.line))
    taken = _write(m, pulled.body, {name: m.facts[name] for name in own}, set(), given)
    atoms = [taken.get(a.name, a) if isinstance(a, Var) else a for a in pulled.found]
    varies = pulled.varies or m.varies(cotangent)
    return Tup(tuple(_gathered(m, arguments, atoms, pulled.leaves, varies)))


def _copies(m: Machine, pulled: Pullback, own: Mapping[str, None]) -> dict[str, str]:
    """What the way back changes of what the function left, copied where that may run again."""
    copied: dict[str, str] = {}
    for statement in walk(pulled.body):
        target = written(statement) if isinstance(statement, Let) else None
        if target is None or target in own or target in copied:
            continue
        fact = m.facts[target]
        if fact.kind not in ("stack", "list"):
            raise m.refuse(
                "this pullback",
                f"on the way back it changes {plain_name(target)}, which others may read",
                "use grad, or write the function without changing arrays in place",
            )
        if m.get(pulled.key) is not MISSING:
            raise m.refuse(
                "this pullback",
                "it is called again, and what the loops of the function kept is gone",
                "call vjp again before it",
            )
        copied[target] = target
        if len(m.loops) > pulled.loops:
            copied[target] = m.fresh(plain_name(target), fact)
            m.block.append(Let((copied[target],), list, (Var(target),), line=m.line))
    if copied and len(m.loops) <= pulled.loops:
        m.set(pulled.key, Known(True))
    return copied


# Programs --------------------------------------------------------------------------------------------


def _program(m: Machine, ran: Ran, out: Atom) -> Program | None:
    """What was read as a program; None if its result is known beforehand."""
    inner = rename_block(tuple(ran.fork.block), m.renamed)
    out = m.renamed.get(out.name, out) if isinstance(out, Var) else out
    if not isinstance(out, Var):
        return None
    free = free_names(inner) | ({out.name} - set(own_names(inner)))
    return Program("inner", (), inner, Return((out,)), tuple(sorted(free)))


def _write(
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


def _settle(m: Machine, ran: Ran) -> None:
    """Containers and outer names that the function changed are changed."""
    for key, value in ran.fork.changes.items():
        if key in m.state:
            m.set(key, value)
        elif key[0] == "heap":
            m.state[key] = value
    for original, copy, content in ran.copies:
        if m.content(copy) is not content:
            m.store(original, m.content(copy))


def _unmoved(m: Machine, ran: Ran) -> list[Value]:
    """The statements alone: the result does not depend on the leaves."""
    m.block.extend(ran.fork.block)
    _settle(m, ran)
    return [_zero(m, Dyn(Var(name), m.facts[name])) for name in ran.leaves]


def _zero(m: Machine, value: Value) -> Value:
    if isinstance(value, Dyn) and value.fact.kind != "scalar":
        return m.let(np.zeros_like, [value])
    return Known(0.0)


# Arguments and results -------------------------------------------------------------------------------


def _array(m: Machine, value: Value, title: str) -> Value:
    if isinstance(value, Dyn | Known) and not (isinstance(value, Known) and value.value is None):
        return value
    raise m.refuse(
        f"{title} of a function that returns a container",
        "inside of a differentiated function it is read for arrays only",
        "return one array, or call it for each",
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


def fitting(m: Machine, primals: Value, given: Value, title: str) -> Iterator[Value]:
    """For each leaf of the primals its tangent."""
    match primals:
        case Dyn() if not isinstance(primals.atom, Var) or not primals.varies:
            return
        case Dyn():
            yield _fitting(m, primals, given, title)
        case Tup() | Ref():
            one, other = _parts(m, primals), _parts(m, given)
            if other is None or one is None or len(one) != len(other):
                raise m.refuse(
                    title,
                    "it has another structure than what it belongs to",
                    "give it the structure of its primal",
                )
            for a, b in zip(one, other, strict=True):
                yield from fitting(m, a, b, title)
        case _:
            return


def _parts(m: Machine, value: Value) -> tuple[Value, ...] | None:
    if isinstance(value, Tup):
        return value.items
    content = m.content(value) if isinstance(value, Ref) else None
    return (
        m.parts(value) if isinstance(value, Ref) and isinstance(content, Items | Entries | Fields) else None
    )


def _fitting(m: Machine, model: Value, given: Value, title: str) -> Value:
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


def _gathered(
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
