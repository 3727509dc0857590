"""The tangent of one call, from the rule of its function.

elementwise: the sum of tangents times partials       linear: the function itself on each tangent in turn
general: what @forward_rule says, else the transpose of the transpose
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.passes import drop_dead
from tapeless.ir.program import (
    Argument,
    Atom,
    Const,
    Let,
    Program,
    Star,
    Var,
    build_list,
    build_tuple,
    reads,
)
from tapeless.ir.renaming import rename
from tapeless.rules import table
from tapeless.rules.einsum import einsum_to
from tapeless.rules.joining import unarray, unblock
from tapeless.rules.lists import added
from tapeless.rules.pullback import (
    OUT,
    Pullback,
    pullback,
    pushforward,
)
from tapeless.rules.slices import derivative_program, forward_program
from tapeless.rules.table import Rule
from tapeless.source.analyse.storage import base_name
from tapeless.source.facts import Fact, broadcast
from tapeless.source.forward.arguments import (
    as_argument,
    bound_to,
    deliver,
    fitted,
    needed,
    result_of,
    tangent_of,
    value_of,
)
from tapeless.source.forward.work import Work, tangent_fact
from tapeless.source.reverse import reverse
from tapeless.source.reverse.pullbacks import label, rule_of

# Linear in each operand for itself, which are several in one parameter.
MULTILINEAR = (np.einsum, einsum_to, np.linalg.multi_dot)


def through_rule(work: Work, let: Let) -> None:
    """Write the tangents of what a call gives."""
    rule = rule_of(let)
    if rule is None and _is_transpose(work, let):
        args = [work.spread(let.args[0]), *let.args[1:]]
        names = tuple([work.tangent_name(name) for name in let.targets])
        work.out.append(Let(names, let.op, tuple(args), let.kwargs, line=let.line))
        work.tangents.update(zip(let.targets, map(Var, names), strict=True))
        return
    if rule is None:
        raise work.refuse(f"no derivative rule for {label(let.op)}{_first_active(work, let)}")
    bound = bound_to(work, let, rule)
    needs = needed(work, let, rule, bound)
    if not any(needs):
        deliver(work, let, tuple([work.zero(Var(name)) for name in let.targets]))
    elif rule.function in MULTILINEAR:
        deliver(work, let, (_multilinear(work, let, rule, bound),))
    elif rule.kind == "linear":
        _linear(work, let, rule, needs)
    elif rule.pushforward is not None:
        deliver(work, let, _by_forward_rule(work, let, rule, bound))
    elif rule.kind == "elementwise":
        found = _sum_of_products(work, let, rule, bound, needs)
        deliver(work, let, (found,), _covers(work, bound, needs), is_number=True)
    else:
        deliver(work, let, (_transposed(work, let, rule, bound, needs),))


def _is_transpose(work: Work, let: Let) -> bool:
    """Whether a rule is called that is linear in its cotangent, of which all that varies here is a part."""
    if let.op in (unarray, unblock):
        return True
    rule = next((rule for rule in table.rules() if rule.derivative is let.op), None)
    if rule is None or rule.kind not in ("linear", "general"):
        return False
    others = [*let.args[1:], *(atom for _, atom in let.kwargs)]
    inputs = [value for value in derivative_program(rule).exit.values if value != Const(None)]
    is_linear_in_one = rule.kind == "linear" and len(inputs) == 1  # the input's value is no matter
    return is_linear_in_one or not any(work.carries(atom) for atom in others)


def _first_active(work: Work, let: Let) -> str:
    for argument in let.args:
        atom = argument.value if isinstance(argument, Star) else argument
        if isinstance(atom, Var) and work.carries(atom):
            return f" (argument {atom.name!r})"
    return ""


# Elementwise ------------------------------------------------------------------------------------------


def _sum_of_products(
    work: Work, let: Let, rule: Rule, bound: tuple[Any, ...], needs: tuple[bool, ...]
) -> Atom:
    cut = pushforward(rule, needs)
    names: dict[str, Atom] = {}
    positions = [position for position, need in enumerate(needs) if need]
    for param, position in zip(cut.program.params, positions, strict=False):
        names[param] = tangent_of(work, bound[position])
    _keep(work, let, rule, cut, bound, names)
    (found,) = _inlined(work, let, cut.program, names)
    return found


def _keep(
    work: Work, let: Let, rule: Rule, cut: Pullback, bound: tuple[Any, ...], names: dict[str, Atom]
) -> None:
    """The values of what a slice of a rule reads."""
    for residual in cut.residuals:
        place = residual.position
        atom = result_of(work, let) if place == OUT else value_of(work, bound[place])
        if residual.of is None:
            names[residual.name] = atom
        elif isinstance(atom, Const):
            names[residual.name] = Const(residual.of(atom.value))
        else:
            names[residual.name] = work.let(residual.name, residual.of, atom)


def _covers(work: Work, bound: tuple[Any, ...], needs: tuple[bool, ...]) -> bool:
    """Whether the inputs that vary, broadcast against each other, have the shape of the result."""
    others = [_fact_of(work, value) for value, need in zip(bound, needs, strict=True) if not need]
    if all(fact.dims == () for fact in others):
        return True
    dims: Any = ()
    for value, need in zip(bound, needs, strict=True):
        if need:
            dims = broadcast(dims, _fact_of(work, value).dims)
    return dims is not None and all(
        fact.dims is not None and broadcast(dims, fact.dims) == dims for fact in others
    )


def _fact_of(work: Work, value: Any) -> Fact:
    if isinstance(value, Var):
        return work.fact(value)
    return Fact("array", dims=np.shape(value)) if isinstance(value, np.ndarray) else Fact("scalar", dims=())


def _inlined(work: Work, let: Let, program: Program, names: dict[str, Atom]) -> tuple[Atom, ...]:
    """The statements of a rule under new names; what it returns."""
    last = program.exit.values[0] if len(program.exit.values) == 1 else None
    for statement in program.body:
        assert isinstance(statement, Let)
        renamed = rename(statement, names)
        targets = []
        for target in statement.targets:
            wanted = "t" + base_name(let.targets[0]) if Var(target) == last else target
            new = work.fresh(wanted if target not in ("c", "t") or wanted != target else "t")
            names[target] = Var(new)
            targets.append(new)
        made = replace(renamed, targets=tuple(targets), line=let.line)
        work.out.append(made)
        work.learn(made)
    return tuple([names[v.name] if isinstance(v, Var) else v for v in program.exit.values])


# Linear -----------------------------------------------------------------------------------------------


def _linear(work: Work, let: Let, rule: Rule, needs: tuple[bool, ...]) -> None:
    """The function itself on each tangent in turn, summed."""
    slots, keywords = _slots(rule, let)
    terms: list[tuple[Atom, ...]] = []
    for position in [position for position, need in enumerate(needs) if need]:
        args = [
            work.spread(arg) if slot == position else arg for arg, slot in zip(let.args, slots, strict=True)
        ]
        kwargs = [
            (name, work.tangent(atom)) if keywords[name] == position else (name, atom)
            for name, atom in let.kwargs
        ]
        names = tuple([work.tangent_name(name) for name in let.targets])
        work.out.append(Let(names, let.op, tuple(args), tuple(kwargs), line=let.line))
        terms.append(tuple(map(Var, names)))
    total = functools.reduce(lambda a, b: _sum(work, let, a, b), terms)
    for name, atom in zip(let.targets, total, strict=True):
        if work.carries(name):
            work.tangents[name] = fitted(work, name, atom) if not work.is_plain else atom


def _sum(work: Work, let: Let, a: tuple[Atom, ...], b: tuple[Atom, ...]) -> tuple[Atom, ...]:
    found = []
    for name, x, y in zip(let.targets, a, b, strict=True):
        fact = work.fact(name)
        op = operator.add if fact.kind in ("scalar", "array", "numeric") else added
        found.append(work.let("t" + base_name(name), op, x, y, fact=tangent_fact(fact)))
    return tuple(found)


def _slots(rule: Rule, let: Let) -> tuple[list[int], dict[str, int]]:
    """The parameter of a rule that each argument of a call is for; -1 for what it does not know."""
    if rule.star is not None:
        lead = rule.params.index(rule.star)
        slots = [min(place, lead) for place in range(len(let.args))]
        return slots, {name: rule.params.index(name) for name, _ in let.kwargs if name in rule.params}
    marks = [
        Var(f"#{place}") if not isinstance(arg, Const) else arg.value for place, arg in enumerate(let.args)
    ]
    keywords = {n: Var(f"#{n}") if isinstance(a, Var) else a.value for n, a in let.kwargs}
    bound = rule.bind(tuple(marks), keywords)
    where = {value.name: position for position, value in enumerate(bound) if isinstance(value, Var)}
    return (
        [where.get(f"#{place}", -1) for place in range(len(let.args))],
        {name: where.get(f"#{name}", -1) for name, _ in let.kwargs},
    )


def _multilinear(work: Work, let: Let, rule: Rule, bound: tuple[Any, ...]) -> Atom:
    """The function with each operand in turn replaced by its tangent, summed."""
    if rule.function is np.linalg.multi_dot:
        return _product(work, let, bound)
    position = rule.params.index(rule.star or "")
    operands = bound[position]
    if any(isinstance(item, Star) for item in operands):
        raise work.refuse("spreads a list of operands", "name each operand")
    lead = [as_argument(value) for value in bound[:position]]
    kwargs = tuple(
        [
            (name, Const(value))
            for name, value in zip(rule.params[position + 1 :], bound[position + 1 :], strict=True)
        ]
    )
    kwargs = tuple([(name, atom) for name, atom in kwargs if atom != Const(False)])
    terms = []
    for place, operand in enumerate(operands):
        if isinstance(operand, Var) and work.carries(operand):
            args = [as_argument(item) for item in operands]
            args[place] = work.tangent(operand)
            terms.append(_term(work, let, let.op, [*lead, *args], kwargs))
    return functools.reduce(lambda a, b: _sum(work, let, (a,), (b,))[0], terms)


def _product(work: Work, let: Let, bound: tuple[Any, ...]) -> Atom:
    (matrices,) = bound
    made = work.outline.definition.get(matrices.name) if isinstance(matrices, Var) else None
    if not isinstance(made, Let) or made.op not in (build_list, build_tuple) or _has_star(made):
        raise work.refuse("multiplies a list of matrices whose length is not known", "name each of them")
    if work.aliases.is_ever_written(matrices.name):
        raise work.refuse("multiplies a list of matrices that is written into", "build a new list")
    terms = []
    for place, operand in enumerate(made.args):
        if work.carries(operand):
            args = [*made.args[:place], work.spread(operand), *made.args[place + 1 :]]
            factors = work.let("factors", made.op, *args)
            terms.append(_term(work, let, let.op, [factors], ()))
    return functools.reduce(lambda a, b: _sum(work, let, (a,), (b,))[0], terms)


def _has_star(let: Let) -> bool:
    return any(isinstance(arg, Star) for arg in let.args)


def _term(
    work: Work,
    let: Let,
    op: Callable[..., Any],
    args: Sequence[Argument],
    kwargs: tuple[tuple[str, Atom], ...],
) -> Var:
    name = let.targets[0]
    return work.let("t" + base_name(name), op, *args, kwargs=kwargs, fact=tangent_fact(work.fact(name)))


# General ----------------------------------------------------------------------------------------------


def _by_forward_rule(work: Work, let: Let, rule: Rule, bound: tuple[Any, ...]) -> tuple[Atom, ...]:
    """What the author of the rule wrote, inlined."""
    program = forward_program(rule)
    lead = program.params[: len(program.params) - len(rule.params) - 1]
    used = {name for statement in (*program.body, program.exit) for name in reads(statement)}
    names: dict[str, Atom] = {}
    for param, value in zip(lead, bound, strict=False):
        if param in used:
            names[param] = tangent_of(work, value)
    for param, value in zip(program.params[len(lead) + 1 :], bound, strict=True):
        if param in used:
            names[param] = value_of(work, value)
    out = program.params[len(lead)]
    if out in used:
        names[out] = result_of(work, let)
    return _inlined(work, let, program, names)


def _transposed(work: Work, let: Let, rule: Rule, bound: tuple[Any, ...], needs: tuple[bool, ...]) -> Atom:
    """A pullback is linear in its cotangent: transposed again, it is the pushforward."""
    total: Atom | None = None
    for position in [position for position, need in enumerate(needs) if need]:
        count = len(derivative_program(rule).exit.values)
        alone = tuple([place == position for place in range(count)])
        cut = pullback(rule, alone, True)
        facts = {"g": work.fact(let.targets[0])}
        names: dict[str, Atom] = {}
        _keep(work, let, rule, cut, bound, names)
        facts.update({name: work.fact(atom) for name, atom in names.items() if isinstance(atom, Var)})
        joint, _ = reverse(cut.program, facts, ("g",), seed=None)
        joint = drop_dead(joint)
        if len(let.targets) != 1 or not all(isinstance(statement, Let) for statement in joint.body):
            raise work.refuse(f"no forward derivative rule for {label(let.op)}")
        names["g"] = result_of(work, let)  # of which the shape alone is read
        names[joint.params[-1]] = tangent_of(work, bound[position])
        (term,) = _inlined(work, let, joint, names)
        total = term if total is None else _sum(work, let, (total,), (term,))[0]
    assert total is not None
    return total
