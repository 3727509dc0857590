"""How a pullback is made: a rule's source is lowered, cut to what is needed, and its residuals are named.

It rests on the whole of `ir`; `rules.pullback` loads it when the first pullback is asked for.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType
from typing import Any

import gast
import numpy as np

from tapeless.errors import LoweringError, RuleError
from tapeless.ir.check import check
from tapeless.ir.emit import emit, load
from tapeless.ir.lower import environment, lower
from tapeless.ir.names import Names
from tapeless.ir.passes import drop_dead, rename, renamed, share
from tapeless.ir.program import Argument, Atom, Const, Let, Program, Return, Star, Var, reads, straight
from tapeless.ir.trees import Missing, find
from tapeless.rules.pullback import CAST, EXACT, OUT, SHAPE_ONLY, Pullback, Residual
from tapeless.rules.support import as_dtype, dtype_of, unbroadcast
from tapeless.rules.table import Rule

__all__ = ["derivative_program", "emit", "forward_program", "is_inlined", "load"]


@functools.cache
def derivative_program(rule: Rule) -> Program:
    """What the author wrote, lowered; where it branches, one call of it."""
    assert rule.derivative is not None
    try:
        tree = _syntax_tree(rule.derivative)
        return check(lower(tree, environment(rule.derivative), _title(rule)))
    except LoweringError:
        return _as_call(rule)


@functools.cache
def forward_program(rule: Rule) -> Program:
    """What the author wrote for forward mode, lowered; where it branches, one call of it."""
    assert rule.pushforward is not None
    try:
        tree = _syntax_tree(rule.pushforward)
        return check(lower(tree, environment(rule.pushforward), _title(rule)))
    except LoweringError:
        params = tuple(inspect.signature(rule.pushforward).parameters)
        body = (Let(("t_out",), rule.pushforward, tuple(map(Var, params))),)
        return Program(_title(rule), params, body, Return((Var("t_out"),)))


def is_inlined(rule: Rule) -> bool:
    """Whether the rule's own statements are cut and inlined, rather than called whole."""
    return not any(statement.op is rule.derivative for statement in straight(derivative_program(rule).body))


def cotangent_count(rule: Rule) -> int:
    """For how many of its first parameters the rule gives a cotangent."""
    return len(derivative_program(rule).exit.values)


def _as_call(rule: Rule) -> Program:
    assert rule.derivative is not None
    lead = ("out",) if rule.kind == "elementwise" else ("g", "out") if rule.takes_out else ("g",)
    after = rule.params.index(rule.star) + 1 if rule.star is not None else len(rule.params)
    args: tuple[Argument, ...] = tuple(
        Star(Var(name)) if name == rule.star else Var(name) for name in (*lead, *rule.params[:after])
    )
    keywords = tuple((name, Var(name)) for name in rule.params[after:])
    count = _returned(rule.derivative)
    results = tuple(f"c{i}" for i in range(count)) if count > 1 else ("c",)
    body = (Let(results, rule.derivative, args, keywords),)
    return Program(_title(rule), (*lead, *rule.params), body, Return(tuple(map(Var, results)), count > 1))


def _returned(function: Callable[..., Any]) -> int:
    """How many cotangents a rule with branches returns: every `return` must agree."""
    tree = _syntax_tree(function)
    values = [node.value for node in gast.walk(tree) if isinstance(node, gast.Return)]
    counts = {len(value.elts) if isinstance(value, gast.Tuple) else 1 for value in values}
    if isinstance(tree, gast.Lambda):
        counts = {len(tree.body.elts) if isinstance(tree.body, gast.Tuple) else 1}
    if len(counts) != 1:
        raise RuleError(f"{function.__qualname__}: every return must give the same number of cotangents")
    return counts.pop()


def _syntax_tree(function: Callable[..., Any]) -> gast.FunctionDef | gast.Lambda:
    found = find(function) if isinstance(function, FunctionType) else Missing.NO_SOURCE
    if isinstance(found, Missing):
        raise RuleError(
            f"the source of the rule {function.__qualname__} cannot be read (it was typed at a prompt, "
            "made by exec, or edited after its import): put it in a file, and import it"
        )
    tree: Any = gast.ast_to_gast(found.tree)
    return tree


def slice_of(rule: Rule, needs: tuple[bool, ...], fits: tuple[int, ...]) -> Pullback:
    program = derivative_program(rule)
    body = list(straight(program.body))
    names = Names([*program.params, "g", *(t for s in body for t in s.targets)])

    def let(hint: str, op: Callable[..., Any], *args: Atom) -> Var:
        name = names.fresh(hint)
        body.append(Let((name,), op, args))
        return Var(name)

    several = sum(1 for name in program.exit.values if name != Const(None)) > 1
    results: list[Atom] = []
    for name, needed, value, fit in zip(rule.params, needs, program.exit.values, fits, strict=False):
        if not needed:
            continue
        if value == Const(None):
            raise RuleError(f"{rule.name} has no derivative with respect to {name}")
        cotangent = _times(let, Var("g"), value, program) if rule.kind == "elementwise" else value
        broadcasts = fit != EXACT or (several and rule.kind != "elementwise")
        if name not in rule.lists and broadcasts and not rule.shaped:
            cotangent = let("c", unbroadcast, cotangent, let("shape", np.shape, Var(name)))
        if name not in rule.lists and fit == CAST:
            cotangent = let("c", as_dtype, cotangent, let("dtype", dtype_of, Var(name)))
        results.append(cotangent)
    params = program.params if program.params[0] == "g" else ("g", *program.params)
    exit_ = Return(tuple(results), as_tuple=len(results) != 1)
    whole = Program(f"{_title(rule)}_pullback", params, tuple(body), exit_)
    return _with_residuals(share(drop_dead(whole)), rule, ("g",), needs)


def sum_of_products(rule: Rule, needs: tuple[bool, ...]) -> Pullback:
    program = derivative_program(rule)
    body = list(straight(program.body))
    names = Names([*program.params, *(t for s in body for t in s.targets)])

    def let(hint: str, op: Callable[..., Any], *args: Atom) -> Var:
        name = names.fresh(hint)
        body.append(Let((name,), op, args))
        return Var(name)

    tangents = {
        name: names.fresh(f"t_{name}") for name, needed in zip(rule.params, needs, strict=True) if needed
    }
    total: Atom | None = None
    for name, value in zip(rule.params, program.exit.values, strict=False):
        if name in tangents and value != Const(None):
            term = _times(let, Var(tangents[name]), value, program)
            total = term if total is None else let("t", operator.add, total, term)
    lead = tuple(tangents.values())
    exit_ = Return((Const(0.0) if total is None else total,))
    whole = Program(f"{_title(rule)}_pushforward", (*lead, *program.params), tuple(body), exit_)
    return _with_residuals(share(drop_dead(whole)), rule, lead, needs)


def _times(let: Callable[..., Var], g: Atom, partial: Atom, program: Program) -> Atom:
    """`g * partial`, without the multiplications that a person would not write: 1, 0, -1, 1 / y, -e.

    A choice with a constant chooses from `g`: inf in a cotangent of what was not chosen must not become nan.
    """
    if isinstance(partial, Const):
        if partial.value == 1.0:
            return g
        if partial.value == 0.0:
            return let("c", np.zeros_like, g)
        if partial.value == -1.0:
            return let("c", operator.neg, g)
        return let("c", operator.mul, g, partial)
    made = next((s for s in straight(program.body) if s.targets == (partial.name,)), None)
    args = [] if made is None else [arg for arg in made.args if not isinstance(arg, Star)]
    if made is not None and made.op in (operator.truediv, np.true_divide) and args[0] == Const(1.0):
        return let("c", made.op, g, args[1])
    if made is not None and made.op is operator.neg and isinstance(args[0], Var):
        return let("c", operator.neg, _times(let, g, args[0], program))
    if made is not None and made.op is np.where and any(isinstance(arg, Const) for arg in args[1:]):
        condition, *choices = args
        chosen = [choice if choice == Const(0.0) else _times(let, g, choice, program) for choice in choices]
        return let("c", np.where, condition, *chosen)
    return let("c", operator.mul, g, partial)


def _with_residuals(program: Program, rule: Rule, lead: tuple[str, ...], needs: tuple[bool, ...]) -> Pullback:
    """Cut the parameters to what is read; of what only a shape or dtype is read, only that is kept."""
    positions = {name: position for position, name in enumerate(rule.params)} | {"out": OUT}
    residuals: dict[str, Residual] = {}
    others: dict[str, Var] = {}
    body: list[Let] = []
    for statement in straight(program.body):
        source = statement.args[0] if statement.args else None
        if _reads_shape_only(statement) and isinstance(source, Var) and source.name in positions:
            how = statement.op
            name = next(
                (r.name for r in residuals.values() if (r.position, r.of) == (positions[source.name], how)),
                None,
            )
            if name is None:
                name = f"{source.name}_{how.__name__.removesuffix('_of')}"
                residuals[name] = Residual(name, positions[source.name], how)
            others[statement.targets[0]] = Var(name)
        else:
            body.append(rename(statement, others))
    exit_ = replace(program.exit, values=tuple([renamed(value, others) for value in program.exit.values]))
    used = {name for s in (*body, exit_) for name in reads(s)}
    for name in program.params:
        if name in used and name in positions:
            residuals[name] = Residual(name, positions[name])
    ordered = tuple(
        sorted(residuals.values(), key=lambda r: (r.of is not None, r.position == OUT, r.position))
    )
    cut = Program(program.name, (*lead, *(r.name for r in ordered)), tuple(body), exit_)
    return Pullback(check(cut), ordered, needs)


def _title(rule: Rule) -> str:
    """What generated functions are called after it: a primitive may be a lambda."""
    return rule.name if rule.name.isidentifier() else "primitive"


def _reads_shape_only(statement: Let | Return) -> bool:
    return isinstance(statement, Let) and statement.op in SHAPE_ONLY
