"""From programs to Python that a person would have written."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import linecache
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import gast

from tapeless.ir.choices import choose
from tapeless.ir.fold import WIDTH
from tapeless.ir.hoist import keep_early
from tapeless.ir.late import hand_on_late
from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Program
from tapeless.ir.references import Globals
from tapeless.ir.rewind import rewind
from tapeless.ir.wrap import wrap
from tapeless.ir.writing import Line, name_values, write

_serial = itertools.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What a source says besides what it does.

    `line_comments` has a comment for the first of the statements in a row that come from a line of the
    user's.  Statements may have negative lines where only they, of all from a line, are to be commented on:
    those on the way back.  `own_names` are names that the user gave, however much they look like versions.
    """

    docstring: str | None = None
    line_comments: Mapping[int, str] = field(default_factory=dict[int, str])
    own_names: frozenset[str] = frozenset()


PLAIN = Layout()
NO_PROCEDURES: Mapping[Procedure, Program] = {}


class Emitted(NamedTuple):
    """A source, what its free names stand for, and for each of its lines those of the user's in it.

    Lines are negative on the way back, 0 where there is none; the first is that of the whole line, the others
    are those of what is folded into it.
    """

    source: str
    globals: dict[str, Any]
    lines: tuple[tuple[int, ...], ...]


def emit(
    program: Program, layout: Layout = PLAIN, procedures: Mapping[Procedure, Program] = NO_PROCEDURES
) -> Emitted:
    """The program's source, and below it those of the procedures that it calls.

    >>> import operator
    >>> import numpy as np
    >>> from tapeless.ir.program import Let, Return, Var
    >>> body = (Let(("t",), np.sin, (Var("x"),)), Let(("t_1",), operator.mul, (Var("t"), Var("x"))))
    >>> print(emit(Program("f", ("x",), body, Return((Var("t_1"),)))).source, end="")
    def f(x):
        return np.sin(x) * x
    """
    return emit_all([program, *procedures.values()], [layout, *[PLAIN] * len(procedures)], tuple(procedures))


def emit_all(
    programs: Sequence[Program],
    layouts: Sequence[Layout] | None = None,
    procedures: Sequence[Procedure] = (),
) -> Emitted:
    """The source of several functions in one module; the last of them are those of the procedures."""
    layouts = layouts if layouts is not None else [PLAIN] * len(programs)
    arranged = [choose(hand_on_late(keep_early(rewind(program)))) for program in programs]
    both = zip(arranged, layouts, strict=True)
    named = [name_values(program, layout.own_names) for program, layout in both]
    taken = {"_", *(program.name for program in programs[: len(programs) - len(procedures)])}
    for program, naming in zip(arranged, named, strict=True):
        taken.update(program.params, program.free, naming.called.values(), [naming.spare])
    names = Names(taken)
    titles = [program.name for program in programs[: len(programs) - len(procedures)]]
    titles += [names.fresh(procedure.name) for procedure in procedures]
    known = Globals({*taken, *titles})
    for procedure, title in zip(procedures, titles[len(titles) - len(procedures) :], strict=True):
        known.bind(procedure, title)
    text: list[str] = []
    lines: list[tuple[int, ...]] = []
    for program, title, naming, layout in zip(arranged, titles, named, layouts, strict=True):
        gap = ["", ""] if text else []
        head = [*gap, *_head(replace(program, name=title), layout)]
        body, body_lines = _printed(write(program, naming, known), layout)
        text += [*head, *body]
        lines += [*[()] * len(head), *body_lines]
    return Emitted("\n".join(text) + "\n", known.names, tuple(lines))


def load(program: Program, bind: Callable[[Any], Any] = lambda value: value) -> Callable[..., Any]:
    """The program as a function that debuggers and tracebacks can show.

    `bind` may put other objects in the place of the callees that the source names.
    """
    source, names, _ = emit(program)
    filename = f"<tapeless {program.name} {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {name: bind(value) for name, value in names.items()}
    exec(compile(source, filename, "exec"), scope)
    return scope[program.name]


def _head(program: Program, layout: Layout) -> list[str]:
    head = wrap(f"def {program.name}({', '.join(program.params)}):", 0, WIDTH)
    return [*head, *(_docstring(layout.docstring) if layout.docstring else [])]


def _docstring(text: str) -> list[str]:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    first, *rest = escaped.split("\n")
    if not rest:
        return [f'    """{first}"""' if not first.endswith('"') else f'    """{first[:-1]}\\""""']
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


def _printed(lines: list[Line], layout: Layout) -> tuple[list[str], list[tuple[int, ...]]]:
    """The text of a body, comments included, and for each line of it the user's."""
    found: list[str] = []
    numbers: list[tuple[int, ...]] = []
    before = 0
    for line, text in zip(lines, _texts(lines), strict=True):
        if line.is_first and line.line != before and line.line in layout.line_comments:
            found.append(f"{'    ' * line.indent}# {layout.line_comments[line.line]}")
            numbers.append(())
        if line.is_first:
            before = line.line
        wrapped = wrap(line.before + text + line.after, 4 * line.indent, WIDTH)
        found += wrapped
        numbers += [(line.line, *line.folded)] * len(wrapped)
    return found, numbers


def _texts(lines: list[Line]) -> list[str]:
    """The printed trees of the lines, each on one line however long."""
    trees = [line.tree for line in lines if line.tree is not None]
    printed = iter(_print(gast.Module(trees, [])).splitlines())
    return ["" if line.tree is None else next(printed) for line in lines]


@functools.cache
def _printer() -> Any:
    """astor, which is needed by the first text that is printed, and takes long to import."""
    with warnings.catch_warnings():  # it looks for names that Python 3.12 and 3.13 warn about
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("astor")


def _print(tree: gast.AST) -> str:
    module = gast.gast_to_ast(tree)
    try:
        return _printer().to_source(module, pretty_string=_quoted, pretty_source="".join)
    except AttributeError:  # a node that is newer than astor
        return ast.unparse(ast.fix_missing_locations(module))


def _quoted(text: str, *_: Any) -> str:
    return repr(text)
