"""Leave out arithmetic that changes nothing: neither shape nor dtype nor nan nor the sign of zero."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Atom, Const, Let, Program
from tapeless.source.facts import Fact
from tapeless.source.simplify.known import Known, computed, copied, plain_arguments, rewrite


def use_identities(program: Program, facts: dict[str, Fact]) -> Program:
    """Leave out arithmetic that changes nothing: neither shape nor dtype nor nan nor the sign of zero.

    a = 1.0 * np.cos(x)        a = np.cos(x)       x: float64
    b = a + -y            =>   b = a - y
    return b / -1.0            return -b

    `x + 0.0` is not x where x is -0.0, nor is `x * 0.0` zero; and of complex numbers `1.0 * x` is not x where
    a part is infinite.
    """
    known = Known(program, facts)

    def change(statement: Let) -> Sequence[Let] | None:
        rule = _RULES.get(id(statement.op))
        args = plain_arguments(statement)
        if rule is None or args is None or len(statement.targets) != 1 or statement.effect:
            return None
        return rule(known, statement, args)

    return rewrite(program, change)


Change = Callable[[Known, Let, tuple[Atom, ...]], Sequence[Let] | None]


def _is_number(atom: Atom, value: float) -> bool:
    return isinstance(atom, Const) and type(atom.value) in (int, float) and atom.value == value


def _is_real(known: Known, statement: Let, x: Atom) -> bool:
    """Whether x is floating point, and Python's operator or NumPy's function leaves it what it is."""
    fact = known.fact(x)
    is_weak_twice = fact.weak is not False and isinstance(statement.op, np.ufunc)
    return fact.dtype is not None and fact.dtype.kind == "f" and not is_weak_twice


def _become(known: Known, statement: Let, x: Atom) -> Sequence[Let] | None:
    """The statement's name as another one for x; a copy where they must stay apart."""
    if known.may_be_one(statement.targets[0], x):
        return copied(statement, x)
    return computed(statement, np.copy, x) if known.fact(x).kind == "array" else None


def _multiply(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    for factor, x in (args, args[::-1]):
        if _is_number(factor, 1.0) and _is_real(known, statement, x):
            return _become(known, statement, x)
        if _is_number(factor, -1.0) and _is_real(known, statement, x):
            return computed(statement, operator.neg, x)
    return None


def _divide(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    x, divisor = args
    if not _is_real(known, statement, x):
        return None
    if _is_number(divisor, 1.0):
        return _become(known, statement, x)
    return computed(statement, operator.neg, x) if _is_number(divisor, -1.0) else None


def _subtract(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    x, other = args
    is_zero = isinstance(other, Const) and repr(other.value) in ("0", "0.0")
    if is_zero and _is_real(known, statement, x):
        return _become(known, statement, x)
    negated = _negated(known, other)
    if negated is None or not _are_inexact(known, args):
        return None
    return computed(statement, operator.add, x, negated)


def _add(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    if not _are_inexact(known, args):
        return None
    for x, other in (args, args[::-1]):
        negated = _negated(known, other)
        if negated is not None:
            return computed(statement, operator.sub, x, negated)
    return None


def _power(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    x, exponent = args
    is_same = _is_number(exponent, 1.0) and _is_real(known, statement, x)
    return _become(known, statement, x) if is_same else None


def _negative(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    (x,) = args
    inner = _negated(known, x)
    fact = known.fact(x)
    if inner is None or fact.dtype is None or fact.dtype.kind not in "fic":
        return None
    return _become(known, statement, inner)


def _positive(known: Known, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
    (x,) = args
    return _become(known, statement, x) if _is_real(known, statement, x) else None


def _are_inexact(known: Known, args: tuple[Atom, ...]) -> bool:
    dtypes = [known.fact(arg).dtype for arg in args]
    return all([dtype is not None and dtype.kind in "fc" for dtype in dtypes])


def _negated(known: Known, atom: Atom) -> Atom | None:
    """What an atom is the negative of, still, and nobody else reads the negative."""
    maker = known.maker(atom)
    if maker is None or maker.op not in (operator.neg, np.negative) or known.uses[maker.targets[0]] > 1:
        return None
    args = plain_arguments(maker)
    return args[0] if args is not None and len(args) == 1 and known.is_steady(args[0]) else None


_RULES: Mapping[Any, Change] = {
    id(op): rule
    for ops, rule in (
        ((operator.mul, np.multiply), _multiply),
        ((operator.truediv, np.true_divide), _divide),
        ((operator.sub, np.subtract), _subtract),
        ((operator.add, np.add), _add),
        ((operator.pow, np.power), _power),
        ((operator.neg, np.negative), _negative),
        ((operator.pos, np.positive), _positive),
    )
    for op in ops
}
