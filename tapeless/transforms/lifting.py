"""What a tape holds, as the text of NumPy functions: what ran, and its gradient.

    with Tape() as tape:            def f(x):
        tape.watch(x=x)                 return np.sum(np.sin(x))
        y = np.sum(np.sin(x))
                              =>    def f_and_gradient(x):
    print(tape.source())                value = np.sum(np.sin(x))
                                        return value, np.cos(x)

The program is the tape's (`graph.lift`); the source road differentiates, simplifies and prints it.
"""

from __future__ import annotations

import builtins
import functools
import itertools
import operator
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.errors import Location, transform_error
from tapeless.graph.entries import Described, Line
from tapeless.graph.lift import Lifted
from tapeless.ir.check import check
from tapeless.ir.effects import written
from tapeless.ir.emit import Layout, emit, emit_all
from tapeless.ir.fold import WIDTH
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Atom,
    Const,
    Let,
    Program,
    Return,
    Statement,
    Var,
    build_dict,
    build_list,
    build_tuple,
    names_of,
    walk,
)
from tapeless.ir.wrap import wrap
from tapeless.rules.table import on_arrays
from tapeless.source.analyse.refusals import Refused
from tapeless.source.facts import NUMERIC, UNKNOWN, Fact, Size, fact_of, fact_of_constant
from tapeless.source.places import remember
from tapeless.source.reverse import reverse
from tapeless.source.simplify import simplify
from tapeless.source.simplify.learn import learn
from tapeless.transforms.tracing import steps_to

COMMENTED = 8  # a program from fewer lines is read without comments
# What they give is no part of anything else.
NEW = (np.zeros_like, np.ones_like, np.zeros, np.copy, np.full_like, np.empty_like)
SHOWN = 8  # of the lines where Python decided
SPELT_OUT = 24  # items of an array that stands in the text
_serial = itertools.count()
# Makes of the gradients of leaves what comes back.
Build = Callable[[Names, list[Statement], Mapping[str, Atom]], Atom] | None


class Text(str):
    """A source; `exec(text, text.names)` runs it: `names` holds all that its functions find outside."""

    names: dict[str, Any]

    def functions(self) -> dict[str, Any]:
        """The text executed: its functions by name."""
        scope = dict(self.names)
        exec(compile(self, "<tapeless lifted>", "exec"), scope)
        return {name: made for name, made in scope.items() if name not in self.names and name[0] != "_"}


def source_of(lifted: Lifted) -> Text:
    """The lifted program and its gradient as text."""
    facts = facts_of(lifted)
    wrt = tuple([name for name, data in lifted.inputs.items() if data.dtype.kind in "fc"])
    programs = [check(simplify(lifted.program, facts))]
    if wrt and lifted.program.exit.values:
        programs.append(gradient(lifted, lifted.program, facts, wrt))
    return text_of(programs, lifted, wrt, len(lifted.program.params))


# Programs ---------------------------------------------------------------------------------------------------


def facts_of(lifted: Lifted, inputs: Mapping[str, Any] | None = None) -> dict[str, Fact]:
    """What is known of each name: what follows from the inputs, and what else was seen then."""
    given = {name: fact_of(data, name) for name, data in (inputs or lifted.inputs).items()}
    exact = not any(fact.weak for fact in given.values())  # it was recorded with NumPy's numbers
    given |= {name: fact_of_constant(value) for name, value in lifted.constants.items()}
    found = learn(lifted.program, given)
    for name, seen in lifted.results.items():
        found[name] = _with_seen(found.get(name, UNKNOWN), seen, name, exact)
    return found


def _with_seen(fact: Fact, seen: Described, name: str, exact: bool) -> Fact:
    if seen.shape is None or (fact != UNKNOWN and fact.kind not in NUMERIC):
        return fact
    kind = "numeric" if fact == UNKNOWN else fact.kind
    kind = "array" if kind == "numeric" and seen.shape else kind
    dims = tuple([Size(f"{name}.{axis}") for axis in range(len(seen.shape))])
    dtype = np.dtype(seen.dtype)
    return replace(
        fact,
        kind=kind,
        dtype=dtype if fact.dtype is None and exact else fact.dtype,
        dims=fact.dims if fact.dims is not None else dims,
    )


def gradient(
    lifted: Lifted, program: Program, facts: Mapping[str, Fact], wrt: Sequence[str], build: Build = None
) -> Program:
    """The value and the gradients; with the value's cotangent as the last argument, unless it is a number."""
    program, known = packed(program, facts), dict(facts)
    seed = {} if is_number(lifted) else {"seed": None}
    try:
        joint, known = reverse(program, known, tuple(wrt), value=True, **seed)
    except Refused as refused:
        raise _with_place(refused, lifted) from None
    value, *found = joint.exit.values
    names, body = Names(names_of(joint)), list(joint.body)
    if build is not None:
        gradients = build(names, body, dict(zip(wrt, found, strict=True)))
    elif len(found) == 1:
        gradients = found[0]
    else:
        gradients = _let(names, body, "gradient", build_tuple, found)
    made = replace(
        joint,
        name=f"{program.name}_and_gradient",
        body=tuple(body),
        exit=Return((value, gradients), as_tuple=True),
    )
    return check(simplify(made, known))


def _let(
    names: Names, body: list[Statement], hint: str, op: Any, args: Sequence[Atom], keywords: Any = ()
) -> Var:
    name = names.fresh(hint)
    body.append(Let((name,), op, tuple(args), tuple(keywords)))
    return Var(name)


def _with_place(refused: Refused, lifted: Lifted) -> Exception:
    """What differentiation refuses, at the user's line."""
    line = lifted.lines.get(abs(refused.statement.line))
    if line is None:
        return refused
    where = Location(line.file, line.number, 0, 0, "", "")
    return transform_error(where, line.text or "this", refused.what, refused.remedy)


def packed(program: Program, facts: Mapping[str, Fact]) -> Program:
    """The program with one result."""
    if not program.exit.as_tuple:
        return program
    name = Names(names_of(program)).fresh("value")
    let = Let((name,), build_tuple, program.exit.values)
    return replace(program, body=(*program.body, let), exit=Return((Var(name),)))


def is_number(lifted: Lifted) -> bool:
    """Whether the one result is a real number, whose gradient needs no cotangent."""
    values = lifted.program.exit.values
    if lifted.program.exit.as_tuple or not isinstance(values[0], Var):
        return False
    name = values[0].name
    seen = lifted.results.get(name)
    if seen is None:
        data = np.asarray(lifted.inputs.get(name, lifted.constants.get(name)))
        return data.shape == () and data.dtype.kind == "f"
    return seen.shape == () and np.dtype(seen.dtype).kind == "f"


# Functions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """What a traced function takes and gives: `leaves` are the program's inputs among `values`.

    `result` is the structure of what comes back; `wrt` are positions of parameters.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    leaves: Sequence[Any]  # tracing.Leaf
    result: _tree.Structure
    wrt: tuple[int, ...]


@dataclass(frozen=True)
class Made:
    """A function that runs, its text, and what makes the text of its gradient."""

    function: Any
    source: str
    gradient: Callable[[], str]
    writes: bool  # into its arguments


def function_of(lifted: Lifted, whole: Whole) -> Made:
    """The lifted program as a function of whole arguments, with whole results."""
    facts = _facts_of_whole(lifted, whole)
    program = _around(lifted, whole, facts)
    simple = check(simplify(program, facts))
    comments = {number: text for number, text in _comments(lifted).items() if number > 0}
    made = emit(simple, Layout(line_comments=comments))
    source = _without_echoes(made.source)
    scope = {**lifted.constants, **made.globals, "__name__": getattr(whole, "module", "__main__")}
    filename = f"<tapeless trace of {program.name} {next(_serial)}>"
    exec(compile(source, filename, "exec"), scope)
    function = scope[program.name]
    lines = [_said(lifted, numbers) for numbers in made.lines]
    remember(filename, function.__code__, source, made.source, lines)

    def text_of_gradient() -> str:
        wrt = [leaf.name for leaf in whole.leaves if leaf.position in whole.wrt and _flows(leaf.data)]
        build = functools.partial(_gradients, whole)
        derived = gradient(lifted, program, facts, wrt, build)
        return text_of([derived], lifted, [whole.names[k] for k in whole.wrt], len(whole.names))

    text = text_of([simple], lifted, (), len(whole.names))
    return Made(function, text, text_of_gradient, _writes(simple, whole))


def _writes(program: Program, whole: Whole) -> bool:
    """Whether a program may write into its arguments: to say no, each write must be into something else."""
    targets = {written(let) for let in walk(program.body) if isinstance(let, Let)} - {None}
    own = {
        name for let in walk(program.body) if isinstance(let, Let) and let.op in NEW for name in let.targets
    }
    return bool(targets - own)


def _facts_of_whole(lifted: Lifted, whole: Whole) -> dict[str, Fact]:
    found = facts_of(lifted, {leaf.name: leaf.data for leaf in whole.leaves})
    for name, value in zip(whole.names, whole.values, strict=True):
        found.setdefault(name, fact_of(value, name))
    return found


def _around(lifted: Lifted, whole: Whole, facts: dict[str, Fact]) -> Program:
    """The program with its arguments taken apart before, and its results put together after it."""
    inner = lifted.program
    names = Names([*names_of(inner), *whole.names])
    head: list[Statement] = []
    parts: dict[Any, Var] = {}
    for leaf in whole.leaves:
        owner: Var = Var(whole.names[leaf.position])
        for depth, (kind, key) in enumerate(leaf.steps, 1):
            place = (leaf.position, leaf.steps[:depth])
            if place not in parts:
                is_leaf = depth == len(leaf.steps)
                name = leaf.name if is_leaf else names.fresh(whole.names[leaf.position])
                head.append(
                    Let((name,), getattr if kind == "attribute" else operator.getitem, (owner, Const(key)))
                )
                parts[place] = Var(name)
            owner = parts[place]
    tail: list[Statement] = []
    values = iter(inner.exit.values)
    result = _built(whole.result, lambda: next(values), names, tail)
    return replace(inner, params=whole.names, body=(*head, *inner.body, *tail), exit=Return((result,)))


def _built(
    structure: _tree.Structure,
    leaf: Callable[[], Atom],
    names: Names,
    body: list[Statement],
    hint: str = "result",
) -> Atom:
    """A container of that structure, made by statements that are added to `body`."""
    kind: Any = structure.type
    if kind is None:
        return leaf()
    if kind is type(None):
        return Const(None)
    parts = [_built(part, leaf, names, body, hint) for part in structure.parts]
    extra: Any = structure.extra
    if kind in (list, tuple):
        return _let(names, body, hint, build_list if kind is list else build_tuple, parts)
    if issubclass(kind, dict):
        keys = extra[len(extra) - len(parts) :]
        flat = [atom for key, part in zip(keys, parts, strict=True) for atom in (Const(key), part)]
        made = _let(names, body, hint, build_dict, flat)
        return (
            made if kind is dict else _let(names, body, hint, kind, [*map(Const, extra[: -len(keys)]), made])
        )
    if issubclass(kind, tuple):
        return _let(names, body, hint, kind, parts)
    if extra is not None and not _tree.container(kind).is_foreign:  # type: ignore[union-attr]
        return _let(names, body, hint, kind, (), zip(extra, parts, strict=True))
    raise TypeError(f"a traced function returns lists, tuples, dicts and dataclasses, not {kind.__name__}")


def _gradients(whole: Whole, names: Names, body: list[Statement], found: Mapping[str, Atom]) -> Atom:
    """In the structures of the arguments; None for what is no float."""
    made: list[Atom] = []
    for position in whole.wrt:
        own = iter([leaf for leaf in whole.leaves if leaf.position == position])
        structure = _tree.structure(whole.values[position])
        taken = {leaf.steps: found.get(leaf.name, Const(None)) for leaf in own}
        atoms = iter([taken.get(steps, Const(None)) for steps in steps_to(structure)])
        made.append(_built(structure, lambda atoms=atoms: next(atoms), names, body, "gradient"))
    return made[0] if len(made) == 1 else _let(names, body, "gradient", build_tuple, made)


def _flows(data: Any) -> bool:
    return np.asarray(data).dtype.kind in "fc"


def _said(lifted: Lifted, numbers: tuple[int, ...]) -> str:
    """The user's lines behind a generated one."""
    known = dict.fromkeys([lifted.lines[number] for number in numbers if number in lifted.lines])
    return "; ".join([f"{line.file}:{line.number}: {line.text}" for line in known])


# Text -------------------------------------------------------------------------------------------------------


def text_of(programs: Sequence[Program], lifted: Lifted, wrt: Sequence[str], params: int) -> Text:
    """The programs below one another, of so many parameters, and above them what they find outside."""
    comments = _comments(lifted)
    forward = {number: text for number, text in comments.items() if number > 0}
    back = {number: text for number, text in comments.items() if number < 0}
    layouts = [
        Layout(docstring=_title(one, lifted, wrt, params), line_comments=back)
        if one.name.endswith("_and_gradient")
        else Layout(line_comments=forward)
        for one in programs
    ]
    made = emit_all(list(programs), layouts)
    names = {**lifted.constants, **{name: on_arrays(value) for name, value in made.globals.items()}}
    used = _names_in(made.source)
    names = {name: value for name, value in names.items() if name in used}
    head = _head(names, lifted)
    body = _without_echoes(made.source)
    text = Text("\n\n\n".join([part for part in (head, _frozen(lifted) + body) if part]))
    text.names = names
    return text


def _title(program: Program, lifted: Lifted, wrt: Sequence[str], params: int) -> str:
    extra = program.params[params:]
    along = f" for the cotangent {extra[0]} of the value" if extra else ""
    return f"Value of {lifted.program.name} and its gradient with respect to {', '.join(wrt)}{along}."


def _frozen(lifted: Lifted) -> str:
    """A comment on what Python decided while it was recorded."""
    if lifted.checked:
        return ""
    quoted = dict.fromkeys([f"# {one.line}: {one.line.text}" for one in lifted.readings if one.line])
    if not quoted:
        return ""
    shown = [*quoted][:SHOWN] + ([f"# and {len(quoted) - SHOWN} more"] if len(quoted) > SHOWN else [])
    return "\n".join(["# What Python decided here is as it was when this was recorded:", *shown]) + "\n"


def _names_in(source: str) -> set[str]:
    code = [compile(source, "<tapeless lifted>", "exec")]
    found: set[str] = set()
    while code:
        one = code.pop()
        found.update(one.co_names)
        code.extend([const for const in one.co_consts if isinstance(const, types.CodeType)])
    return found


def _head(names: Mapping[str, Any], lifted: Lifted) -> str:
    """What makes the text stand alone: imports, and the constants that are short."""
    imports, constants = [], []
    for name, value in names.items():
        if name in lifted.constants:
            constants.append(_constant(name, value))
        elif isinstance(value, types.ModuleType):
            own = value.__name__
            imports.append(f"import {own}" if own == name else f"import {own} as {name}")
        elif getattr(builtins, name, None) is not value:
            imports.append(_import(name, value))
    if constants and "import numpy as np" not in imports:
        imports.append("import numpy as np")
    return "\n".join([*sorted(imports), *([""] if imports and constants else []), *constants])


def _import(name: str, value: Any) -> str:
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if isinstance(module, str) and isinstance(own, str) and own.isidentifier():
        return f"from {module} import {own}" + ("" if own == name else f" as {name}")
    return f"# {name}: {value!r}"


def _constant(name: str, value: np.ndarray) -> str:
    if value.size > SPELT_OUT or value.dtype.kind not in "biufc" or not np.all(np.isfinite(value)):
        return f"# {name}: {value.dtype} {value.shape}, as it was recorded"
    if not value.size:
        return f"{name} = np.zeros({value.shape}, np.{value.dtype.name})"
    dtype = "" if np.array(value.tolist()).dtype == value.dtype else f", np.{value.dtype.name}"
    return "\n".join(wrap(f"{name} = np.array({value.tolist()}{dtype})", 0, WIDTH))


def _comments(lifted: Lifted) -> dict[int, str]:
    """The user's lines, for statements and, by negative numbers, for those on the way back."""
    numbers = {statement.line for statement in walk(lifted.program.body)} & set(lifted.lines)
    if len(numbers) < COMMENTED:
        return {}
    files = {line.file for line in lifted.lines.values()}
    texts = {number: _quoted(lifted.lines[number], len(files) > 1) for number in sorted(numbers)}
    return {**texts, **{-number: text for number, text in texts.items()}}


def _quoted(line: Line, with_file: bool) -> str:
    return f"{line if with_file else f'line {line.number}'}: {line.text}"


def _without_echoes(source: str) -> str:
    """Comments that quote what the line below them says anyway are left out."""
    lines = source.splitlines()
    kept = [
        line
        for line, below in zip(lines, [*lines[1:], ""], strict=True)
        if not (line.lstrip().startswith("#") and line.partition(": ")[2] == below.strip())
    ]
    return "\n".join(kept) + "\n"
