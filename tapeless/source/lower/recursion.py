"""Functions that call themselves: each is read once, as a procedure of the arguments that it has there.

def f(x, n):                       f(x, n):
    if n == 0:                         if n == 0:
        return x            =>             result = x
    return f(x * x, n - 1)             else:
                                           t = x * x; t_1 = n - 1
                                           result = f(t, t_1)
                                       return result

Nothing is known of the result at first, so what comes after the call is not read; then it is what the other
ways give, and is read again until it is what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tapeless.errors import LoweringError
from tapeless.ir.names import Names, base_name
from tapeless.ir.procedures import Procedure, mark_effects
from tapeless.ir.program import (
    Argument,
    Atom,
    Block,
    Const,
    Let,
    Program,
    Return,
    Var,
    build_tuple,
    free_names,
    reads,
    walk,
    with_blocks,
)
from tapeless.ir.renaming import rename, rename_block
from tapeless.source.analyse.aliasing import aliasing
from tapeless.source.analyse.outline import ROOT, distinct, outline
from tapeless.source.facts import UNKNOWN, Fact, fact_of_constant
from tapeless.source.lower.beings import Being
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.notes import Key, UnendingError
from tapeless.source.lower.outlines import plain, revived, seen_of, widened
from tapeless.source.lower.splice import own_names, under
from tapeless.source.lower.values import (
    Closure,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Poison,
    Ref,
    Runtime,
    Tup,
    Value,
)

MOST_READINGS = 12
Read = Callable[[Machine, Sequence[Value], Mapping[str, Value]], Value]


class RecursionFoundError(LoweringError):
    """A function calls itself with arguments of the same kind: it is to be read as a procedure."""

    def __init__(self, key: Any) -> None:
        super().__init__("a function calls itself")
        self.key = key


# Calls ------------------------------------------------------------------------------------------------


def call_procedure(
    m: Machine, key: Any, function: Any, names: Sequence[str], args: Any, kwargs: Any, read: Read, title: str
) -> Value:
    """A call of what calls itself, as a statement; the function is read if it was not yet."""
    found = m.recursions
    closures = [function] if isinstance(function, Closure) else []
    arguments = [*args, *kwargs.values()]
    seen = seen_of(m, [*closures, *[value for value in arguments if isinstance(value, Closure)]])
    wide = key[0] == "wide"
    for being in found.known.get(key, ()):
        if being.seen.keys() == seen.keys() and all(being.seen[k] is seen[k] for k in seen):
            break
    else:
        if any(being in found.reading for being in found.known.get(key, ())):
            raise m.refuse(
                "this recursion",
                "it changes what it finds in the function around it, a list or a name",
                "hand it over as an argument, and return the new value",
            )
        being = Being(Procedure(title), seen, title)
        found.known.setdefault(key, []).append(being)
        try:
            _read(m, being, names, args, kwargs, read, wide)
        except UnendingError:  # it rests on a function that is being read: once more is known of that
            found.known[key].remove(being)
            raise
    return _call(m, being, arguments, wide)


def _call(m: Machine, being: Being, arguments: Sequence[Value], wide: bool) -> Value:
    if being.template is None:
        raise UnendingError
    atoms: list[Argument] = []

    def note(value: Dyn | Known) -> Value:
        if isinstance(value, Dyn):
            atoms.append(value.atom)
        elif wide:
            atoms.append(Const(value.value))
        return value

    for value in arguments:
        plain(m, value, note)
    atoms.extend(map(Var, being.captured))
    targets: list[str] = []

    def result(value: Dyn | Known) -> Value:
        if isinstance(value, Known):
            return value
        name = m.fresh("t", value.fact)
        m.facts[name] = fact = widened(value.fact, name)
        targets.append(name)
        return Dyn(Var(name), fact, value.varies)

    found = revived(m, being.template, result)
    effect = being.effect or not targets
    m.block.append(Let(tuple(targets), being.procedure, tuple(atoms), (), m.line, effect))
    for name in targets:
        if m.facts[name].kind != "scalar":
            for atom in (*atoms, *map(Var, targets)):
                if isinstance(atom, Var) and m.facts.get(atom.name, UNKNOWN).kind != "scalar":
                    m.memory.share(Var(name), atom)
    return found


# Reading ----------------------------------------------------------------------------------------------


def _read(
    m: Machine, being: Being, names: Sequence[str], args: Any, kwargs: Any, read: Read, wide: bool
) -> None:
    found = m.recursions
    found.reading.append(being)
    try:
        for _ in range(MOST_READINGS):
            template = _read_once(m, being, names, args, kwargs, read, wide)
            if template == being.template:
                break
            being.template = template
        else:
            raise m.refuse("this recursion", "what it returns does not settle down", "use a loop")
    finally:
        found.reading.pop()
    found.group.append(being)
    if not found.reading:
        _finish(m, found.group)
        found.group = []


def _read_once(
    m: Machine, being: Being, names: Sequence[str], args: Any, kwargs: Any, read: Read, wide: bool
) -> Any:
    being.params = []
    frames, location = m.frames, m.locations
    hints = [names[k] if k < len(names) else "x" for k in range(len(args))]

    def parameter(hint: str) -> Callable[[Value], Value]:
        def leaf(value: Dyn | Known) -> Value:
            if isinstance(value, Known) and not wide:
                return value
            fact = fact_of_constant(value.value) if isinstance(value, Known) else value.fact
            name = m.fresh(base_name(hint))
            m.facts[name] = fact = widened(fact, name)
            being.params.append(name)
            return Dyn(Var(name), fact, isinstance(value, Dyn) and m.varies(value))

        return lambda value: revived(m, plain(m, value, leaf), lambda same: same)

    mine: dict[Ref, Any] = {}
    outcome: list[Any] = []

    def run() -> None:
        given = [parameter(hint)(value) for hint, value in zip(hints, args, strict=True)]
        named = {name: parameter(name)(value) for name, value in kwargs.items()}
        mine.update({ref: m.content(ref) for ref in (*given, *named.values()) if isinstance(ref, Ref)})
        outcome.extend(_result(m, read(m, given, named)))

    fork = m.fork(run)
    if fork.dead or not outcome:
        if any(other.template is None for other in m.recursions.reading if other is not being):
            raise UnendingError
        raise m.refuse("this recursion", "no way through the function comes to its end", "let it return")
    _check_state(m, fork.changes, frames, location, mine)
    being.block, being.exit = tuple(fork.block), outcome[1]
    return outcome[0]


def _result(m: Machine, value: Value) -> tuple[Any, Atom]:
    """What a result looks like, and the result itself: several numbers and arrays as a tuple."""
    atoms: list[Value] = []

    def leaf(part: Dyn | Known) -> Value:
        atoms.append(part)
        known = m.known(part)
        fact = fact_of_constant(known.value) if isinstance(known, Const) else known
        fact = widened(fact, f"r{len(atoms)}")
        discrete = fact.dtype is not None and fact.dtype.kind not in "fc"
        return Dyn(Var("r"), fact, m.varies(part) and not discrete)

    if m.dead:
        return None, Const(None)
    template = plain(m, value, leaf)
    _check_result(m, template)
    if not atoms:
        return template, Const(None)
    return template, m.atom(atoms[0]) if len(atoms) == 1 else m.built(build_tuple, atoms)


def _check_result(m: Machine, template: Any) -> None:
    match template:
        case Dyn() | Known():
            return
        case Tup() | Items():
            parts: Sequence[Any] = template.items
        case Entries():
            parts = [value for _, value in template.entries]
        case Fields():
            parts = [value for _, value in template.fields]
        case Runtime():
            return
        case Poison():
            raise m.refuse("this recursion", template.why, "return values of one kind")
        case _:
            raise m.refuse("this recursion", "it returns a function", "return numbers, arrays, lists of them")
    for part in parts:
        _check_result(m, part)


def _check_state(m: Machine, changes: Mapping[Key, Any], frames: int, location: int, mine: Any) -> None:
    """What is not the function's own stays as it is."""
    for key, value in changes.items():
        is_outer = 0 < key[1] <= frames if key[0] == "name" else key[1] <= location
        if is_outer and m.get(key) is not value:
            what = f"it changes {key[2]}" if key[0] == "name" else "it changes a list, dict or object"
            raise m.refuse("this recursion", f"{what} of the function around it", "return the new value")
        if key[0] == "heap" and any(ref.location == key[1] and mine[ref] is not value for ref in mine):
            raise m.refuse("this recursion", "it changes a list that it is given", "return a new list")


def _check_writes(m: Machine, being: Being) -> None:
    """Only what the function makes itself may be written into: its caller would not know."""
    program, facts = being.procedure.program, being.procedure.facts
    assert program is not None
    program = replace(program, body=distinct(program.body))
    found = aliasing(program, facts, outline(program))
    outside = {
        site
        for name in (*program.params, *program.free)
        for own in found.of(name)
        for site in (own, (f"{own[0]}[]", ROOT))
    }
    for name in sorted(found.targets):
        if not outside.isdisjoint(found.of(name)):
            raise m.refuse(
                "this recursion",
                f"it writes into {name}, which may be an array or list that it is given",
                "use a loop, or write into a copy",
            )


# Finishing --------------------------------------------------------------------------------------------


def _finish(m: Machine, group: Sequence[Being]) -> None:
    """Procedures that call each other get what they take from outside, effects, and names of their own."""
    for being in group:
        being.block = rename_block(being.block, m.renamed)
        if isinstance(being.exit, Var):
            being.exit = m.renamed.get(being.exit.name, being.exit)
    outer = _captured(m, group)
    for being in group:
        being.captured = outer[being]
    extra = {being.procedure: tuple(map(Var, being.captured)) for being in group}
    for being in group:
        free = {*free_names(being.block), *reads(Return((being.exit,)))}
        own = tuple([name for name in m.found.free if name in free])
        params = (*being.params, *being.captured)
        body = _with_captured(being.block, extra)
        program = Program(being.title, params, body, Return((being.exit,)), own)
        being.procedure.program, being.procedure.facts = _renamed(program, m.facts)
    for being in group:
        _check_writes(m, being)
    effects = mark_effects([being.procedure for being in group])
    for being in group:
        being.effect = effects[being.procedure]


def _captured(m: Machine, group: Sequence[Being]) -> dict[Being, tuple[str, ...]]:
    """The names from outside that each reads, and those that the others read which it calls."""
    own = {being: {*being.params, *own_names(being.block), *m.found.free} for being in group}
    by_procedure = {being.procedure: being for being in group}
    found: dict[Being, dict[str, None]] = {}
    for being in group:
        order = [name for s in walk(being.block) for name in reads(s)] + reads(Return((being.exit,)))
        found[being] = dict.fromkeys([name for name in order if name not in own[being]])
    changed = True
    while changed:
        changed = False
        for being in group:
            for statement in walk(being.block):
                other = by_procedure.get(statement.op) if isinstance(statement, Let) else None  # type: ignore[arg-type]
                new = [] if other is None else [n for n in found[other] if n not in own[being]]
                before = len(found[being])
                found[being].update(dict.fromkeys(new))
                changed = changed or len(found[being]) != before
    return {being: tuple(found[being]) for being in group}


def _with_captured(block: Block, extra: Mapping[Any, tuple[Var, ...]]) -> Block:
    return tuple(
        [
            replace(s, args=(*s.args, *extra[s.op]))
            if isinstance(s, Let) and isinstance(s.op, Procedure) and s.op in extra
            else with_blocks(s, lambda inner: _with_captured(inner, extra))
            for s in block
        ]
    )


def _renamed(program: Program, facts: Mapping[str, Fact]) -> tuple[Program, dict[str, Fact]]:
    """The program with names counted anew: it is a function of its own."""
    names = Names(program.free)
    new = {old: names.fresh(base_name(old)) for old in (*program.params, *own_names(program.body))}
    atoms = {old: Var(name) for old, name in new.items()}
    made = replace(
        program,
        params=tuple([new[name] for name in program.params]),
        body=under(program.body, new),
        exit=rename(program.exit, atoms),
    )
    known = {new.get(old, old): facts[old] for old in (*program.free, *new) if old in facts}
    return made, known
