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

from tapeless.errors import MissingRuleError
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
    same,
)
from tapeless.ir.renaming import rename
from tapeless.rules import table
from tapeless.rules.einsum import einsum_to
from tapeless.rules.joining import unarray, unblock
from tapeless.rules.lists import added
from tapeless.rules.pullback import (
    OUT,
    Pullback,
    derivative_program,
    forward_program,
    pullback,
    pushforward,
)
from tapeless.rules.support import as_dtype, dtype_of
from tapeless.rules.table import Rule
from tapeless.source.analyse.activity import carries_no_derivative
from tapeless.source.analyse.storage import base_name
from tapeless.source.facts import UNKNOWN, Fact, broadcast
from tapeless.source.forward.work import Work, tangent_fact
from tapeless.source.reverse import reverse
from tapeless.source.reverse.pullbacks import label, rule_of

# Linear in each operand for itself, which are several in one parameter.
MULTILINEAR = (np.einsum, einsum_to, np.linalg.multi_dot)
ZERO = Const(0.0)


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
    bound = _bound(work, let, rule)
    needs = _needs(work, let, rule, bound)
    if not any(needs):
        _deliver(work, let, tuple([work.zero(Var(name)) for name in let.targets]))
    elif rule.function in MULTILINEAR:
        _deliver(work, let, (_multilinear(work, let, rule, bound),))
    elif rule.kind == "linear":
        _linear(work, let, rule, needs)
    elif rule.pushforward is not None:
        _deliver(work, let, _by_forward_rule(work, let, rule, bound))
    elif rule.kind == "elementwise":
        _deliver(work, let, (_sum_of_products(work, let, rule, bound, needs),), _covers(work, bound, needs))
    else:
        _deliver(work, let, (_transposed(work, let, rule, bound, needs),))


@functools.cache
def _rules_by_derivative() -> dict[Any, Rule]:
    return {rule.derivative: rule for rule in table.rules()}


def _is_transpose(work: Work, let: Let) -> bool:
    """Whether a rule is called that is linear in its cotangent, of which all that varies here is a part."""
    if let.op in (unarray, unblock):
        return True
    rule = _rules_by_derivative().get(let.op)
    if rule is None or rule.kind not in ("linear", "general"):
        return False
    others = [*let.args[1:], *(atom for _, atom in let.kwargs)]
    return rule.kind == "linear" or not any(work.carries(atom) for atom in others)


def _first_active(work: Work, let: Let) -> str:
    for argument in let.args:
        atom = argument.value if isinstance(argument, Star) else argument
        if isinstance(atom, Var) and work.carries(atom):
            return f" (argument {atom.name!r})"
    return ""


# Arguments --------------------------------------------------------------------------------------------


def _bound(work: Work, let: Let, rule: Rule) -> tuple[Any, ...]:
    args = tuple([arg.value if isinstance(arg, Const) else arg for arg in let.args])
    kwargs = {name: atom.value if isinstance(atom, Const) else atom for name, atom in let.kwargs}
    try:
        return rule.bind(args, kwargs)
    except MissingRuleError as error:
        raise work.refuse(str(error)) from error


def _varies(work: Work, value: Any) -> bool:
    if isinstance(value, tuple):
        return any([_varies(work, item) for item in value])
    return isinstance(value, Var | Star) and work.carries(value)


def _needs(work: Work, let: Let, rule: Rule, bound: tuple[Any, ...]) -> tuple[bool, ...]:
    """Which arguments have tangents that matter; a refusal where the rule knows none."""
    values = derivative_program(rule).exit.values
    needs = []
    for position, value in enumerate(bound):
        wanted = _varies(work, value)
        missing = position >= len(values) or values[position] == Const(None)
        if wanted and missing and not _is_flat(work, value, position >= len(values)):
            what = f"no derivative rule for {label(let.op)} (argument {rule.params[position]!r})"
            raise work.refuse(what)
        needs.append(wanted and not missing)
    return tuple(needs)


def _is_flat(work: Work, value: Any, is_unknown: bool) -> bool:
    """Whether nothing can flow through an argument for which a rule has no cotangent."""
    fact = work.fact(value) if isinstance(value, Var) else UNKNOWN
    return not is_unknown and (fact.dtype is None or carries_no_derivative(fact))


def _atom(work: Work, value: Any, is_list: bool = False) -> Atom:
    """A bound argument as one value: an array where a list stands for one."""
    if isinstance(value, Var):
        return _as_array(work, value, value, is_list)
    if isinstance(value, tuple) and any(isinstance(item, Var | Star) for item in value):
        return work.let("t", build_tuple, *[_argument(item) for item in value])
    return Const(value)


def _argument(value: Any) -> Argument:
    return value if isinstance(value, Var | Star) else Const(value)


def _as_array(work: Work, value: Var, atom: Atom, is_list: bool) -> Atom:
    if is_list or work.fact(value).kind not in ("list", "tuple") or not work.carries(value):
        return atom
    return work.let("t", np.asarray, atom)


def _tangent(work: Work, value: Any, is_list: bool = False) -> Atom:
    """The tangent of a bound argument."""
    if isinstance(value, tuple) and any(isinstance(item, Var | Star) for item in value):
        return work.let("t", build_tuple, *[work.spread(_argument(item)) for item in value])
    if isinstance(value, Var):
        return _as_array(work, value, work.tangent(value), is_list)
    return Const(None) if value is None else work.zero(Const(value))


def _result(work: Work, let: Let) -> Atom:
    """What the call gave."""
    if len(let.targets) == 1:
        return Var(let.targets[0])
    return work.let("out", build_tuple, *map(Var, let.targets))


# Results ----------------------------------------------------------------------------------------------


def _deliver(work: Work, let: Let, found: Sequence[Atom], covers: bool = True) -> None:
    """Tangents of the targets: as they are, packed where there is one target, unpacked where several."""
    if len(let.targets) == 1 and len(found) != 1:
        found = (work.let("t", build_tuple, *found),)
    elif len(let.targets) > len(found):
        names = tuple([work.tangent_name(name) for name in let.targets])
        work.out.append(Let(names, same, (found[0],), line=let.line))
        found = tuple(map(Var, names))
    for name, atom in zip(let.targets, found, strict=True):
        if work.carries(name):
            work.tangents[name] = _owned(work, name, let, _fitted(work, name, atom, covers))


def _fitted(work: Work, name: str, atom: Atom, covers: bool = True) -> Atom:
    """A tangent in the shape and dtype of its primal."""
    fact = work.fact(name)
    if atom == ZERO and fact.kind != "scalar":
        return work.zero(Var(name))
    own = work.fact(atom) if isinstance(atom, Var) else UNKNOWN
    if not covers and not (fact.kind == "scalar" or (own.dims is not None and own.dims == fact.dims)):
        shape = work.shape(Var(name))
        atom = work.let("t" + base_name(name), np.broadcast_to, atom, shape, fact=tangent_fact(fact))
    if work.is_plain or fact.kind not in ("scalar", "array", "numeric", "object"):
        return atom
    certain = own.dtype is not None and own.dtype == fact.dtype and own.kind == "array" == fact.kind
    if not certain:
        dtype = work.let(base_name(name) + "_dtype", dtype_of, Var(name))
        atom = work.let(
            "t" + base_name(name), as_dtype, _as_numpy(work, atom), dtype, fact=tangent_fact(fact)
        )
    return atom


def _as_numpy(work: Work, atom: Atom) -> Atom:
    """A Python number has no dtype to change."""
    fact = work.fact(atom) if isinstance(atom, Var) else UNKNOWN
    return atom if fact.kind == "array" else work.let("t", np.asarray, atom)


def _owned(work: Work, name: str, let: Let, atom: Atom) -> Atom:
    """A tangent that is written into, or that what it is made of is, in memory of its own, laid out alike."""
    if work.fact(name).kind == "scalar" or not isinstance(atom, Var):
        return atom
    fact = tangent_fact(work.fact(name))
    if work.aliases.is_ever_written(name):
        if work.is_fresh(atom) and not work.reshapes:
            return atom
        own = work.let("t" + base_name(name), np.zeros_like, Var(name), fact=fact)
        work.run(operator.setitem, own, Const(Ellipsis), atom)
        return own
    sources = [arg for arg in let.args if isinstance(arg, Var) and work.carries(arg)]
    if not work.is_fresh(atom) and any(work.aliases.is_ever_written(arg.name) for arg in sources):
        return work.let("t" + base_name(name), np.copy, atom, fact=fact)
    return atom


# Elementwise ------------------------------------------------------------------------------------------


def _sum_of_products(
    work: Work, let: Let, rule: Rule, bound: tuple[Any, ...], needs: tuple[bool, ...]
) -> Atom:
    cut = pushforward(rule, needs)
    names: dict[str, Atom] = {}
    positions = [position for position, need in enumerate(needs) if need]
    for param, position in zip(cut.program.params, positions, strict=False):
        names[param] = _tangent(work, bound[position])
    _keep(work, let, rule, cut, bound, names)
    (found,) = _inlined(work, let, cut.program, names)
    return found


def _keep(
    work: Work, let: Let, rule: Rule, cut: Pullback, bound: tuple[Any, ...], names: dict[str, Atom]
) -> None:
    """The values of what a slice of a rule reads."""
    for residual in cut.residuals:
        place = residual.position
        is_list = place != OUT and rule.params[place] in rule.lists
        atom = _result(work, let) if place == OUT else _atom(work, bound[place], is_list)
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
            work.tangents[name] = _fitted(work, name, atom) if not work.is_plain else atom


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
    lead = [_argument(value) for value in bound[:position]]
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
            args = [_argument(item) for item in operands]
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
    for param, value, own in zip(lead, bound, rule.params, strict=False):
        if param in used:
            names[param] = _tangent(work, value, own in rule.lists)
    for param, value in zip(program.params[len(lead) + 1 :], bound, strict=True):
        if param in used:
            names[param] = _atom(work, value, param in rule.lists)
    out = program.params[len(lead)]
    if out in used:
        names[out] = _result(work, let)
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
        names["g"] = _result(work, let)  # of which the shape alone is read
        names[joint.params[-1]] = _tangent(work, bound[position], rule.params[position] in rule.lists)
        (term,) = _inlined(work, let, joint, names)
        total = term if total is None else _sum(work, let, (total,), (term,))[0]
    assert total is not None
    return total
