"""One block on its way back: the statements written so far, and the cotangents that are known."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapeless.ir.names import base_name
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Atom,
    Const,
    If,
    Let,
    Phi,
    Star,
    Statement,
    Var,
    add_at,
    add_part,
    build_dict,
    build_list,
    build_tuple,
    iadd,
    new_stack,
    reshaped_part,
)
from tapeless.rules.lists import added, zeros_of
from tapeless.rules.pullback import SHAPE_ONLY
from tapeless.source.analyse.outline import ROOT, is_undefined
from tapeless.source.analyse.refusals import Refused
from tapeless.source.analyse.storage import may_repeat
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.reverse.choices import chosen
from tapeless.source.reverse.work import Work

CONTAINERS = ("list", "tuple", "dict", "stack", "object")


@dataclass(slots=True)
class Cotangent:
    """The sum of what has come so far; `owned`: an object that nothing else knows and that is written into.

    `parts`: what has come for single items of a container.
    """

    atom: Atom | None = None
    owned: bool = False
    parts: dict[Any, Atom] = field(default_factory=dict)


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and value == 0


class Frame:
    """The backward part of one block of the primal, in the making.

    `before` and `after` are what the statement at work adds to the forward part around itself.
    """

    def __init__(self, work: Work, scope: int, parent: Frame | None = None) -> None:
        self.work = work
        self.scope = scope
        self.parent = parent
        self.out: list[Statement] = []
        self.known: dict[str, Cotangent] = {}
        self.before: list[Statement] = []
        self.after: list[Statement] = []
        self.statement: Statement | None = None

    # Writing statements -------------------------------------------------------------------------------

    def let(self, wanted: str, op: Callable[..., Any], *args: Argument, fact: Fact = UNKNOWN) -> Var:
        name = self.work.fresh(wanted, fact)
        made = Let((name,), op, args, line=self.line)
        self.out.append(made)
        if fact is UNKNOWN:
            self.work.infer(made)
        return Var(name)

    def run(self, op: Callable[..., Any], *args: Argument) -> None:
        """A statement that is run for what it writes."""
        self.out.append(Let((), op, args, line=self.line, effect=True))

    @property
    def line(self) -> int:
        return self.statement.line if self.statement is not None else 0

    def refuse(self, what: str, remedy: str = "") -> Refused:
        assert self.statement is not None
        return Refused(self.statement, what, remedy)

    # Cotangents ---------------------------------------------------------------------------------------

    def find(self, name: str) -> Cotangent | None:
        """The cotangent as this block sees it: outside there are only those that are written into."""
        found = self.known.get(name)
        if found is not None:
            return found
        return self.parent.find_owned(name) if self.parent is not None else None

    def find_owned(self, name: str) -> Cotangent | None:
        found = self.find(name)
        return found if found is not None and found.owned else None

    def zero(self, name: str) -> Atom:
        """The cotangent of what nothing depends on."""
        kind = self.work.fact(name).kind
        if kind == "scalar" or (name in self.work.outline.maybe_unbound and kind not in CONTAINERS[:4]):
            return Const(0.0)
        if kind in ("array", "numeric"):
            return Var(self._assign(name, np.zeros_like, Var(name)))
        return Var(self._assign(name, zeros_of, Var(name)))

    def add(self, name: str, a: Atom, b: Atom) -> Atom:
        op = added if self.work.fact(name).kind in CONTAINERS else operator.add
        return Var(self._assign(name, op, a, b))

    def _assign(self, name: str, op: Callable[..., Any], *args: Argument) -> str:
        new = self.work.cotangent_name(name)
        self.out.append(Let((new,), op, args, line=self.line))
        return new

    def contribute(self, argument: Argument | None, atom: Atom | None, owned: bool = False) -> None:
        """Add to the cotangent of a name; `owned`: the atom may be taken as it is and written into."""
        if not isinstance(argument, Var) or atom is None or not self.work.is_active(argument.name):
            return
        name = argument.name
        found = self.find(name)
        is_buffer = self.work.is_buffer(name)
        owned = owned or self.work.fact(name).kind == "stack"  # which was made for this one
        if found is None and is_buffer and (not owned or self.work.is_part(name)):
            found = self.own(name)
        if found is None:
            self.known[name] = Cotangent(atom, owned)
        elif found.owned:
            self._add_in_place(name, found, atom)
        elif found.atom is None:
            found.atom = atom
        else:
            self.known[name] = Cotangent(self.add(name, found.atom, atom), False, found.parts)

    def _add_in_place(self, name: str, found: Cotangent, atom: Atom) -> None:
        assert found.atom is not None
        kind = self.work.fact(name).kind
        if kind in ("list", "tuple"):
            place = self.let("part", slice, Const(None), Const(None), Const(None))
            self.run(add_part, found.atom, place, atom)
            return
        if kind in ("dict", "stack"):
            raise self.refuse(f"uses the container {name} as a whole while its items change")
        self.run(iadd, found.atom, atom)

    def contribute_part(self, argument: Argument, key: Any, atom: Atom) -> None:
        """Add to the cotangent of one item of a container that is never written into."""
        assert isinstance(argument, Var)
        name = argument.name
        found = self.find(name)
        if found is None:
            found = self.known[name] = Cotangent()
        old = found.parts.get(key)
        if old is None:
            found.parts[key] = atom
        else:
            found.parts[key] = self.let(f"d{name}", added, old, atom)

    def own(self, name: str) -> Cotangent:
        """The cotangent of a name as an object that is written into, made now if there is none."""
        found = self.find(name)
        if found is not None and found.owned:
            return found
        view, branch = self.work.storage.views.get(name), self.work.storage.choices.get(name)
        if branch is not None:
            made = chosen(self, name, branch)
        else:
            made = self._view(name, view) if view is not None else self._fresh(name, found)
        if (view is not None or branch is not None) and found is not None and found.atom is not None:
            self.run(iadd, made, found.atom)
        self.known[name] = Cotangent(made, True)
        return self.known[name]

    def _view(self, name: str, view: Let) -> Var:
        base = view.args[0]
        assert isinstance(base, Var)
        whole = self.own(base.name).atom
        assert whole is not None
        rest = [self.value(arg, view) for arg in view.args[1:]]
        op = view.op
        if op in (np.reshape, np.ravel):
            op = reshaped_part
        kwargs = tuple([(key, self.atom(atom, view)) for key, atom in view.kwargs])
        new = self.work.cotangent_name(name)
        self.out.append(Let((new,), op, (whole, *rest), kwargs, line=self.line))
        return Var(new)

    def _fresh(self, name: str, found: Cotangent | None) -> Atom:
        kind = self.work.fact(name).kind
        old = None if found is None else found.atom
        if kind == "stack":
            return Var(self._assign(name, new_stack))
        if kind in ("list", "tuple", "dict"):
            return self._fresh_container(name, found)
        if old is not None and not self.work.aliases.is_ever_written(name) and isinstance(old, Var):
            return Var(self._assign(name, np.copy, old))
        made = self._guarded(name, np.zeros_like)
        if old is not None and not (isinstance(old, Const) and _is_zero(old.value)):
            self.run(iadd, made, old)
        return made

    def _guarded(self, name: str, op: Callable[..., Any]) -> Var:
        """`op(name)`, where the name is bound: its definition is a branch that may leave it unbound."""
        branch = self.work.definition.get(name)
        if name not in self.work.outline.maybe_unbound or not isinstance(branch, If):
            return Var(self._assign(name, op, Var(name)))
        phi = next(phi for phi in branch.outs if phi.name == name)
        bound = phi.orelse if is_undefined(phi.then) else phi.then
        if isinstance(bound, Var) and bound.name in self.work.outline.maybe_unbound:
            what = f"writes into {base_name(name)}, which only some of these branches bind"
            raise Refused(branch, what, "bind it in all of them, or before")
        inner, out = self.work.cotangent_name(name), self.work.cotangent_name(name)
        make = (Let((inner,), op, (Var(name),), line=self.line),)
        blocks = ((), make) if is_undefined(phi.then) else (make, ())
        sides = (UNDEFINED, Var(inner)) if is_undefined(phi.then) else (Var(inner), UNDEFINED)
        self.out.append(If(branch.test, *blocks, (Phi(out, *sides),), self.line))
        return Var(out)

    def _fresh_container(self, name: str, found: Cotangent | None) -> Atom:
        whole = None if found is None else self._whole(name, found)
        op = dict if self.work.fact(name).kind == "dict" else list
        return Var(self._assign(name, op, self.zero(name) if whole is None else whole))

    def add_part(self, owner: Var, whole: Atom, index: Argument, atom: Atom) -> None:
        """Add to the part of an owned cotangent that an index names."""
        if self.work.fact(owner).kind in ("list", "tuple", "dict"):
            self.run(add_part, whole, index, atom)
        elif may_repeat(index, self.work.facts):
            self.run(np.add.at, whole, index, atom)
        else:
            self.run(add_at, whole, index, atom)

    def take(self, name: str) -> Atom | None:
        """The finished cotangent of a name that is defined here."""
        found = self.known.pop(name, None)
        return None if found is None else self._whole(name, found)

    def _whole(self, name: str, found: Cotangent) -> Atom | None:
        if not found.parts:
            return found.atom
        pieces = self.packed(name, found.parts)
        return pieces if found.atom is None else self.add(name, found.atom, pieces)

    def packed(self, name: str, parts: dict[Any, Atom]) -> Atom:
        """The cotangent of a container from those of its items."""
        fact = self.work.fact(name)
        if fact.items is None:
            return self._packed_by_key(name, parts)
        if fact.kind == "dict":
            keys = [key.value for key in fact.items[::2] if isinstance(key, Const)]
            pairs = [
                (Const(k), self._item(name, k, f, parts)) for k, f in zip(keys, fact.items[1::2], strict=True)
            ]
            return self.let(f"d{name}", build_dict, *[atom for pair in pairs for atom in pair], fact=fact)
        count = len(fact.items)
        wrapped = {key % count: part for key, part in parts.items()}
        items = [self._item(name, k, item, wrapped) for k, item in enumerate(fact.items)]
        return self.let(f"d{name}", build_list if fact.kind == "list" else build_tuple, *items, fact=fact)

    def _packed_by_key(self, name: str, parts: dict[Any, Atom]) -> Atom:
        fact = self.work.fact(name)
        whole = self.zero(name)
        if fact.kind == "tuple":
            whole = self.let(f"d{name}", list, whole, fact=Fact("list"))
        for key, part in parts.items():
            self.run(operator.setitem, whole, Const(key), part)
        return self.let(f"d{name}", tuple, whole, fact=fact) if fact.kind == "tuple" else whole

    def _item(self, name: str, key: Any, fact: Fact | Const, parts: dict[Any, Atom]) -> Atom:
        if key in parts:
            return parts[key]
        if isinstance(fact, Const) or fact.kind == "scalar":
            return Const(0.0)
        return self.let("zero", zeros_of, self.item(Var(name), Const(key), fact), fact=fact)

    # Values of the forward part -----------------------------------------------------------------------

    def value(self, argument: Argument, at: Statement | None = None) -> Argument:
        """What an argument was worth when the forward part ran the statement."""
        if isinstance(argument, Star):
            kept = self.atom(argument.value, at)
            return Star(kept) if isinstance(kept, Var) else argument
        return self.atom(argument, at)

    def atom(self, atom: Atom, at: Statement | None = None, after: bool = False) -> Atom:
        """The same for an atom; `after`: the statement's own result."""
        if not isinstance(atom, Var) or self.work.fact(atom).kind in ("scalar", "slice"):
            return atom
        statement = at or self.statement
        assert statement is not None
        position = self.work.outline.spans[id(statement)][0]
        scope = self.scope if at is None else self.work.scope_of[at.targets[0]]  # type: ignore[union-attr]
        if not self.work.aliases.is_written_later(atom.name, scope, position):
            return atom
        if at is not None and at is not self.statement:
            raise self.refuse(f"reads {atom.name}, which is written later, to take a view", "use .copy()")
        return self._kept(atom, after)

    def _kept(self, atom: Var, after: bool) -> Var:
        fact = self.work.fact(atom)
        kept = self.work.forward_name(f"{atom.name}_kept", self.scope, fact)
        op: Any = {"list": list, "tuple": tuple, "dict": dict, "object": copy.copy}.get(fact.kind, np.copy)
        let = Let((kept,), op, (atom,), line=self.line)
        self.work.definition[kept] = let
        (self.after if after else self.before).append(let)
        return Var(kept)

    def shape(self, atom: Atom, of: Callable[..., Any], after: bool = False) -> Atom:
        """`of` a value of the forward part: its shape, its dtype."""
        if isinstance(atom, Const):
            return Const(of(atom.value))
        is_bound = atom.name not in self.work.outline.maybe_unbound
        if of in SHAPE_ONLY and is_bound and self.work.fact(atom).kind in ("array", "numeric", "scalar"):
            return self._shape_of_array(atom, of)
        own = self.work.forward_name(f"{atom.name}_{of.__name__.removesuffix('_of')}", self.scope)
        let = Let((own,), of, (atom,), line=self.line)
        self.work.definition[own] = let
        self.work.infer(let)
        (self.after if after else self.before).append(let)
        return Var(own)

    def found_before(self, of: Callable[..., Any], *arguments: Argument) -> Var:
        """What the forward part finds out right before the statement."""
        own = self.work.forward_name(of.__name__, self.scope)
        let = Let((own,), of, arguments, line=self.line)
        self.work.definition[own] = let
        self.before.append(let)
        return Var(own)

    def _shape_of_array(self, atom: Var, of: Callable[..., Any]) -> Atom:
        """Shapes never change, so they are read where the name is made, or as late as one can."""
        scope = self.work.scope_of.get(atom.name, ROOT)
        wanted = f"{atom.name}_{of.__name__.removesuffix('_of')}"
        if scope == ROOT:
            return self.let(wanted, of, atom)
        known = self.work.shapes.get((atom.name, of))
        if known is None:
            known = self.work.forward_name(wanted, scope)
            let = Let((known,), of, (atom,), line=self.line)
            self.work.infer(let)
            self.work.definition[known] = let
            self.work.following.setdefault(atom.name, []).append(let)
            self.work.shapes[(atom.name, of)] = known
        return Var(known)

    def item(self, whole: Atom, key: Atom, fact: Fact = UNKNOWN) -> Var:
        return self.let("g", operator.getitem, whole, key, fact=fact)

    def tuple_of(self, atoms: list[Atom]) -> Var:
        return self.let("t", build_tuple, *atoms)
