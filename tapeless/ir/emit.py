"""From a program to Python that a person would have written: single-use temporaries fold into their use."""

from __future__ import annotations

import ast
import itertools
import keyword
import linecache
import operator
import types
import warnings
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from tapeless.ir.lower import BINARY, COMPARE, UNARY
from tapeless.ir.passes import uses
from tapeless.ir.program import (
    Argument,
    Const,
    Let,
    Program,
    Return,
    Star,
    build_list,
    build_tuple,
    reads,
    same,
)

with warnings.catch_warnings():  # astor looks for names that Python 3.12 and 3.13 warn about
    warnings.simplefilter("ignore", DeprecationWarning)
    import astor

_TABLES = ((gast.BinOp, BINARY), (gast.UnaryOp, UNARY), (gast.Compare, COMPARE))
_OPERATORS = {op: (kind, symbol) for kind, table in _TABLES for symbol, op in table.items()}
_serial = itertools.count()
DEEPEST = 20  # more operations within each other nobody reads, and printers and parsers recurse over them


def emit(program: Program) -> tuple[str, dict[str, Any]]:
    """The program's source, and what its free names stand for."""
    emission = _Emission(program)
    tree = emission.function()
    return _print(tree), emission.globals


def load(program: Program, bind: Callable[[Any], Any] = lambda value: value) -> Callable[..., Any]:
    """The program as a function that debuggers and tracebacks can show.

    `bind` may put other objects in the place of the callees that the source names.
    """
    source, names = emit(program)
    filename = f"<tapeless {program.name} {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    scope = {name: bind(value) for name, value in names.items()}
    exec(compile(source, filename, "exec"), scope)
    return scope[program.name]


def _print(tree: gast.FunctionDef) -> str:
    module = gast.gast_to_ast(gast.Module(body=[tree], type_ignores=[]))
    ast.fix_missing_locations(module)
    try:
        return astor.to_source(module)
    except AttributeError:  # a node that is newer than astor
        return ast.unparse(module) + "\n"


class _Emission:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals: dict[str, Any] = {}
        self.folded: dict[str, gast.expr] = {}
        self.depths: dict[str, int] = {}
        self.counts = uses(program)
        # A local name hides a global one, and loading the function writes its own name over a global.
        self.taken = {program.name, *program.params, *(t for s in program.body for t in s.targets)}

    def function(self) -> gast.FunctionDef:
        body: list[gast.stmt] = []
        for statement in self.program.body:
            value = self.expression(statement)
            depth = 1 + max((self.depths.get(name, 0) for name in reads(statement)), default=0)
            if len(statement.targets) == 1 and self.counts[statement.targets[0]] == 1 and depth < DEEPEST:
                self.folded[statement.targets[0]] = value
                self.depths[statement.targets[0]] = depth
            else:
                body.append(gast.Assign(targets=[_targets(statement)], value=value, type_comment=None))
        body.append(gast.Return(value=self._exit(self.program.exit)))
        params = [_name(param, gast.Param()) for param in self.program.params]
        arguments = gast.arguments(params, [], None, [], [], None, [])
        return gast.FunctionDef(self.program.name, arguments, body, [], None, None, [])

    def _exit(self, exit_: Return) -> gast.expr:
        values = [self.argument(value) for value in exit_.values]
        return gast.Tuple(values, gast.Load()) if exit_.as_tuple else values[0]

    def expression(self, statement: Let) -> gast.expr:
        args = [self.argument(arg) for arg in statement.args]
        op = statement.op
        if op is same:
            return args[0]
        if op is build_tuple:
            return gast.Tuple(args, gast.Load())
        if op is build_list:
            return gast.List(args, gast.Load())
        if op is operator.getitem:
            return gast.Subscript(args[0], args[1], gast.Load())
        if op in _OPERATORS:
            kind, symbol = _OPERATORS[op]
            if kind is gast.UnaryOp:
                return gast.UnaryOp(symbol(), args[0])
            if kind is gast.Compare:
                return gast.Compare(args[0], [symbol()], [args[1]])
            return gast.BinOp(args[0], symbol(), args[1])
        keywords = [gast.keyword(name, self.argument(value)) for name, value in statement.kwargs]
        return gast.Call(self.reference(op), args, keywords)

    def argument(self, atom: Argument) -> gast.expr:
        if isinstance(atom, Star):
            return gast.Starred(self.argument(atom.value), gast.Load())
        if isinstance(atom, Const):
            return self.reference(atom.value)
        return self.folded.pop(atom.name, None) or _name(atom.name, gast.Load())

    def reference(self, value: Any) -> gast.expr:
        """A literal, `np.f`, or a name that the function's globals hold."""
        if value is None or type(value) in (bool, int, str) or (type(value) is float and np.isfinite(value)):
            return _literal(value)
        path = "inf" if type(value) is float and value == np.inf else _numpy_path(value)
        if path:
            tree: gast.expr = _name(self._global(np, "np"), gast.Load())
            for part in path.split("."):
                tree = gast.Attribute(tree, part, gast.Load())
            return tree
        return _name(self._global(value), gast.Load())

    def _global(self, value: Any, wanted: str = "") -> str:
        """A name for `value` that stands for nothing else in the function."""
        wanted = wanted or getattr(value, "__name__", "")
        if not wanted.isidentifier() or keyword.iskeyword(wanted):
            wanted = type(value).__name__
        name = wanted
        for count in itertools.count(1):
            if name not in self.taken and self.globals.setdefault(name, value) is value:
                return name
            name = f"{wanted}_{count}"
        raise AssertionError("unreachable: the count never ends")


def _literal(value: Any) -> gast.expr:
    """A number as a parser would have it: the minus of `-1.0` is an operator, and binds less than `**`."""
    if type(value) in (int, float) and repr(value).startswith("-"):
        return gast.UnaryOp(gast.USub(), gast.Constant(-value, None))
    return gast.Constant(value, None)


def _numpy_path(value: Any) -> str | None:
    """`linalg.inv` for np.linalg.inv, `add.reduce` for np.add.reduce; None for what is not NumPy's own."""
    name = getattr(value, "__name__", None)
    if not isinstance(name, str) or isinstance(value, types.ModuleType):
        return None
    owner = getattr(value, "__self__", None)
    if isinstance(owner, np.ufunc):
        path = _numpy_path(owner)
        return path and f"{path}.{name}"
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        if getattr(module, name, None) is value:
            return prefix + name
    return None


def _name(name: str, context: gast.expr_context) -> gast.Name:
    return gast.Name(name, context, None, None)


def _targets(statement: Let) -> gast.expr:
    names: list[gast.expr] = [_name(target, gast.Store()) for target in statement.targets]
    return names[0] if len(names) == 1 else gast.Tuple(names, gast.Store())
