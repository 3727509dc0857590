"""From a function to its syntax tree: found in its file, and proved to be what the function runs.

Finding parses the function's own lines where it can, and the whole file where it must. What is found is
compiled and compared with the function's code: a file edited after its import gives no tree, not a wrong one.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import itertools
import linecache
import threading
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeAlias

FunctionTree: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FUTURES = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
_SHAPE = CO_VARARGS | CO_VARKEYWORDS | CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
_BARE = "<bare>"  # no name that a user may have
_CALLING = ("EXTENDED_ARG", "PRECALL", "PUSH_NULL")
_JUMPS = (*_CALLING, "NOP", "JUMP_FORWARD", "JUMP_BACKWARD")
_lock = threading.Lock()  # warnings.catch_warnings is for one thread at a time


class Missing(Enum):
    """Why there is no tree."""

    NO_SOURCE = auto()
    CHANGED = auto()
    TOO_DEEP = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """A function's tree, which is shared and has the file's line numbers, and the lines of that file."""

    tree: FunctionTree
    lines: Sequence[str]


def find(function: FunctionType) -> Found | Missing:
    """The tree that `function` was compiled from.

    What `linecache` holds is believed where it fits the function; where it does not, the file is read again.
    """
    code = function.__code__
    lines = _lines(function)
    try:
        tree = _matching(function, lines)
        if tree is None:
            linecache.checkcache(code.co_filename)
            before, lines = lines, _lines(function)
            tree = None if lines is before else _matching(function, lines)
    except (RecursionError, MemoryError):
        return Missing.TOO_DEEP
    if tree is not None:
        return Found(tree, lines)
    return Missing.CHANGED if lines else Missing.NO_SOURCE


def first_line(tree: ast.AST) -> int:
    """The line on which a node starts; a function starts with its decorators."""
    decorators: list[ast.expr] = getattr(tree, "decorator_list", [])
    return min([getattr(tree, "lineno", 0), *(decorator.lineno for decorator in decorators)])


def _lines(function: FunctionType) -> Sequence[str]:
    """The file's lines; modules in zip files and the like are asked for them."""
    code = function.__code__
    lines: Sequence[str] = linecache.getlines(code.co_filename, function.__globals__)
    by_code: Any = getattr(linecache, "_getlines_from_code", None)  # from 3.13: prompts, `python -c`
    return lines or (by_code(code) if by_code is not None else [])


def _matching(function: FunctionType, lines: Sequence[str]) -> FunctionTree | None:
    code = function.__code__
    for text in _excerpts(code, lines):
        module = _parsed(text)
        if module is None:
            continue
        matches: list[tuple[FunctionTree, CodeType]] = []
        for tree in _starting_on(code.co_firstlineno, module, code.co_name):
            compiled = _compiled(tree, function)
            if compiled is not None and _same(compiled, code, tree):
                matches.append((tree, compiled))
        for tree, compiled in matches:
            if len(matches) == 1 or list(compiled.co_positions()) == list(code.co_positions()):
                return tree
        if matches:  # alike to the letter, and the interpreter keeps no columns
            return matches[0][0]
    return None


def _excerpts(code: CodeType, lines: Sequence[str]) -> Iterator[str]:
    """Texts that may hold the function, the shortest first, each with the file's own line numbers."""
    if code.co_firstlineno <= len(lines):
        starts = [code.co_firstlineno]
        if code.co_name == "<lambda>":
            starts.append(_outermost(lines, code.co_firstlineno))
        last = _last_line(code)
        for start in starts:
            # A line further to the left may lie in a string or an open bracket: the next one is tried too.
            for end in itertools.islice(_ends(lines, start, last), 2):
                yield _excerpt(lines, start, end)
    yield "".join(lines)


def _last_line(code: CodeType) -> int:
    """The last line that the function's bytecode comes from: it may go on, but does not end before."""
    lines = [line for inner in _with_inner(code) for _, _, line in inner.co_lines() if line]
    return max(lines, default=code.co_firstlineno)


def _outermost(lines: Sequence[str], line: int) -> int:
    """The nearest line above, or `line` itself, that is not indented."""
    for number in range(line, 0, -1):
        text = lines[number - 1]
        if text.strip() and not text[0].isspace() and text[0] not in "#)]}":
            return number
    return 1


def _ends(lines: Sequence[str], start: int, last: int) -> Iterator[int]:
    """Where a statement that starts on line `start` may end: before a line that is indented no more."""
    indent = _indent(lines[start - 1])
    for number in range(last, len(lines)):
        text = lines[number]
        if _indent(text) <= indent and text.strip() and not text.lstrip().startswith("#"):
            yield number
    yield len(lines)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _excerpt(lines: Sequence[str], start: int, end: int) -> str:
    body = "".join(lines[start - 1 : end])
    if not _indent(lines[start - 1]) or start < 2:
        return "\n" * (start - 1) + body
    return "\n" * (start - 2) + "if 1:\n" + body


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module | None:
    """The tree of an excerpt; None where it is no whole statement. Lambdas of one statement share it."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python gave them when it compiled the file
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            return None


def _starting_on(line: int, module: ast.Module, name: str) -> list[FunctionTree]:
    """The functions called `name` that start on `line`, from left to right."""
    found: list[FunctionTree] = []
    waiting: list[ast.AST] = [module]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, FunctionTree) and (first_line(tree), _name(tree)) == (line, name):
            found.append(tree)
        waiting.extend(child for child in ast.iter_child_nodes(tree) if _may_hold(child, line))
    return sorted(found, key=lambda tree: (tree.lineno, tree.col_offset))


def _name(tree: FunctionTree) -> str:
    return "<lambda>" if isinstance(tree, ast.Lambda) else tree.name


def _may_hold(tree: ast.AST, line: int) -> bool:
    end = getattr(tree, "end_lineno", None)
    return end is None or first_line(tree) <= line <= end


def _compiled(tree: FunctionTree, function: FunctionType) -> CodeType | None:
    """The code of `tree`, compiled as the function was: its free variables are known, it is in its class."""
    code, owner = function.__code__, _class_of(function.__code__)
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = ast.parse(_frame(function, owner))
            outer: Any = module.body[-1]
            (outer.body[-1] if owner else outer).body = [_bare(tree)]
            flags = code.co_flags & _FUTURES
            inner: CodeType | None = compile(module, code.co_filename, "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    for name in ("outer", owner, "<lambda>" if isinstance(tree, ast.Lambda) else _BARE):
        inner = inner and (_constant(inner, name) if name else inner)
    return inner and inner.replace(co_name=code.co_name)


def _frame(function: FunctionType, owner: str) -> str:
    """What stands around the function, as far as its bytecode shows: `0` is its place.

    How `np.sin(x)` is compiled depends on whether the module imports `np`: what is a module now was imported.
    """
    code, globals_ = function.__code__, function.__globals__
    read = dict.fromkeys(name for inner in _with_inner(code) for name in inner.co_names)
    modules = [name for name in read if isinstance(globals_.get(name), ModuleType) and name.isidentifier()]
    free = ", ".join(name for name in code.co_freevars if name != "__class__")
    imports = f"import {', '.join(modules)}\n" if modules else ""
    if not owner:
        return f"{imports}def outer({free}): 0"
    declared = "" if owner in code.co_freevars else f" global {owner}\n"
    return f"{imports}def outer({free}):\n{declared} class {owner}: 0"


def _class_of(code: CodeType) -> str:
    """The class in whose body the function stands, which gives its `__private` names and `super()`; or ''."""
    parts = code.co_qualname.split(".")
    for part, after in reversed(list(itertools.pairwise(parts))):
        if after != "<locals>" and not part.startswith("<"):
            return part
    return "A" if "__class__" in code.co_freevars else ""


def _bare(tree: FunctionTree) -> ast.stmt:
    """The function without what runs outside of it: decorators, defaults, its own name."""
    bare = _copy(tree)
    bare.args = _copy(tree.args)
    none = ast.copy_location(ast.Constant(None), tree)
    bare.args.defaults = [none for _ in tree.args.defaults]
    bare.args.kw_defaults = [default and none for default in tree.args.kw_defaults]
    if isinstance(bare, ast.Lambda):
        return ast.copy_location(ast.Expr(bare), tree)
    bare.name = _BARE  # or else it would be a variable of the frame, where the user's is a global one
    bare.decorator_list = []
    bare.returns = None
    return bare


def _copy(tree: Any) -> Any:
    return ast.copy_location(type(tree)(**dict(ast.iter_fields(tree))), tree)


def _constant(code: CodeType, name: str) -> CodeType | None:
    """The function or class `name` that `code` makes."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_name == name:
                return const
            if const.co_name.startswith("<generic parameters"):
                return _constant(const, name)
    return None


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    """`code`, and those of the functions in it."""
    waiting = [code]
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting.extend(const for const in inner.co_consts if isinstance(const, CodeType))


def _same(compiled: CodeType, code: CodeType, tree: FunctionTree) -> bool:
    """Whether both do the same; of a function whose asserts pytest has rewritten, whether the rest does."""
    if _key(compiled) == _key(code):
        return True
    if not any(name.startswith("@py") for inner in _with_inner(code) for name in inner.co_names):
        return _steps(compiled) == _steps(code)
    asserts = set(_assert_lines(tree))
    return _steps(compiled, asserts) == _steps(code, asserts)


def _key(value: Any, within: str = "") -> Any:
    """Equal for codes that do the same; 1, 1.0 and True differ, and nan is like nan.

    `within` is the name of the function: names of classes within it begin with it.
    """
    if isinstance(value, CodeType):
        within = within or value.co_qualname
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        body = (value.co_code, value.co_exceptiontable, _key(value.co_consts, within))
        return (*_arguments(value), names, body)
    if isinstance(value, tuple):
        return tuple([_key(item, within) for item in value])  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, frozenset):
        return frozenset([_key(item, within) for item in value])  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return value.removeprefix(f"{within}.<locals>") if within else value
    return (type(value), repr(value) if isinstance(value, float | complex) else value)


def _arguments(code: CodeType) -> tuple[Any, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    return (code.co_name, code.co_flags & _SHAPE, counts, code.co_varnames[:count])


def _assert_lines(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _steps(code: CodeType, asserts: Collection[int] = (), within: str = "") -> list[Any]:
    """The instructions, however methods are called; without those on lines in `asserts`, and jumps."""
    within = within or code.co_qualname
    kept: list[dis.Instruction] = []
    places: dict[int, int] = {}
    for step in dis.get_instructions(code):
        places[step.offset] = len(kept)
        line = step.positions.lineno if step.positions else None
        if line not in asserts and step.opname not in (_JUMPS if asserts else _CALLING):
            kept.append(step)
    steps: list[Any] = [_arguments(code)]
    for step in kept:
        name, value = step.opname, step.argval
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            value = None if asserts else places.get(value)
        elif step.opcode in dis.hasconst:
            value = code.co_consts[step.arg or 0]
            value = _steps(value, asserts, within) if isinstance(value, CodeType) else value
        # An assert shows the compiler what is bound, and an import what is a module.
        name = name.replace("_BORROW", "").replace("_CHECK", "").replace("LOAD_METHOD", "LOAD_ATTR")
        steps.append((name, value if isinstance(value, list) else _key(value, within)))
    return steps
