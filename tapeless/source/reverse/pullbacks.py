"""The backward part of one call: the slice of its rule, inlined."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.ir.program import Argument, Atom, Const, Let, Star, Var, build_tuple, named
from tapeless.rules import table
from tapeless.rules.pullback import (
    BROADCAST,
    CAST,
    EXACT,
    OUT,
    Pullback,
    cotangent_count,
    pullback,
)
from tapeless.rules.shields import shielded_product, shielded_quotient
from tapeless.rules.slices import derivative_program
from tapeless.rules.table import Rule
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.reverse.frame import Frame
from tapeless.source.reverse.work import renamed_atom

# Python's own functions of numbers, and NumPy's of the same meaning.
MEANINGS: dict[Any, Callable[..., Any]] = {
    builtins.abs: np.absolute,
    builtins.pow: np.power,
    math.pow: np.power,
    math.fabs: np.absolute,
    math.asin: np.arcsin,
    math.acos: np.arccos,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.asinh: np.arcsinh,
    math.acosh: np.arccosh,
    math.atanh: np.arctanh,
    math.fmod: np.fmod,
} | {
    getattr(math, name): getattr(np, name)
    for name in (
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt",
        "exp2", "degrees", "radians", "copysign", "floor", "ceil", "trunc",
    )
    if hasattr(math, name)
}  # fmt: skip


# What keeps a zero of a cotangent zero, whatever it is multiplied by.
SHIELDS: dict[Any, Callable[..., Any]] = {
    operator.mul: shielded_product,
    np.multiply: shielded_product,
    operator.truediv: shielded_quotient,
    np.true_divide: shielded_quotient,
}


def rule_of(let: Let) -> Rule | None:
    """The rule of a call, under the name that NumPy has for it."""
    op = let.op
    if op is math.log and len(let.args) == 1:
        op = np.log
    elif op is math.hypot and len(let.args) == 2:
        op = np.hypot
    elif op in (builtins.max, builtins.min) and len(let.args) == 2 and not let.kwargs:
        op = np.maximum if op is builtins.max else np.minimum
    return table.find(MEANINGS.get(op, op))


def through_rule(frame: Frame, let: Let) -> None:
    """The cotangents of a call's arguments from those of its results."""
    g = _cotangent(frame, let)
    if g is None:
        return
    rule = rule_of(let)
    if rule is None:
        raise frame.refuse(f"no derivative rule for {label(let.op)}{_first_active(frame, let)}")
    bound = _bound(frame, let, rule)
    needs = _needs(frame, let, rule, bound)
    if not any(needs):
        return
    fits = tuple([_fit(frame, rule, bound[i], let) if need else EXACT for i, need in enumerate(needs)])
    cut = pullback(rule, needs, fits)
    results = _inlined(frame, let, cut, bound, g)
    for position, result in zip([i for i, need in enumerate(needs) if need], results, strict=True):
        _note(frame, bound[position], result)
        _deliver(frame, bound[position], result)


def _note(frame: Frame, value: Any, result: Atom) -> None:
    """A cotangent is what its primal is; those of several arrays come in a list."""
    if not isinstance(value, Var) or not isinstance(result, Var) or result.name in frame.work.scope_of:
        return
    fact = frame.work.fact(value)
    if fact.kind == "tuple":
        fact = replace(fact, kind="list")
    if frame.work.fact(result).kind in ("object", "numeric"):
        frame.work.facts[result.name] = fact


def label(op: Any) -> str:
    """What a user calls a function."""
    module = getattr(op, "__module__", None) or "numpy"
    name = getattr(op, "__qualname__", None) or getattr(op, "__name__", repr(op))
    module = "np" if module == "numpy" else module.replace("numpy.", "np.")
    return name if module in ("builtins", "_operator") else f"{module}.{name}"


def _first_active(frame: Frame, let: Let) -> str:
    for argument in let.args:
        atom = argument.value if isinstance(argument, Star) else argument
        if isinstance(atom, Var) and frame.work.is_active(atom.name):
            return f" (argument {atom.name!r})"
    return ""


def _cotangent(frame: Frame, let: Let) -> Atom | None:
    if len(let.targets) == 1:
        return frame.take(let.targets[0])
    found = [frame.take(name) for name in let.targets]
    if all(atom is None for atom in found):
        return None
    pairs = zip(let.targets, found, strict=True)
    return frame.tuple_of([frame.zero(name) if atom is None else atom for name, atom in pairs])


def _bound(frame: Frame, let: Let, rule: Rule) -> tuple[Any, ...]:
    args = tuple([arg.value if isinstance(arg, Const) else arg for arg in let.args])
    kwargs = {name: atom.value if isinstance(atom, Const) else atom for name, atom in let.kwargs}
    try:
        return rule.bind(args, kwargs)
    except MissingRuleError as error:
        raise frame.refuse(str(error)) from error


def _is_active(frame: Frame, value: Any) -> bool:
    if isinstance(value, Star):
        value = value.value
    if isinstance(value, tuple):
        return any([_is_active(frame, item) for item in value])
    return isinstance(value, Var) and frame.work.is_active(value.name)


def _needs(frame: Frame, let: Let, rule: Rule, bound: tuple[Any, ...]) -> tuple[bool, ...]:
    count = cotangent_count(rule)
    values = derivative_program(rule).exit.values
    needs = []
    for position, value in enumerate(bound):
        wanted = _is_active(frame, value)
        missing = position >= count or values[position] == Const(None)
        if wanted and missing and rule.params[position] not in rule.constants:
            raise frame.refuse(f"no derivative rule for {label(let.op)} (argument {rule.params[position]!r})")
        needs.append(wanted and not missing)
    return tuple(needs[:count])


def _fit(frame: Frame, rule: Rule, value: Any, let: Let) -> int:
    """What must be done to the cotangent of an argument: nothing where shapes and dtypes surely agree."""
    out = frame.work.fact(let.targets[0]) if len(let.targets) == 1 else UNKNOWN
    fact = frame.work.fact(value) if isinstance(value, Var) else UNKNOWN
    if not _same_dtype(fact, out):
        return CAST
    if rule.kind != "elementwise":
        return EXACT
    return EXACT if _same_dims(fact, out) else BROADCAST


def _same_dtype(fact: Fact, out: Fact) -> bool:
    if fact.dtype is None or out.dtype is None:
        return False
    return fact.dtype == out.dtype or (fact.weak is True and fact.dtype.kind != "c" and out.dtype.kind == "f")


def _same_dims(fact: Fact, out: Fact) -> bool:
    if fact.kind == "scalar" and out.kind == "scalar":
        return True
    return fact.dims is not None and fact.dims == out.dims


def _inlined(frame: Frame, let: Let, cut: Pullback, bound: tuple[Any, ...], g: Atom) -> tuple[Atom, ...]:
    """The statements of a pullback under new names; what it returns."""
    names: dict[str, Atom] = {"g": g}
    for residual in cut.residuals:
        names[residual.name] = _residual(frame, let, residual.position, residual.of, bound)
    moving = {"g"}
    is_shielded = any(name in frame.work.shielded for name in let.targets)
    for statement in cut.program.body:
        assert isinstance(statement, Let)  # rules are straight lines
        op = statement.op
        if _carries(statement, moving):
            moving.update(statement.targets)
            op = SHIELDS.get(op, op) if is_shielded else op
        targets = [frame.work.fresh("g" if target in ("c", "t") else target) for target in statement.targets]
        names.update({old: Var(new) for old, new in zip(statement.targets, targets, strict=True)})
        args = tuple([arg for old in statement.args for arg in _spread(old, names)])
        kwargs = tuple([(name, renamed_atom(atom, names)) for name, atom in statement.kwargs])
        fixed = Let(tuple(targets), op, args, kwargs, let.line)
        frame.work.infer(fixed)
        frame.out.append(fixed)
    return tuple([renamed_atom(value, names) for value in cut.program.exit.values])


def _spread(argument: Argument, names: dict[str, Atom]) -> list[Argument]:
    """An argument under its new name; a star before constants gives them one by one."""
    other = names.get(argument.value.name) if isinstance(argument, Star) else None
    if isinstance(other, Const):
        return [Const(item) for item in other.value]
    return [renamed_atom(argument, names)]


def _carries(statement: Let, moving: set[str]) -> bool:
    """Whether the first thing that a statement reads comes from the cotangent."""
    return bool(statement.args) and named(statement.args[0]) in moving


def _residual(
    frame: Frame, let: Let, position: int, of: Callable[[Any], Any] | None, bound: tuple[Any, ...]
) -> Atom:
    after = position == OUT
    value = _result(frame, let) if after else bound[position]
    if isinstance(value, tuple) and any(isinstance(item, Var | Star) for item in value):
        items = [item if isinstance(item, Var | Star) else Const(item) for item in value]
        value = _tuple(frame, [frame.value(item) for item in items])
        return frame.let("t", of, value) if of is not None else value
    if not isinstance(value, Var):
        return Const(value if of is None else of(value))
    if of is not None:
        return frame.shape(value, of, after)
    return frame.atom(value, after=after)


def _tuple(frame: Frame, items: list[Any]) -> Var:
    name = frame.work.fresh("t")
    frame.out.append(Let((name,), build_tuple, tuple(items), line=frame.line))
    return Var(name)


def _result(frame: Frame, let: Let) -> Var:
    if len(let.targets) == 1:
        return Var(let.targets[0])
    return _tuple(frame, [frame.atom(Var(name), after=True) for name in let.targets])


def _deliver(frame: Frame, value: Any, result: Atom) -> None:
    """The cotangent of an argument; of a starred parameter, that of each of its values."""
    if not isinstance(value, tuple):
        frame.contribute(value, result)
        return
    if any(isinstance(item, Star) for item in value):
        first = value[0]
        if len(value) > 1 or not isinstance(first, Star):
            raise frame.refuse("spreads a list among other arguments", "pass one list")
        frame.contribute(first.value, result)
        return
    for index, item in enumerate(value):
        if isinstance(item, Var) and frame.work.is_active(item.name):
            frame.contribute(item, frame.item(result, Const(index), frame.work.fact(item)))
