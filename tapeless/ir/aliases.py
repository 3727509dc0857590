"""Which names may stand for the same memory, wherever the program is: views, containers, what loops hand on.

a = np.zeros(3)        {a, v}: v may be a part of a
v = a[1:]              {x, y, outside}: nobody knows what the caller's arrays share
v[:] = x[0]
y = np.ravel(x)
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (the standard library's stubs leave the types of operator.truediv and others open)

from __future__ import annotations

import builtins
import operator
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.ir.effects import reports, written
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import (
    UNDEFINED,
    Argument,
    Const,
    For,
    If,
    Let,
    Program,
    Star,
    Var,
    While,
    build_dict,
    build_list,
    build_tuple,
    join_text,
    named,
    new_stack,
    same,
    walk,
)
from tapeless.ir.stacks import Stack, stacks

# Operators on numbers and arrays give new ones; on lists they may give the list or what is in it.
_OPERATORS = frozenset(map(id, (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.matmul, operator.neg, operator.pos, operator.abs, operator.invert, operator.and_, operator.or_,
    operator.xor, operator.lshift, operator.rshift,
)))  # fmt: skip

# A new object that shares nothing, whatever the arguments are.
_FRESH = frozenset(map(id, (
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.is_,
    operator.is_not, operator.not_, operator.contains, builtins.len, builtins.range, builtins.int,
    builtins.float, builtins.bool, builtins.complex, builtins.str, builtins.isinstance, builtins.slice,
    join_text, new_stack, np.zeros, np.ones, np.empty, np.full, np.arange, np.linspace, np.eye,
    np.identity, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy, np.shape, np.ndim,
    np.size, np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.cumsum, np.cumprod, np.dot,
    np.inner, np.outer, np.tensordot, np.kron, np.cross, np.trace, np.where, np.concatenate, np.stack,
    np.vstack, np.hstack, np.column_stack, np.repeat, np.tile, np.roll, np.take, np.take_along_axis,
    np.sort, np.argsort, np.argmax, np.argmin, np.searchsorted, np.clip, np.pad, np.tril, np.triu,
    np.convolve, np.interp, np.linalg.norm, np.linalg.inv, np.linalg.solve, np.linalg.det,
    np.linalg.slogdet, np.linalg.cholesky, np.bincount, np.any, np.all,
)))  # fmt: skip
_ARRAYS = frozenset(map(id, (
    np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy,
    np.arange, np.linspace, np.eye,
)))  # fmt: skip
NEW_ARRAYS = _FRESH | _OPERATORS  # of arrays they give arrays that share nothing
_DISPLAYS = {id(build_tuple): "tuple", id(build_list): "list", id(build_dict): "dict"}
_LENGTHS = frozenset(map(id, (np.shape, np.ndim, np.size, builtins.len, builtins.range, builtins.slice)))
# What they give holds what they are given, and nobody else comes to know it.
_HOLDERS = frozenset(map(id, (
    builtins.list, builtins.tuple, builtins.dict, builtins.reversed, builtins.zip, builtins.enumerate,
    builtins.sorted, builtins.min, builtins.max, builtins.abs,
)))  # fmt: skip
_SIZES = ("shape", "ndim", "size", "dtype")
_VIEWS = ("T", "real", "imag", "mT")
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, np.ufunc)
_IMMUTABLE = (
    int, float, complex, str, bytes, type(None), type(...), np.generic, np.dtype, slice, type, *_FUNCTIONS,
)  # fmt: skip
_NUMERIC = ("scalar", "array", "numeric")
_CONTAINERS = ("list", "tuple", "dict", "stack")


class Aliases:
    """Classes of names that may share memory; a container has another class for what is in it."""

    def __init__(self, kinds: Mapping[str, str], fresh: frozenset[int]) -> None:
        self.fresh = _FRESH | fresh
        self._kinds = dict(kinds)
        self._parent: list[int] = [0]  # 0 stands for what somebody else knows too
        self._content: dict[int, int] = {0: 0}
        self._nodes: dict[str, int] = {}

    def of(self, name: str) -> int | None:
        """The class of a name; None for a number, which nobody can write into."""
        node = self._node(name)
        return None if node is None else self._find(node)

    def within(self, name: str) -> Iterator[int]:
        """The class of a name, and those of what it may contain."""
        found: list[int] = []
        current = self.of(name)
        while current is not None and current not in found:
            yield current
            found.append(current)
            inner = self._content.get(current)
            current = None if inner is None else self._find(inner)

    @property
    def outside(self) -> int:
        """The class of what a caller, a global or another function may know too."""
        return self._find(0)

    def join(self, name: str, other: str) -> None:
        """From now on the two may share memory."""
        a, b = self._node(name), self._node(other)
        if a is not None and b is not None:
            self._unify(a, b)

    def give_out(self, name: str) -> None:
        """From now on somebody else may know the name, and what is in it."""
        node = self._node(name)
        if node is not None:
            self._unify(node, 0)

    def contain(self, owner: str, part: str) -> None:
        """From now on the part may be in the owner."""
        a, b = self._node(owner), self._node(part)
        if a is not None and b is not None:
            self._unify(self._inner(a), b)

    def mix(self, name: str, source: str) -> None:
        """From now on the name may be the source, a view of it, or something in it."""
        a, b = self._node(name), self._node(source)
        if a is None or b is None:
            return
        self._unify(a, b)
        if self._kinds.get(source) != "array":
            self._unify(a, self._inner(b))

    def take(self, name: str, source: str) -> None:
        """From now on the name may be an item of the source."""
        a, b = self._node(name), self._node(source)
        if a is None or b is None:
            return
        if self._kinds.get(source) in _CONTAINERS:
            self._unify(a, self._inner(b))
        else:
            self.mix(name, source)

    def kind(self, name: str) -> str:
        return self._kinds.get(name, "object")

    def settle(self, name: str, kind: str) -> None:
        """What the name is; "scalar" stands for tuples of numbers, too."""
        self._kinds[name] = kind

    def _node(self, name: str) -> int | None:
        if self._kinds.get(name) in ("scalar", "slice"):
            return None
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = self._new()
        return node

    def _new(self) -> int:
        self._parent.append(len(self._parent))
        return len(self._parent) - 1

    def _inner(self, node: int) -> int:
        root = self._find(node)
        if root not in self._content:
            self._content[root] = self._new()
        return self._content[root]

    def _find(self, node: int) -> int:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def _unify(self, a: int, b: int) -> None:
        waiting = [(a, b)]
        while waiting:
            a, b = (self._find(node) for node in waiting.pop())
            if a == b:
                continue
            self._parent[b] = a
            inner = self._content.pop(b, None)
            if inner is not None and a in self._content:
                waiting.append((self._content[a], inner))
            elif inner is not None:
                self._content[a] = inner


def aliases(program: Program, kinds: Mapping[str, str], fresh: frozenset[int] = frozenset()) -> Aliases:
    """What may share memory in a program; `kinds`, where known: "scalar" for all that cannot be written into,
    "array", "numeric" (one of the two), "list", "tuple", "dict".  `fresh`: ids of more operations whose
    results are new.
    """
    found = Aliases({name: kind for name, kind in kinds.items() if name not in program.free}, fresh)
    for name in (*program.params, *program.free):
        found.give_out(name)
    regular = stacks(program)
    for stack in regular.values():
        _match(found, stack)
    for statement in walk(program.body):
        match statement:
            case Let():
                if named(statement.args[0] if statement.args else Const(None)) not in regular:
                    _let(found, statement)
            case If():
                for phi in statement.outs:
                    _alternatives(found, phi.name, (phi.then, phi.orelse))
            case For() | While():
                for carry in statement.carries:
                    _alternatives(found, carry.name, (carry.init, carry.next))
                    _alternatives(found, carry.result, (Var(carry.name),))
                if isinstance(statement, For):
                    _items(found, statement.targets, statement.iterable)
    return found


def writes_of(statement: Let, found: Aliases) -> int | None:
    """The class that a statement writes into; what it is not known to write is outside."""
    if not statement.effect or reports(statement.op):
        return None
    name = written(statement)
    if name is None:
        return found.outside
    return found.of(name)


def _match(found: Aliases, stack: Stack) -> None:
    for position in range(stack.width):
        group = [*stack.popped(position), *_names(stack.pushed(position))]
        for name in group[1:]:
            found.join(group[0], name)


def _alternatives(found: Aliases, name: str, atoms: tuple[Argument, ...]) -> None:
    for atom in atoms:
        _hold(found, name, atom, found.join)


def _hold(found: Aliases, name: str, atom: Argument, how: Callable[[str, str], None]) -> None:
    source = named(atom)
    if source is not None:
        how(name, source)
    elif not _is_immutable(atom):
        found.give_out(name)


def _items(found: Aliases, targets: tuple[str, ...], source: Argument) -> None:
    for target in targets:
        _hold(found, target, source, found.take if len(targets) == 1 else found.mix)


def _names(arguments: Sequence[Argument]) -> list[str]:
    return [name for argument in arguments if (name := named(argument)) is not None]


def _let(found: Aliases, statement: Let) -> None:
    op, targets = statement.op, statement.targets
    arguments = [*statement.args, *(value for _, value in statement.kwargs)]
    if (
        id(op) in _LENGTHS
        or _asks(found, statement, _SIZES)
        or (op is build_tuple and all([_is_settled(found, a) for a in arguments]))
    ):
        for target in targets:
            found.settle(target, "scalar")
    elif (display := _DISPLAYS.get(id(op))) is not None:
        found.settle(targets[0], display)
        for argument in arguments:
            _hold(found, targets[0], argument, found.mix if isinstance(argument, Star) else found.contain)
    elif op is same or op is operator.getitem:
        if op is same and len(targets) == 1:
            _alternatives(found, targets[0], statement.args)
        else:
            _items(found, targets, statement.args[0])
    elif statement.effect:
        _effect(found, statement)
    elif id(op) in _ARRAYS and found.kind(targets[0]) == "object":
        found.settle(targets[0], "array")
    elif not _is_fresh(found, statement):
        _mixture(found, statement, _is_library(op) or _asks(found, statement, _VIEWS))


def _asks(found: Aliases, statement: Let, names: Sequence[str]) -> bool:
    """Whether it is one of these attributes of a number or array."""
    if statement.op is not getattr or not isinstance(statement.args[1], Const):
        return False
    owner = named(statement.args[0])
    return statement.args[1].value in names and owner is not None and found.kind(owner) in _NUMERIC


def _effect(found: Aliases, statement: Let) -> None:
    """What is written into an array is copied; a container keeps what it is given."""
    owner = written(statement)
    if reports(statement.op):
        return
    if owner is None:
        _mixture(found, statement, is_library=False)
        return
    if found.kind(owner) != "array":
        for name in _names([*statement.args[1:], *(value for _, value in statement.kwargs)]):
            found.contain(owner, name)
            if found.kind(name) not in ("array", "numeric"):  # list.extend: what is in the argument, too
                found.mix(name, name)
    for target in statement.targets:
        found.mix(target, owner)


def _mixture(found: Aliases, statement: Let, is_library: bool) -> None:
    """What NumPy gives may be a view of its arguments; what others give, anything that they know."""
    arguments = [*statement.args, *(value for _, value in statement.kwargs)]
    for name in statement.targets:
        for argument in arguments:
            _hold(found, name, argument, found.mix)
    if isinstance(statement.op, Procedure):
        for name in statement.targets[1:]:
            found.join(statement.targets[0], name)
    if not is_library:
        for name in (*statement.targets, *_names(arguments)):
            found.give_out(name)


def _is_fresh(found: Aliases, statement: Let) -> bool:
    op = statement.op
    keywords = [name for name, _ in statement.kwargs]
    if "out" in keywords:
        return False
    if op is np.array:
        return "copy" not in keywords
    if id(op) in _OPERATORS:
        return all([found.kind(name) in _NUMERIC for name in _names(statement.args)])
    is_ufunc = isinstance(op, np.ufunc) or isinstance(getattr(op, "__self__", None), np.ufunc)
    return is_ufunc or id(op) in found.fresh


def _is_library(op: Callable[..., Any]) -> bool:
    """Functions that keep nothing of what they are given."""
    module = getattr(op, "__module__", None) or ""
    return (
        id(op) in _OPERATORS
        or id(op) in _HOLDERS
        or module.partition(".")[0] in ("numpy", "tapeless", "math")
    )


def _is_settled(found: Aliases, argument: Argument) -> bool:
    name = named(argument)
    return _is_immutable(argument) if name is None else found.kind(name) in ("scalar", "slice")


def _is_immutable(argument: Argument) -> bool:
    return isinstance(argument, Const) and _cannot_change(argument.value)


def _cannot_change(value: Any) -> bool:
    if isinstance(value, tuple):
        items: tuple[Any, ...] = value
        return all([_cannot_change(item) for item in items])
    return value is UNDEFINED.value or isinstance(value, _IMMUTABLE)
