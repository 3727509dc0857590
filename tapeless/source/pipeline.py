"""The way of a function: read, differentiated, simplified, printed, loaded."""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tapeless.errors import TransformError, transform_error
from tapeless.ir.emit import Layout, emit
from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure, reachable
from tapeless.ir.program import Atom, Const, Let, Program, Return, Var, build_tuple, names_of, walk
from tapeless.rules.table import on_arrays
from tapeless.source.analyse.refusals import Refused
from tapeless.source.cache import (
    MISSING,
    Attribute,
    Derived,
    Form,
    Global,
    Guard,
    Item,
    Refresh,
    Report,
    signature,
)
from tapeless.source.captured import place_of
from tapeless.source.cut import cut
from tapeless.source.facts import UNKNOWN, Fact, fact_of_constant
from tapeless.source.forward import forward
from tapeless.source.linear import linear
from tapeless.source.lower.notes import Place
from tapeless.source.lower.run import Branch, Leaf, Lowered, built, leaf_names, lower
from tapeless.source.places import remember
from tapeless.source.report import residuals_of
from tapeless.source.reverse import reverse
from tapeless.source.settings import contexts, within
from tapeless.source.simplify import simplify
from tapeless.source.simplify.known import kinds_of
from tapeless.source.simplify.learn import learn

COMMENTED = 8  # a function of fewer lines is read without comments
_serial = itertools.count()
TITLES = {
    "gradient": "Gradient of {0} with respect to {1}.",
    "value_and_gradient": "Value of {0} and its gradient with respect to {1}.",
    "forward": "Value of {0}, and what its pullback keeps.",
    "backward": "Cotangents of {1} from that of what {0} returned.",
    "tangent": "Value of {0} and its tangent along those of {1}.",
    "linearized": "Value of {0}, and what its pushforward keeps.",
    "pushforward": "Tangent of what {0} returned along those of {1}.",
}


@dataclass(slots=True)
class Course:
    """One derivative on its way, and how long each stage took."""

    lowered: Lowered
    names: tuple[str, ...]
    wrt: tuple[int, ...]
    milliseconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)  # of the differentiated program
    called: dict[str, None] = field(default_factory=dict)  # the functions beside it that it calls

    def timed(self, stage: str, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = run(*args, **kwargs)
        elapsed = (time.perf_counter() - start) * 1e3
        self.milliseconds[stage] = self.milliseconds.get(stage, 0.0) + elapsed
        return result

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple([name for tree in self.lowered.leaves for name in leaf_names(tree)])


def derive(
    function: Any, names: tuple[str, ...], values: tuple[Any, ...], wrt: tuple[int, ...], form: Form
) -> Derived:
    """The derivative of `function(*values)` with respect to the parameters at the positions `wrt`.

    TransformError where the function cannot be read, or has no derivative rule for what it calls.
    """
    start = time.perf_counter()
    try:
        return _derive(function, names, values, wrt, form, start)
    except Refused as refused:
        raise _with_place(refused) from None


def _with_place(refused: Refused) -> Exception:
    """What differentiation refused, at the place in the user's text."""
    place = refused.statement.line
    if not isinstance(place, Place) or place.source is None or place.node is None:
        return TransformError(str(refused))
    where = place.source.location(place.node)
    return transform_error(where, "this cannot be differentiated", refused.what, refused.remedy)


def _derive(
    function: Any,
    names: tuple[str, ...],
    values: tuple[Any, ...],
    wrt: tuple[int, ...],
    form: Form,
    start: float,
) -> Derived:
    options = {"auxiliary": form.has_aux, "records": form.records, "lifts": form.lifts}
    lowered = lower(function, names, values, wrt, **options)
    course = Course(lowered, names, wrt, {"read": (time.perf_counter() - start) * 1e3})
    make = {"pair": _pair, "tangent": _tangent, "linear": _linear}.get(form.name, _gradient)
    programs = make(course, form)
    loaded, sources = course.timed("print", _loaded, course, programs)
    output = lowered.program.exit.values[0]
    guards, refreshes = _foundations(lowered)
    return Derived(
        function=loaded.get("tangent" if form.name == "linear" else form.name),
        forward=loaded.get("forward", loaded.get("linearized")),
        backward=loaded.get("backward", loaded.get("pushforward")),
        sources=sources,
        guards=guards,
        refreshes=refreshes,
        output=_fact_of(output, lowered.facts),
        report=_report(course, programs, sources),
        written=lowered.written,
        single=len(wrt) == 1,
        empties=any([".pop(" in text for text in sources.values()]),
    )


def _fact_of(atom: Atom, facts: dict[str, Fact]) -> Fact:
    return facts.get(atom.name, UNKNOWN) if isinstance(atom, Var) else fact_of_constant(atom.value)


# Forms -----------------------------------------------------------------------------------------------


def _gradient(course: Course, form: Form) -> dict[str, Program]:
    program = course.lowered.program
    if _fact_of(program.exit.values[0], course.lowered.facts).kind in ("list", "tuple", "dict"):
        return {form.name: _without_gradient(program, form)}
    joint, facts = course.timed(
        "differentiate", reverse, program, course.lowered.facts, course.leaves, value=True
    )
    kept = len(program.exit.values)
    values, cotangents = joint.exit.values[:kept], joint.exit.values[kept:]
    names, body = Names(names_of(joint)), list(joint.body)
    gradients = _in_structure(course, cotangents, names, body)
    aux = values[1:] if form.has_aux else ()
    if form.name == "gradient" and not aux:
        exit_ = Return(gradients, as_tuple=len(gradients) != 1)
    else:
        packed = gradients[0] if len(gradients) == 1 else _packed(names, body, "gradient", gradients)
        lead = values[:1] if form.name == "value_and_gradient" else ()
        if lead and aux:
            lead, aux = (_packed(names, body, "value", (*lead, *aux)),), ()
        exit_ = Return((*lead, packed, *aux), as_tuple=True)
    name = f"d{program.name}" if form.name == "gradient" else f"{program.name}_and_gradient"
    return {
        form.name: course.timed(
            "simplify", simplify, replace(joint, name=name, body=tuple(body), exit=exit_), facts
        )
    }


def _without_gradient(program: Program, form: Form) -> Program:
    """What gives no number has no gradient; who asked for one says so when he sees the value."""
    body, names = list(program.body), Names(names_of(program))
    value, *aux = program.exit.values
    if form.name == "gradient":
        return replace(program, exit=Return((Const(None), *aux), as_tuple=bool(aux)))
    packed = _packed(names, body, "value", (value, *aux)) if aux else value
    return replace(program, body=tuple(body), exit=Return((packed, Const(None)), as_tuple=True))


def _pair(course: Course, form: Form) -> dict[str, Program]:
    """Forward and backward: simplified as one program, then cut where the cotangent is first read."""
    program = course.lowered.program
    joint, facts = course.timed(
        "differentiate", reverse, program, course.lowered.facts, course.leaves, seed=None, value=True
    )
    course.facts = facts
    kept = len(program.exit.values)
    names, body = Names(names_of(joint)), list(joint.body)
    gradients = _in_structure(course, joint.exit.values[kept:], names, body)
    exit_ = Return((*joint.exit.values[:kept], *gradients), as_tuple=True)
    joint = replace(joint, body=tuple(body), exit=exit_)
    joint = course.timed("simplify", simplify, joint, facts, to_cut=True)
    first, second = cut(joint, kept, program.name, kinds_of(learn(joint, facts)))
    if form.has_aux:
        names, body = Names(names_of(first)), list(first.body)
        out = _packed(names, body, "value", first.exit.values[:-1])
        first = replace(first, body=tuple(body), exit=Return((out, first.exit.values[-1]), as_tuple=True))
    return {"forward": first, "backward": second}


def _tangent(course: Course, form: Form) -> dict[str, Program]:
    return {"tangent": _pushed(course, form)[0]}


def _linear(course: Course, form: Form) -> dict[str, Program]:
    """What is computed once, and the linear map of tangents; value and tangent where they hang together."""
    pushed, facts = _pushed(course, form, to_cut=True)
    course.facts = facts
    halves = linear(pushed, learn(pushed, facts), len(course.wrt), course.lowered.program.name)
    if halves is None:
        return {"tangent": pushed}
    return {"linearized": halves[0], "pushforward": halves[1]}


def _pushed(course: Course, form: Form, to_cut: bool = False) -> tuple[Program, dict[str, Fact]]:
    program = course.lowered.program
    pushed, facts = course.timed("differentiate", forward, program, course.lowered.facts, course.leaves)
    own = len(program.params)
    tangents = iter(pushed.params[own:])
    names, body, params = Names(names_of(pushed)), [], list(pushed.params[:own])
    for position, tree in zip(course.wrt, course.lowered.leaves, strict=True):
        if isinstance(tree, Leaf):
            params.append(next(tangents))
        else:
            whole = names.fresh(f"t{course.names[position]}")
            params.append(whole)
            _taken_apart(Var(whole), tree, tangents, names, body)
    exit_ = pushed.exit
    body.extend(pushed.body)
    if form.has_aux:
        out = _packed(names, body, "value", exit_.values[:-1])
        exit_ = Return((out, exit_.values[-1]), as_tuple=True)
    whole_program = replace(
        pushed, name=f"{program.name}_tangent", params=tuple(params), body=tuple(body), exit=exit_
    )
    return course.timed("simplify", simplify, whole_program, facts, to_cut=to_cut), facts


def _taken_apart(owner: Var, tree: Any, tangents: Any, names: Names, body: list[Any]) -> None:
    """The tangents of a container's leaves, under the names that the program gives them."""
    if not isinstance(tree, Branch):
        return
    keys = tree.keys if tree.keys is not None else range(len(tree.parts))
    for key, part in zip(keys, tree.parts, strict=True):
        read = getattr if tree.by_keyword else operator.getitem
        if isinstance(part, Leaf):
            body.append(Let((next(tangents),), read, (owner, Const(key))))
        elif part is not None:
            inner = names.fresh("part")
            body.append(Let((inner,), read, (owner, Const(key))))
            _taken_apart(Var(inner), part, tangents, names, body)


def _in_structure(
    course: Course, cotangents: Sequence[Atom], names: Names, body: list[Any]
) -> tuple[Atom, ...]:
    known = dict(zip(course.leaves, cotangents, strict=True))
    return tuple([built(names, tree, known, body) for tree in course.lowered.leaves])


def _packed(names: Names, body: list[Any], hint: str, atoms: Sequence[Atom]) -> Var:
    name = names.fresh(hint)
    body.append(Let((name,), build_tuple, tuple(atoms)))
    return Var(name)


# Text ------------------------------------------------------------------------------------------------


def _loaded(course: Course, programs: dict[str, Program]) -> tuple[dict[str, Any], dict[str, str]]:
    """The functions in one namespace, and the text of each."""
    scope: dict[str, Any] = {name: value for name, (_, value) in course.lowered.found.free.items()}
    sources: dict[str, str] = {}
    functions: dict[str, Any] = {}
    around = contexts(course.lowered.found.errstate, course.lowered.found.contexts)
    for role, program in programs.items():
        procedures = reachable(program, _simplified)
        course.called.update(dict.fromkeys([procedure.name for procedure in procedures]))
        made = emit(program, _layout(course, role), procedures)
        text, modules = within(made.source, around, made.globals)
        filename = f"<tapeless {program.name} {next(_serial)}>"
        scope.update(modules)
        scope.update({name: on_arrays(value) for name, value in made.globals.items()})
        exec(compile(text, filename, "exec"), scope)
        sources[role], functions[role] = text, scope[program.name]
        remember(filename, functions[role].__code__, text, made.source, list(map(_described, made.lines)))
    return functions, sources


def _simplified(procedure: Procedure) -> Program:
    assert procedure.program is not None
    return simplify(procedure.program, procedure.facts)


def _layout(course: Course, role: str) -> Layout:
    names = ", ".join([course.names[position] for position in course.wrt])
    docstring = TITLES[role].format(course.lowered.program.name, names)
    return Layout(docstring=docstring, line_comments=_comments(course))


def _described(lines: tuple[int, ...]) -> str:
    """The user's lines behind one of ours; those on the way back only if there are no others."""
    known = [line for line in lines if isinstance(line, Place) and line.source is not None and line.node]
    texts: dict[str, None] = {}
    for place in [place for place in known if place >= 0] or known[:1]:
        assert place.source is not None
        number = getattr(place.node, "lineno", 0)
        texts[f"{place.source.filename}:{number}: {place.source.line(number).strip()}"] = None
    return "; ".join(texts)


def _comments(course: Course) -> dict[int, str]:
    """What stands above the statements on the way back: the user's line that they come from.

    A short function is easily read without.
    """
    texts: dict[int, str] = {}
    for statement in walk(course.lowered.program.body):
        place = statement.line
        if isinstance(place, Place) and place > 0 and place.source is not None:
            texts[-int(place)] = f"line {int(place)}: {place.source.line(place).strip()}"
    return texts if len(texts) >= COMMENTED else {}


# What it rests on ------------------------------------------------------------------------------------


def _foundations(lowered: Lowered) -> tuple[tuple[Guard, ...], tuple[Refresh, ...]]:
    guards: list[Guard] = []
    refreshes: list[Refresh] = []
    seen: set[Any] = set()
    for note in lowered.found.guards:
        kind, *where, value = note
        key = (kind, *[part if isinstance(part, str | int) else id(part) for part in where])
        if key in seen:
            continue
        seen.add(key)
        match kind:
            case "absent":
                guards.append(Guard(Global(where[0], value), MISSING))
            case "items":
                guards.extend(Guard(Item(where[0], k), item) for k, item in enumerate(value))
            case "attribute fact":
                refreshes.append(Refresh(None, Attribute(where[0], where[1]), signature(value)))
            case "contents":
                refreshes.append(Refresh(None, place_of(where[0]), signature(value)))
            case "object":
                pass
            case _:
                guards.append(Guard(place_of((kind, *where)), value))
    for name, (where, value) in lowered.found.free.items():
        if where[0] != "object":
            refreshes.append(Refresh(name, place_of(where), signature(value)))
    return tuple(guards), tuple(refreshes)


def _report(course: Course, programs: dict[str, Program], sources: dict[str, str]) -> Report:
    second = next((role for role in ("backward", "pushforward") if role in programs), None)
    return Report(
        inlined=tuple(course.lowered.found.inlined),
        called=tuple(course.called),
        residuals=() if second is None else residuals_of(programs[second], sources[second], course.facts),
        milliseconds=dict(course.milliseconds),
        notes=tuple(
            [
                f"{getattr(one, '__qualname__', one)} is recorded on the graph at each call, as\n{why}"
                for one, why in course.lowered.regions
            ]
        ),
    )
