"""The arguments of a call as its rule sees them, their tangents, and where the tangent of the result goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.ir.program import Argument, Atom, Const, Let, Star, Var, build_tuple, same
from tapeless.rules.slices import derivative_program
from tapeless.rules.support import as_dtype, dtype_of
from tapeless.rules.table import Rule
from tapeless.source.analyse.activity import carries_no_derivative
from tapeless.source.analyse.storage import base_name
from tapeless.source.facts import NUMERIC, UNKNOWN
from tapeless.source.forward.work import Work, tangent_fact
from tapeless.source.reverse.pullbacks import label

# Arguments --------------------------------------------------------------------------------------------


def bound_to(work: Work, let: Let, rule: Rule) -> tuple[Any, ...]:
    args = tuple([arg.value if isinstance(arg, Const) else arg for arg in let.args])
    kwargs = {name: atom.value if isinstance(atom, Const) else atom for name, atom in let.kwargs}
    try:
        return rule.bind(args, kwargs)
    except MissingRuleError as error:
        raise work.refuse(str(error)) from error


def varies(work: Work, value: Any) -> bool:
    if isinstance(value, tuple):
        return any([varies(work, item) for item in value])
    return isinstance(value, Var | Star) and work.carries(value)


def needed(work: Work, let: Let, rule: Rule, bound: tuple[Any, ...]) -> tuple[bool, ...]:
    """Which arguments have tangents that matter; a refusal where the rule knows none."""
    values = derivative_program(rule).exit.values
    needs = []
    for position, value in enumerate(bound):
        wanted = varies(work, value)
        missing = position >= len(values) or values[position] == Const(None)
        flat = rule.params[position] in rule.constants or _is_flat(work, value, position >= len(values))
        if wanted and missing and not flat:
            what = f"no derivative rule for {label(let.op)} (argument {rule.params[position]!r})"
            raise work.refuse(what)
        needs.append(wanted and not missing)
    return tuple(needs)


def _is_flat(work: Work, value: Any, is_unknown: bool) -> bool:
    """Whether nothing can flow through an argument for which a rule has no cotangent."""
    return not is_unknown and isinstance(value, Var) and carries_no_derivative(work.fact(value))


def value_of(work: Work, value: Any) -> Atom:
    """A bound argument as one value."""
    if isinstance(value, Var):
        return value
    if isinstance(value, tuple) and any(isinstance(item, Var | Star) for item in value):
        return work.let("t", build_tuple, *[as_argument(item) for item in value])
    return Const(value)


def as_argument(value: Any) -> Argument:
    return value if isinstance(value, Var | Star) else Const(value)


def tangent_of(work: Work, value: Any) -> Atom:
    """The tangent of a bound argument."""
    if isinstance(value, tuple) and any(isinstance(item, Var | Star) for item in value):
        return work.let("t", build_tuple, *[work.spread(as_argument(item)) for item in value])
    if isinstance(value, Var):
        return work.tangent(value)
    return Const(None) if value is None else work.zero(Const(value))


def result_of(work: Work, let: Let) -> Atom:
    """What the call gave."""
    if len(let.targets) == 1:
        return Var(let.targets[0])
    return work.let("out", build_tuple, *map(Var, let.targets))


# Results ----------------------------------------------------------------------------------------------


def deliver(
    work: Work, let: Let, found: Sequence[Atom], covers: bool = True, is_number: bool = False
) -> None:
    """Tangents of the targets: as they are, packed where there is one target, unpacked where several."""
    if len(let.targets) == 1 and len(found) != 1:
        found = (work.let("t", build_tuple, *found),)
    elif len(let.targets) > len(found):
        names = tuple([work.tangent_name(name) for name in let.targets])
        work.out.append(Let(names, same, (found[0],), line=let.line))
        found = tuple(map(Var, names))
    for name, atom in zip(let.targets, found, strict=True):
        if work.carries(name):
            work.tangents[name] = _owned(work, name, let, fitted(work, name, atom, covers, is_number))
            _describe(work, name)


def _describe(work: Work, name: str) -> None:
    """A tangent has the shape and dtype of its primal, whatever it was computed by."""
    atom = work.tangents[name]
    own = work.fact(atom) if isinstance(atom, Var) else None
    if own is not None and isinstance(atom, Var) and (own.dims is None or own.dtype is None):
        work.facts[atom.name] = tangent_fact(work.fact(name))


def fitted(work: Work, name: str, atom: Atom, covers: bool = True, is_number: bool = False) -> Atom:
    """A tangent in the shape and dtype of its primal."""
    fact = work.fact(name)
    if _is_zero(atom) and fact.kind != "scalar":
        return work.zero(Var(name))
    own = work.fact(atom) if isinstance(atom, Var) else UNKNOWN
    if not covers and not (fact.kind == "scalar" or (own.dims is not None and own.dims == fact.dims)):
        shape = work.shape(Var(name))
        atom = work.let("t" + base_name(name), np.broadcast_to, atom, shape, fact=tangent_fact(fact))
    if work.is_plain or (fact.kind not in NUMERIC and not is_number):
        return atom
    certain = own.dtype is not None and own.dtype == fact.dtype and own.kind == "array" == fact.kind
    if not certain:
        dtype = work.let(base_name(name) + "_dtype", dtype_of, Var(name))
        atom = work.let(
            "t" + base_name(name), as_dtype, _as_numpy(work, atom), dtype, fact=tangent_fact(fact)
        )
    return atom


def _is_zero(atom: Atom) -> bool:
    return isinstance(atom, Const) and type(atom.value) is float and atom.value == 0.0


def _as_numpy(work: Work, atom: Atom) -> Atom:
    """A Python number has no dtype to change."""
    fact = work.fact(atom) if isinstance(atom, Var) else UNKNOWN
    return atom if fact.kind == "array" else work.let("t", np.asarray, atom)


def _owned(work: Work, name: str, let: Let, atom: Atom) -> Atom:
    """A tangent that is written into, or that what it is made of is, in memory of its own, laid out alike."""
    if work.fact(name).kind == "scalar" or not isinstance(atom, Var):
        return atom
    if work.aliases.is_ever_written(name):
        return atom if work.is_fresh(atom) and not work.reshapes else work.laid_out(name, atom)
    sources = [arg for arg in let.args if isinstance(arg, Var) and work.carries(arg)]
    if not work.is_fresh(atom) and any(work.aliases.is_ever_written(arg.name) for arg in sources):
        return work.let("t" + base_name(name), np.copy, atom, fact=tangent_fact(work.fact(name)))
    return atom
