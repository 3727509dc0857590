"""What the forward mode of one program knows: names, facts, tangents, and the statements written so far."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.names import Names
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Statement,
    Var,
    While,
    atoms,
    named,
    names_of,
    walk,
)
from tapeless.rules.lists import zeros_of
from tapeless.source.analyse.activity import activity
from tapeless.source.analyse.aliasing import aliasing
from tapeless.source.analyse.lending import note_shown
from tapeless.source.analyse.outline import distinct, outline
from tapeless.source.analyse.refusals import Refused
from tapeless.source.analyse.storage import base_name
from tapeless.source.expand import expanded, learn
from tapeless.source.facts import FLOAT, INT, UNKNOWN, Fact, join

PLAIN = (FLOAT, INT, np.dtype(np.bool_))
NUMBERS = (np.generic, complex)
LETTERS = (
    "e",
    "f",
    "g",
    "F",
    "D",
    "G",
    "f2",
    "f4",
    "f16",
    "c8",
    "c16",
    "c32",
)  # of dtypes, as NumPy reads them
NUMBER = Fact("scalar", FLOAT, ())
ZERO = Fact("scalar", FLOAT, (), weak=True)
RESHAPING = (np.reshape, np.ravel)


class Work:
    """One program on its way.

    `tangents` holds the tangent of each name that has one; `out` is the block in the making.
    """

    def __init__(self, program: Program, facts: Mapping[str, Fact], wrt: Iterable[str]) -> None:
        program, self.facts = expanded(program, facts)
        self.program = replace(program, body=distinct(program.body))
        self.wrt = tuple(wrt)
        self.names = Names(names_of(program))
        outputs = [atom.name for atom in program.exit.values[:1] if isinstance(atom, Var)]
        self.outline = outline(self.program)
        note_shown(self.program)
        self.aliases = aliasing(self.program, self.facts, self.outline)
        self.activity = activity(self.program, self.facts, self.aliases, self.wrt, outputs)
        self.carrying = _carrying(self.program, set(self.activity.active), self.outline.maybe_unbound)
        self.is_plain = all(map(_is_plain, self.facts.values())) and not _names_dtypes(self.program)
        self.reshapes = any(isinstance(s, Let) and s.op in RESHAPING for s in walk(self.program.body))
        self.tangents: dict[str, Atom] = {}
        self.forward: Any = None  # differentiates the programs of procedures
        self.out: list[Statement] = []
        self.statement: Statement | None = None

    def fact(self, atom: Argument | str | None) -> Fact:
        if isinstance(atom, Var):
            atom = atom.name
        return self.facts.get(atom, UNKNOWN) if isinstance(atom, str) else UNKNOWN

    def refuse(self, what: str, remedy: str = "") -> Refused:
        assert self.statement is not None
        return Refused(self.statement, what, remedy)

    # Writing statements -------------------------------------------------------------------------------

    @property
    def line(self) -> int:
        return self.statement.line if self.statement is not None else 0

    @contextmanager
    def block(self) -> Iterator[list[Statement]]:
        """What is written meanwhile goes to a block of its own."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    def fresh(self, wanted: str, fact: Fact = UNKNOWN) -> str:
        name = self.names.fresh(wanted)
        self.facts[name] = fact
        return name

    def tangent_name(self, primal: str) -> str:
        return self.fresh("t" + base_name(primal), tangent_fact(self.fact(primal)))

    def let(
        self,
        wanted: str,
        op: Callable[..., Any],
        *args: Argument,
        kwargs: tuple[tuple[str, Atom], ...] = (),
        fact: Fact | None = None,
    ) -> Var:
        """A statement, and the name of its result; `fact` where more is known than can be inferred."""
        name = self.names.fresh(wanted)
        let = Let((name,), op, args, kwargs, line=self.line)
        self.facts[name] = UNKNOWN if fact is None else fact
        self.out.append(let)
        if fact is None:
            self.learn(let)
        return Var(name)

    def run(self, op: Callable[..., Any], *args: Argument, kwargs: tuple[tuple[str, Atom], ...] = ()) -> None:
        """A statement that is run for what it writes."""
        self.out.append(Let((), op, args, kwargs, line=self.line, effect=True))

    def learn(self, let: Let) -> None:
        """Facts of what a statement defines, where there are none."""
        learn(let, self.facts)

    # Tangents -----------------------------------------------------------------------------------------

    def carries(self, argument: Argument | str | None) -> bool:
        """Whether a name has a tangent."""
        name = argument if isinstance(argument, str) else None if argument is None else named(argument)
        return name in self.carrying

    def tangent(self, argument: Argument) -> Atom:
        """The tangent of a value: zeros where it does not vary."""
        assert not isinstance(argument, Star)
        if isinstance(argument, Var) and argument.name in self.carrying:
            return self.tangents[argument.name]
        return self.zero(argument)

    def own_given(self, name: str) -> None:
        """What is given is never written into; a tangent that is written into is laid out as its primal."""
        if not self.carries(name) or self.fact(name).kind == "scalar":
            return
        if self.aliases.is_ever_written(name):
            self.tangents[name] = self.laid_out(name, self.tangents[name])

    def laid_out(self, name: str, tangent: Atom) -> Var:
        """A tangent in memory of its own, in the layout of its primal: views of both share it alike."""
        fact = tangent_fact(self.fact(name))
        own = self.let("t" + base_name(name), np.zeros_like, Var(name), fact=fact)
        self.run(operator.setitem, own, Const(Ellipsis), tangent)
        return own

    def spread(self, argument: Argument) -> Argument:
        """The tangent in the place of an argument, which may be spread over several."""
        if not isinstance(argument, Star):
            return self.tangent(argument)
        found = self.tangent(argument.value)
        return Star(found) if isinstance(found, Var) else Star(self.let("t", list, found))

    def zero(self, atom: Atom) -> Atom:
        """The tangent of what does not vary."""
        if isinstance(atom, Const):
            if is_undefined(atom) or atom.value is None:
                return atom
            if isinstance(atom.value, np.ndarray | list | tuple | dict):
                return self.let("t", zeros_of, atom)
            return Const(0.0)
        fact = self.fact(atom)
        if fact.kind == "scalar" and (self.is_plain or fact.weak):
            return Const(0.0)
        op = np.zeros_like if fact.kind == "array" and _is_float(fact) else zeros_of
        return self.let("t" + base_name(atom.name), op, atom, fact=tangent_fact(fact))

    def is_fresh(self, atom: Atom) -> bool:
        """Whether the last statement made a tangent as an array that nothing else knows."""
        last = self.out[-1] if self.out else None
        if not (isinstance(last, Let) and isinstance(atom, Var) and last.targets == (atom.name,)):
            return False
        return last.op in ARITHMETIC or isinstance(last.op, np.ufunc) or last.op in (np.zeros_like, np.copy)

    def shape(self, atom: Atom) -> Atom:
        if isinstance(atom, Const):
            return Const(np.shape(atom.value))
        return self.let(base_name(atom.name) + "_shape", np.shape, atom)

    def sides(self, name: str, then: Atom, orelse: Atom) -> None:
        """The fact of the tangent that is one of two."""
        facts = [ZERO if isinstance(atom, Const) else self.fact(atom) for atom in (then, orelse)]
        if not (self.is_plain or is_undefined(then) or is_undefined(orelse)):
            self.facts[name] = join(facts[0], facts[1], name)


ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.matmul)


def is_undefined(atom: Atom) -> bool:
    """Whether a name is unbound here; constants may be arrays, which have no plain equality."""
    return isinstance(atom, Const) and atom.value is UNDEFINED.value


def _carrying(program: Program, found: set[str], unbound: set[str]) -> set[str]:
    """The active names, and those that may be unbound where an active one takes their value.

    Zeros cannot be made of what is unbound, so their tangents are made where they are bound.
    """
    if not unbound:
        return found
    edges: dict[str, list[str]] = {}
    for statement in walk(program.body):
        pairs: list[tuple[str, Atom]] = []
        match statement:
            case Let():
                pass
            case If():
                pairs = [(phi.name, side) for phi in statement.outs for side in (phi.then, phi.orelse)]
            case For() | While():
                for carry in statement.carries:
                    pairs += [
                        (new, old) for new in (carry.name, carry.result) for old in (carry.init, carry.next)
                    ]
                    pairs += [(carry.name, Var(carry.result)), (carry.result, Var(carry.name))]
        for new, old in pairs:
            if isinstance(old, Var) and old.name in unbound:
                edges.setdefault(new, []).append(old.name)
    waiting = [name for name in edges if name in found]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _is_float(fact: Fact) -> bool:
    return fact.dtype is not None and fact.dtype.kind in "fc"


def _is_plain(fact: Fact) -> bool:
    """Whether a value brings no float narrower or wider than Python's."""
    if fact.items is not None:
        return all(isinstance(item, Const) or _is_plain(item) for item in fact.items)
    if fact.item is not None:
        return _is_plain(fact.item)
    return fact.dtype is None or fact.dtype in PLAIN or fact.dtype.kind not in "fc"


def _names_dtypes(program: Program) -> bool:
    """Whether a program may make floats of another kind than Python's, as `x.astype(np.float32)` does."""
    constants = [atom.value for s in walk(program.body) for atom in atoms(s) if isinstance(atom, Const)]
    return any(isinstance(value, complex) or _is_narrow(value) for value in constants)


def _is_narrow(value: Any) -> bool:
    if isinstance(value, str):
        name = value.lstrip("<>=|")
        if name in LETTERS:
            return True
        value = np.sctypeDict.get(name)
    if not isinstance(value, np.dtype) and not (isinstance(value, type) and issubclass(value, NUMBERS)):
        return False
    dtype = np.dtype(value)
    return dtype.kind in "fc" and dtype not in PLAIN


def tangent_fact(fact: Fact) -> Fact:
    """What is known of a tangent: the shape and dtype of its primal, and a number for what has no derivative.

    The tangent of a Python number may be one of NumPy's.
    """
    fact = replace(fact, size=None, weak=False) if fact.weak or fact.size is not None else fact
    if fact.items is not None and fact.kind == "dict":
        items = [part if k % 2 == 0 else _item(part) for k, part in enumerate(fact.items)]
        return replace(fact, items=tuple(items))
    if fact.items is not None:
        return replace(fact, items=tuple([_item(item) for item in fact.items]))
    return replace(fact, item=_item(fact.item)) if fact.item is not None else fact


def _item(item: Fact | Const) -> Fact:
    if isinstance(item, Const):
        return NUMBER
    if item.kind in ("array", "numeric"):
        return item if item.dtype is None or _is_float(item) else replace(item, dtype=FLOAT)
    if item.kind in ("list", "tuple", "dict"):
        return tangent_fact(item)
    if item.kind == "scalar":
        return replace(item, weak=False) if _is_float(item) else NUMBER
    return UNKNOWN
