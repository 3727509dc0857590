"""From Python's syntax tree to a program: one statement an operation, callees resolved to objects."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import math
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any

import gast
import numpy as np

from tapeless.errors import LoweringError
from tapeless.ir.names import Names
from tapeless.ir.program import Atom, Const, Let, Program, Return, Var, build_list, build_tuple, same

BINARY: dict[type[gast.AST], Callable[..., Any]] = {
    gast.Add: operator.add,
    gast.Sub: operator.sub,
    gast.Mult: operator.mul,
    gast.Div: operator.truediv,
    gast.FloorDiv: operator.floordiv,
    gast.Mod: operator.mod,
    gast.Pow: operator.pow,
    gast.MatMult: operator.matmul,
    gast.BitAnd: operator.and_,
    gast.BitOr: operator.or_,
    gast.BitXor: operator.xor,
    gast.LShift: operator.lshift,
    gast.RShift: operator.rshift,
}
UNARY: dict[type[gast.AST], Callable[..., Any]] = {
    gast.USub: operator.neg,
    gast.UAdd: operator.pos,
    gast.Invert: operator.invert,
}
COMPARE: dict[type[gast.AST], Callable[..., Any]] = {
    gast.Eq: operator.eq,
    gast.NotEq: operator.ne,
    gast.Lt: operator.lt,
    gast.LtE: operator.le,
    gast.Gt: operator.gt,
    gast.GtE: operator.ge,
}
FOLDED = (operator.neg, operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)


def environment(function: Callable[..., Any]) -> dict[str, Any]:
    """What the free names of `function` stand for: its closure, its module, the built-ins."""
    cells = getattr(function, "__closure__", None) or ()
    free = function.__code__.co_freevars
    closure = {name: cell.cell_contents for name, cell in zip(free, cells, strict=True)}
    return {**vars(builtins), **function.__globals__, **closure}


def lower(tree: gast.FunctionDef | gast.Lambda, env: Mapping[str, Any], name: str) -> Program:
    """The straight-line program of a function or lambda; LoweringError where it branches or loops."""
    params = tuple(arg.id for arg in [*tree.args.posonlyargs, *tree.args.args])
    if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
        raise LoweringError(f"{name}: only plain parameters can be lowered")
    lowering = _Lowering(env, params)
    if isinstance(tree, gast.Lambda):
        exit_ = lowering.leave(tree.body)
    else:
        statements = tree.body[1:] if _is_docstring(tree.body[0]) else tree.body
        for statement in statements[:-1]:
            lowering.assign(statement)
        if not statements or not isinstance(statements[-1], gast.Return) or statements[-1].value is None:
            raise LoweringError(f"{name}: the last statement must return the result")
        exit_ = lowering.leave(statements[-1].value)
    return Program(name, params, tuple(lowering.body), exit_)


def _is_docstring(statement: gast.AST) -> bool:
    return isinstance(statement, gast.Expr) and isinstance(statement.value, gast.Constant)


class _Lowering:
    """One function on its way: the statements so far, and what each Python name stands for now."""

    def __init__(self, env: Mapping[str, Any], params: tuple[str, ...]) -> None:
        self.env = env
        self.body: list[Let] = []
        self.names = Names(params)
        self.local: dict[str, Atom] = {param: Var(param) for param in params}

    def assign(self, statement: gast.AST) -> None:
        if not isinstance(statement, gast.Assign) or len(statement.targets) != 1:
            raise _refusal(statement, "is not a plain assignment")
        target = statement.targets[0]
        if isinstance(target, gast.Name):
            self.local[target.id] = self.atom(statement.value, hint=target.id)
        elif isinstance(target, gast.Tuple) and all(isinstance(e, gast.Name) for e in target.elts):
            self._unpack([e.id for e in target.elts], statement.value)
        else:
            raise _refusal(target, "is not a name")

    def _unpack(self, wanted: list[str], value: gast.AST) -> None:
        if isinstance(value, gast.Tuple):
            atoms = [self.atom(item, hint=name) for name, item in zip(wanted, value.elts, strict=True)]
            self.local.update(zip(wanted, atoms, strict=True))
            return
        source = self.atom(value)
        names = tuple(self.names.fresh(name) for name in wanted)
        self.body.append(Let(names, same, (source,), line=value.lineno))
        self.local.update({name: Var(fresh) for name, fresh in zip(wanted, names, strict=True)})

    def leave(self, value: gast.AST) -> Return:
        if isinstance(value, gast.Tuple):
            return Return(tuple(self.atom(item) for item in value.elts), as_tuple=True)
        return Return((self.atom(value),))

    def atom(self, tree: gast.AST, hint: str = "t") -> Atom:
        match tree:
            case gast.Constant():
                return Const(tree.value)
            case gast.Name():
                return self._name(tree)
            case gast.Attribute():
                return self._attribute(tree)
            case gast.BinOp():
                return self.let(BINARY[type(tree.op)], [tree.left, tree.right], tree, hint)
            case gast.UnaryOp() if type(tree.op) in UNARY:
                return self.let(UNARY[type(tree.op)], [tree.operand], tree, hint)
            case gast.Compare() if len(tree.ops) == 1 and type(tree.ops[0]) in COMPARE:
                return self.let(COMPARE[type(tree.ops[0])], [tree.left, tree.comparators[0]], tree, hint)
            case gast.Subscript():
                return self.let(operator.getitem, [tree.value, tree.slice], tree, hint)
            case gast.Tuple():
                return self.let(build_tuple, tree.elts, tree, hint)
            case gast.List():
                return self.let(build_list, tree.elts, tree, hint)
            case gast.Slice():
                bounds = (tree.lower, tree.upper, tree.step)
                parts: list[gast.AST] = [bound or gast.Constant(None, None) for bound in bounds]
                return self.let(slice, parts, tree, hint)
            case gast.Call():
                return self._call(tree, hint)
            case _:
                raise _refusal(tree, "is not an expression of a straight line")

    def _name(self, tree: gast.Name) -> Atom:
        if tree.id in self.local:
            return self.local[tree.id]
        if tree.id in self.env:
            return Const(self.env[tree.id])
        raise _refusal(tree, f"is not defined: {tree.id}")

    def _attribute(self, tree: gast.Attribute) -> Atom:
        owner = self.atom(tree.value)
        if isinstance(owner, Const) and isinstance(owner.value, types.ModuleType | type | np.ufunc):
            return Const(getattr(owner.value, tree.attr))
        raise _refusal(tree, f"reads an attribute of a value: .{tree.attr}")

    def _call(self, tree: gast.Call, hint: str) -> Atom:
        callee = self.atom(tree.func)
        if not isinstance(callee, Const):
            raise _refusal(tree, "calls a value that is not known in advance")
        starred = [arg for arg in tree.args if isinstance(arg, gast.Starred)]
        if starred or any(keyword.arg is None for keyword in tree.keywords):
            raise _refusal(tree, "spreads arguments with a star")
        keywords = tuple((keyword.arg, self.atom(keyword.value)) for keyword in tree.keywords)
        return self.let(callee.value, tree.args, tree, hint, keywords)

    def let(
        self,
        op: Callable[..., Any],
        operands: list[gast.AST],
        tree: gast.AST,
        hint: str,
        kwargs: tuple[tuple[str, Atom], ...] = (),
    ) -> Atom:
        args = tuple(self.atom(operand) for operand in operands)
        folded = _fold(op, args)
        if folded is not None and not kwargs:
            return folded
        name = self.names.fresh(hint)
        self.body.append(Let((name,), op, args, kwargs, getattr(tree, "lineno", 0)))
        return Var(name)


def _fold(op: Callable[..., Any], args: tuple[Atom, ...]) -> Const | None:
    """`math.log(2.0)` and `-1.0` are numbers already when the program is written."""
    if op not in FOLDED and getattr(math, getattr(op, "__name__", ""), None) is not op:
        return None
    values = [arg.value for arg in args if isinstance(arg, Const)]
    if len(values) < len(args) or not all(isinstance(value, int | float) for value in values):
        return None
    return Const(op(*values))


def _refusal(tree: gast.AST, why: str) -> LoweringError:
    return LoweringError(f"line {getattr(tree, 'lineno', '?')}: {type(tree).__name__} {why}")
